"""Where and under whose eyes models train: device, checkpoints, progress. Nothing here decides what is learned.

``Recommender.fit`` has no arguments for these; who calls it opens a session around the call::

    with session(checkpoints=folder, report=bar) as training:
        model.fit(dataset)
    training.outcomes[-1].curve
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from vitrina.training.outcome import Outcome, Standing


@dataclass
class Session:
    """The surroundings of the trainings inside a ``with session(...)``.

    ``device`` is ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``. With ``checkpoints``, a folder, each training is written
    there after every epoch (and every ``every_steps`` steps, where above 0) and goes on from there when the same calls are
    made again. ``outcomes`` collects the finished trainings, in order.
    """

    device: str = "auto"
    checkpoints: Path | None = None
    every_steps: int = 0
    report: Callable[[Standing], None] | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    started: int = 0  # trainings begun in this session: a model may need several, each has a checkpoint of its own


_CURRENT: ContextVar[Session | None] = ContextVar("training session", default=None)


@contextmanager
def session(
    *,
    device: str = "auto",
    checkpoints: Path | None = None,
    every_steps: int = 0,
    report: Callable[[Standing], None] | None = None,
) -> Iterator[Session]:
    """Make the trainings inside the block use these surroundings, see ``Session``."""
    opened = Session(device, checkpoints, every_steps, report)
    token = _CURRENT.set(opened)
    try:
        yield opened
    finally:
        _CURRENT.reset(token)


def current() -> Session:
    """Return the innermost open session, or a bare one."""
    return _CURRENT.get() or Session()
