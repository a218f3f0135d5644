"""Item weights as all linear models of this family keep them: the strongest sources of each target."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.kernels.topk import top_k
from vitrina.ranking.scorer import Scores

#: Targets handled at a time: a block of scores for all items is never larger than this many rows.
BLOCK = 128


def blocks(n_items: int) -> list[slice]:
    """Cut the targets into blocks."""
    return [slice(start, min(n_items, start + BLOCK)) for start in range(0, n_items, BLOCK)]


def strongest_sources(rows: Iterable[Scores], k: int, item_keys: NDArray[np.uint64]) -> csr_matrix:
    """Keep the ``k`` largest weights of each target, CSR float32 ``[n_items, n_items]`` (row: source, column: target).

    ``rows`` are blocks of all targets in order, ``[block, n_items]``: a row holds the weights of one target's sources. Equal
    weights are chosen by a hash of the items' keys, never by position; zeros compete but are not stored.
    """
    n_items, first = item_keys.size, 0
    counts, sources, weights = [], [], []
    for block in rows:
        found, strengths = top_k(block, min(k, n_items), row_keys=item_keys[first : first + len(block)], column_keys=item_keys)
        kept = (found >= 0) & (strengths != 0)
        counts.append(kept.sum(axis=1))
        sources.append(found[kept])
        weights.append(strengths[kept])
        first += len(block)
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))]) if counts else np.zeros(1, np.int64)
    by_target = (np.concatenate(weights or [np.empty(0)]), np.concatenate(sources or [np.empty(0, np.int32)]), offsets)
    del sources, weights  # the transposition below is the peak
    return csr_matrix(by_target, shape=(n_items, n_items), dtype=np.float32).T.tocsr()


def bytes_kept(n_items: int, k: int, most: int | None = None) -> int:
    """Bytes of ``strongest_sources`` at its peak: the kept weights (``most`` in all) while transposed, and one block."""
    kept = n_items * min(k, n_items)
    return 2 * 8 * (kept if most is None else min(kept, most)) + 2 * 4 * n_items * min(n_items, BLOCK)
