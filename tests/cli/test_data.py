import json
from pathlib import Path

import polars as pl
import pytest

from .conftest import Run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text("customer;sku;when\nann;a;2024-01-01\nann;b;2024-01-02\nbob;a;2024-01-03\nbob;;2024-01-03\n")
    return path


def test_import_shows_its_guesses_and_keeps_refused_rows(run: Run, log: Path, tmp_path: Path):
    outcome = run("data", "import", log, "--out", tmp_path / "shop")
    assert outcome.code == 0, outcome.err
    assert "user = customer" in outcome.err
    assert "item = sku" in outcome.err
    assert pl.read_csv(tmp_path / "shop" / "rejected.csv").height == 1
    found = json.loads(run("data", "describe", tmp_path / "shop", "--json").out)
    assert (found["events"], found["users"], found["items"]) == (3, 2, 2)


def test_columns_can_be_named(run: Run, tmp_path: Path):
    path = tmp_path / "log.tsv"
    path.write_text("x\ty\tz\nann\ta\t5\nbob\tb\t3\n")
    outcome = run("data", "import", path, "--out", tmp_path / "shop", "--column", "user=x", "--column", "item=y")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, [], "log.csv"),
        ("", [], "empty"),
        ("name,price\na,1\n", [], "--column user="),
        ("user,item\na,1\n", ["--column", "user"], "role=column"),
        ("user,item\na,1\n", ["--items", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_bad_input_leaves_nothing(run: Run, tmp_path: Path, content: str | None, arguments: list[str], message: str):
    path = tmp_path / "log.csv"
    if content is not None:
        path.write_text(content)
    outcome = run("data", "import", path, "--out", tmp_path / "shop", *arguments)
    assert outcome.code != 0
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "shop").exists()
    assert not list(tmp_path.glob(".*"))


def test_an_existing_data_set_is_kept_unless_asked(run: Run, log: Path, shop: Path, tmp_path: Path):
    assert "--overwrite" in run("data", "import", log, "--out", shop).err
    run("data", "import", log, "--out", tmp_path / "shop")
    assert run("data", "import", log, "--out", tmp_path / "shop", "--overwrite").code == 0


def test_sample_imports_without_a_refused_row(run: Run, tmp_path: Path):
    assert run("data", "sample", "--out", tmp_path / "sample").code == 0
    outcome = run(
        "data", "import", tmp_path / "sample/log.csv", "--items", tmp_path / "sample/catalogue.csv", "--out", tmp_path / "shop"
    )
    assert outcome.code == 0
    assert not (tmp_path / "shop" / "rejected.csv").exists()


def test_list_and_unknown_names(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("VITRINA_HOME", str(tmp_path))
    monkeypatch.delenv("VITRINA_DATA", raising=False)
    rows = {row["name"]: row for row in json.loads(run("data", "list", "--json").out)}
    assert rows["demo"]["present"] == "built in"
    assert rows["ml-1m"]["present"] == "no"
    assert rows["ml-1m"]["terms"]
    assert "Did you mean 'ml-1m'" in run("data", "get", "ml-1n").err
    assert "vitrina data get ml-100k" in run("data", "describe", "ml-100k").err


def test_description_on_the_screen(run: Run):
    shown = run("data", "describe", "demo").out
    assert "Simulated" in shown
    assert "mood_energy" in shown
    assert "long tail" in shown
