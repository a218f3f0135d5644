import json
from functools import partial
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
    rejected = tmp_path / "shop" / "rejected.csv"
    assert pl.read_csv(rejected).height == 1
    assert f"refused rows, each with its reason: {rejected}" in outcome.err
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


def test_get_draws_the_gallery(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from vitrina.data import gallery

    small = partial(gallery.save_gallery, n_users=20, n_works=12, n_artists=4)
    monkeypatch.setattr(gallery, "save_gallery", small)
    got = run("data", "get", "demo", "--out", tmp_path / "demo")
    assert got.code == 0
    assert got.out.strip() == str(tmp_path / "demo")
    assert "pictures: 12 of 12" in got.err
    assert "simulated" in got.err
    assert len(list((tmp_path / "demo/images").glob("w00*.jpg"))) == 12


class TestAudit:
    def test_says_the_verdict_and_every_finding(self, run: Run, shop: Path):
        found = json.loads(run("data", "audit", shop, "--split", "per-user-ratio", "--seed", 3, "--json").out)
        assert found["protocol"] == "per-user-ratio"
        assert {"verdict", "fatal", "test_users", "findings"} <= set(found)
        shown = run("data", "audit", shop, "--split", "per-user-ratio", "--seed", 3)
        assert shown.code == 0
        assert shown.out.startswith(found["verdict"])
        assert all(finding["sentence"] in shown.out for finding in found["findings"])
        rows = run("data", "audit", shop, "--split", "per-user-ratio", "--seed", 3, "--csv").out.splitlines()
        assert len(rows) == 1 + len(found["findings"])
        other = json.loads(run("data", "audit", shop, "--split", "per-user-ratio", "--seed", 4, "--json").out)
        assert other["split"] != found["split"]

    def test_asks_what_compare_asks(self, run: Run, shop: Path):
        """By default it looks at the split that a comparison would use."""
        assert json.loads(run("data", "audit", shop, "--json").out)["protocol"] == "global-time"

    def test_a_fatal_finding_is_an_error(self, run: Run, shop: Path, tmp_path: Path):
        from dataclasses import replace

        import vitrina
        from vitrina.data.splits.split import Label

        data = vitrina.open_dataset(shop)
        split = vitrina.make_split(data, "global-time")
        swapped = split.labels.copy()  # learns from the future
        swapped[split.labels == Label.TRAIN], swapped[split.labels == Label.TEST] = Label.TEST, Label.TRAIN
        vitrina.save_dataset(data, tmp_path / "faulty", splits={"mine": replace(split, labels=swapped)})
        outcome = run("data", "audit", tmp_path / "faulty", "--split", "mine")
        assert outcome.code == 1
        assert outcome.out.startswith("Do not use this split: ")
        assert "fatal: " in outcome.out

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["SHOP", "--split", "by-moon"], "by-moon"),
            (["nowhere/shop"], "nowhere/shop"),
            (["SHOP", "--json", "--csv"], "not both"),
        ],
    )
    def test_wrong_use(self, run: Run, shop: Path, arguments: list[str], message: str):
        outcome = run("data", "audit", *[shop if a == "SHOP" else a for a in arguments])
        assert outcome.code != 0
        assert message in outcome.err
        assert outcome.out == ""
