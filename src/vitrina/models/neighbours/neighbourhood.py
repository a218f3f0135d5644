"""Similarities of all items, block by block, keeping the strongest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.kernels.sparse import sparse_sparse
from vitrina.kernels.topk import top_k
from vitrina.ranking.scorer import Scores

_BLOCK = 512

#: Turns the dot products of a block of target items with all items, ``[block, n_items]``, into similarities (in place).
Similarity = Callable[[Scores, slice], Scores]


def strongest_neighbours(x: csr_matrix, similarity: Similarity, k: int, item_keys: NDArray[np.uint64]) -> csr_matrix:
    """Return the similarities of the columns of ``x``, CSR ``[n_items, n_items]`` (row: source, column: target).

    Each target keeps its ``k`` most similar sources; itself and similarities of zero are left out. Equal similarities are
    chosen by a hash of the items' keys, never by position.
    """
    n_items = x.shape[1]
    by_item = x.T.tocsr()
    rows, columns, values = [], [], []
    for start in range(0, n_items, _BLOCK):
        stop = min(n_items, start + _BLOCK)
        block = similarity(sparse_sparse(by_item[start:stop], x), slice(start, stop))
        block[np.arange(stop - start), np.arange(start, stop)] = np.nan
        block[block == 0] = np.nan
        sources, strengths = top_k(block, min(k, n_items), row_keys=item_keys[start:stop], column_keys=item_keys)
        targets, ranks = np.nonzero(sources >= 0)
        rows.append(sources[targets, ranks])
        columns.append((targets + start).astype(np.int32))
        values.append(strengths[targets, ranks])
    weights = csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(n_items, n_items), dtype=np.float32
    )
    weights.sort_indices()
    return weights
