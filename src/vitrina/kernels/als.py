"""The inner loop of alternating least squares: one small positive definite system per row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.errors import VitrinaError
from vitrina.kernels.lapack import SPOSV, SSYRK, one_blas_thread
from vitrina.kernels.threads import over_rows

Floats = NDArray[np.float32]

_CHUNK = 256  # vectors gathered at a time: they stay in the cache, and a row of any length needs no more memory


@njit(nogil=True, cache=True)
def _solve_rows(
    syrk: Any,
    posv: Any,
    offsets: NDArray[np.int32],
    columns: NDArray[np.int32],
    factors: Floats,
    gram: Floats,
    ridge: Floats,
    out: Floats,
    start: int,
    stop: int,
) -> int:
    d = factors.shape[1]
    mine = np.empty((_CHUNK, d), np.float32)
    system = np.empty((d, d), np.float32)
    # BLAS wants addresses of its arguments. A row-major [rows, d] block is a column-major [d, rows] matrix.
    upper, plain = np.array([85], np.uint8), np.array([78], np.uint8)  # "U", "N"
    sizes = np.array([d, 0, 1, 0], np.int32)  # d, rows of the block, right-hand sides, info
    one = np.ones(1, np.float32)
    for row in range(start, stop):
        begin, end = offsets[row], offsets[row + 1]
        target = out[row]
        target[:] = np.float32(0)
        if begin == end:
            continue
        system[:] = gram
        for f in range(d):
            system[f, f] += ridge[row]
        for first in range(begin, end, _CHUNK):
            last = min(end, first + _CHUNK)
            for p in range(first, last):
                vector = factors[columns[p]]
                mine[p - first] = vector
                for f in range(d):
                    target[f] += vector[f]
            sizes[1] = last - first
            syrk(
                upper.ctypes.data, plain.ctypes.data, sizes.ctypes.data, sizes[1:].ctypes.data, one.ctypes.data,
                mine.ctypes.data, sizes.ctypes.data, one.ctypes.data, system.ctypes.data, sizes.ctypes.data,
            )  # fmt: skip
        posv(
            upper.ctypes.data, sizes.ctypes.data, sizes[2:].ctypes.data, system.ctypes.data, sizes.ctypes.data,
            target.ctypes.data, sizes.ctypes.data, sizes[3:].ctypes.data,
        )  # fmt: skip
        if sizes[3] != 0:
            return row + 1
    return 0


def solve_rows(x: csr_matrix, factors: Floats, gram: Floats, ridge: Floats) -> Floats:
    """Solve, for each row r of the binary CSR ``x [n, m]`` with columns C,

    ``(gram + ridge[r] I + sum over c in C of f_c f_c') w_r = sum over c in C of f_c``

    with f_c the rows of ``factors [m, d]`` and ``gram [d, d]`` shared; rows without columns get zeros. Returns ``[n, d]``.
    Raises ``VitrinaError`` when a system is not positive definite (no ridge).
    """
    if x.shape[1] != len(factors):  # compiled code would read out of bounds
        raise ValueError(f"{x.shape[1]} columns for {len(factors)} vectors.")
    out = np.empty((x.shape[0], factors.shape[1]), np.float32)
    failed: list[int] = []

    def block(start: int, stop: int) -> None:
        code = _solve_rows(SSYRK, SPOSV, x.indptr, x.indices, factors, gram, ridge, out, start, stop)
        if code:
            failed.append(code)

    with one_blas_thread():
        over_rows(x.shape[0], block)
    if failed:
        raise VitrinaError("a least-squares system is singular in float32; use a larger regularisation.")
    return out
