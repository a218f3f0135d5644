import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from vitrina.data.dataset import Dataset
from vitrina.data.gallery import simulate
from vitrina.data.splits.protocols import make_split
from vitrina.data.storage import save_dataset
from vitrina.errors import VitrinaError
from vitrina.experiments.compare import compare
from vitrina.experiments.config import RunConfig, make_config
from vitrina.experiments.plan import plan
from vitrina.experiments.progress import Silent
from vitrina.experiments.tune import read_trials, tune
from vitrina.models.storage import load_trained
from vitrina.report.page import write_report

MODELS = {"random": {}, "popular": {}, "itemknn": {}, "ease": {}, "ials": {"factors": 8, "epochs": 4}}


@pytest.fixture(scope="module")
def gallery() -> Dataset:
    return simulate(seed=1, n_users=200, n_works=200, n_artists=20)


def small(**values: object) -> RunConfig:
    return make_config(**{"data": "demo", "trials": 3, "models": MODELS, **values})


def table(results: dict) -> list:
    """Everything of a run that does not depend on the clock."""
    return [
        [(m["name"], m["metrics"], m["intervals"], m["settings"], m["trials"], m["group"]) for m in results["methods"]],
        results["pairs"],
        results["segments"],
        results["verdict"],
        results["split"],
        {name: [(t["settings"], t["value"]) for t in trials] for name, trials in results["tuning"].items()},
    ]


@pytest.fixture(scope="module")
def finished(gallery: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("run") / "whole"
    return out, compare(small(), gallery, out)


def test_a_run_holds_everything_a_report_needs(finished: tuple[Path, dict], gallery: Dataset):
    out, results = finished
    assert json.loads((out / "results.json").read_text()) == results
    assert results["finished"]
    names = [m["name"] for m in results["methods"]]
    assert sorted(names) == sorted(MODELS)
    values = [m["metrics"]["ndcg@10"] for m in results["methods"]]
    assert values == sorted(values, reverse=True)
    for method in results["methods"]:
        low, high = method["intervals"]["ndcg@10"]
        assert low <= method["metrics"]["ndcg@10"] <= high
        assert method["trials"] == (3 if method["name"] in {"itemknn", "ease", "ials"} else 1)
        users = pl.read_parquet(out / "users" / f"{method['name']}.parquet")
        assert users["user"].is_in(gallery.users.ids.implode()).all()
        assert np.nanmean(users["ndcg@10"].to_numpy()) == pytest.approx(method["metrics"]["ndcg@10"])


def test_a_run_is_not_gone_on_with_on_another_split(finished: tuple[Path, dict], gallery: Dataset, tmp_path: Path):
    config = small(models={"popular": {}})
    one, other = (make_split(gallery, "leave-last-out", seed=0, min_events=n) for n in (3, 4))
    found = compare(config, gallery, tmp_path / "run", split=one)
    assert table(compare(config, gallery, tmp_path / "run", split=one)) == table(found)
    with pytest.raises(VitrinaError, match="holds a run on another split"):
        compare(config, gallery, tmp_path / "run", split=other)


def test_personalised_models_learn_and_chance_is_last(finished: tuple[Path, dict]):
    order = [m["name"] for m in finished[1]["methods"]]
    assert order[-1] == "random"
    assert order.index("itemknn") < order.index("popular")


def test_saved_models_recommend_what_was_tested(finished: tuple[Path, dict], gallery: Dataset):
    trained = load_trained(finished[0] / "models" / "ease")
    listed = trained.recommend(users=[gallery.users.ids[0]], k=5)
    assert listed.height == 5
    assert "title" in listed.columns


def test_running_again_does_nothing_and_gives_the_same_table(finished: tuple[Path, dict], gallery: Dataset):
    out, results = finished
    before = {p: p.stat().st_mtime_ns for p in (out / "trials").rglob("*.json")}
    again = compare(small(), gallery, out)
    assert table(again) == table(results)
    assert {p: p.stat().st_mtime_ns for p in (out / "trials").rglob("*.json")} == before


def test_another_seed_gives_another_split_and_other_trials(finished: tuple[Path, dict], gallery: Dataset, tmp_path: Path):
    other = compare(small(seed=5, models={"ease": {}}), gallery, tmp_path / "other")
    mine = [t["settings"] for t in finished[1]["tuning"]["ease"]]
    assert [t["settings"] for t in other["tuning"]["ease"]][1:] != mine[1:]
    assert other["tuning"]["ease"][0]["settings"] == mine[0] == {}  # the paper's defaults come first


def test_the_folder_of_another_run_is_refused(finished: tuple[Path, dict], gallery: Dataset):
    with pytest.raises(VitrinaError, match="another configuration"):
        compare(small(trials=4), gallery, finished[0])


def test_a_folder_that_is_no_run_is_refused(gallery: Dataset, tmp_path: Path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(VitrinaError, match="not empty"):
        compare(small(), gallery, tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_other_data_in_the_same_folder_are_noticed(finished: tuple[Path, dict], gallery: Dataset):
    with pytest.raises(VitrinaError, match=r"differ|another|not the"):
        compare(small(), gallery.keep(np.arange(len(gallery)) > 0), finished[0])


def test_a_damaged_result_is_named(gallery: Dataset, tmp_path: Path):
    config = small(models={"popular": {}})
    compare(config, gallery, tmp_path / "run")
    path = tmp_path / "run" / "evaluations" / "popular.json"
    path.write_text(path.read_text()[:50])
    with pytest.raises(VitrinaError, match="damaged"):
        compare(config, gallery, tmp_path / "run")


def test_a_model_that_fails_is_reported_and_the_others_go_on(gallery: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from vitrina.models.linear.ease import EASE

    def broken(self: EASE, dataset: Dataset, validate: object = None) -> EASE:
        raise VitrinaError("the sky fell")

    monkeypatch.setattr(EASE, "fit", broken)
    results = compare(small(models=["ease", "popular"]), gallery, tmp_path / "run")
    assert [m["name"] for m in results["methods"]] == ["popular"]
    assert results["failures"][0]["name"] == "ease"
    assert "the sky fell" in results["failures"][0]["reason"]


def test_fewer_than_fifty_test_users_have_no_winner(tmp_path: Path):
    few = simulate(seed=3, n_users=40, n_works=100, n_artists=10)
    results = compare(small(models=["random", "popular", "ease"]), few, tmp_path / "run")
    assert results["verdict"]["winner"] is None
    assert "50" in results["verdict"]["reason"]


class Heard(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.messages: list[str] = []

    def advance(self, task: str, note: str = "") -> None:
        self.notes.append(note)

    def say(self, message: str) -> None:
        self.messages.append(message)


def test_time_cap_is_told(gallery: Dataset, tmp_path: Path):
    heard = Heard()
    results = compare(small(models=["ease"], trials=50, seconds=1e-6), gallery, tmp_path / "run", progress=heard)
    method = results["methods"][0]
    assert method["capped"]
    assert method["trials"] == 1
    assert heard.messages == [f"ease: 1 of 50 trials in the 1e-06 seconds it had, {heard.notes[-1]}"]


def test_progress_tells_the_best_trial_so_far(gallery: Dataset, tmp_path: Path):
    heard = Heard()
    trials = tune("itemknn", make_split(gallery, seed=0), small(trials=4), tmp_path, heard).trials
    so_far = [max(t.value for t in trials[: n + 1] if t.value is not None) for n in range(4)]
    assert heard.notes == [f"best {value:.4f}" for value in so_far]
    again = Heard()
    tune("itemknn", make_split(gallery, seed=0), small(trials=4), tmp_path, again)
    assert again.notes == heard.notes


@pytest.mark.parametrize(("name", "fixed"), [("itemknn", {}), ("mult-dae", {"epochs": 5})])
def test_interrupted_trials_are_made_again_exactly(name: str, fixed: dict, gallery: Dataset, tmp_path: Path):
    config = small(models={name: fixed}, trials=6)
    split = make_split(gallery, seed=0)
    whole = tune(name, split, config, tmp_path / "a", Silent()).trials
    tune(name, split, config, tmp_path / "b", Silent())
    for n in (5, 4, 3):
        (tmp_path / "b" / f"{n:04d}.json").unlink()
    resumed = tune(name, split, config, tmp_path / "b", Silent()).trials
    assert [(t.settings, t.value) for t in resumed] == [(t.settings, t.value) for t in whole]
    assert [t.trial for t in read_trials(tmp_path / "b")] == list(range(6))


def test_trainings_leave_their_curves(gallery: Dataset, tmp_path: Path):
    fm = {"factors": 8, "epochs": 3, "attributes": []}
    results = compare(small(models={"fm": fm, "bpr-mf": {"epochs": 10}, "popular": {}}, trials=2), gallery, tmp_path / "run")
    methods = {method["name"]: method for method in results["methods"]}
    for name in ("fm", "bpr-mf"):
        for trial in results["tuning"][name]:
            curve = trial["curve"]
            assert max(v for v in curve["metric"] if v is not None) == trial["value"]
            assert curve["metric"].index(trial["value"]) + 1 == trial["settings"]["epochs"]
            assert len(curve["loss"]) == len(curve["metric"]) == len(curve["seconds"])
            assert None not in curve["loss"]
        final = methods[name]["curve"]
        assert len(final["loss"]) == methods[name]["settings"]["epochs"]
        assert set(final["metric"]) == {None}
    assert methods["popular"]["curve"] is results["tuning"]["popular"][0]["curve"] is None
    page = write_report(tmp_path / "run").read_text()
    assert '<section id="training"' in page


def test_trials_of_an_older_version_are_read(tmp_path: Path):
    old = {"trial": 0, "settings": {}, "value": 0.5, "seconds": 1.0, "seed": 3, "state": "complete", "message": ""}
    (tmp_path / "0000.json").write_text(json.dumps(old))
    (record,) = read_trials(tmp_path)
    assert record.curve is None


def test_a_training_that_explodes_late_says_so_in_its_trial(gallery: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from vitrina.models.factors.fm_network import FMNetwork

    loss = FMNetwork.loss
    monkeypatch.setattr(
        FMNetwork, "loss", lambda self, s, moment, **o: loss(self, s, moment, **o) * (math.nan if moment.epoch > 2 else 1)
    )
    config = small(models={"fm": {"factors": 8, "epochs": 5}}, trials=1)
    (record,) = tune("fm", make_split(gallery, seed=0), config, tmp_path, Silent()).trials
    assert record.state == "complete"
    assert record.settings["epochs"] <= 2
    assert "the loss became nan in epoch 3" in record.message
    assert record.curve is not None
    assert len(record.curve["loss"]) == 2


def test_plan_runs_nothing_and_says_why_not(gallery: Dataset):
    timeless = Dataset(gallery.interactions.drop("timestamp"), gallery.users, gallery.catalogue, gallery.info)
    config = make_config(data="demo")
    planned = {p.name: p for p in plan(config, make_split(timeless, seed=0))}
    assert "timestamp" in planned["popular-recent"].reason
    assert not planned["ease"].reason
    assert planned["ease"].memory >= 4 * gallery.n_items**2
    assert planned["ials"].seconds > planned["popular"].seconds > 0


def test_models_left_out_are_told_in_the_results(gallery: Dataset, tmp_path: Path):
    timeless = Dataset(gallery.interactions.drop("timestamp"), gallery.users, gallery.catalogue, gallery.info)
    results = compare(small(models=["popular-recent", "popular"]), timeless, tmp_path / "run")
    assert [s["name"] for s in results["skipped"]] == ["popular-recent"]


@pytest.mark.parametrize("seed", [0])
def test_killed_three_times_gives_the_identical_table(seed: int, finished: tuple[Path, dict], gallery: Dataset, tmp_path: Path):
    """SIGKILL at random moments, then the same command to the end."""
    save_dataset(gallery, tmp_path / "shop")
    config = tmp_path / "run.toml"
    config.write_text(small(data=str(tmp_path / "shop")).to_toml())
    command = [sys.executable, "-c", "from vitrina.cli import main; main()", "compare", "--config", str(config)]
    command += ["--out", str(tmp_path / "run")]
    moments = random.Random(seed)
    for _ in range(3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not list((tmp_path / "run").glob("trials/*/*.json")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(moments.uniform(0, 0.4))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert not list((tmp_path / "run").rglob("*.part"))
    assert table(json.loads((tmp_path / "run" / "results.json").read_text())) == table(finished[1])
