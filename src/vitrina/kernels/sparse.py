"""Sparse products that end in a dense block, which SciPy builds only by way of a far larger sparse one."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.kernels.threads import over_rows

Floats = NDArray[np.float32]


@njit(nogil=True, cache=True)
def _sparse_sparse(
    a_offsets: NDArray[np.int32],
    a_columns: NDArray[np.int32],
    a_values: Floats,
    b_offsets: NDArray[np.int32],
    b_columns: NDArray[np.int32],
    b_values: Floats,
    out: Floats,
    start: int,
    stop: int,
) -> None:
    for row in range(start, stop):
        out_row = out[row]
        out_row[:] = np.float32(0)
        for p in range(a_offsets[row], a_offsets[row + 1]):
            weight, inner = a_values[p], a_columns[p]
            for q in range(b_offsets[inner], b_offsets[inner + 1]):
                out_row[b_columns[q]] += weight * b_values[q]


def sparse_sparse(a: csr_matrix, b: csr_matrix, out: Floats | None = None) -> Floats:
    """Return the dense float32 product of two CSR matrices, ``[n, m] @ [m, p] -> [n, p]``, rows over threads."""
    out = np.empty((a.shape[0], b.shape[1]), np.float32) if out is None else out
    over_rows(
        a.shape[0],
        lambda start, stop: _sparse_sparse(a.indptr, a.indices, a.data, b.indptr, b.indices, b.data, out, start, stop),
    )
    return out


@njit(nogil=True, cache=True)
def _sparse_dense(
    offsets: NDArray[np.int32], columns: NDArray[np.int32], values: Floats, dense: Floats, out: Floats, start: int, stop: int
) -> None:
    for row in range(start, stop):
        out_row = out[row]
        out_row[:] = np.float32(0)
        for p in range(offsets[row], offsets[row + 1]):
            weight, inner = values[p], dense[columns[p]]
            for column in range(inner.size):
                out_row[column] += weight * inner[column]


def sparse_dense(a: csr_matrix, dense: Floats) -> Floats:
    """Return the dense product of a CSR and a row-major dense float32 matrix, rows over threads."""
    out = np.empty((a.shape[0], dense.shape[1]), np.float32)
    over_rows(a.shape[0], lambda start, stop: _sparse_dense(a.indptr, a.indices, a.data, dense, out, start, stop))
    return out


@njit(nogil=True, cache=True)
def _sparse_dense_at(
    offsets: NDArray[np.int32],
    columns: NDArray[np.int32],
    values: Floats,
    dense: Floats,
    wanted: NDArray[np.int32],
    out: Floats,
    start: int,
    stop: int,
) -> None:
    for row in range(start, stop):
        out_row = out[row]
        out_row[:] = np.float32(0)
        for p in range(offsets[row], offsets[row + 1]):
            weight, inner = values[p], dense[columns[p]]
            for column in range(wanted.shape[1]):
                out_row[column] += weight * inner[wanted[row, column]]


def sparse_dense_at(a: csr_matrix, dense: Floats, wanted: NDArray[np.int32]) -> Floats:
    """Like ``sparse_dense``, but row ``r`` has only the columns ``wanted[r]`` -> ``[n, wanted.shape[1]]``."""
    out = np.empty(wanted.shape, np.float32)
    over_rows(a.shape[0], lambda start, stop: _sparse_dense_at(a.indptr, a.indices, a.data, dense, wanted, out, start, stop))
    return out
