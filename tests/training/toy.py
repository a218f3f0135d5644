"""A small training with everything that could break exact resuming: dropout, drawn samples, a schedule, early stopping.

``python -m tests.training.toy FOLDER STEP`` trains with checkpoints in FOLDER and kills itself, without warning, in STEP.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from vitrina.training.outcome import Outcome
from vitrina.training.plan import Moment, Plan
from vitrina.training.schedules import Cosine
from vitrina.training.session import Session
from vitrina.training.trainer import train

N_SAMPLES = 37
PLAN = Plan(
    epochs=7, batch_size=8, lr=0.05, schedule=Cosine(epochs=10, warm_up=1), clip=1.0, validate_every=2, patience=2, seed=3
)
STEPS_PER_EPOCH = 5


class Toy(nn.Module):
    """Guesses a number for each of the samples."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.table = nn.Parameter(torch.normal(0.0, 1.0, (N_SAMPLES, 4), generator=generator))
        self.out = nn.Parameter(torch.ones(4))
        self.dropout = nn.Dropout(0.3)
        self.register_buffer("truth", torch.linspace(-1, 1, N_SAMPLES), persistent=False)

    def loss(self, samples: Tensor, moment: Moment) -> Tensor:
        """Squared error of the samples and of one drawn for each."""
        drawn = torch.randint(N_SAMPLES, samples.shape, generator=moment.generator)
        asked = torch.cat([samples, drawn])
        return (self.dropout(self.table[asked]) @ self.out - self.truth[asked]).square().mean()

    @torch.no_grad()
    def value(self) -> float:
        """The better, the nearer the guesses are; draws numbers of its own, which must not matter."""
        torch.rand(3)
        return -float((self.table @ self.out - self.truth).square().mean())

    def flat(self) -> Tensor:
        """All weights in one row."""
        return torch.cat([p.detach().flatten() for p in self.parameters()])


def trained(
    *, checkpoints: Path | None = None, before: Callable[[Moment], None] = lambda moment: None, plan: Plan = PLAN, **surroundings
) -> tuple[Toy, Outcome]:
    """Train a toy with a checkpoint after every step; ``before`` each step something may happen."""
    toy = Toy()

    def step(samples: Tensor, moment: Moment) -> Tensor:
        before(moment)
        return toy.loss(samples, moment)

    with Session(device="cpu", checkpoints=checkpoints, every_seconds=0, **surroundings):
        return toy, train(toy, N_SAMPLES, step, plan, validate=toy.value)


if __name__ == "__main__":
    folder, kill_at = Path(sys.argv[1]), int(sys.argv[2])

    def kill(moment: Moment) -> None:
        if moment.step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    trained(checkpoints=folder, before=kill)
