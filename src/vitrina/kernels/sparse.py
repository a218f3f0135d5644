"""Sparse products that end in a dense block, which SciPy builds only by way of a far larger sparse one."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.kernels.fastmath import REORDERED
from vitrina.kernels.threads import over_rows

Floats = NDArray[np.float32]

#: Reading single entries of a row costs about this many times more than reading all in order.
_GATHER_COST = 10


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
            weight, begin, end = a_values[p], b_offsets[a_columns[p]], b_offsets[a_columns[p] + 1]
            mine, values = b_columns[begin:end], b_values[begin:end]  # slices nearly halve the time
            for q in range(mine.size):
                out_row[mine[q]] += weight * values[q]


def sparse_sparse(a: csr_matrix, b: csr_matrix) -> Floats:
    """Return the dense float32 product of two CSR matrices, ``[n, m] @ [m, p] -> [n, p]``, rows over threads."""
    _check_inner(a.shape[1], b.shape[0])
    out = np.empty((a.shape[0], b.shape[1]), np.float32)
    over_rows(
        a.shape[0],
        lambda start, stop: _sparse_sparse(a.indptr, a.indices, a.data, b.indptr, b.indices, b.data, out, start, stop),
    )
    return out


@njit(nogil=True, cache=True)
def _add_sparse_dense(
    begins: NDArray[np.int32],
    ends: NDArray[np.int32],
    columns: NDArray[np.int32],
    values: Floats,
    dense: Floats,
    out: Floats,
    start: int,
    stop: int,
) -> None:
    for row in range(start, stop):
        out_row, p, end = out[row], begins[row], ends[row]
        while p + 4 <= end:  # four rows at a time, in their order: the sum is read and written once, and rounded as one by one
            a, b, c, d = dense[columns[p]], dense[columns[p + 1]], dense[columns[p + 2]], dense[columns[p + 3]]
            of_a, of_b, of_c, of_d = values[p], values[p + 1], values[p + 2], values[p + 3]
            for column in range(out_row.size):
                total = out_row[column] + of_a * a[column]
                out_row[column] = ((total + of_b * b[column]) + of_c * c[column]) + of_d * d[column]
            p += 4
        while p < end:
            weight, inner = values[p], dense[columns[p]]
            for column in range(out_row.size):
                out_row[column] += weight * inner[column]
            p += 1


def sparse_dense(a: csr_matrix, dense: Floats) -> Floats:
    """Return the dense product of a CSR and a row-major dense matrix, float32 unless both are float64; rows over threads."""
    out = np.zeros((a.shape[0], dense.shape[1]), np.float64 if a.dtype == dense.dtype == np.float64 else np.float32)
    add_sparse_dense(a, dense, out)
    return out


def add_sparse_dense(a: csr_matrix, dense: Floats, out: Floats, rows: NDArray[np.integer] | None = None) -> None:
    """Add the product of a CSR and a row-major dense matrix to ``out``, or only its ``rows [len(out)]``; rows over threads.

    ``out`` is of the floating type wanted.
    """
    _check_inner(a.shape[1], len(dense))
    begins, ends = a.indptr[:-1], a.indptr[1:]
    if rows is not None:
        begins, ends = begins[rows], ends[rows]
    _check_inner(len(begins), len(out))
    _check_inner(dense.shape[1], out.shape[1])
    over_rows(len(out), lambda start, stop: _add_sparse_dense(begins, ends, a.indices, a.data, dense, out, start, stop))


@njit(nogil=True, cache=True)
def _sparse_sparse_at(
    a_offsets: NDArray[np.int32],
    a_columns: NDArray[np.int32],
    a_values: Floats,
    b_offsets: NDArray[np.int32],
    b_columns: NDArray[np.int32],
    b_values: Floats,
    n_columns: int,
    wanted: NDArray[np.int32],
    wanted_per_row: bool,
    out: Floats,
    start: int,
    stop: int,
) -> None:
    whole = np.empty(n_columns, np.float32)
    for row in range(start, stop):
        whole[:] = np.float32(0)
        for p in range(a_offsets[row], a_offsets[row + 1]):
            weight, begin, end = a_values[p], b_offsets[a_columns[p]], b_offsets[a_columns[p] + 1]
            mine, values = b_columns[begin:end], b_values[begin:end]
            for q in range(mine.size):
                whole[mine[q]] += weight * values[q]
        listed = wanted[row if wanted_per_row else 0]
        for at in range(listed.size):
            out[row, at] = whole[listed[at]]


def sparse_sparse_at(a: csr_matrix, b: csr_matrix, wanted: NDArray[np.int32]) -> Floats:
    """Like ``sparse_sparse``, but only the columns ``wanted``: ``[m]`` shared, or ``[n, m]`` for each row its own."""
    _check_inner(a.shape[1], b.shape[0])
    out = np.empty((a.shape[0], wanted.shape[-1]), np.float32)
    columns, per_row = np.atleast_2d(wanted), wanted.ndim == 2
    over_rows(
        a.shape[0],
        lambda start, stop: _sparse_sparse_at(
            a.indptr, a.indices, a.data, b.indptr, b.indices, b.data, b.shape[1], columns, per_row, out, start, stop
        ),
    )
    return out


@njit(nogil=True, cache=True)
def _sparse_dense_at(
    offsets: NDArray[np.int32],
    columns: NDArray[np.int32],
    values: Floats,
    dense: Floats,
    wanted: NDArray[np.int32],
    wanted_per_row: bool,
    out: Floats,
    start: int,
    stop: int,
) -> None:
    n_columns = dense.shape[1]
    few = wanted.shape[1] * _GATHER_COST < n_columns
    whole = np.empty(0 if few else n_columns, np.float32)
    for row in range(start, stop):
        mine, out_row = wanted[row if wanted_per_row else 0], out[row]
        target = out_row if few else whole
        target[:] = np.float32(0)
        for p in range(offsets[row], offsets[row + 1]):
            weight, inner = values[p], dense[columns[p]]
            if few:
                for at in range(mine.size):
                    target[at] += weight * inner[mine[at]]
            else:
                for column in range(n_columns):
                    target[column] += weight * inner[column]
        if not few:
            for at in range(mine.size):
                out_row[at] = whole[mine[at]]


def sparse_dense_at(a: csr_matrix, dense: Floats, wanted: NDArray[np.int32]) -> Floats:
    """Like ``sparse_dense``, but only the columns ``wanted``: ``[m]`` shared, or ``[n, m]`` for each row its own."""
    _check_inner(a.shape[1], len(dense))
    out = np.empty((a.shape[0], wanted.shape[-1]), np.float32)
    listed, per_row = np.atleast_2d(wanted), wanted.ndim == 2
    over_rows(
        a.shape[0],
        lambda start, stop: _sparse_dense_at(a.indptr, a.indices, a.data, dense, listed, per_row, out, start, stop),
    )
    return out


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _dense_dense_at(
    offsets: NDArray[np.int64], columns: NDArray[np.int64], a: Floats, b: Floats, out: Floats, start: int, stop: int
) -> None:
    for row in range(start, stop):
        mine = a[row]
        for p in range(offsets[row], offsets[row + 1]):
            other, total = b[columns[p]], mine[0] * 0
            for inner in range(mine.size):
                total += mine[inner] * other[inner]
            out[p] = total


def dense_dense_at(a: Floats, b: Floats, offsets: NDArray[np.int64], columns: NDArray[np.int64]) -> Floats:
    """Return entries of ``a b'``, ``[n, d]`` by ``[m, d]``: of row r those at ``columns[offsets[r]:offsets[r + 1]]``."""
    _check_inner(a.shape[1], b.shape[1])
    out = np.empty(columns.size, a.dtype)
    over_rows(len(a), lambda start, stop: _dense_dense_at(offsets, columns, a, b, out, start, stop))
    return out


def _check_inner(a: int, b: int) -> None:
    """Refuse what compiled code would read out of bounds."""
    if a != b:
        raise ValueError(f"inner dimensions of a product differ: {a} and {b}.")
