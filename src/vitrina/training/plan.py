"""How a model is trained: the plan, and what every step is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from vitrina.errors import VitrinaError
from vitrina.training.schedules import Schedule

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Optimiser = Literal["adam", "adamw", "sgd", "adagrad"]
Precision = Literal["float32", "bfloat16", "float16"]

PATIENCE = 4  #: Validations without gain before training stops.


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The settings of one training.

    ``batch_size`` counts samples, the last batch of an epoch may be smaller. ``options`` go to the optimiser (``betas``,
    ``momentum``, ``initial_accumulator_value``); ``weight_decay`` is added to the gradient (``adamw``: taken from the
    weights). ``clip`` bounds the norm of the whole gradient. ``precision`` below float32 is used on CUDA only, where it is
    faster. With validation, training stops after ``patience`` validations, one every ``validate_every`` epochs, without gain;
    ``start_counts`` validates the start, too, which may turn out to be the best: so many as 0 epochs. All of these count passes
    over the samples; where ``passes`` of them make up an epoch of the model, its user is told of such epochs.
    """

    epochs: int
    batch_size: int
    lr: float
    optimiser: Optimiser = "adam"
    options: Mapping[str, float | bool | tuple[float, ...]] = field(default_factory=dict)
    weight_decay: float = 0.0
    schedule: Schedule = field(default_factory=Schedule)
    clip: float | None = None
    precision: Precision = "float32"
    validate_every: int = 1
    patience: int = PATIENCE
    start_counts: bool = False
    passes: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "validate_every", "patience", "passes"):
            if getattr(self, name) < 1:
                raise VitrinaError(f"{name} must be at least 1, got {getattr(self, name)}.")
        for name in ("lr", "clip"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise VitrinaError(f"{name} must be above 0, got {value}.")

    def validates_after(self, epoch: int) -> bool:
        """Say whether validation is due after ``epoch`` (counted from 1): every few epochs, and after the last."""
        return epoch % self.validate_every == 0 or epoch == self.epochs


@dataclass(frozen=True)
class Moment:
    """Where training stands, as every step is told.

    ``epoch`` counts from 1; ``step`` are the steps made so far in all epochs, of which each has ``steps_per_epoch``.
    ``generator`` is the source of all random numbers of a step.
    """

    epoch: int
    step: int
    steps_per_epoch: int
    generator: torch.Generator


@dataclass(frozen=True)
class Compiled:
    """Steps that are made elsewhere than in PyTorch, for the CPU and one process.

    ``steps(batches, moments)`` makes a step with each batch, moves the module's weights and returns the losses ``[batches]``;
    what its optimiser remembers are buffers of the module. It is given consecutive batches of about so many ``samples`` at once;
    which ones must not matter. Everything that it draws must come from each moment's generator, for torch's own is not seeded;
    and of the plan it must heed itself what it wants of optimiser, schedule, weight decay and clipping.
    """

    steps: Callable[[Sequence[Tensor], Sequence[Moment]], Tensor]
    samples: int
