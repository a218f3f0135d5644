"""Why an item has its score: what each item of the history contributes, and what no item of the history causes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vitrina.data.queries import Queries
from vitrina.ranking.scorer import Scorer, Scores

#: The part of a score that an estimate leaves unexplained.
REST = "rest"

#: Events of histories that are scored or explained at a time, about.
_EVENTS = 2**22


@dataclass(frozen=True)
class Explanation:
    """The parts of the scores of ``n`` pairs of a query and an item.

    ``contributions`` float32 ``[events]`` are parallel to the items of the queries: those of pair r are
    ``contributions[offsets[r]:offsets[r + 1]]``. An item that a history holds more than once counts where it stands first;
    its repeats are 0 unless the model counts them. ``others`` are the named parts that no item of the history causes, float32
    ``[n]`` each. ``exact``: the model's own equation makes the score of these parts, up to rounding; else they are an
    estimate, which ``others["rest"]`` completes to the score. Where the score is NaN, so are all parts: nothing is known.
    """

    offsets: NDArray[np.int64]
    contributions: Scores
    others: Mapping[str, Scores] = field(default_factory=dict)
    exact: bool = False

    @property
    def rows(self) -> NDArray[np.int64]:
        """The pair that each contribution belongs to, ``[events]``."""
        return np.repeat(np.arange(self.offsets.size - 1), np.diff(self.offsets))

    @property
    def totals(self) -> Scores:
        """The sum of all parts of each pair, float32 ``[n]``."""
        sums = np.bincount(self.rows, self.contributions, self.offsets.size - 1).astype(np.float32)
        for part in self.others.values():
            sums += part
        return sums

    @staticmethod
    def of_sets(queries: Queries, values: Scores, *, others: Mapping[str, Scores] | None = None, exact: bool) -> Explanation:
        """Build it from one contribution for each distinct item of each history, in the order of ``queries.matrix``."""
        rows = np.repeat(np.arange(len(queries)), queries.histories.lengths)
        pairs = rows * (int(queries.items.max(initial=0)) + 1) + queries.items
        contributions = np.zeros(pairs.size, np.float32)
        contributions[np.unique(pairs, return_index=True)[1]] = values
        for part in (others or {}).values():
            contributions[np.isnan(part)[rows]] = np.nan  # also of repeats
        return Explanation(queries.offsets, contributions, others or {}, exact)

    @staticmethod
    def without_history(queries: Queries, cause: str, scores: Scores) -> Explanation:
        """Build it for scores ``[n]`` that one named ``cause`` makes and the history does not touch."""
        return Explanation.of_causes(queries, {cause: scores})

    @staticmethod
    def of_causes(queries: Queries, parts: Mapping[str, Scores]) -> Explanation:
        """Build it for scores that several named causes make, ``parts [n]`` each, NaN where there is no score."""
        nothing = np.zeros(len(queries), np.float32)
        for part in parts.values():
            nothing[np.isnan(part)] = np.nan
        return Explanation(queries.offsets, np.repeat(nothing, queries.histories.lengths), parts, exact=True)


def leave_one_out(scorer: Scorer, queries: Queries, items: NDArray[np.int32]) -> Explanation:
    """Estimate contributions by what the score of ``items [n]`` loses when an item is left out of the history.

    True of any scorer, but blind to items that stand in for one another: leaving out one of two changes little, and the rest
    is large. Where a shortened history has no score, the item counts with the whole score. Time: one score for each distinct
    item of each history.
    """
    scores = scorer.score(queries, items[:, None])[:, 0]
    sets = queries.sets
    rows = np.repeat(np.arange(len(queries)), sets.lengths)
    lost = np.empty(rows.size, np.float32)
    for block in blocks(queries.histories.lengths[rows]):
        mine, without = rows[block], queries.take(rows[block])
        without = without.keep(without.items != np.repeat(sets.values[block], without.histories.lengths))
        lost[block] = scores[mine] - np.nan_to_num(scorer.score(without, items[mine, None])[:, 0])
    rest = scores - np.bincount(rows, lost, len(queries)).astype(np.float32)
    return Explanation.of_sets(queries, lost, others={REST: rest}, exact=False)


def blocks(sizes: NDArray[np.int64], most: int | None = None) -> Iterator[slice]:
    """Cut a list of histories, given by their ``sizes``, into pieces of about ``most`` events, or of so many as fit in memory."""
    piece = np.cumsum(sizes) // (most or _EVENTS)
    starts = np.flatnonzero(np.diff(piece, prepend=-1))
    for start, stop in pairwise([*starts.tolist(), sizes.size]):
        yield slice(start, stop)
