"""Bringing the scores of different models to one scale, query by query, over the items on offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vitrina.data.queries import Queries
from vitrina.ranking.scorer import ON_OFFER, Items, Scores

Normalise = Literal["minmax", "zscore", "rank", "none"]

_FLAT = 1e-6  # scores that differ by less than this share of the largest differ by rounding
_TINY = float(np.finfo(np.float32).tiny)  # the reciprocal of a smaller spread would be infinite in float32


@dataclass(frozen=True)
class Affine:
    """``normalised = (score - shift) * slope``, and what stands for a missing score: float32 ``[n]`` each."""

    shift: Scores
    slope: Scores
    lowest: Scores

    def __call__(self, scores: Scores) -> Scores:
        """Return the normalised scores ``[n, m]``, the lowest in place of NaN."""
        scaled = scores - self.shift[:, None]
        scaled *= self.slope[:, None]
        np.copyto(scaled, self.lowest[:, None], where=np.isnan(scaled))
        return scaled


def offered(queries: Queries, scores: Scores) -> Scores:
    """Return the scores ``[n, n_items]`` over which is normalised: NaN for items not on offer, as far as the queries say."""
    if ON_OFFER not in queries.context:
        return scores
    return np.where(queries.context[ON_OFFER].astype(bool), scores, np.float32(np.nan))


def affine(kind: Normalise, scores: Scores) -> Affine:
    """Return the normalisation over scores ``[n, n_items]``, NaN aside; not for ``rank``, which has none.

    ``minmax`` makes the lowest 0 and the highest 1, ``zscore`` the mean 0 and the standard deviation 1; where all are equal,
    all become 0. ``none`` changes nothing. A missing score counts as the lowest.
    """
    low = np.fmin.reduce(scores, axis=1, initial=np.float32(np.nan)).astype(np.float64)
    high = np.fmax.reduce(scores, axis=1, initial=np.float32(np.nan)).astype(np.float64)
    some = ~np.isnan(low)
    low, high = np.where(some, low, 0), np.where(some, high, 0)
    shift, spread = np.zeros(len(scores)), np.ones(len(scores))
    if kind == "minmax":
        shift, spread = low, high - low
    elif kind == "zscore":
        n = np.maximum((~np.isnan(scores)).sum(axis=1), 1)
        shift = np.nansum(scores, axis=1, dtype=np.float64) / n
        spread = np.sqrt(np.nansum(np.square(scores - shift[:, None]), axis=1) / n)
    flat = high - low <= _FLAT * np.maximum(np.abs(low), np.abs(high))
    flat |= spread < _TINY
    if kind == "none":
        flat[:] = False
    slope = np.divide(1, spread, out=np.zeros(len(scores)), where=~flat)
    lowest = (low - shift) * slope
    return Affine(shift.astype(np.float32), slope.astype(np.float32), lowest.astype(np.float32))


def ranks(scores: Scores) -> Scores:
    """Return the rank of each score in its row, 0 the lowest and 1 the highest; equal scores share the mean of their ranks.

    NaN gets 0.
    """
    over = ~np.isnan(scores)
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
    wanted, over = columns(scores, items), offered(queries, scores)
    known = ~np.isnan(wanted)
    return columns(ranks(over), items) if kind == "rank" else affine(kind, over)(wanted), known


def columns(scores: Scores, items: Items) -> Scores:
    """Pick the columns of the wanted items."""
    if items is None:
        return scores
    return np.take(scores, items, axis=1) if items.ndim == 1 else np.take_along_axis(scores, items.astype(np.int64), axis=1)
