"""Checkpoints: whatever happens between two moments, the weights in the end are the same bit for bit."""

import random
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from tests.training.toy import N_SAMPLES, PLAN, STEPS_PER_EPOCH, Toy, trained
from vitrina.errors import VitrinaError
from vitrina.training import checkpoints as checkpoints_module
from vitrina.training.session import Session
from vitrina.training.trainer import train

ROOT = Path(__file__).parents[2]


class Interrupted(Exception):
    pass


@pytest.fixture(scope="module")
def whole():
    """The training that nothing interrupts."""
    return trained()


def interrupted(folder: Path, at: int, **options) -> None:
    def stop(moment):
        if moment.step == at:
            raise Interrupted

    with pytest.raises(Interrupted):
        trained(checkpoints=folder, before=stop, **options)


def check_same(one, other):
    assert torch.equal(one[0].flat(), other[0].flat())
    assert (one[1].epochs, one[1].value, one[1].message) == (other[1].epochs, other[1].value, other[1].message)
    assert (one[1].curve.loss, one[1].curve.metric) == (other[1].curve.loss, other[1].curve.metric)


def test_checkpoints_change_nothing(whole, tmp_path):
    check_same(trained(checkpoints=tmp_path), whole)


def test_resumes_exactly_when_interrupted_before_every_step(whole, tmp_path):
    for at in range(1, len(whole[1].curve) * STEPS_PER_EPOCH):
        interrupted(tmp_path, at)
    check_same(trained(checkpoints=tmp_path), whole)


def test_resumes_exactly_after_being_killed_at_random_steps(whole, tmp_path):
    steps = sorted(random.SystemRandom().sample(range(1, len(whole[1].curve) * STEPS_PER_EPOCH), 2))
    for at in steps:
        ended = subprocess.run([sys.executable, "-m", "tests.training.toy", tmp_path, str(at)], cwd=ROOT, check=False)
        assert ended.returncode == -signal.SIGKILL
    reached = []
    resumed = trained(checkpoints=tmp_path, before=lambda moment: reached.append(moment.step))
    assert reached[0] == steps[1], f"killed in steps {steps}"
    check_same(resumed, whole)


def test_a_finished_training_is_not_made_again(whole, tmp_path):
    trained(checkpoints=tmp_path)
    steps = []
    check_same(trained(checkpoints=tmp_path, before=steps.append), whole)
    assert not steps


def test_a_kill_while_writing_leaves_the_checkpoint_before_it(whole, tmp_path, monkeypatch):
    interrupted(tmp_path, 7)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", lambda *_, **__: None)
        patched.setattr("vitrina.data.files.os.replace", _killed)
        with pytest.raises(Interrupted):
            trained(checkpoints=tmp_path)
    assert list(tmp_path.glob(".*.part"))
    check_same(trained(checkpoints=tmp_path), whole)
    assert not list(tmp_path.glob(".*.part"))


def _killed(*_):
    raise Interrupted


def test_nothing_is_kept_of_trainings_that_learned_nothing(tmp_path):
    """Who comes back with a smaller learning rate must not meet the checkpoint of the failure."""
    toy, exploding = Toy(), Toy()
    with Session(device="cpu", checkpoints=tmp_path, every_seconds=0) as session:
        train(toy, N_SAMPLES, toy.loss, PLAN)
        train(exploding, N_SAMPLES, lambda *_: exploding.out.sum() * float("nan"), PLAN)
        assert [path.name for path in sorted(tmp_path.iterdir())] == [session.checkpoint(n).name for n in (1, 2)]
    assert not list(tmp_path.iterdir())


def test_two_trainings_of_one_session_have_a_checkpoint_each(tmp_path):
    from tests.training.toy import N_SAMPLES, Toy
    from vitrina.training.session import Session
    from vitrina.training.trainer import train

    with Session(checkpoints=tmp_path, device="cpu") as session:
        for _ in range(2):
            toy = Toy()
            train(toy, N_SAMPLES, toy.loss, PLAN)
    assert len(list(tmp_path.iterdir())) == len(session.outcomes) == 2


class TestRefuses:
    @pytest.fixture
    def checkpoint(self, tmp_path) -> Path:
        interrupted(tmp_path, 8, identity="toy on data one")
        (path,) = tmp_path.iterdir()
        return path

    def test_another_training(self, checkpoint):
        for options in ({"identity": "toy on data two"}, {"identity": "toy on data one", "plan": replace(PLAN, lr=0.1)}):
            with pytest.raises(VitrinaError, match=r"another training.*remove it") as caught:
                trained(checkpoints=checkpoint.parent, **options)
            assert "toy on data one" in str(caught.value)
            assert str(checkpoint) in str(caught.value)
        assert checkpoint.is_file()

    @pytest.mark.parametrize("damage", ["cut", "empty", "no checkpoint", "one bit"])
    def test_a_damaged_file(self, checkpoint, damage):
        whole = checkpoint.read_bytes()
        flipped = bytearray(whole)
        flipped[-9] ^= 16
        checkpoint.write_bytes(
            {"cut": whole[: len(whole) // 2], "empty": b"", "no checkpoint": b"\x00" * 64, "one bit": flipped}[damage]
        )
        with pytest.raises(VitrinaError, match=r"damaged.*Remove it to train from the start"):
            trained(checkpoints=checkpoint.parent, identity="toy on data one")

    def test_a_changed_counter(self, checkpoint):
        text = checkpoint.read_bytes()
        checkpoint.write_bytes(text.replace(b'\\"total\\": 8', b'\\"total\\": 9'))
        with pytest.raises(VitrinaError, match="checksum"):
            trained(checkpoints=checkpoint.parent, identity="toy on data one")

    def test_a_file_of_something_else(self, checkpoint):
        from safetensors.torch import save_file

        save_file({"a": torch.zeros(2)}, checkpoint)
        with pytest.raises(VitrinaError, match="damaged"):
            trained(checkpoints=checkpoint.parent)


@contextmanager
def no_room():
    """Every file that grows beyond 100 bytes is refused by the system."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_told_and_the_last_checkpoint_stays(whole, tmp_path):
    interrupted(tmp_path, 8)
    before = (tmp_path / "training-1.safetensors").read_bytes()
    with no_room(), pytest.raises(VitrinaError, match=r"cannot write .*training-1.safetensors.*Free some space"):
        trained(checkpoints=tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]
    check_same(trained(checkpoints=tmp_path), whole)


def test_a_checkpoint_says_what_it_is_of(tmp_path):
    interrupted(tmp_path, 3, identity="toy on data one")
    with safe_open(tmp_path / "training-1.safetensors", "pt") as file:
        assert file.metadata()["identity"].startswith("toy on data one")


def test_tied_weights_are_written():
    shared = torch.arange(3.0)
    ready = checkpoints_module._apart({"a": shared, "b": shared})
    assert torch.equal(ready["a"], ready["b"])
    assert ready["a"].data_ptr() != ready["b"].data_ptr()
