"""Summing over the history: scores of the form ``X W`` with their explanation, and vectors of people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.queries import Queries
from vitrina.kernels import sparse
from vitrina.models.explanation import Explanation
from vitrina.ranking.scorer import Items, Scores


def score_dense(queries: Queries, weights: Scores, items: Items) -> Scores:
    """Return ``X W`` for binary histories and dense item weights ``W [n_items, n_items]`` (row: source, column: target)."""
    histories = queries.matrix(len(weights))
    return sparse.sparse_dense(histories, weights) if items is None else sparse.sparse_dense_at(histories, weights, items)


def score_sparse(queries: Queries, weights: csr_matrix, items: Items) -> Scores:
    """Return ``X W`` for binary histories and sparse item weights (row: source, column: target)."""
    histories = queries.matrix(weights.shape[0])
    return sparse.sparse_sparse(histories, weights) if items is None else sparse.sparse_sparse_at(histories, weights, items)


def explain_weights(queries: Queries, weights: Scores | csr_matrix, items: NDArray[np.int32]) -> Explanation:
    """Explain ``X W``, dense or sparse: item i of the history contributes ``W[i, j]`` to the score of item j, exactly."""
    histories = queries.matrix(weights.shape[0])
    targets = np.repeat(items, np.diff(histories.indptr))
    return Explanation.of_sets(queries, np.asarray(weights[histories.indices, targets]).ravel(), exact=True)


def unit_sums(queries: Queries, vectors: Scores) -> Scores:
    """Sum the vectors ``[n_items, d]`` of each history's items and divide by the root of their number: float32 ``[n, d]``."""
    x = queries.matrix(len(vectors))
    lengths = np.diff(x.indptr)
    x.data = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)
    return sparse.sparse_dense(x, vectors)
