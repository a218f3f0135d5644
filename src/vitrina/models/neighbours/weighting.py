"""Weighting of matrix entries before similarities are computed.

Formulas and orientation as in Ferrari Dacrema et al., "A Troubling Analysis of Reproducibility and Progress in Recommender
Systems Research", TOIS 2021: an item is a document; the users who consumed it, or its words, are the terms.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Weighting = Literal["none", "tf-idf", "bm25"]

_K1, _B = 1.2, 0.75


def document_lengths(x: csr_matrix) -> NDArray[np.float64]:
    """Return the sum of each column of ``x [n_terms, n_documents]``."""
    return np.asarray(np.bincount(x.indices, x.data, x.shape[1]), np.float64)


def weighted(x: csr_matrix, weighting: Weighting, lengths: NDArray[np.float64] | None = None) -> csr_matrix:
    """Return ``x [n_terms, n_documents]`` with its non-zeros weighted, float32; terms are weighted one by one.

    tf-idf: sqrt(tf) idf; bm25: Okapi with K1 = 1.2, b = 0.75; idf of a term = ln(n_documents / (1 + documents of the term)).
    ``lengths [n_documents]`` are those of a larger matrix whose rows ``x`` resembles; by default its own.
    """
    if weighting == "none" or x.nnz == 0:
        return x
    n_documents = x.shape[1]
    per_term = np.diff(x.indptr)
    idf = np.repeat(np.log(n_documents / (1.0 + per_term)), per_term)
    if weighting == "tf-idf":
        data = np.sqrt(x.data) * idf
    else:
        lengths = document_lengths(x) if lengths is None else lengths
        norm = (1.0 - _B) + _B * lengths / lengths.mean()
        data = x.data * (_K1 + 1.0) / (_K1 * norm[x.indices] + x.data) * idf
    return csr_matrix((data.astype(np.float32), x.indices, x.indptr), shape=x.shape)
