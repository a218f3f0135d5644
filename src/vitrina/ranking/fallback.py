"""What is shown when a model has nothing to say: the popular items, marked as such. Serving only, never evaluation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.ragged import Ragged

Lists = tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.bool_]]


def fill_from(
    popularity: NDArray[np.float32],
    item_keys: NDArray[np.uint64],
    items: NDArray[np.int32],
    scores: NDArray[np.float32],
    replace: NDArray[np.bool_],
    candidates: NDArray[np.int32],
    hidden: Ragged,
) -> Lists:
    """Fill empty slots (-1) of lists ``[n, k]``, and whole rows marked in ``replace [n]``, with the most popular candidates.

    Equally popular items are ordered by their hash ``item_keys``. Returns items, scores (of filled slots: the popularity)
    and a mask of the filled slots.
    """
    items, scores = items.copy(), scores.copy()
    items[replace] = -1
    filled = np.zeros(items.shape, bool)
    by_popularity = candidates[np.lexsort((item_keys[candidates], -popularity[candidates]))]
    for row in np.flatnonzero((items < 0).any(axis=1)).tolist():  # rare rows: people without history, exhausted catalogues
        empty = np.flatnonzero(items[row] < 0)
        taken = np.concatenate([hidden.row(row), items[row][items[row] >= 0]])
        free = by_popularity[~np.isin(by_popularity, taken)][: empty.size]
        slots = empty[: free.size]
        items[row, slots], scores[row, slots], filled[row, slots] = free, popularity[free], True
    return items, scores, filled
