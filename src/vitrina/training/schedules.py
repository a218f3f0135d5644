"""Learning rates over time, as factors of the plan's learning rate.

Time is counted in epochs, as a real number, and a schedule names its own length: training that stops earlier, or a refit with
fewer epochs, walks the same path.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vitrina.errors import VitrinaError


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A constant rate, after ``warm_up`` epochs in which it rises linearly from zero."""

    warm_up: float = 0.0

    def __post_init__(self) -> None:
        wrong = [name for name, value in vars(self).items() if not (math.isfinite(value) and value >= 0)]
        if wrong:
            raise VitrinaError(f"{self}: {', '.join(wrong)} must be a number of at least 0.")

    def __call__(self, epoch: float) -> float:
        """Return the factor after ``epoch`` epochs (0 at the start, 0.5 half-way through the first)."""
        rise = min(1.0, epoch / self.warm_up) if self.warm_up else 1.0
        return rise * self.after_warm_up(max(0.0, epoch - self.warm_up))

    def after_warm_up(self, epoch: float) -> float:
        """Return the factor ``epoch`` epochs after the warm-up."""
        return 1.0


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """Half a cosine wave from 1 to ``floor`` in ``epochs`` epochs after the warm-up; then ``floor``."""

    epochs: float
    floor: float = 0.0

    def after_warm_up(self, epoch: float) -> float:
        """Return the factor ``epoch`` epochs after the warm-up."""
        done = min(1.0, epoch / self.epochs) if self.epochs else 1.0
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True, kw_only=True)
class Steps(Schedule):
    """Times ``factor`` after every ``every`` epochs, but not below ``floor``."""

    every: float
    factor: float = 0.1
    floor: float = 0.0

    def after_warm_up(self, epoch: float) -> float:
        """Return the factor ``epoch`` epochs after the warm-up."""
        return max(self.floor, float(self.factor ** (epoch // self.every))) if self.every else 1.0


@dataclass(frozen=True, kw_only=True)
class Exponential(Schedule):
    """Times ``factor`` an epoch, without steps."""

    factor: float

    def after_warm_up(self, epoch: float) -> float:
        """Return the factor ``epoch`` epochs after the warm-up."""
        return float(self.factor**epoch)
