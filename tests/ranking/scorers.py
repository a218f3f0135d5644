"""Scorers and queries to rank with."""

from collections.abc import Callable

import numpy as np

from vitrina.data.queries import Queries
from vitrina.data.vocabulary import Vocabulary


def item_keys(n_items: int) -> np.ndarray:
    return Vocabulary([f"item {n}" for n in range(n_items)]).keys


def queries(*histories: list[int], n_items: int = 0) -> Queries:
    return Queries.from_lists(histories, item_keys(n_items or 1 + max((i for h in histories for i in h), default=0)))


def people(n: int) -> Queries:
    """Return ``n`` people without a history, told apart by their ids."""
    keys = Vocabulary([f"person {p}" for p in range(n)]).keys
    return Queries(np.zeros(n + 1, np.int64), np.empty(0, np.int32), keys, users=np.arange(n, dtype=np.int32))


class Table:
    """Scores read from a matrix ``[n_users, n_items]``; counts what it was asked."""

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = scores.astype(np.float32)
        self.asked: list[tuple[int, ...]] = []

    def score(self, queries: Queries, items: np.ndarray | None = None) -> np.ndarray:
        rows = self.scores[queries.users]
        if items is not None:
            assert items.dtype == np.int32
            assert (items >= 0).all()
            rows = np.take_along_axis(rows, np.broadcast_to(items, (len(queries), items.shape[-1])).astype(np.int64), 1)
        self.asked.append(rows.shape)
        return rows


class Returns:
    """A scorer that returns whatever it is told to."""

    def __init__(self, make: Callable[[Queries, np.ndarray | None], object]) -> None:
        self._make = make

    def score(self, queries: Queries, items: np.ndarray | None = None) -> object:
        return self._make(queries, items)
