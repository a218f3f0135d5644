"""Scores as inner products, and their explanations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.queries import Queries
from vitrina.kernels.dense import row_products
from vitrina.models.explanation import Explanation
from vitrina.ranking.scorer import Items, Scores

#: Bytes of item vectors gathered at once where each query has items of its own: few enough to stay in the cache.
_BLOCK_BYTES = 4 * 2**20


def score_factors(query_vectors: Scores, item_vectors: Scores, items: Items) -> Scores:
    """Return ``[n, n_items]``, or only the wanted ``items``, from vectors ``[n, d]`` and ``[n_items, d]``."""
    if items is None:
        return row_products(query_vectors, item_vectors)
    if items.ndim == 1:
        return row_products(query_vectors, item_vectors[items])
    out = np.empty(items.shape, np.float32)
    step = max(1, _BLOCK_BYTES // max(1, 4 * items.shape[1] * item_vectors.shape[1]))
    for start in range(0, len(items), step):
        rows = slice(start, start + step)
        out[rows] = np.matmul(item_vectors[items[rows]], query_vectors[rows, :, None])[..., 0]
    return out


def explain_factors(queries: Queries, item_vectors: Scores, towards: Scores) -> Explanation:
    """Explain scores that are sums over the history: item i contributes ``item_vectors[i] . towards[r]`` in query r, exactly.

    ``towards [n, d]`` is the vector that each query's item is seen through.
    """
    histories = queries.matrix(len(item_vectors))
    rows = np.repeat(np.arange(len(queries)), np.diff(histories.indptr))
    return Explanation.of_sets(queries, pair_products(item_vectors, histories.indices, towards, rows), exact=True)


def pair_products(a: Scores, a_rows: NDArray[np.integer], b: Scores, b_rows: NDArray[np.integer]) -> Scores:
    """Return the inner products of rows of ``a [n, d]`` with rows of ``b [m, d]``, pair by pair."""
    out = np.empty(a_rows.size, np.float32)
    step = max(1, _BLOCK_BYTES // max(1, 8 * a.shape[1]))
    for start in range(0, out.size, step):
        pairs = slice(start, start + step)
        np.einsum("pd,pd->p", a[a_rows[pairs]], b[b_rows[pairs]], out=out[pairs], casting="same_kind")
    return out
