"""Published numbers, run again: ours beside theirs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from vitrina.data.dataset import Dataset
from vitrina.data.frequent import drop_absent, keep_frequent
from vitrina.data.known import open_dataset, open_split
from vitrina.data.splits.holdout import with_validation
from vitrina.data.splits.protocols import make_split
from vitrina.data.splits.split import Part, Split
from vitrina.errors import unknown
from vitrina.evaluation.evaluate import evaluate
from vitrina.experiments.published import PROTOCOLS, REPRODUCTIONS
from vitrina.experiments.published.entries import Protocol, Reproduction
from vitrina.experiments.tune import chosen_settings
from vitrina.models.base import Recommender, Shape, Validate, refuse_too_large
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
    """Open or make the split of an entry; several entries of a protocol can share it."""
    protocol, _ = find(name)
    made = protocol.split
    if isinstance(made, str):
        return open_split(protocol.data, made)
    dataset = keep_frequent(open_dataset(protocol.data), users=made.users, items=made.items)
    return make_split(drop_absent(dataset), made.protocol, seed=made.seed, **made.settings)


def fit(name: str, split: Split, **settings: Any) -> Recommender:
    """Fit the model of an entry as its protocol wants it; ``settings`` go before those of the entry.

    Epochs that are chosen on validation are chosen with what is left of the training part; the final model then learns from
    all of it where the protocol refits. Raises ``VitrinaError`` where memory would not suffice.
    """
    protocol, entry = find(name)
    settings = {**entry.settings, **settings}
    learned = _learned(protocol, split)
    refuse_too_large(make(entry.model, **settings), Shape.of(learned))
    if not entry.chosen_on:
        return make(entry.model, **settings).fit(learned)
    if entry.chosen_on == "test":
        return make(entry.model, **settings).fit(learned, _value(protocol, split.open_test(), learned))
    tuned = split if split.has_validation else with_validation(split, **protocol.validation)
    model = make(entry.model, **settings).fit(tuned.train, _value(protocol, tuned.validation, tuned.train))
    return make(entry.model, **(settings | chosen_settings(model))).fit(learned) if protocol.refits else model


def measure(name: str, model: Recommender, split: Split, *, seed: int = 0) -> dict[str, float]:
    """Return the protocol's metrics of a fitted model on the test part; ``seed`` breaks ties."""
    protocol, _ = find(name)
    return evaluate(model, split.open_test(), _learned(protocol, split), protocol.metrics, seed=seed).metrics


def _learned(protocol: Protocol, split: Split) -> Dataset:
    return split.train_and_validation if protocol.refits else split.train


def _value(protocol: Protocol, part: Part, learned: Dataset) -> Validate:
    return lambda scorer: evaluate(scorer, part, learned, protocol.metrics[:1]).metrics[protocol.metrics[0]]


def reproduce(name: str, *, split: Split | None = None, seed: int = 0) -> Reproduced:
    """Fit and test one entry; ``split`` may be handed in when several entries share it."""
    protocol, entry = find(name)
    split = split or open_protocol(name)
    started = time.perf_counter()
    model = fit(name, split)
    return Reproduced(
        name=name,
        metrics=measure(name, model, split, seed=seed),
        published=dict(entry.published),
        tolerance=entry.tolerance,
        at_least=entry.at_least,
        seconds=time.perf_counter() - started,
        settings=model.settings | chosen_settings(model),
        protocol=protocol.description,
        source=entry.source or protocol.source,
    )
