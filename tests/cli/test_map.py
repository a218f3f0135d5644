import json
from pathlib import Path

import pytest

from tests.report.map.cases import gallery
from vitrina.data.storage import save_dataset

from .conftest import Run


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set with pictures and a feature."""
    source = tmp_path_factory.mktemp("source")
    dataset = gallery(source)
    folder = source / "shop"
    save_dataset(dataset, folder)
    return folder


def test_page_picture_and_facts(run: Run, pictures: Path, tmp_path: Path):
    page, png = tmp_path / "map.html", tmp_path / "map.png"
    outcome = run("map", pictures, "--out", page, "--png", png, "--json")
    facts = json.loads(outcome.out)
    assert {"feature": "tiny-last", "works": 59, "left_out": 1, "without_picture": 1, "method": "t-sne"}.items() <= facts.items()
    assert facts["bytes"] == page.stat().st_size
    assert [entry["attribute"] for entry in facts["ten_nearest"]] == ["style", "artist"]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert png.read_bytes().startswith(b"\x89PNG")
    again = json.loads(run("map", pictures, "--out", tmp_path / "again.html", "--json").out)
    assert again["cached"]
    assert (tmp_path / "again.html").read_text() == page.read_text()


def test_words(run: Run, pictures: Path, tmp_path: Path):
    outcome = run("map", pictures, "--out", tmp_path / "map.html", "--by", "style")
    assert outcome.out.strip() == str(tmp_path / "map.html")
    assert "Of the ten works nearest to a work" in outcome.err
    assert "not on the map, without the feature tiny-last: 1" in outcome.err
    assert "drawn as plain tiles: 1" in outcome.err
    assert "style 0" in (tmp_path / "map.html").read_text()


def test_marks(run: Run, pictures: Path, tmp_path: Path):
    marks = tmp_path / "marks.csv"
    marks.write_text("item,mark\nw001,history\nw002,dnn\n")
    assert run("map", pictures, "--out", tmp_path / "map.html", "--mark", marks).code == 0
    assert '"name":"dnn"' in (tmp_path / "map.html").read_text()
    both = run("map", pictures, "--out", tmp_path / "map.html", "--mark", marks, "--by", "style")
    assert both.code == 2
    assert "not both" in both.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--features", "tiny-lst"], "Did you mean 'tiny-last'?"),
        (["--by", "stile"], "Did you mean 'style'?"),
        (["--mark", "nowhere.csv"], "cannot be read"),
    ],
)
def test_errors_teach_and_leave_nothing(run: Run, pictures: Path, tmp_path: Path, options: list[str], message: str):
    outcome = run("map", pictures, "--out", tmp_path / "map.html", *options)
    assert outcome.code == 1
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_no_features_yet(run: Run, shop: Path, tmp_path: Path):
    outcome = run("map", shop, "--out", tmp_path / "map.html")
    assert outcome.code == 1
    assert "vitrina features" in outcome.err
