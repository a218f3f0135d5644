from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.report.map.cases import HOSTILE, gallery
from tests.report.reader import read
from vitrina.errors import DataError, UnknownNameError
from vitrina.report.map import Marks, WorkMap, draw_map_page, make_map
from vitrina.report.map.marks import grouped
from vitrina.report.map.page import headline, made, measured


def _works(html: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(re.search(r'<script type="application/json" id="works">(.*?)</script>', html, re.S)[1])  # type: ignore[index]
    return found


def test_hostile_text_stays_text(hostile_map: WorkMap, marks: list[Marks]):
    named = [Marks(HOSTILE, marks[0].codes, "history"), *marks[1:]]
    html = draw_map_page(hostile_map, named, by=HOSTILE)
    reader = read(html)
    assert reader.tags.count("script") == 2
    assert "onerror" not in {name for _, name, _ in reader.attributes}
    assert [value for _, name, value in reader.attributes if name in ("src", "href") and not value.startswith("data:")] == []
    works = _works(html)
    assert works["labels"]["title"][int(hostile_map.index_of[2])] == f"{' '.join(HOSTILE.split())} 2"
    assert works["sets"][0]["name"] == HOSTILE
    assert "alert(1)" in "".join(reader.text)


def test_the_policy_lets_only_this_script_and_style_in(work_map: WorkMap):
    html = draw_map_page(work_map)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)[1]  # type: ignore[index]
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy
    assert "unsafe" not in policy
    for kind, text in (
        ("script-src", re.search(r"<script>(.*?)</script>", html, re.S)[1]),  # type: ignore[index]
        ("style-src", re.search(r"<style>(.*?)</style>", html, re.S)[1]),  # type: ignore[index]
    ):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} &#39;sha256-{digest}&#39;" in policy.replace("'", "&#39;")
    assert not re.search(r'\sstyle="|\son[a-z]+="', html)
    assert not re.search(r"https?://|@import|url\(", re.sub(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+", "", html))


def test_the_data_say_where_each_work_lies(work_map: WorkMap, marks: list[Marks]):
    works = _works(draw_map_page(work_map, marks))
    n = len(work_map)
    places = np.frombuffer(base64.b64decode(works["places"]), "<u2").reshape(n, 2)
    back = works["low"] + places / 65535 * np.array(works["extent"])
    assert back == pytest.approx(work_map.positions, abs=2e-5)
    assert works["labels"]["id"] == work_map.dataset.items.decode(work_map.codes).to_list()
    assert [[works["labels"]["id"][i] for i in s["works"]] for s in works["sets"]] == [
        ["w000", "w001", "w002"],
        ["w002", "w010", "w011"],
        ["w020", "w021", "w022"],
    ]
    assert np.frombuffer(base64.b64decode(works["present"]), np.uint8).tolist() == [int(c != 5) for c in work_map.codes]


def test_a_thumbnail_has_the_colour_of_its_picture(work_map: WorkMap):
    html = draw_map_page(work_map)
    works = _works(html)
    uris = re.findall(r'<img class="large"[^>]* src="data:image/jpeg;base64,([^"]+)"', html)
    sheet = Image.open(io.BytesIO(base64.b64decode(uris[0])))
    side = works["sides"]["large"]
    columns = works["sheet"] // side
    for i in (0, 7, 30):
        pixel = sheet.getpixel((i % columns * side + side // 4, i // columns * side + side // 4))
        assert np.abs(np.array(pixel) - work_map.thumbnails.colours[i]).max() < 8


def test_links_go_to_the_work_of_the_history_most_like_it(work_map: WorkMap, marks: list[Marks]):
    matrix = np.asarray(work_map.dataset.catalogue.feature("dnn"))
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    links = work_map.links(marks)
    assert len(links) == 5  # the pick that is in the history itself has no line, the one without a place neither
    for pick, liked, number in links:
        codes = marks[0].codes
        assert work_map.codes[pick] in marks[number].codes
        assert work_map.codes[liked] == codes[(unit[codes] @ unit[work_map.codes[pick]]).argmax()]
    assert work_map.links(marks[1:]) == []


def test_what_is_seen_is_said_in_words(work_map: WorkMap, marks: list[Marks]):
    html = draw_map_page(work_map, marks)
    text = " ".join("".join(read(html).text).split()).replace("\xa0", " ")
    assert headline(work_map).replace("\xa0", " ") == "59 works, laid out so that those alike by tiny-last lie close together"
    assert re.search(r"Of the ten works nearest to a work, \d+ % have the same style \(\d+ % by chance\) and \d+ % have", text)
    assert "Not on the map: 1 work without this feature." in text
    assert "1 work without a picture that can be read" in text
    assert made(work_map)[0] == (
        "Places: t-SNE (perplexity 19.3333, seed 0) of the first 50 principal components of tiny-last, by cosine. "
        "The feature comes from tiny, layer last."
    )
    assert "Untitled 3 (not on the map: it lacks this feature)" in text
    assert "random: 4 works, 1 of them not on the map" in text


def test_every_marked_work_is_listed_for_those_who_do_not_see_the_map(work_map: WorkMap, marks: list[Marks]):
    html = draw_map_page(work_map, marks)
    assert html.count("data-work=") == 9
    assert draw_map_page(work_map, grouped(work_map.dataset.catalogue, "style", work_map.codes)[0]).count("data-work=") == 0


def test_without_scripts_and_in_print_there_is_a_picture(work_map: WorkMap):
    html = draw_map_page(work_map)
    uri = re.search(r'<figure class="still">\s*<img src="data:image/jpeg;base64,([^"]+)" alt="59', html)[1]  # type: ignore[index]
    assert Image.open(io.BytesIO(base64.b64decode(uri))).width == 1600


def test_simulated_data_are_called_so(work_map: WorkMap):
    from dataclasses import replace

    simulated = replace(work_map.dataset, info=work_map.dataset.info.model_copy(update={"simulated": True}))
    assert "Simulated data." in draw_map_page(replace(work_map, dataset=simulated))
    assert "Simulated data." not in draw_map_page(work_map)


def test_the_page_of_4000_works_stays_below_20_mb(tmp_path: Path):
    """Noise is the worst that JPEG can meet; real paintings take less than half of it."""
    from dataclasses import replace

    from vitrina.report.map.thumbnails import SIDES, Thumbnails, jpeg_uri

    side = next(s for most, s in SIDES if most >= 4_000)
    picture = Image.effect_noise((side, round(0.75 * side)), 24).convert("RGB")
    n_works, sheets, others = [], [], []
    for n in (60, 30):
        work_map = make_map(gallery(tmp_path / str(n), n))
        busy = replace(work_map, thumbnails=Thumbnails([picture] * len(work_map), side))
        page = draw_map_page(busy)
        still, *sheets_of_page = re.findall(r"data:image/jpeg;base64,[^\"]+", page)
        n_works.append(len(work_map))
        sheets.append(sum(map(len, sheets_of_page)))
        others.append(len(page) - len(still) - sheets[-1])
    each = ((sheets[0] + others[0]) - (sheets[1] + others[1])) / (n_works[0] - n_works[1])
    whole_still = len(jpeg_uri(Image.effect_noise((1600, 1600), 24).convert("RGB"), 82))  # no map can fill it more
    assert others[0] + each * 4_000 + whole_still < 20_000_000


@pytest.mark.parametrize("n", [1, 2, 9, 12])
def test_few_works(tmp_path: Path, n: int):
    few = make_map(gallery(tmp_path, n))
    assert _works(draw_map_page(few))["n"] == len(few)
    assert measured(few) == ""


def test_errors_say_what_to_do(tmp_path: Path):
    from dataclasses import replace

    dataset = gallery(tmp_path, 12)
    bare = replace(dataset, catalogue=replace(dataset.catalogue, features={}, recipes={}))
    with pytest.raises(DataError, match=r"no features yet\. Make them with: vitrina features"):
        make_map(bare)
    with pytest.raises(UnknownNameError, match="Did you mean 'tiny-last'"):
        make_map(dataset, "tiny-lst")
    measured_only = replace(
        dataset, catalogue=replace(dataset.catalogue, features={"evf": np.ones((12, 7), np.float32)}, recipes={})
    )
    with pytest.raises(UnknownNameError, match="No network's feature is there"):
        make_map(measured_only, "dnn")


def test_without_pictures_all_works_are_plain_tiles(tmp_path: Path):
    plain = make_map(gallery(tmp_path, 20, pictures=False))
    assert not plain.thumbnails.present.any()
    assert "19\xa0works without a picture" in draw_map_page(plain)
