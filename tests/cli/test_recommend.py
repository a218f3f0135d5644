"""``vitrina recommend`` with pictures: those that somebody likes, and pages that show what is recommended."""

import json
import shutil
from pathlib import Path

import pytest

from tests.galleries import small_gallery

from .conftest import Run


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_gallery(tmp_path_factory.mktemp("data") / "gallery")


@pytest.fixture(scope="module")
def looking(gallery: Path) -> Path:
    """A saved model that reads pictures."""
    import vitrina

    folder = gallery.parent / "visrank"
    vitrina.fit("visrank", vitrina.open_dataset(gallery), feature="evf").save(folder)
    return folder


def test_liked_pictures(run: Run, gallery: Path, looking: Path):
    liked = [gallery / "images" / name for name in ("w0001.jpg", "w0002.jpg")]
    rows = json.loads(run("recommend", looking, "--liked", f"{liked[0]}, {liked[1]}", "--k", 3, "--why", "--json").out)
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert {row["source"] for row in rows} == {"visrank"}
    assert not {"w0001.jpg", "w0002.jpg"} & {row["item"] for row in rows}
    assert all(set(row["because"].split("; ")) <= {"w0001.jpg", "w0002.jpg"} for row in rows)
    left_out = rows[0]["item"]
    again = json.loads(run("recommend", looking, "--liked", f"{liked[0]},{liked[1]}", "--exclude", left_out, "--json").out)
    assert left_out not in {row["item"] for row in again}


def test_a_page_for_liked_pictures(run: Run, gallery: Path, looking: Path, tmp_path: Path):
    page = tmp_path / "picks.html"
    outcome = run("recommend", looking, "--liked", gallery / "images" / "w0003.jpg", "--k", 4, "--html", page, "--csv")
    assert outcome.code == 0
    assert f"page: {page}" in outcome.err
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.count("data:image/jpeg;base64,") == 5  # the picture that is liked, and four picks
    assert "<script" not in text
    assert len(outcome.out.splitlines()) == 5


def test_a_page_for_a_person(run: Run, looking: Path, tmp_path: Path):
    page = tmp_path / "picks.html"
    assert run("recommend", looking, "--user", "u0001", "--html", page).code == 0
    assert "u0001" in page.read_text()
    assert run("recommend", looking, "--history", "w0001,w0002", "--html", page).code == 0
    assert "this history" in page.read_text()


def test_pictures_that_have_moved(run: Run, gallery: Path, looking: Path, tmp_path: Path):
    """Without them the page names the works; told where they are, it shows them."""
    model, moved, page = tmp_path / "model", tmp_path / "elsewhere", tmp_path / "picks.html"
    shutil.copytree(looking, model)
    manifest = json.loads((model / "manifest.json").read_text())
    (model / "manifest.json").write_text(json.dumps(manifest | {"pictures": str(tmp_path / "gone")}))
    shutil.copytree(gallery / "images", moved)
    asked = ("recommend", model, "--history", "w0001", "--k", 3, "--html", page)
    assert run(*asked).code == 0
    assert "data:image/jpeg" not in page.read_text()
    assert run(*asked, "--images", moved).code == 0
    assert page.read_text().count("data:image/jpeg") == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--liked", "nowhere.jpg"], "nowhere.jpg"),
        (["--liked", "BROKEN"], "broken.jpg"),
        (["--liked", ","], "no picture was given"),
        (["--liked", "a.jpg", "--user", "u0001"], "give one of"),
        (["--liked", "a.jpg", "--history", "w0001"], "give one of"),
        (["--liked", "a.jpg", "--all"], "give one of"),
        (["--all", "--out", "recs.csv", "--html", "PAGE"], "one person"),
        (["--user", "u0001", "--user", "u0002", "--html", "PAGE"], "one person"),
        (["--user", "u0001", "--html", "PAGE", "--images", "nowhere"], "there is no folder nowhere"),
        (["--user", "u9999", "--html", "PAGE"], "unknown user"),
    ],
)
def test_wrong_use(run: Run, looking: Path, tmp_path: Path, arguments: list[str], message: str):
    broken, page = tmp_path / "broken.jpg", tmp_path / "picks.html"
    broken.write_bytes(b"\xff\xd8 no picture")
    places = {"BROKEN": str(broken), "PAGE": str(page)}
    outcome = run("recommend", looking, *(places.get(argument, argument) for argument in arguments))
    assert outcome.code != 0
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.out == ""
    assert not page.exists()


def test_a_model_that_does_not_look_says_so(run: Run, gallery: Path, model: Path):
    outcome = run("recommend", model, "--liked", gallery / "images" / "w0001.jpg")
    assert outcome.code == 1
    assert "ease does not read pictures" in outcome.err
