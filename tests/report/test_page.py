from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.cases import HOSTILE, full_results, hostile_results, unfinished_results, write_run
from tests.report.reader import read
from vitrina.errors import VitrinaError
from vitrina.report import report_html, write_report

Page = Callable[[str], str]


def _visible(html: str) -> str:
    body = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    return " ".join("".join(read(body).text).split())


def test_the_page_is_self_contained(page: Page, case: str) -> None:
    reader = read(page(case))
    assert reader.open == []
    assert not {"script", "iframe", "object", "embed", "form", "base", "foreignobject", "image", "use", "a:href"} & set(
        reader.tags
    )
    for tag, name, value in reader.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("src", "href", "xlink:href", "action", "data", "srcset", "poster"):
            assert re.match(r"#|data:,$", value), (tag, name, value)
    css = "".join(re.findall(r"<style>(.*?)</style>", page(case), flags=re.S))
    assert not re.search(r"@import|url\(|https?:|//[a-z]", css)
    assert not re.search(r"(src|href)\s*=\s*[\"']?https?:|url\(\s*[\"']?https?:", re.sub(r"&lt;.*?&gt;", "", page(case)))
    assert "default-src 'none'" in page(case)
    assert len(page(case).encode()) < 1_000_000


def test_ids_are_unique_and_every_link_has_its_target(page: Page, case: str) -> None:
    reader = read(page(case))
    ids = [value for _, name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {value[1:] for _, name, value in reader.attributes if name == "href" and value.startswith("#")}
    used = set(re.findall(r"url\(#([^)]+)\)", page(case))) | {v for _, n, v in reader.attributes if n == "aria-labelledby"}
    assert targets | used <= set(ids)


def test_the_verdict_comes_first(page: Page, case: str) -> None:
    html = page(case)
    body = html[html.index("<body>") :]
    assert body.index("<h1>") < body.index("<nav") < body.index("<main>")
    assert body.count("<h1>") == 1


def test_every_picture_has_a_text_alternative(page: Page, case: str) -> None:
    for tag in re.findall(r"<svg[^>]*>", page(case)):
        assert 'aria-hidden="true"' in tag or re.search(r'role="img" aria-label="[^"]{20,}"', tag), tag


def test_sections_stand_in_order(page: Page) -> None:
    anchors = re.findall(r'<section id="([a-z]+)"', page("full"))
    assert anchors == ["table", "worth", "differences", "tuning", "segments", "audit", "data", "repeat"]
    contents = re.findall(r'<li><a href="#([a-z]+)"', page("full"))
    assert contents == ["verdict", *anchors]
    anchors = re.findall(r'<section id="([a-z]+)"', page("trained"))
    assert anchors == ["table", "worth", "differences", "tuning", "training", "segments", "audit", "data", "repeat"]


def test_the_table_best_first_bold_and_grouped(page: Page) -> None:
    table = page("full").split('<table class="results')[1].split("</table>")[0]
    rows = table.split("<tbody>")[1].split("</tr>")[:-1]
    labels = [re.search(r'<th scope="row">(?:<b>)?([^<]+)', row)[1] for row in rows]  # type: ignore[index]
    assert labels == ["EASE", "ItemKNN", "iALS", "Popular, recent", "Popular", "Random"]
    assert "<b>EASE</b>" in rows[0]
    assert re.search(r'<td class="number deciding"><b>0\.\d{3}</b><small>0\.\d{3} to 0\.\d{3}</small>', rows[0])
    assert [bool(re.search(r'<td class="number deciding"><b>', row)) for row in rows] == [True] + [False] * 5
    assert [re.search(r'<td class="group">(.*?)</td>', row)[1] for row in rows] == ["a", "a", "a", "b", "c", "d"]  # type: ignore[index]
    assert ['<tr class="leading' in row for row in rows] == [True] * 3 + [False] * 3
    assert "a: EASE, ItemKNN, iALS." in _visible(page("full"))


def test_every_metric_of_the_table_is_defined_under_it(page: Page) -> None:
    section = page("full").split('<section id="table"')[1].split("</section>")[0]
    for metric, definition in full_results()["definitions"].items():
        assert f"<dt>{metric}</dt><dd>{definition}" in section.replace("&#39;", "'")


def test_everything_to_repeat_it_is_there(page: Page) -> None:
    data, text = full_results(), _visible(page("full"))
    for wanted in (
        data["command"],
        data["split"]["hash"],
        data["dataset"]["fingerprint"],
        "l2 = 312.4",
        'protocol = "global-time"',
        "3.11.9",
        data["created"],
    ):
        assert wanted in text


def test_audit_and_split_in_words(page: Page) -> None:
    text = _visible(page("full"))
    assert "312 test events are on items that nobody bought" in text
    assert "79,842 events" in text.replace("\N{NO-BREAK SPACE}", " ")


def test_hostile_names_are_shown_as_text(page: Page) -> None:
    html = page("hostile")
    reader = read(html)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert _visible(html).count(HOSTILE) >= 12
    assert html.count("<title>") == html.count("</title>") == 1


def test_an_unfinished_run(page: Page) -> None:
    html = page("unfinished")
    assert html.index("This run is not finished.") < html.index("<h1>")
    assert re.findall(r'<section id="([a-z]+)"', html) == ["table", "worth", "data", "repeat"]


def test_few_users_and_a_failure(page: Page) -> None:
    text = _visible(page("few-users")).replace("\N{NO-BREAK SPACE}", " ")
    assert "No winner can be declared: 30 test users are too few" in text
    assert "out of memory: needs 3.1 GB, the limit is 2 GB" in text
    assert "Popular, recent (popular)" in text


def test_a_fatal_audit_comes_first(page: Page) -> None:
    html = page("faulty")
    assert "cannot be trusted" in html.split("<h1>")[1].split("</h1>")[0]
    assert '<li class="grave">' in html


@pytest.mark.parametrize("key", sorted(full_results()))
def test_any_key_may_be_absent(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Drawing is what takes time, and is covered by the cases: here only what leads to it.
    blank = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" viewBox="0 0 1 1"/>'
    monkeypatch.setattr("vitrina.report.charts.svg.vl_convert.vegalite_to_svg", lambda *_, **__: blank)
    data = full_results()
    data["methods"], data["tuning"] = data["methods"][:2], {"ease": data["tuning"]["ease"]}
    data["segments"] = [{**s, "metrics": {"ease": 0.3}} for s in data["segments"][:2]]
    for method in data["methods"]:
        method["metrics"] = {"ndcg@10": method["metrics"]["ndcg@10"]}
    del data[key]
    html = report_html(data)
    assert "<h1>" in html
    assert read(html).open == []


def test_an_empty_run() -> None:
    html = report_html({})
    assert "No method has produced a result yet." in html
    assert re.findall(r'<section id="([a-z]+)"', html) == ["repeat"]


def test_write_report_writes_page_and_tables_beside_it(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", unfinished_results())
    path = write_report(run)
    assert path == run / "report.html"
    assert sorted(p.name for p in run.iterdir()) == ["report.html", "results.json", "tables.md", "tables.tex"]
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    other = write_report(run, tmp_path / "elsewhere" / "page.html")
    assert sorted(p.name for p in other.parent.iterdir()) == ["page.html", "tables.md", "tables.tex"]
    assert other.read_bytes() == path.read_bytes()


def test_names_that_no_file_can_hold(tmp_path: Path) -> None:
    data = unfinished_results()
    data["methods"][0]["title"] = "EA\x00\x1bSE \ud83d \u202e"
    data["metric"] = "ndcg@10"
    html = write_report(write_run(tmp_path, data)).read_text(encoding="utf-8")
    assert "EA\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}SE \N{REPLACEMENT CHARACTER}" in html
    assert not re.search("[\x00-\x08\x1b]", html)


def test_a_damaged_run_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"methods": [', encoding="utf-8")
    with pytest.raises(VitrinaError):
        write_report(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


def test_the_hostile_case_is_hostile() -> None:
    """The escaping tests mean something only while the names reach every part of the page."""
    data = hostile_results()
    assert any(m["name"] == HOSTILE for m in data["methods"])
    assert any(HOSTILE in (p["a"], p["b"]) for p in data["pairs"])
    assert HOSTILE in data["tuning"]
