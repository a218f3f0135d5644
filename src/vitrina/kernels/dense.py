"""Dense linear algebra in place, through LAPACK."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import spotrf, spotri

from vitrina.errors import VitrinaError

_BLOCK = 512


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
