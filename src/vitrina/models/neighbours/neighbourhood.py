"""The neighbours of all items: similarities block by block, keeping the strongest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from vitrina.kernels.sparse import sparse_sparse
from vitrina.kernels.strongest import Keys, Measure, strongest_of_dense, strongest_products
from vitrina.models.neighbours.similarity import SimilaritySettings, Sizes
from vitrina.models.neighbours.weighting import weighted
from vitrina.ranking.scorer import Scores

_BLOCK = 512


def item_neighbours(settings: SimilaritySettings, x: csr_matrix, item_keys: Keys, dense: Scores | None = None) -> csr_matrix:
    """Return the similarities of items, float32 CSR ``[n_items, n_items]`` (row: source, column: target).

    Items are the columns of ``x [n_terms, n_items]`` (terms: users, words), continued by the columns of ``dense``
    ``[n_features, n_items]`` where given. Each target keeps its most similar sources, never itself; equal similarities are
    chosen by a hash of the items' keys, never by position.
    """
    x = presence(x) if settings.compares_sets else weighted(x, settings.weighting)
    by_item = x.T.tocsr()
    sizes = Sizes.of_rows(by_item)
    if dense is None:
        measure = settings.measure(sizes, sizes, targets="rows")
        itself = np.arange(x.shape[1], dtype=np.int32)
        kept = strongest_products(
            by_item, x, settings.neighbours, measure=measure, excluded=itself, row_keys=item_keys, column_keys=item_keys
        )
    else:
        sizes += Sizes.of_columns(dense)
        kept = _neighbours_of_dense(settings, by_item, x, dense, sizes, item_keys)
    return kept.T.tocsr()


def presence(x: csr_matrix) -> csr_matrix:
    """Return ``x`` with 1 for every entry."""
    return csr_matrix((np.ones(x.nnz, np.float32), x.indices, x.indptr), shape=x.shape)


def _neighbours_of_dense(
    settings: SimilaritySettings, by_item: csr_matrix, x: csr_matrix, dense: Scores, sizes: Sizes, keys: Keys
) -> csr_matrix:
    """Compare vectors that are partly dense: their products come from BLAS, a block of targets at a time."""
    columns = settings.measure(sizes, sizes, targets="rows").columns
    blocks = []
    for start in range(0, len(by_item.indptr) - 1, _BLOCK):
        targets = slice(start, min(by_item.shape[0], start + _BLOCK))
        products = sparse_sparse(by_item[targets], x)
        products += dense[:, targets].T @ dense
        measure = settings.measure(sizes, sizes, targets="rows")
        blocks.append(
            strongest_of_dense(
                products,
                settings.neighbours,
                measure=measure._replace(rows=measure.rows[:, targets]),
                excluded=np.arange(targets.start, targets.stop, dtype=np.int32),
                row_keys=keys[targets],
                column_keys=keys,
            )
        )
    return vstack(blocks, format="csr")
