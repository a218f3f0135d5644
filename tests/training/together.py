"""Trainings in several processes: ``torchrun --nproc-per-node 2 -m tests.training.together FOLDER``.

Every process writes its weights there after each training. In the last one the second process kills itself.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tests.training.toy import PLAN, Toy, trained
from vitrina.models.registry import MODELS, make, model_class
from vitrina.training.plan import Moment, Plan
from vitrina.training.processes import Processes
from vitrina.training.session import Session
from vitrina.training.trainer import train


class Interrupted(Exception):
    """Stops all processes in the same step."""


def stop(moment: Moment) -> None:
    if moment.step == 11:
        raise Interrupted


def plain(n_samples: int = 9) -> Toy:
    """Train without anything drawn; the last batch has fewer samples than there are processes."""
    toy = Toy()

    def step(samples: torch.Tensor, _: Moment) -> torch.Tensor:
        return (toy.table[samples] @ toy.out - toy.truth[samples]).square().mean()

    train(toy, n_samples, step, Plan(epochs=3, batch_size=4, lr=0.05, clip=1.0))
    return toy


def other_start() -> Toy:
    """Train from weights that are others in each process."""
    toy = Toy(seed=Processes.here().rank)
    train(toy, 8, toy.loss, replace(PLAN, epochs=1))
    return toy


def curator():
    """A model whose triplets are drawn before its steps, so that processes change nothing but rounding."""
    from tests.models.logs import checkerboard

    settings = {"feature": "words", "triplets": 300, "batch": 64, "epochs": 2}
    return make("curatornet", **settings).fit(checkerboard().train).item_vectors_


def cdae():
    """A model with sparse gradients, nothing drawn: of the people of a batch each process has its own."""
    from tests.models.logs import checkerboard

    settings = {"factors": 4, "corruption": 0.0, "negatives": 0, "batch": 16, "epochs": 2}
    return make("cdae", **settings).fit(checkerboard().train).user_vectors_


def every_model():
    """The scores of every model that can be trained so, after two epochs."""
    from tests.models.logs import checkerboard
    from tests.models.test_conformance import SMALL

    train = checkerboard().train
    for name in (name for name in MODELS if model_class(name).declares.shares_batches):
        yield name, make(name, **{**SMALL.get(name, {}), "epochs": 2}).fit(train).score(train.histories())


def main(folder: Path) -> None:
    rank = Processes.here().rank

    def keep(name: str, weights: torch.Tensor | np.ndarray) -> None:
        np.save(folder / f"{name}-{rank}.npy", np.asarray(weights))

    keep("plain", plain().flat())
    keep("one-sample", plain(1).flat())
    keep("curator", curator())
    keep("cdae-all", cdae())
    for name, scores in every_model():
        keep(name, scores)
    keep("other-start", other_start().flat())
    reports = []
    toy, outcome = trained(report=reports.append)
    keep("toy", toy.flat())
    keep("values", np.array([v for v in outcome.curve.metric if v is not None]))
    keep("reports", np.array(len(reports)))
    checkpoints = folder / f"checkpoints-{rank}"
    try:
        trained(checkpoints=checkpoints, before=stop)
    except Interrupted:
        keep("resumed", trained(checkpoints=checkpoints)[0].flat())
    with Session(device="cpu"):
        trained(before=lambda moment: os.kill(os.getpid(), signal.SIGKILL) if rank and moment.step == 3 else None)
    keep("never", toy.flat())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
