"""Scores as inner products."""

from __future__ import annotations

import numpy as np

from vitrina.ranking.scorer import Items, Scores

#: Bytes of item vectors gathered at once where each query has items of its own: few enough to stay in the cache.
_BLOCK_BYTES = 4 * 2**20


def score_factors(query_vectors: Scores, item_vectors: Scores, items: Items) -> Scores:
    """Return ``[n, n_items]``, or only the wanted ``items``, from vectors ``[n, d]`` and ``[n_items, d]``."""
    if items is None:
        return query_vectors @ item_vectors.T
    if items.ndim == 1:
        return query_vectors @ item_vectors[items].T
    out = np.empty(items.shape, np.float32)
    step = max(1, _BLOCK_BYTES // max(1, 4 * items.shape[1] * item_vectors.shape[1]))
    for start in range(0, len(items), step):
        rows = slice(start, start + step)
        out[rows] = np.matmul(item_vectors[items[rows]], query_vectors[rows, :, None])[..., 0]
    return out
