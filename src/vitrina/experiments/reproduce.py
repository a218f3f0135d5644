"""Published numbers, run again: ours beside theirs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from vitrina.data.known import open_split
from vitrina.data.splits.split import Split
from vitrina.errors import unknown
from vitrina.evaluation.evaluate import evaluate
from vitrina.experiments.published import PROTOCOLS, REPRODUCTIONS
from vitrina.experiments.published.entries import Protocol, Reproduction
from vitrina.models.registry import make


@dataclass(frozen=True)
class Reproduced:
    """Ours beside the published numbers."""

    name: str
    metrics: dict[str, float]
    published: dict[str, float]
    tolerance: float
    at_least: bool
    seconds: float
    settings: dict[str, Any]
    protocol: str
    source: str

    def reaches(self, metric: str) -> bool:
        """Whether one number is within the tolerance, or, where that was asked, at least the published one."""
        difference = self.metrics[metric] - self.published[metric]
        return difference >= 0 if self.at_least else abs(difference) <= self.tolerance

    @property
    def reached(self) -> bool:
        """Whether every number is reached."""
        return all(self.reaches(metric) for metric in self.published)


def find(name: str) -> tuple[Protocol, Reproduction]:
    """Return an entry by its name ``protocol/model``; raises ``UnknownNameError`` with the nearest one."""
    if name not in REPRODUCTIONS:
        raise unknown("reproduction", name, REPRODUCTIONS, "See: vitrina reproduce --list")
    return PROTOCOLS[name.split("/")[0]], REPRODUCTIONS[name]


def open_protocol(name: str) -> Split:
    """Open the data and the split of an entry; several entries of a protocol can share it."""
    protocol, _ = find(name)
    return open_split(protocol.data, protocol.split)


def reproduce(name: str, *, split: Split | None = None, seed: int = 0) -> Reproduced:
    """Fit and test one entry; ``split`` may be handed in when several entries share it."""
    protocol, entry = find(name)
    split = split or open_protocol(name)
    started = time.perf_counter()
    model = make(entry.model, **entry.settings).fit(split.train_and_validation)
    result = evaluate(model, split.open_test(), split.train_and_validation, protocol.metrics, seed=seed)
    return Reproduced(
        name=name,
        metrics=result.metrics,
        published=dict(entry.published),
        tolerance=entry.tolerance,
        at_least=entry.at_least,
        seconds=time.perf_counter() - started,
        settings=model.settings,
        protocol=protocol.description,
        source=entry.source or protocol.source,
    )
