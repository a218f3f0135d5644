"""What ``vitrina explain`` and ``vitrina recommend --html`` say of works with pictures, artists and prices."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest

import vitrina
from tests.cli.conftest import Run
from tests.report.gallery.cases import gallery
from tests.report.gallery.test_picks import with_sales


@pytest.fixture(scope="module")
def fa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    vitrina.fit("fa", with_sales(gallery(folder))).save(folder / "fa")
    return folder / "fa"


@pytest.fixture
def asked(run: Run, fa: Path) -> tuple[str, ...]:
    """A question about the first recommendation for somebody."""
    first = json.loads(run("recommend", fa, "--user", "ann", "--k", 1, "--json").out)[0]
    return ("explain", str(fa), "--user", "ann", "--item", first["item"])


def test_screen_tells_labels_and_what_works_have_in_common(run: Run, asked: tuple[str, ...]):
    shown = run(*asked).out
    assert "\nThe item: Untitled " in shown
    labelled = [line for line in shown.splitlines() if line.startswith("  w00")]
    assert labelled
    for line in labelled:
        assert "Élodie Müller" in line
        assert "oil" in line
        assert "the same artist" in line.lower()
    assert "EUR 0" in shown or "EUR 100" in shown or "EUR 200" in shown


def test_json_has_facts_and_likeness_of_every_work(run: Run, asked: tuple[str, ...]):
    found = json.loads(run(*asked, "--json").out)
    assert found["currency"] == "EUR"
    assert found["facts"]["artist"].startswith("Élodie")
    assert found["facts"]["price"] == 100.0 * int(found["item"][1:])
    assert "image" not in found["facts"]
    for part in found["parts"]:
        if part["kind"] == "history":
            assert "the same artist" in part["likeness"].lower()
            assert part["facts"]["price"] == 100.0 * int(part["cause"][1:])
        else:
            assert part["likeness"] is None
            assert part["facts"] is None


def test_csv_has_a_column_of_likeness(run: Run, asked: tuple[str, ...]):
    rows = list(csv.DictReader(run(*asked, "--csv").out.splitlines()))
    assert any("same artist" in row["likeness"].lower() for row in rows)


def test_ids_alone_have_no_labels(run: Run, tmp_path: Path):
    log = pl.DataFrame({"user": ["a", "a", "b", "b", "c"], "item": ["x", "y", "x", "z", "y"]})
    vitrina.fit("itemknn", vitrina.Dataset.from_frame(log)).save(tmp_path / "model")
    outcome = run("explain", tmp_path / "model", "--user", "a", "--item", "z")
    assert outcome.code == 0
    assert "The item:" not in outcome.out


def test_recommendations_as_a_page(run: Run, fa: Path, tmp_path: Path):
    outcome = run("recommend", fa, "--user", "ann", "--html", tmp_path / "picks.html")
    assert outcome.code == 0
    html = (tmp_path / "picks.html").read_text(encoding="utf-8")
    assert "works for ann</h1>" in html
    assert "data:image/jpeg" in html
    assert run("recommend", fa, "--all", "--html", tmp_path / "no.html", "--out", tmp_path / "a.csv").code == 2
    assert not (tmp_path / "no.html").exists()
