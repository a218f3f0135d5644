"""Results for parts of the people and parts of the catalogue: an average can hide that a method serves only one of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.splits.split import Part
from vitrina.metrics.lists import RankedLists, mean
from vitrina.metrics.registry import parse

#: Items that together make this share of the training events are the head; the rest is the tail.
_HEAD_SHARE = 0.5


@dataclass(frozen=True)
class Segment:
    """The value of one metric in one segment; ``n_users`` is the number of queries that could be judged there."""

    segment: str
    value: str
    n_users: int
    metric: float


def by_segment(lists: RankedLists, part: Part, train: Dataset, metric: str) -> list[Segment]:
    """Split the result of ``metric`` by history length of the people, and by popularity of the items to be found.

    People without history are "none" (cold). Items are head (the most popular that make half of the training events), tail,
    or new (no training event): what a metric of the full ranking, such as auc, cannot be split by from lists. Segments in
    which nobody can be judged are left out.
    """
    measure = parse(metric)
    per_user = np.asarray(measure.compute(lists, None))
    found = [_segment("history length", name, per_user[mask]) for name, mask in _history_groups(part)]
    for name, items in () if measure.needs & {"auc", "first_rank"} else _item_groups(train):
        found.append(_segment("items to be found", name, np.asarray(measure.compute(_only(lists, part, items), None))))
    return [s for s in found if s.n_users]


def _segment(segment: str, value: str, values: NDArray[np.float64]) -> Segment:
    judged = int(np.count_nonzero(~np.isnan(values)))
    return Segment(segment, value, judged, mean(values) if judged else float("nan"))


def _history_groups(part: Part) -> list[tuple[str, NDArray[np.bool_]]]:
    lengths = part.queries.histories.lengths
    groups = [("none", lengths == 0)]
    known = lengths[lengths > 0]
    if known.size:
        cuts = np.unique(np.quantile(known, [1 / 3, 2 / 3], method="inverted_cdf"))
        edges = [0, *cuts[cuts < known.max()].tolist(), int(known.max())]
        for low, high in pairwise(edges):
            name = f"{int(low) + 1} to {int(high)}" if low + 1 < high else f"{int(high)}"
            groups.append((name, (lengths > low) & (lengths <= high)))
    return groups


def _item_groups(train: Dataset) -> list[tuple[str, NDArray[np.bool_]]]:
    popularity = train.popularity
    order = np.argsort(-popularity, kind="stable")
    before = np.cumsum(popularity[order]) - popularity[order]  # events of the items more popular than this one
    head = np.zeros(train.n_items, bool)
    head[order] = before < _HEAD_SHARE * popularity.sum()
    known = popularity > 0
    return [("head", head & known), ("tail", ~head & known), ("new", ~known)]


def _only(lists: RankedLists, part: Part, wanted: NDArray[np.bool_]) -> RankedLists:
    """The same lists, judged only by targets among the ``wanted`` items."""
    rows = np.repeat(np.arange(lists.n), part.targets.lengths)
    n_relevant = np.bincount(rows[wanted[part.targets.values]], minlength=lists.n).astype(np.int32)
    hits = lists.hits & wanted[np.maximum(lists.items, 0)]
    return RankedLists(lists.items, hits, n_relevant)
