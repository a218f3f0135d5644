"""Queries: the one ragged structure in which models are asked. A query is a history, so an unseen person is nothing special."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.ragged import Ragged
from vitrina.kernels import hashing


@dataclass(frozen=True)
class Queries:
    """A batch of ``n`` histories, oldest event first.

    ``offsets`` int64 ``[n + 1]`` and ``items`` int32 ``[events]`` hold the histories; ``values`` float32, ``times`` int64
    (seconds since 1970) and ``sessions`` int64, where known, are parallel to ``items``. ``users`` int32 ``[n]`` names a
    trained user (-1: nobody known), ``at`` int64 ``[n]`` the moment asked about, ``context`` any further arrays
    ``[n, ...]``. ``keys`` uint64 ``[n]`` identify the queries for tie-breaking: stable over batches and runs.
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    keys: NDArray[np.uint64]
    values: NDArray[np.float32] | None = None
    times: NDArray[np.int64] | None = None
    sessions: NDArray[np.int64] | None = None
    users: NDArray[np.int32] | None = None
    at: NDArray[np.int64] | None = None
    context: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.offsets.size - 1

    @property
    def histories(self) -> Ragged:
        """The items alone, one row a query."""
        return Ragged(self.offsets, self.items)

    @property
    def sets(self) -> Ragged:
        """The distinct items of each history, ascending."""
        return Ragged.sets(np.repeat(np.arange(len(self)), self.histories.lengths), self.items, len(self))

    def rows(self, start: int, stop: int) -> Queries:
        """Return queries ``start`` to ``stop``: views, nothing is copied."""
        stop = min(stop, len(self))
        begin, end = int(self.offsets[start]), int(self.offsets[stop])
        return self._part(self.offsets[start : stop + 1] - begin, slice(begin, end), slice(start, stop))

    def take(self, rows: NDArray[np.integer]) -> Queries:
        """Return the given queries, in that order, as copies; a row may be taken more than once."""
        events = Ragged(self.offsets, np.arange(self.items.size, dtype=np.int32)).take(rows)
        return self._part(events.offsets, events.values, rows)

    def keep(self, events: NDArray[np.bool_]) -> Queries:
        """Return all queries with only the marked events ``[events]`` of their histories."""
        kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(events)])
        return self._part(kept[self.offsets], events, slice(None))

    def _part(self, offsets: NDArray[np.int64], events: Any, queries: Any) -> Queries:
        """Pick from the arrays of events and from those of queries, whatever NumPy takes as an index."""

        def picked(array: NDArray[Any] | None, part: Any) -> NDArray[Any] | None:
            return None if array is None else array[part]

        return replace(
            self,
            offsets=offsets,
            items=self.items[events],
            keys=self.keys[queries],
            values=picked(self.values, events),
            times=picked(self.times, events),
            sessions=picked(self.sessions, events),
            users=picked(self.users, queries),
            at=picked(self.at, queries),
            context={name: array[queries] for name, array in self.context.items()},
        )

    def batches(self, size: int) -> Iterator[tuple[int, Queries]]:
        """Yield (first row, queries) for blocks of at most ``size`` queries."""
        for start in range(0, len(self), size):
            yield start, self.rows(start, start + size)

    def matrix(self, n_items: int) -> csr_matrix:
        """Return the histories as a binary float32 matrix ``[n, n_items]``; repeats count once, order is dropped.

        Raises ``ValueError`` for an item code outside ``0..n_items - 1``.
        """
        sets = self.sets
        if sets.values.size and int(sets.values.max()) >= n_items:  # compiled code would read out of bounds
            raise ValueError(f"item code {sets.values.max()} among {n_items} items.")
        data = np.ones(sets.values.size, np.float32)
        return csr_matrix((data, sets.values, sets.offsets), shape=(len(self), n_items))

    @staticmethod
    def from_lists(histories: Sequence[Sequence[int]], item_keys: NDArray[np.uint64]) -> Queries:
        """Build queries for unknown people from lists of item codes; ``item_keys`` are the item vocabulary's keys."""
        lengths = np.array([len(h) for h in histories], np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        items = np.array([code for history in histories for code in history], np.int32)
        return Queries(offsets, items, hashing.hash_bags(offsets, items, item_keys))
