"""The whole command on the toy log, with ours alone: no peer is installed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks.jobs import JOBS, Job
from benchmarks.log import Log
from benchmarks.rounds import Plan, measure
from scipy.sparse import csr_matrix

from benchmarks import artefacts, data, main


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


def test_the_command_measures_judges_and_reports(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main.main(["--jobs", "itemknn", "metrics", "--data", "toy", "--peers", "--repeats", "1", "--threads", "1", "--out", str(out)])
    assert "# Vitrina beside its peers" in capsys.readouterr().out
    found = json.loads((out / "measured" / "toy--itemknn.json").read_text())
    (run,) = found["runs"]["ours"]
    assert set(run["wall"]) == {"prepare", "fit", "recommend"}
    assert all(0 < seconds < 60 for seconds in run["wall"].values())
    assert run["peak"]["fit"] >= run["before"]["fit"] > 0
    assert found["setting"]["threads"] == 1
    assert run["versions"]["vitrina"]
    judged = found["quality"]["ours"]
    assert judged["model"] == pytest.approx(judged["lists"])
    assert judged["model"]["ndcg@10"] > 0.05  # guessing 10 of 200 items gives less than 0.02
    assert len(json.loads((out / "measured" / "toy--metrics.json").read_text())["runs"]["ours"][0]["values"]) == 12
    assert (out / "results.json").is_file()
    assert not list(out.glob("tmp*"))


def test_a_curve_has_a_time_and_a_value_for_each_epoch(out: Path) -> None:
    job = Job("ials-64", "iALS", "curve", {}, {"factors": 8, "epochs": 3, "alpha0": 1.0, "reg": 0.01})
    (found,) = measure(job, "toy", ["ours"], Plan(1, 1, 120, out))
    (run,) = found["runs"]["ours"]
    seconds = [epoch["wall"] for epoch in run["epochs"]]
    assert len(seconds) == 3
    assert seconds == sorted(seconds)
    assert sorted(found["quality"]["ours"]) == ["epoch-001", "epoch-002", "epoch-003"]


def test_what_fails_is_said_and_left_out(out: Path) -> None:
    job = Job("no-such-job", "?", "fit", {}, {})
    (found,) = measure(job, "toy", ["ours"], Plan(1, 1, 120, out))
    assert found["runs"]["ours"] == []
    assert "no-such-job" in found["failed"]["ours"]


def test_the_held_out_events_are_not_trained_on(out: Path) -> None:
    log = Log.load(data.written("toy", out / "data"))
    assert log.matrix().multiply(log.held_out()).nnz == 0
    assert log.matrix().nnz + log.held_out().nnz == data.GENERATED["toy"][2]
    assert np.all(np.diff(log.offsets) > 0)


def test_artefacts_come_back_as_they_were(tmp_path: Path) -> None:
    weights = csr_matrix(np.array([[0, 2.0], [3.0, 0]]))
    artefacts.save({"weights": weights, "biases": np.arange(2.0)}, tmp_path / "a.npz")
    found = artefacts.load(tmp_path / "a.npz")
    assert np.array_equal(found["weights"].toarray(), weights.toarray())
    assert found["biases"].dtype == np.float32


def test_every_job_is_about_known_data_and_libraries() -> None:
    from benchmarks.environments import OWN, PEERS

    for job in JOBS.values():
        assert set(job.data) <= set(data.TITLES)
        assert set(job.targets) <= {*PEERS, *OWN}
        assert set(job.special) <= set(data.TITLES)
