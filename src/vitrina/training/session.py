"""Where and under whose eyes models train: device, checkpoints, progress. Nothing here decides what is learned.

``Recommender.fit`` has no arguments for these; who calls it opens a session around the call::

    with Session(checkpoints=folder, report=bar) as session:
        model.fit(dataset)
    session.curve
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from vitrina.training.outcome import Curve, Outcome, Standing

EVERY_SECONDS = 30.0  #: Between checkpoints: little to lose, and little time spent on writing.

_CURRENT: ContextVar[Session | None] = ContextVar("training session", default=None)


@dataclass
class Session:
    """The surroundings of the trainings inside a ``with`` block.

    ``device`` is ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``; by default what the variable ``VITRINA_DEVICE`` says.
    With ``checkpoints``, a folder, each training of the trainer is written there every ``every_seconds`` and goes on from
    there when the same calls are made again; ``identity`` says in words what is trained on which data, so that nothing else
    goes on from there. Where a training learned nothing they are removed in the end: whoever comes back will have other settings.
    ``outcomes`` collects the finished trainings, in order.
    """

    device: str = field(default_factory=lambda: os.environ.get("VITRINA_DEVICE") or "auto")
    checkpoints: Path | None = None
    identity: str = ""
    every_seconds: float = field(default_factory=lambda: EVERY_SECONDS)
    report: Callable[[Standing], None] | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    started: int = 0  # trainings begun in this session: a model may need several, each has a checkpoint of its own
    _token: Token[Session | None] | None = None

    def __enter__(self) -> Self:
        self._token = _CURRENT.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        _CURRENT.reset(self._token)
        if self.checkpoints is not None and any(outcome.failed for outcome in self.outcomes):
            for number in range(1, self.started + 1):
                self.checkpoint(number).unlink(missing_ok=True)

    def checkpoint(self, number: int) -> Path:
        """The file of the training that is begun as the ``number``-th, counted from 1."""
        assert self.checkpoints is not None
        return self.checkpoints / f"training-{number}.safetensors"

    @property
    def curve(self) -> Curve | None:
        """The curve of the last training, if there was one."""
        return self.outcomes[-1].curve if self.outcomes else None

    @property
    def plain_curve(self) -> dict[str, list[Any]] | None:
        """The curve as JSON can hold it: lists of numbers by name, None for what is no finite number."""
        return None if self.curve is None else self.curve.plain()

    @property
    def messages(self) -> list[str]:
        """What went wrong in trainings that were kept all the same."""
        return [outcome.message for outcome in self.outcomes if outcome.message]


def current() -> Session:
    """Return the innermost open session, or a bare one."""
    return _CURRENT.get() or Session()
