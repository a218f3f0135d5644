"""Models that go on counting while time passes: what was known at the moment of each query, and nothing of what came later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.errors import VitrinaError
from vitrina.kernels.moments import running_counts
from vitrina.ranking.scorer import Items, Scores

#: Numbers counted at a time: the table of a block of moments.
_BLOCK = 2**24


@dataclass(frozen=True)
class Tally:
    """Events in order of time: ``times`` int64 ``[events]``, each of which adds 1 to its column of ``n_columns``.

    With a ``half_life`` (seconds), an event counts 1 at the newest event before the moment, and fades from there into the past.
    """

    times: NDArray[np.int64]
    columns: NDArray[np.int32]
    n_columns: int
    half_life: float | None = None

    def before(self, moments: NDArray[np.int64]) -> Iterator[tuple[slice, Scores]]:
        """Yield (block of the ascending ``moments``, float32 counts ``[block, n_columns]`` of what lies strictly before each)."""
        ends = np.searchsorted(self.times, moments, side="left")
        newest = self.times[np.maximum(ends - 1, 0)] if self.times.size else np.zeros(ends.size, np.int64)
        running = np.zeros(self.n_columns)
        begin, since = 0, int(newest[0]) if ends.size else 0
        step = max(1, _BLOCK // max(1, self.n_columns))
        for start in range(0, ends.size, step):
            block = slice(start, min(ends.size, start + step))
            events = slice(begin, int(ends[block.stop - 1]))
            weights, fades = self._faded(ends[block], newest[block], events, since)
            yield block, running_counts(running, ends[block] - begin, self.columns[events], weights, fades)
            begin, since = events.stop, int(newest[block.stop - 1])

    def _faded(
        self, ends: NDArray[np.int64], newest: NDArray[np.int64], events: slice, since: int
    ) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
        """What each event weighs at the first moment that knows it, and what the counts lose from moment to moment."""
        if self.half_life is None:
            return None, None
        first = np.searchsorted(ends, np.arange(events.start, events.stop), side="right")
        ages = newest[first] - self.times[events]
        return np.exp2(-ages / self.half_life), np.exp2(-np.diff(newest, prepend=since) / self.half_life)


def tally(log: Dataset, holders: csr_matrix | None = None, *, first_only: bool = False, half_life: float | None = None) -> Tally:
    """Count the events of ``log`` by item, or by what the items hold: ``holders [n_items, n_columns]``, its entries.

    ``first_only``: a person's repeats count once. Raises ``VitrinaError`` when a timestamp is missing, or when the items of
    the log are not those of ``holders``.
    """
    if not log.has_times:
        raise VitrinaError("only a log with a timestamp for every event can be followed through time; this one lacks some.")
    times, items = log.interactions["timestamp"].to_numpy().astype(np.int64), log.item_codes
    order = np.argsort(times, kind="stable")
    if first_only:
        pairs = log.user_codes[order].astype(np.int64) * log.n_items + items[order]
        order = order[np.sort(np.unique(pairs, return_index=True)[1])]
    if holders is None:
        return Tally(times[order], items[order], log.n_items, half_life)
    if holders.shape[0] != log.n_items:
        raise VitrinaError(f"the model knows {holders.shape[0]} items, but the log to follow has {log.n_items}.")
    held = Ragged(holders.indptr.astype(np.int64), holders.indices).take(items[order])
    return Tally(np.repeat(times[order], held.lengths), held.values, holders.shape[1], half_life)


def at_items(counts: Scores, queries: Queries, items: Items) -> Scores:
    """Return the counts ``[n, n_items]`` of the wanted items: scores that are the counts themselves."""
    if items is None:
        return counts
    return np.take(counts, items, axis=1) if items.ndim == 1 else np.take_along_axis(counts, items.astype(np.int64), axis=1)


@dataclass(frozen=True)
class Following:
    """A scorer that asks ``score_counts(counts, queries, items)`` with the counts float32 ``[n, n_columns]`` of each moment."""

    name: str
    events: Tally
    score_counts: Callable[[Scores, Queries, Items], Scores]
    n_items: int

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the scores; raises ``VitrinaError`` for queries that do not say what moment they ask about."""
        if queries.at is None:
            raise VitrinaError(f"{self.name} follows a log, so each query must name the moment it asks about (at).")
        out = np.empty((len(queries), self.n_items if items is None else items.shape[-1]), np.float32)
        moments, of_query = np.unique(queries.at, return_inverse=True)
        order = np.argsort(of_query, kind="stable")
        starts = np.searchsorted(of_query[order], np.arange(moments.size + 1))
        for block, counts in self.events.before(moments):
            rows = order[starts[block.start] : starts[block.stop]]
            asked = items if items is None or items.ndim == 1 else items[rows]
            out[rows] = self.score_counts(counts[of_query[rows] - block.start], queries.take(rows), asked)
        return out
