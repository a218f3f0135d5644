"""What a training tells while it runs, and what it leaves behind beside the weights."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from vitrina.errors import VitrinaError


@dataclass
class Curve:
    """One entry an epoch: mean ``loss``, ``metric`` on validation and ``seconds``; None where a value is not known.

    ``start`` is the metric before the first epoch, where it counts.
    """

    loss: list[float | None] = field(default_factory=list)
    metric: list[float | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    start: float | None = None

    def __len__(self) -> int:
        return len(self.seconds)

    def add(self, loss: float | None, metric: float | None, seconds: float) -> None:
        """Append an epoch."""
        self.loss.append(loss)
        self.metric.append(metric)
        self.seconds.append(seconds)

    def plain(self) -> dict[str, Any]:
        """Return the fields by name, None in the place of numbers that JSON cannot hold."""
        return {
            name: [_plain(v) for v in held] if isinstance(held, list) else _plain(held) for name, held in asdict(self).items()
        }

    def folded(self, passes: int) -> Curve:
        """Return the curve with one entry for so many of this one's: mean loss, last metric, all seconds."""
        if passes == 1:
            return self
        folded = Curve(start=self.start)
        for begin in range(0, len(self), passes):
            here = slice(begin, begin + passes)
            losses = [loss for loss in self.loss[here] if loss is not None]
            metric = next((value for value in reversed(self.metric[here]) if value is not None), None)
            folded.add(sum(losses) / len(losses) if losses else None, metric, sum(self.seconds[here]))
        return folded


def _plain(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    What was learned is that of ``epochs`` epochs, which are passes over the samples here: the best by validation, or the last.
    ``message`` is empty unless the loss exploded; then it says where. ``epochs`` 0 means that the weights are those of the start:
    no epoch was good, or, where the start counts, none was better.
    """

    epochs: int
    curve: Curve
    value: float | None  # the best validation value
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether not a single epoch was good, nor the start one of those to choose from."""
        return self.epochs == 0 and self.value is None and bool(self.message)

    def checked(self, name: str) -> Outcome:
        """Return this; raises ``VitrinaError`` in the ``name`` of what was trained when not a single epoch was good."""
        if self.failed:
            raise VitrinaError(f"{name}: {self.message}")
        return self


@dataclass(frozen=True)
class Standing:
    """What a progress bar shows: handed to the session's ``report`` about twice a second and after every epoch.

    ``done`` are the epochs done, with the present one's share. ``loss`` is the mean of the epoch so far, ``metric`` the last
    validation value, both None where there is none; ``seconds_left`` an upper bound: all ``epochs`` at the present pace.
    """

    done: float
    epochs: int
    loss: float | None
    metric: float | None
    seconds_left: float

    @property
    def epoch(self) -> int:
        """The number of the present epoch; just after one, of that."""
        return max(1, math.ceil(self.done))
