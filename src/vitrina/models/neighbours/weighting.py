"""Weighting of the user-item matrix before similarities are computed.

Formulas and orientation as in Ferrari Dacrema et al., "A Troubling Analysis of Reproducibility and Progress in Recommender
Systems Research", TOIS 2021: an item is a document, its users are the terms.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

Weighting = Literal["none", "tf-idf", "bm25"]

_K1, _B = 1.2, 0.75


def weighted(x: csr_matrix, weighting: Weighting) -> csr_matrix:
    """Return ``x [n_users, n_items]`` with its non-zeros weighted, float32.

    tf-idf: sqrt(tf) idf; bm25: Okapi with K1 = 1.2, b = 0.75; idf of a user = ln(n_items / (1 + items of the user)).
    """
    if weighting == "none" or x.nnz == 0:
        return x
    n_users, n_items = x.shape
    row_of = np.repeat(np.arange(n_users), np.diff(x.indptr))
    idf = np.log(n_items / (1.0 + np.diff(x.indptr)))[row_of]
    if weighting == "tf-idf":
        data = np.sqrt(x.data) * idf
    else:
        lengths = np.bincount(x.indices, x.data, n_items)
        norm = (1.0 - _B) + _B * lengths / lengths.mean()
        data = x.data * (_K1 + 1.0) / (_K1 * norm[x.indices] + x.data) * idf
    return csr_matrix((data.astype(np.float32), x.indices, x.indptr), shape=x.shape)
