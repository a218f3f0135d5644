"""Dense linear algebra: inverses in place through LAPACK, and products of many rows with few columns.

The products use one BLAS thread for each thread of ours. BLAS's own threads share out single products, and wait for each other
by spinning: beside other work they take several times longer, and here there are rows enough for everybody.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import spotrf, spotri

from vitrina.errors import VitrinaError
from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.threads import over_blocks

_BLOCK = 512

_ROWS = 64  # multiplied at a time
_MOST_PARTS, _PART = 16, 1024  # a Gram matrix is the sum of that of so many parts, of so many rows or more


def inverse_in_place(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Invert a symmetric positive definite float32 matrix ``[n, n]`` without a second one (Cholesky: potrf, potri).

    The argument's memory is reused; use only the returned array. Raises ``VitrinaError`` when the matrix is not positive
    definite in float32 (a penalty too small for the data).
    """
    if not len(matrix):
        return matrix
    columns = matrix.T  # symmetric: the transpose is the same matrix in the order LAPACK wants, without a copy
    factor, failed = spotrf(columns, lower=1, clean=0, overwrite_a=1)
    inverse, failed_inverse = spotri(factor, lower=1, overwrite_c=1) if not failed else (factor, failed)
    if failed or failed_inverse:
        raise VitrinaError("the regularised Gram matrix is not positive definite in float32; use a larger penalty.")
    _mirror(inverse.T)
    return np.asarray(inverse.T)


def _mirror(upper: NDArray[np.float32]) -> None:
    """Copy the upper triangle of a row-major matrix to the lower one, block by block to stay in the cache."""
    n = len(upper)
    for start in range(0, n, _BLOCK):
        stop = min(n, start + _BLOCK)
        corner = upper[start:stop, start:stop]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
        for right in range(stop, n, _BLOCK):
            end = min(n, right + _BLOCK)
            upper[right:end, start:stop] = upper[start:stop, right:end].T


def row_products(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``a b'``, ``[n, m]`` from ``[n, d]`` and ``[m, d]``; the same for any number of threads."""
    out = np.empty((len(a), len(b)), np.float32)
    with one_blas_thread():
        over_blocks(len(a), _ROWS, lambda rows: np.matmul(a[rows], b.T, out=out[rows]))
    return out


def gram(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``rows' rows``, ``[d, d]`` from ``[n, d]``; the same for any number of threads."""
    size = max(_PART, -(-len(rows) // _MOST_PARTS))
    parts = np.zeros((-(-len(rows) // size), rows.shape[1], rows.shape[1]), np.float32)
    with one_blas_thread():
        over_blocks(len(rows), size, lambda part: np.matmul(rows[part].T, rows[part], out=parts[part.start // size]))
    return np.asarray(parts.sum(axis=0))
