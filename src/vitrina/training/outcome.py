"""What a training tells while it runs, and what it leaves behind beside the weights."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field

from vitrina.errors import VitrinaError


@dataclass
class Curve:
    """One entry an epoch: mean ``loss``, ``metric`` on validation and ``seconds``; None where a value is not known."""

    loss: list[float | None] = field(default_factory=list)
    metric: list[float | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.seconds)

    def add(self, loss: float | None, metric: float | None, seconds: float) -> None:
        """Append an epoch."""
        self.loss.append(loss)
        self.metric.append(metric)
        self.seconds.append(seconds)

    def plain(self) -> dict[str, list[float | None]]:
        """Return the lists by name, None in the place of numbers that JSON cannot hold."""
        return {
            name: [v if v is not None and math.isfinite(v) else None for v in values] for name, values in asdict(self).items()
        }


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    What was learned is that of ``epochs`` epochs: the best by validation, or the last. ``message`` is empty unless the loss
    exploded; then it says where. ``epochs`` 0 means that the weights are those of the start: no epoch was good, or, where the
    start counts, none was better.
    """

    epochs: int
    curve: Curve
    value: float | None  # the best validation value
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether not a single epoch was good."""
        return self.epochs == 0 and bool(self.message)

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
