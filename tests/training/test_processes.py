"""Several processes train one model, started by the real ``torchrun``."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.models.logs import checkerboard
from tests.models.test_conformance import small
from tests.training import together
from tests.training.toy import trained
from vitrina.cli.app import app
from vitrina.data.storage import save_dataset
from vitrina.errors import VitrinaError
from vitrina.kernels.threads import n_threads
from vitrina.models.base import Shape, refuse_too_large
from vitrina.models.registry import MODELS, make, model_class
from vitrina.models.storage import load_trained
from vitrina.training.checkpoints import packed, unpacked
from vitrina.training.processes import Processes

ROOT = Path(__file__).parents[2]


def torchrun(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    around = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "VITRINA_DEVICE": "cpu"}
    return subprocess.run(
        [*command, *map(str, arguments)], cwd=ROOT, env=around, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Everything that ``together`` does, once: what its processes wrote, and how it ended."""
    folder = tmp_path_factory.mktemp("together")
    started = time.monotonic()
    ended = torchrun("tests.training.together", folder)
    kept = {path.stem: np.load(path) for path in folder.glob("*.npy")}
    assert kept, ended.stderr
    return folder, kept, ended, time.monotonic() - started


SHARED = [name for name in MODELS if model_class(name).declares.shares_batches]


@pytest.mark.parametrize(
    "name", ["plain", "one-sample", "curator", "cdae-all", "other-start", "toy", "resumed", "values", *SHARED]
)
def test_all_processes_hold_the_same_bits(run, name):
    np.testing.assert_array_equal(run[1][f"{name}-1"], run[1][f"{name}-0"])


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("plain", lambda: together.plain().flat()),
        ("one-sample", lambda: together.plain(1).flat()),
        ("curator", together.curator),
        ("cdae-all", together.cdae),
    ],
)
def test_where_nothing_is_drawn_it_is_the_training_of_one_process(run, name, alone):
    np.testing.assert_allclose(run[1][f"{name}-0"], alone(), rtol=1e-4, atol=1e-6)


def test_each_process_draws_for_itself(run):
    assert not np.array_equal(run[1]["toy-0"], trained()[0].flat().numpy())


def test_goes_on_from_a_checkpoint_to_the_same_bits(run):
    np.testing.assert_array_equal(run[1]["resumed-0"], run[1]["toy-0"])


def test_the_first_process_alone_writes_and_reports(run):
    folder, kept, *_ = run
    assert [path.name for path in folder.glob("checkpoints-*")] == ["checkpoints-0"]
    assert kept["reports-0"] > 0
    assert kept["reports-1"] == 0


def test_a_checkpoint_of_two_processes_is_not_one_of_one(run):
    with pytest.raises(VitrinaError, match="2 processes there"):
        trained(checkpoints=run[0] / "checkpoints-0")


def test_a_process_that_dies_ends_the_others(run):
    _, kept, ended, seconds = run
    assert ended.returncode != 0
    assert seconds < 100
    assert not any(name.startswith("never") for name in kept)


def test_fit_is_shared_out_and_says_everything_once(tmp_path):
    board = checkerboard().train
    save_dataset(board, tmp_path / "board")
    settings = {"layers": [4], "dropout": 0.0, "epochs": 2, "batch": 16}
    given = [argument for name, value in settings.items() for argument in ("--set", f"{name}={json.dumps(value)}")]
    ended = torchrun("vitrina", "fit", "mult-dae", tmp_path / "board", "--out", tmp_path / "model", *given)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == [str(tmp_path / "model")]
    assert ended.stderr.count("mult-dae fitted on") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["board", "model"]
    found = load_trained(tmp_path / "model").model
    alone = make("mult-dae", **{**settings, "layers": (4,)}).fit(board)
    np.testing.assert_allclose(found.items_, alone.items_, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "ease", "demo", "--out", "x"], "ease does not learn batch by batch.*without torchrun"),
        (["compare", "demo", "--out", "x"], "torchrun is for `vitrina fit`.*Run `vitrina compare` without it"),
    ],
)
def test_what_cannot_be_shared_is_refused(arguments, message, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    with pytest.raises(VitrinaError, match=message):
        app(arguments, standalone_mode=False)


@pytest.mark.parametrize("name", MODELS)
def test_models_say_whether_they_train_with_the_trainer(name, monkeypatch):
    asked = []
    monkeypatch.setattr("vitrina.training.trainer.Processes.here", lambda: asked.append(1) or Processes())
    small(name).fit(checkerboard(n_users=4).train)
    assert bool(asked) == model_class(name).declares.shares_batches


def test_processes_share_the_cores(monkeypatch):
    monkeypatch.delenv("VITRINA_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    assert n_threads() == 6
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert n_threads() == 3
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "8")
    assert n_threads() == 1


def test_each_process_has_an_accelerator_of_its_own():
    assert Processes(1, 2, 1).device("cuda") == "cuda:1"
    assert Processes(1, 2, 1).device("cpu") == "cpu"
    assert Processes().device("cuda") == "cuda"
    assert Processes().device("cuda:1") == "cuda:1"
    with pytest.raises(VitrinaError, match="several processes cannot share cuda:0"):
        Processes(0, 2, 0).device("cuda:0")


def test_memory_is_needed_by_each_process(monkeypatch):
    data = checkerboard(n_users=4).train
    model, shape = make("ease"), Shape.of(data)
    monkeypatch.setattr("vitrina.models.base.total_memory", lambda: int(1.5 * model.memory(shape)))
    refuse_too_large(model, shape)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(VitrinaError, match="in each of 2 processes"):
        refuse_too_large(model, shape)


def test_a_state_survives_the_way_between_processes():
    tensors = {"weights/a": torch.arange(6.0).view(2, 3), "optimiser/0/step": torch.tensor(3.0)}
    counters = {"epoch": 2, "best": None}
    found, there = unpacked(packed(tensors, counters))
    assert there == counters
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def test_a_model_that_needs_no_torch_is_fitted_without(tmp_path):
    save_dataset(checkerboard().train, tmp_path / "board")
    arguments = ["fit", "popular", str(tmp_path / "board"), "--out", str(tmp_path / "model")]
    code = f"import sys; from vitrina.cli.app import app; app({arguments!r}, standalone_mode=False); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
