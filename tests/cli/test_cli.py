import json
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from vitrina.training.plan import Moment

from .conftest import Run


def test_help_is_fast():
    """Heavy libraries are loaded only when a command needs them. Processor time: other work on the machine does not count."""
    command = [sys.executable, "-c", "from vitrina.cli import main; main()", "--help"]
    subprocess.run(command, check=True, capture_output=True)  # the first start compiles bytecode
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 0.7


@pytest.mark.parametrize(
    "command", ["compare", "report", "demo", "models", "fit", "recommend", "explain", "reproduce", "doctor", "map", "data"]
)
def test_every_command_explains_itself(run: Run, command: str):
    outcome = run(command, "--help")
    assert outcome.code == 0
    assert "Usage" in outcome.out


def test_help_shows_what_is_used_unless_said(run: Run, monkeypatch: pytest.MonkeyPatch):
    """Brackets are markup to the help, which dropped these defaults in silence."""
    monkeypatch.setenv("COLUMNS", "200")
    shown = run("compare", "--help").out
    for default in ("20", "ndcg@10", "by time", "0", "1GB"):
        assert f"[default: {default}]" in shown


def test_no_arguments_show_the_help(run: Run):
    outcome = run()
    assert "compare" in outcome.out + outcome.err


def test_version(run: Run):
    assert run("--version").out.startswith("vitrina ")


def test_doctor_compiles_everything(run: Run):
    assert "all models compiled in" in run("doctor", "--compile").err


def test_doctor(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("VITRINA_DATA", str(tmp_path / "nowhere"))
    checks = json.loads(run("doctor", "--json").out)
    assert checks["numpy"]["ok"]
    assert not checks["VITRINA_DATA"]["ok"]
    assert "no such folder" in checks["VITRINA_DATA"]["advice"]


def test_models_are_listed_with_their_ranges(run: Run):
    rows = json.loads(run("models", "--json").out)
    assert {"model": "ease", "setting": "l2"}.items() <= next(r for r in rows if r["model"] == "ease").items()
    assert "1 to 1e+07, log" in run("models", "--csv").out


class TestRecommend:
    def test_known_user(self, run: Run, model: Path):
        rows = json.loads(run("recommend", model, "--user", "u0001", "--k", 4, "--json").out)
        assert [row["rank"] for row in rows] == [1, 2, 3, 4]
        assert all(row["title"] for row in rows)

    def test_history_of_a_stranger(self, run: Run, model: Path):
        rows = json.loads(run("recommend", model, "--history", "w0001,w0002", "--k", 3, "--json").out)
        assert not {"w0001", "w0002"} & {row["item"] for row in rows}

    def test_csv_and_screen(self, run: Run, model: Path):
        assert run("recommend", model, "--user", "u0001", "--csv").out.count("\n") == 11
        assert "title" in run("recommend", model, "--user", "u0001").out

    def test_everyone_to_a_file(self, run: Run, model: Path, tmp_path: Path):
        for name in ("recs.parquet", "recs.csv"):
            assert run("recommend", model, "--all", "--out", tmp_path / name).code == 0
        parquet, csv = pl.read_parquet(tmp_path / "recs.parquet"), pl.read_csv(tmp_path / "recs.csv")
        assert parquet["query"].n_unique() == 150
        assert parquet["item"].equals(csv["item"])

    def test_exclude(self, run: Run, model: Path):
        first = json.loads(run("recommend", model, "--user", "u0001", "--json").out)[0]["item"]
        rows = json.loads(run("recommend", model, "--user", "u0001", "--exclude", first, "--json").out)
        assert first not in {row["item"] for row in rows}

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--user", "u9999"], "unknown user 'u9999'"),
            (["--history", "w0001,w9999"], "unknown item 'w9999'"),
            ([], "--user, --history, --liked or --all"),
            (["--user", "u0001", "--all"], "--user, --history, --liked or --all"),
            (["--all"], "--out"),
            (["--user", "u0001", "--out", "recs.xlsx"], ".parquet or .csv"),
            (["--user", "u0001", "--k", "0"], "--k"),
            (["--user", "u0001", "--json", "--csv"], "not both"),
        ],
    )
    def test_wrong_use(self, run: Run, model: Path, arguments: list[str], message: str):
        outcome = run("recommend", model, *arguments)
        assert outcome.code != 0
        assert message in outcome.err
        assert "Traceback" not in outcome.err
        assert outcome.out == ""

    def test_no_model_there(self, run: Run, tmp_path: Path):
        outcome = run("recommend", tmp_path / "none", "--user", "1")
        assert outcome.code == 1
        assert "vitrina fit" in outcome.err

    def test_without_histories_a_user_is_nobody_but_a_history_works(self, run: Run, shop: Path, tmp_path: Path):
        out = tmp_path / "private"
        assert run("fit", "itemknn", shop, "--out", out, "--set", "neighbours=20", "--without-histories").code == 0
        assert "without the histories" in run("recommend", out, "--user", "u0001").err
        assert run("recommend", out, "--history", "w0001").code == 0


class TestExplain:
    def test_screen_says_it_in_words_first(self, run: Run, model: Path):
        first = json.loads(run("recommend", model, "--user", "u0002", "--k", 1, "--why", "--json").out)[0]
        shown = run("explain", model, "--user", "u0002", "--item", first["item"], "--k", 3).out
        opening, *_, closing = shown.strip().splitlines()
        assert opening.startswith(f"{first['title']} ({first['item']}) scores {first['score']:.4g} for u0002, ")
        assert all(f"{cause} (" in opening for cause in first["because"].split("; "))
        assert "sum exactly" in closing
        assert sum(line.lstrip().startswith("history  ") for line in shown.splitlines()) == 3

    def test_json_and_csv(self, run: Run, model: Path):
        asked = ("explain", model, "--history", "w0001,w0002", "--item", "w0005")
        found = json.loads(run(*asked, "--json").out)
        assert list(found) == ["item", "title", "score", "sentence", "exact", "facts", "currency", "parts"]
        assert found["exact"]
        assert sum(part["contribution"] for part in found["parts"]) == pytest.approx(found["score"])
        rows = run(*asked, "--csv").out.splitlines()
        assert rows[0] == "kind,cause,title,contribution,share,likeness"
        assert len(rows) == 1 + len(found["parts"]) == 3

    def test_an_estimate_says_so(self, run: Run, shop: Path, tmp_path: Path):
        assert run("fit", "bpr-mf", shop, "--set", "epochs=1", "--out", tmp_path / "mf").code == 0
        shown = run("explain", tmp_path / "mf", "--user", "u0001", "--item", "w0005").out
        assert "estimate" in shown
        assert "bias of the item" in shown

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--user", "u0001"], "--item"),
            (["--item", "w0001"], "--user or --history"),
            (["--item", "w0001", "--user", "u0001", "--history", "w0002"], "--user or --history"),
            (["--item", "w9999", "--user", "u0001"], "unknown item 'w9999'"),
            (["--item", "w0001", "--user", "u9999"], "unknown user 'u9999'"),
            (["--item", "w0001", "--user", "u0001", "--json", "--csv"], "not both"),
        ],
    )
    def test_wrong_use(self, run: Run, model: Path, arguments: list[str], message: str):
        outcome = run("explain", model, *arguments)
        assert outcome.code != 0
        assert message in outcome.err
        assert "Traceback" not in outcome.err
        assert outcome.out == ""

    def test_lists_for_everyone_with_causes(self, run: Run, model: Path, tmp_path: Path):
        assert run("recommend", model, "--all", "--k", 2, "--why", "--out", tmp_path / "recs.csv").code == 0
        recs = pl.read_csv(tmp_path / "recs.csv")
        assert recs["because"].null_count() < len(recs) / 10


class TestFit:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["eaze", "SHOP"], "Did you mean 'ease'"),
            (["ease", "nowhere/shop"], "nowhere/shop"),
            (["ease", "ml-1mm"], "Did you mean 'ml-1m'"),
            (["ease"], "--best"),
            (["ease", "SHOP", "--set", "l2"], "name=value"),
            (["ease", "SHOP", "--set", "l3=1"], "Its settings are: l2"),
            (["ease", "SHOP", "--set", "l2=much"], "l2"),
        ],
    )
    def test_wrong_use(self, run: Run, shop: Path, tmp_path: Path, arguments: list[str], message: str):
        arguments = [str(shop) if a == "SHOP" else a for a in arguments]
        outcome = run("fit", *arguments, "--out", tmp_path / "model")
        assert outcome.code != 0
        assert message in outcome.err
        assert not (tmp_path / "model").exists()

    def test_an_existing_model_is_kept_unless_asked(self, run: Run, shop: Path, tmp_path: Path):
        out = tmp_path / "model"
        assert run("fit", "popular", shop, "--out", out).code == 0
        assert "--overwrite" in run("fit", "popular", shop, "--out", out).err
        assert run("fit", "popular", shop, "--out", out, "--overwrite").code == 0


class TestTraining:
    """``vitrina fit`` of a model that trains in epochs."""

    SETTINGS = ("--set", "epochs=3", "--set", "factors=8", "--set", "batch=100")

    def test_plain_lines_tell_epoch_and_loss(self, run: Run, shop: Path, tmp_path: Path):
        outcome = run("fit", "fm", shop, *self.SETTINGS, "--out", tmp_path / "model")
        assert re.search(r"^fm: epoch 3 of 3, loss \d\.\d{4}$", outcome.err, re.MULTILINE)
        assert outcome.out.strip() == str(tmp_path / "model")
        assert [path.name for path in tmp_path.iterdir()] == ["model"]
        assert "epoch 4 of 4" in run("fit", "ials", shop, "--set", "epochs=4", "--out", tmp_path / "ials").err
        assert "epoch" not in run("fit", "popular", shop, "--out", tmp_path / "popular").err

    def test_an_existing_folder_is_refused_before_anything_is_trained(
        self, run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        assert run("fit", "popular", shop, "--out", tmp_path / "model").code == 0
        monkeypatch.setattr("vitrina.models.trained.Trained.fit", lambda *_, **__: pytest.fail("it trains"))
        outcome = run("fit", "fm", shop, *self.SETTINGS, "--out", tmp_path / "model")
        assert outcome.code == 1
        assert "exists already" in outcome.err

    def test_a_bar_on_a_terminal(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
        from vitrina.cli.progress import training
        from vitrina.training.outcome import Standing

        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        monkeypatch.setenv("COLUMNS", "100")
        with training("fm") as report:
            report(Standing(1.5, 4, 0.25, 0.125, 90.0))
        shown = capfd.readouterr().err
        assert "fm" in shown
        assert "epoch 2 of 4, loss 0.2500, validation 0.1250, 2 min left" in shown

    def test_a_bar_knows_the_epochs_of_the_present_training(self, monkeypatch: pytest.MonkeyPatch):
        """A model may train several networks, or one again, with other numbers of epochs."""
        from vitrina.cli.progress import training
        from vitrina.training.outcome import Standing

        told: list[dict[str, object]] = []
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        monkeypatch.setattr("rich.progress.Progress.update", lambda _self, _task, **told_of: told.append(told_of))
        with training("neumf") as report:
            report(Standing(1.5, 4, 0.25, 0.125, 90.0))
            report(Standing(2.0, 2, 0.25, None, 0.0))
        assert [(one["completed"], one["total"]) for one in told] == [(1.5, 4), (2.0, 2)]

    def test_an_interrupted_training_goes_on_and_ends_the_same(
        self, run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        from vitrina.models.factors.fm_network import FMNetwork

        monkeypatch.setattr("vitrina.training.session.EVERY_SECONDS", 0)
        whole, broken, steps, loss = tmp_path / "whole", tmp_path / "broken", [], FMNetwork.loss
        assert run("fit", "fm", shop, *self.SETTINGS, "--out", whole).code == 0

        def stop(self: FMNetwork, *arguments: object, **options: object) -> object:
            steps.append(1)
            if len(steps) == 20:
                raise KeyboardInterrupt
            return loss(self, *arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(FMNetwork, "loss", stop)
        assert run("fit", "fm", shop, *self.SETTINGS, "--out", broken).code == 130
        assert (tmp_path / ".broken.training").is_dir()
        other = run("fit", "fm", shop, *self.SETTINGS, "--set", "reg=0.5", "--out", broken)
        assert other.code == 1
        assert "another training" in other.err
        assert "reg=0.001" in other.err
        went_on = run("fit", "fm", shop, *self.SETTINGS, "--out", broken)
        assert went_on.code == 0
        assert "going on with the training kept in" in went_on.err
        assert (broken / "state.safetensors").read_bytes() == (whole / "state.safetensors").read_bytes()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "whole"]

    def test_a_late_explosion_is_told_and_the_last_good_weights_are_saved(
        self, run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        from vitrina.models.factors.fm_network import FMNetwork

        loss = FMNetwork.loss

        def explode(self: FMNetwork, samples: object, moment: Moment, **options: object) -> object:
            return loss(self, samples, moment, **options) * (float("nan") if moment.epoch == 2 else 1)  # type: ignore[arg-type]

        monkeypatch.setattr(FMNetwork, "loss", explode)
        outcome = run("fit", "fm", shop, *self.SETTINGS, "--out", tmp_path / "model")
        assert outcome.code == 0
        assert "fm: the loss became nan in epoch 2" in outcome.err
        assert run("recommend", tmp_path / "model", "--user", "u0001").code == 0

    def test_after_an_explosion_at_once_another_learning_rate_can_be_given(self, run: Run, shop: Path, tmp_path: Path):
        out = tmp_path / "model"
        outcome = run("fit", "fm", shop, *self.SETTINGS, "--set", "lr=1e20", "--out", out)
        assert outcome.code == 1
        assert "Use a smaller learning rate" in outcome.err
        assert run("fit", "fm", shop, *self.SETTINGS, "--set", "lr=0.01", "--out", out).code == 0


#: Models that read a feature, which a data set without pictures and texts lacks.
NEED_PICTURES = {"itemknn-cbf", "itemknn-cfcbf", "visrank", "hybrid", "vbpr", "curatornet"}


class TestCompare:
    def test_plan_runs_nothing(self, run: Run, shop: Path, tmp_path: Path):
        rows = json.loads(run("compare", shop, "--plan", "--json", "--out", tmp_path / "run").out)
        assert {row["model"] for row in rows if not row["runs"]} == NEED_PICTURES
        assert all("needs the feature" in row["reason"] for row in rows if not row["runs"])
        assert {"model", "trials", "seconds", "memory_bytes"} <= set(rows[0])
        assert not (tmp_path / "run").exists()

    def test_run_report_and_the_best_model(self, run: Run, shop: Path, tmp_path: Path):
        out = tmp_path / "run"
        outcome = run("compare", shop, "--models", "random,popular,itemknn,ease", "--trials", 3, "--out", out)
        assert outcome.code == 0
        assert "ItemKNN" in outcome.out
        assert "report.html" in outcome.out
        page = (out / "report.html").read_text()
        assert page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>")
        assert run("report", out, "--out", tmp_path / "r.html").code == 0
        assert (tmp_path / "r.html").is_file()
        self.check_report_without_the_data(run, out, tmp_path)
        assert run("fit", "--best", out, "--out", tmp_path / "best").code == 0
        assert run("recommend", tmp_path / "best", "--user", "u0001").code == 0
        results = json.loads(run("compare", "--config", out / "config.toml", "--out", out, "--json").out)
        assert len(results["methods"]) == 4

    def check_report_without_the_data(self, run: Run, out: Path, tmp_path: Path):
        """The report of a run whose data set has gone, or that does not say what it was, needs neither."""
        moved = tmp_path / "moved"
        shutil.copytree(out, moved)
        config = (moved / "config.toml").read_text()
        (moved / "config.toml").write_text(re.sub(r"(?m)^data = .*$", f'data = "{tmp_path / "gone"}"', config))
        outcome = run("report", moved, "--out", tmp_path / "without.html")
        assert outcome.code == 0
        assert "without pictures: " in outcome.err
        assert outcome.out.strip() == str(tmp_path / "without.html")
        assert (tmp_path / "without.html").read_text().lower().startswith("<!doctype html>")
        (moved / "config.toml").unlink()
        assert run("report", moved, "--out", tmp_path / "bare.html").code == 0

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["SHOP"], "--out"),
            ([], "DATA"),
            (["SHOP", "--models", "eaze", "--out", "OUT"], "Did you mean 'ease'"),
            (["SHOP", "--metric", "ndgc@10", "--out", "OUT"], "ndcg"),
            (["SHOP", "--split", "global-tme", "--out", "OUT"], "global-time"),
            (["SHOP", "--memory", "plenty", "--out", "OUT"], "2GB"),
            (["--config", "nowhere.toml", "--out", "OUT"], "nowhere.toml"),
        ],
    )
    def test_wrong_use(self, run: Run, shop: Path, tmp_path: Path, arguments: list[str], message: str):
        places = {"SHOP": str(shop), "OUT": str(tmp_path / "run")}
        outcome = run("compare", *[places.get(a, a) for a in arguments])
        assert outcome.code != 0
        assert message in outcome.err
        assert "Traceback" not in outcome.err

    def test_interrupt_leaves_nothing_half_written(self, run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        from vitrina.models.linear.ease import EASE

        def interrupted(self: EASE, dataset: object, validate: object = None) -> EASE:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(EASE, "fit", interrupted)
            outcome = run("compare", shop, "--models", "ease,popular", "--trials", 2, "--out", tmp_path / "run")
        assert outcome.code == 130
        assert "keeps what was finished" in outcome.err
        assert not list(tmp_path.rglob("*.part"))
        assert run("compare", shop, "--models", "ease,popular", "--trials", 2, "--out", tmp_path / "run").code == 0

    def test_full_disk_is_told_and_leaves_nothing_half_written(
        self, run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("vitrina.models.storage.save_file", full)
            outcome = run("compare", shop, "--models", "popular", "--trials", 2, "--out", tmp_path / "run")
        assert outcome.code == 1
        assert "No space left" in outcome.err
        assert not list(tmp_path.rglob("*.part"))
        assert not (tmp_path / "run" / "models" / "popular").exists()


class TestProgress:
    def test_the_answer_and_its_page(self, run: Run, shop: Path, tmp_path: Path):
        out = tmp_path / "run"
        arguments = ["progress", str(shop), "--out", str(out), "--trials", "1", "--models", "popular,ease,mult-dae"]
        first = run(*arguments)
        assert "neural model" in first.out
        assert "best simple one" in first.out
        assert 'id="progress"' in (out / "report.html").read_text(encoding="utf-8")
        told = json.loads(run("progress", str(out), "--json").out)
        assert told["simple"] == "ease"
        assert [m["name"] for m in told["models"]] == ["mult-dae"]
        assert told["sentence"] in first.out
        assert run("progress", str(out), "--csv").out.startswith("neural model,ndcg@10,")
        again = run("progress", str(out), "--models", "ease")
        assert again.code != 0
        assert "nothing is run" in " ".join(again.err.replace("\u2502", " ").split())

    def test_wrong_use(self, run: Run, shop: Path, tmp_path: Path):
        assert "say where the run goes" in run("progress", str(shop)).err
        out = tmp_path / "run"
        found = run("progress", str(shop), "--out", str(out), "--models", "popular,ease", "--trials", "1")
        assert "nothing to say" in found.err


def test_reproduce_goes_on_after_an_entry_that_fails(run: Run, monkeypatch: pytest.MonkeyPatch):
    from vitrina.errors import VitrinaError
    from vitrina.experiments import reproduce
    from vitrina.experiments.published import REPRODUCTIONS

    names = [name for name in REPRODUCTIONS if name.startswith("ncf-ml-1m/")]
    bad = {names[0]: VitrinaError("too large"), names[1]: MemoryError()}

    def reproduced(name: str, split: object) -> reproduce.Reproduced:
        if name in bad:
            raise bad[name]
        entry = REPRODUCTIONS[name]
        return reproduce.Reproduced(name, {"hr@10": 0.5}, {"hr@10": 0.5}, entry.tolerance, False, 1.0, {}, "protocol", "source")

    monkeypatch.setattr(reproduce, "reproduce", reproduced)
    monkeypatch.setattr(reproduce, "open_protocol", lambda name: None)
    outcome = run("reproduce", "ncf-ml-1m", "--json")
    assert outcome.code == 1
    assert [found["name"] for found in json.loads(outcome.out)] == names[2:]
    assert f"{names[0]} failed: too large" in outcome.err
    assert f"{names[1]} failed: out of memory" in outcome.err
    assert f"{names[2]}: hr@10 0.5000" in outcome.err
    bad |= dict.fromkeys(names, VitrinaError("too large"))
    assert run("reproduce", names[5]).err.splitlines()[-1] == f"error: {names[5]} failed: too large"


def test_reproduce_lists_and_suggests(run: Run):
    assert "ncf-ml-1m/ease" in run("reproduce", "--list").out
    assert "Did you mean 'ncf-ml-1m/ease'" in run("reproduce", "ncf-ml-1m/eaze").err
