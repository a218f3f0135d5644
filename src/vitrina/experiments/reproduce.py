"""Published numbers, run again: each entry is a paper's protocol, one model with its published settings, and the numbers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vitrina.data.known import open_split
from vitrina.data.splits.split import Split
from vitrina.errors import unknown
from vitrina.evaluation.evaluate import evaluate
from vitrina.models.registry import make


@dataclass(frozen=True)
class Protocol:
    """A published evaluation: the data with its fixed split, the metrics as defined there, and where it was published."""

    data: str
    split: str
    metrics: tuple[str, ...]
    source: str
    description: str


@dataclass(frozen=True)
class Reproduction:
    """One model under a protocol. ``published`` maps metrics to the numbers to reach, within ``tolerance``."""

    model: str
    settings: Mapping[str, Any]
    published: Mapping[str, float]
    tolerance: float
    source: str = ""
    note: str = ""


PROTOCOLS: dict[str, Protocol] = {
    "ncf-ml-1m": Protocol(
        "ml-1m-ncf",
        "published",
        ("hr@10", "ndcg@10"),
        "Ferrari Dacrema et al., TOIS 2021, appendix, Table 55",
        "MovieLens-1M, last rating of each user among 99 sampled negatives (He et al. 2017); duplicate candidates removed, "
        "ties at random",
    ),
    "citeulike-a-p10": Protocol(
        "citeulike-a",
        "cvae-p10",
        ("recall@50", "recall@100", "recall@150", "recall@200", "recall@250", "recall@300"),
        "Ferrari Dacrema et al., TOIS 2021, appendix, Table 16",
        "citeulike-a, ten likes per user for training, full ranking, plain recall; ties at random",
    ),
}


def _hr(hr: float, ndcg: float) -> dict[str, float]:
    return {"hr@10": hr, "ndcg@10": ndcg}


def _recalls(*values: float) -> dict[str, float]:
    return dict(zip(PROTOCOLS["citeulike-a-p10"].metrics, values, strict=True))


REPRODUCTIONS: dict[str, Reproduction] = {
    "ncf-ml-1m/random": Reproduction("random", {}, _hr(0.0985, 0.0454), 0.012, note="chance: 1 of 10 places for 1 of 100"),
    "ncf-ml-1m/popular": Reproduction("popular", {}, _hr(0.4533, 0.2542), 0.0015),
    "ncf-ml-1m/itemknn-cosine-bm25": Reproduction(
        "itemknn", {"neighbours": 111, "shrink": 298, "weighting": "bm25"}, _hr(0.6694, 0.3979), 0.0015
    ),
    "ncf-ml-1m/ease": Reproduction("ease", {"l2": 1320}, _hr(0.7192, 0.4494), 0.0015),
    "ncf-ml-1m/ials": Reproduction(
        "ials",
        {"factors": 192, "alpha0": 0.3, "reg": 0.007, "epochs": 12},
        _hr(0.730, 0.452),
        0.004,
        source="Rendle et al., RecSys 2022, settings of the authors' code for this split",
    ),
    "citeulike-a-p10/popular": Reproduction(
        "popular",
        {},
        _recalls(0.0040, 0.0078, 0.0103, 0.0204, 0.0230, 0.0258),
        0.002,
        note="the order of equally popular papers decides much here",
    ),
    "citeulike-a-p10/itemknn-cosine-tfidf": Reproduction(
        "itemknn",
        {"neighbours": 423, "shrink": 936, "weighting": "tf-idf"},
        _recalls(0.0989, 0.1441, 0.1752, 0.1982, 0.2156, 0.2300),
        0.002,
    ),
}


@dataclass(frozen=True)
class Reproduced:
    """Ours beside the published numbers."""

    name: str
    metrics: dict[str, float]
    published: dict[str, float]
    tolerance: float
    seconds: float
    settings: dict[str, Any]
    protocol: str
    source: str

    @property
    def worst(self) -> float:
        """The largest absolute difference to a published number."""
        return max(abs(self.metrics[m] - value) for m, value in self.published.items())

    @property
    def reached(self) -> bool:
        """Whether every number is within the tolerance."""
        return self.worst <= self.tolerance


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
        seconds=time.perf_counter() - started,
        settings=model.settings,
        protocol=protocol.description,
        source=entry.source or protocol.source,
    )
