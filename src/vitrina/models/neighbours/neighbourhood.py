"""The neighbours of all items: similarities block by block, keeping the strongest."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, vstack

from vitrina.kernels.sparse import sparse_sparse
from vitrina.kernels.strongest import Keys, strongest_of_dense, strongest_products
from vitrina.models.neighbours.similarity import SimilaritySettings, Sizes
from vitrina.models.neighbours.weighting import weighted
from vitrina.ranking.scorer import Scores

_BLOCK = 512


def item_neighbours(settings: SimilaritySettings, x: csr_matrix, item_keys: Keys) -> csr_matrix:
    """Return the similarities of the columns of ``x [n_terms, n_items]``, float32 CSR (row: source, column: target).

    Terms are users or words. Each target keeps its most similar sources, never itself; equal similarities are chosen by a
    hash of the items' keys, never by position.
    """
    x = presence(x) if settings.compares_sets else weighted(x, settings.weighting)
    by_item = x.T.tocsr()
    sizes = Sizes.of_rows(by_item)
    itself = np.arange(x.shape[1], dtype=np.int32)
    measure = settings.measure(sizes, sizes, targets="rows")
    kept = strongest_products(
        by_item, x, settings.neighbours, measure=measure, excluded=itself, row_keys=item_keys, column_keys=item_keys
    )
    return kept.T.tocsr()


def item_neighbours_dense(settings: SimilaritySettings, x: csr_matrix, dense: Scores, item_keys: Keys) -> csr_matrix:
    """Like ``item_neighbours`` for items that also have dense vectors ``[n_items, n_features]``.

    Values count as they are: set similarities and weightings are for sparse features. The products of the dense part come
    from BLAS, a block of targets at a time.
    """
    by_item = x.T.tocsr()
    sizes = Sizes.of_rows(by_item) + Sizes.of_dense_rows(dense)
    itself = np.arange(x.shape[1], dtype=np.int32)
    measure = settings.measure(sizes, sizes, targets="rows")
    blocks = []
    for start in range(0, x.shape[1], _BLOCK):
        targets = slice(start, start + _BLOCK)
        products = sparse_sparse(by_item[targets], x)
        products += dense[targets] @ dense.T
        kept = strongest_of_dense(
            products,
            settings.neighbours,
            measure=measure._replace(rows=measure.rows[:, targets]),
            excluded=itself[targets],
            row_keys=item_keys[targets],
            column_keys=item_keys,
        )
        blocks.append(kept)
    by_target: csr_matrix = vstack(blocks, format="csr")
    return by_target.T.tocsr()


def presence(x: csr_matrix) -> csr_matrix:
    """Return ``x`` with 1 for every entry."""
    return csr_matrix((np.ones(x.nnz, np.float32), x.indices, x.indptr), shape=x.shape)
