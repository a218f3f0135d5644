"""Half-steps of alternating least squares that improve the last solution block of dimensions by block (iALS++)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.kernels.fastmath import REORDERED
from vitrina.kernels.threads import over_rows

Floats = NDArray[np.float32]


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _cholesky_solve(system: Floats, right: Floats, size: int) -> bool:
    """Solve a small positive definite system in place; false when it is not positive definite."""
    for j in range(size):
        for i in range(j):
            factor = system[j, i]
            for k in range(i):
                factor -= system[i, k] * system[j, k]
            system[j, i] = factor / system[i, i]
        rest = system[j, j]
        for k in range(j):
            rest -= system[j, k] * system[j, k]
        if not rest > 0:
            return False
        system[j, j] = np.sqrt(rest)
    for j in range(size):
        value = right[j]
        for k in range(j):
            value -= system[j, k] * right[k]
        right[j] = value / system[j, j]
    for j in range(size - 1, -1, -1):
        value = right[j]
        for k in range(j + 1, size):
            value -= system[k, j] * right[k]
        right[j] = value / system[j, j]
    return True


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _block_rows(
    offsets: NDArray[np.int32],
    columns: NDArray[np.int32],
    factors: Floats,
    gram: Floats,
    ridge: Floats,
    size: int,
    out: Floats,
    start: int,
    stop: int,
) -> None:
    d = factors.shape[1]
    longest = 1
    for row in range(start, stop):
        longest = max(longest, offsets[row + 1] - offsets[row])
    missing = np.empty(longest, np.float32)  # 1 - prediction, of each event of the row
    system, right = np.empty((size, size), np.float32), np.empty(size, np.float32)
    for row in range(start, stop):
        mine, solution = columns[offsets[row] : offsets[row + 1]], out[row]
        if mine.size == 0:
            solution[:] = np.float32(0)
            continue
        for p in range(mine.size):
            missing[p] = np.float32(1) - np.dot(factors[mine[p]], solution)
        for first in range(0, d, size):
            width = min(size, d - first)
            for a in range(width):
                right[a] = -ridge[row] * solution[first + a] - np.dot(gram[first + a], solution)
                for b in range(width):
                    system[a, b] = gram[first + a, first + b]
                system[a, a] += ridge[row]
            for p in range(mine.size):
                part = factors[mine[p], first : first + width]
                for a in range(width):
                    right[a] += missing[p] * part[a]
                    weight, line = part[a], system[a]
                    for b in range(width):  # the whole square: a triangle would not vectorise
                        line[b] += weight * part[b]
            if not _cholesky_solve(system, right, width):
                continue  # the block keeps its values
            for a in range(width):
                solution[first + a] += right[a]
            for p in range(mine.size):
                part = factors[mine[p], first : first + width]
                for a in range(width):
                    missing[p] -= right[a] * part[a]


def block_rows(x: csr_matrix, factors: Floats, gram: Floats, ridge: Floats, solution: Floats, *, size: int = 32) -> None:
    """Improve ``solution [n, d]`` of the systems of ``solve_rows`` block of dimensions by block, each exactly, in place.

    Rendle et al., "iALS++: Speeding up Matrix Factorization with Subspace Optimization", 2021 (algorithm 2). Time
    O(events d size + rows d size^2) instead of O(events d^2 + rows d^3). Rows without columns get zeros.
    """
    if x.shape[1] != len(factors):
        raise ValueError(f"{x.shape[1]} columns for {len(factors)} vectors.")

    def block(start: int, stop: int) -> None:
        _block_rows(x.indptr, x.indices, factors, gram, ridge, size, solution, start, stop)

    over_rows(x.shape[0], block)
