"""Bringing the scores of different models to one scale, query by query, over the items on offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vitrina.data.queries import Queries
from vitrina.ranking.scorer import Items, Scores

Normalise = Literal["minmax", "zscore", "rank", "none"]

#: In the context of queries: bool ``[n, n_items]``, the items on offer at the moment of each query.
ON_OFFER = "on_offer"

_FLAT = 1e-6  # scores that differ by less than this share of the largest differ by rounding


@dataclass(frozen=True)
class Affine:
    """``normalised = (score - shift) * slope``, and what stands for a missing score: float32 ``[n]`` each."""

    shift: Scores
    slope: Scores
    lowest: Scores

    def __call__(self, scores: Scores) -> Scores:
        """Return the normalised scores ``[n, m]``, the lowest in place of NaN."""
        scaled = (scores - self.shift[:, None]) * self.slope[:, None]
        np.copyto(scaled, self.lowest[:, None], where=np.isnan(scaled))
        return scaled


def counted(queries: Queries, scores: Scores) -> NDArray[np.bool_]:
    """Mark the scores ``[n, n_items]`` over which is normalised: known ones of items on offer, or of all where nobody says."""
    known = ~np.isnan(scores)
    return known & queries.context[ON_OFFER].astype(bool) if ON_OFFER in queries.context else known


def affine(kind: Normalise, scores: Scores, over: NDArray[np.bool_]) -> Affine:
    """Return the normalisation of scores ``[n, n_items]`` over the marked ones; not for ``rank``, which has none.

    ``minmax`` makes the lowest 0 and the highest 1, ``zscore`` the mean 0 and the standard deviation 1; where all are equal,
    all become 0. ``none`` changes nothing. A missing score counts as the lowest.
    """
    low = np.min(scores, axis=1, where=over, initial=np.inf)
    high = np.max(scores, axis=1, where=over, initial=-np.inf)
    some = over.any(axis=1)
    low, high = np.where(some, low, 0), np.where(some, high, 0)
    shift, spread = np.zeros(len(scores)), np.ones(len(scores))
    if kind == "minmax":
        shift, spread = low.astype(np.float64), high.astype(np.float64) - low
    elif kind == "zscore":
        n = np.maximum(over.sum(axis=1), 1)
        shift = np.sum(scores, axis=1, where=over, dtype=np.float64) / n
        spread = np.sqrt(np.sum(np.square(scores - shift[:, None]), axis=1, where=over) / n)
    flat = high - low <= _FLAT * np.maximum(np.abs(low), np.abs(high))
    if kind == "none":
        flat[:] = False
    slope = np.divide(1, spread, out=np.zeros(len(scores)), where=~flat)
    lowest = (low - shift) * slope
    return Affine(shift.astype(np.float32), slope.astype(np.float32), lowest.astype(np.float32))


def ranks(scores: Scores, over: NDArray[np.bool_]) -> Scores:
    """Return the rank of each marked score of a row, 0 the lowest and 1 the highest; equal scores share the mean of their ranks.

    Scores that are not marked get 0.
    """
    n_columns = scores.shape[1]
    keyed = np.where(over, scores, np.inf)
    order = np.argsort(keyed, axis=1, kind="stable")
    ordered = np.take_along_axis(keyed, order, axis=1)
    place = np.broadcast_to(np.arange(n_columns), ordered.shape)
    new = np.ones(ordered.shape, bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(np.where(new, place, 0), axis=1)
    last = np.ones(ordered.shape, bool)
    last[:, :-1] = new[:, 1:]
    final = np.minimum.accumulate(np.where(last, place, n_columns)[:, ::-1], axis=1)[:, ::-1]
    n = over.sum(axis=1, keepdims=True)
    final = np.minimum(final, n - 1)  # what is not marked stands at the end
    middle = (first + final) / 2 / np.maximum(n - 1, 1)
    found = np.empty(scores.shape, np.float32)
    np.put_along_axis(found, order, middle.astype(np.float32), axis=1)
    found[~over] = 0
    return found


def normalised(kind: Normalise, scores: Scores, queries: Queries, items: Items) -> tuple[Scores, NDArray[np.bool_]]:
    """Return the normalised scores of the wanted items, and which were known, from those of all items ``[n, n_items]``."""
    over = counted(queries, scores)
    if kind == "rank":
        return columns(ranks(scores, over), items), ~np.isnan(columns(scores, items))
    wanted = columns(scores, items)
    return affine(kind, scores, over)(wanted), ~np.isnan(wanted)


def columns(scores: Scores, items: Items) -> Scores:
    """Pick the columns of the wanted items."""
    if items is None:
        return scores
    return scores[:, items] if items.ndim == 1 else np.take_along_axis(scores, items.astype(np.int64), axis=1)
