"""What a training leaves behind, beside the weights."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Curve:
    """One entry an epoch: mean ``loss``, ``metric`` on validation (None where it was not asked) and ``seconds``."""

    loss: list[float] = field(default_factory=list)
    metric: list[float | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.loss)

    def add(self, loss: float, metric: float | None, seconds: float) -> None:
        """Append an epoch."""
        self.loss.append(loss)
        self.metric.append(metric)
        self.seconds.append(seconds)


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    The weights of the module are those after ``epochs`` epochs: the best by validation, or the last. ``message`` is empty
    unless the loss exploded; then it says where, and ``epochs`` 0 means that no epoch was good: the weights are the start.
    """

    epochs: int
    curve: Curve
    value: float | None  # the best validation value
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether not a single epoch was good."""
        return self.epochs == 0


@dataclass(frozen=True)
class Standing:
    """What a progress bar shows: handed to the session's ``report`` about twice a second and after every epoch.

    ``loss`` is the mean of the epoch so far, ``metric`` the last validation value, ``seconds_left`` an upper bound: all
    ``epochs`` at the present pace.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    metric: float | None
    seconds_left: float
