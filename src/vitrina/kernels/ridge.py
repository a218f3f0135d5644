"""Ridge regressions of columns of a binary matrix, each on a few others: one small positive definite system per column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.errors import VitrinaError
from vitrina.kernels.gram import Gram, small_gram
from vitrina.kernels.lapack import SPOSV, one_blas_thread
from vitrina.kernels.threads import over_rows

Floats = NDArray[np.float32]


@njit(nogil=True, cache=True)
def _regress(posv: Any, gram: Gram, sources: NDArray[np.int32], l2: np.float32, out: Floats, start: int, stop: int) -> int:
    k = sources.shape[1]
    place = np.full(gram.totals.size, -1, np.int32)
    chosen, unknown = np.empty(k + 1, np.int32), np.empty((0, 0), np.float32)
    triangle = np.array([85], np.uint8)  # "U"
    sizes = np.array([k, 1, k + 1, 0], np.int32)  # unknowns, right-hand sides, stride of the system, info
    for target in range(start, stop):
        chosen[:k], chosen[k] = sources[target], target
        for a in range(k + 1):
            place[chosen[a]] = a
        system = small_gram(gram, chosen, place, unknown)
        for a in range(k):
            out[target, a] = system[k, a]
            system[a, a] += l2
        for a in range(k + 1):
            place[chosen[a]] = -1
        posv(
            triangle.ctypes.data, sizes.ctypes.data, sizes[1:].ctypes.data, system.ctypes.data, sizes[2:].ctypes.data,
            out[target].ctypes.data, sizes.ctypes.data, sizes[3:].ctypes.data,
        )  # fmt: skip
        # Compiled code frees an array after its last use by name, and an address is none: the system is named once more.
        if sizes[3] != 0 or system.size == 0:
            return target + 1
    return 0


def ridge_regressions(gram: Gram, sources: NDArray[np.int32], l2: float) -> Floats:
    """Predict each column j of X from its ``sources [n, k]``, other columns of X, all different::

        minimise |x_j - X_sources b|^2 + l2 |b|^2

    Returns b for each, float32 ``[n, k]``. Raises ``VitrinaError`` when a system is singular in float32 (no penalty).
    """
    n, k = sources.shape
    if n != gram.totals.size or (sources.size and not 0 <= int(sources.min()) <= int(sources.max()) < n):
        raise ValueError(f"sources must be columns 0..{gram.totals.size - 1}, one row for each column.")
    out = np.empty((n, k), np.float32)
    failed: list[int] = []

    def block(start: int, stop: int) -> None:
        code = _regress(SPOSV, gram, sources, np.float32(l2), out, start, stop)
        if code:
            failed.append(code)

    if k:
        with one_blas_thread():
            over_rows(n, block)
    if failed:
        raise VitrinaError("a regression is singular in float32; use a larger penalty.")
    return out
