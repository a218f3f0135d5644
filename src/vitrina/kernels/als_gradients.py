"""Half-steps of alternating least squares that improve the last solution by conjugate gradients: far cheaper, as good."""

from __future__ import annotations

from functools import partial

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.kernels.dense import gram
from vitrina.kernels.fastmath import REORDERED
from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.threads import over_blocks, over_rows

Floats = NDArray[np.float32]

_ROWS = 256  # turned at a time: few enough to stay in the cache


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _add_events(
    factors: Floats, columns: NDArray[np.int32], vector: Floats, target: np.float32, sign: np.float32, out: Floats
) -> None:
    """Add ``sum of (target + sign f . vector) f`` to ``out``, f being the rows of ``factors`` named by ``columns``.

    Four events at a time, so that ``vector`` and ``out`` are read once for four.
    """
    d = vector.size
    whole = columns.size - columns.size % 4
    for p in range(0, whole, 4):
        a, b, c, e = factors[columns[p]], factors[columns[p + 1]], factors[columns[p + 2]], factors[columns[p + 3]]
        s, t, u, v = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for f in range(d):
            s += a[f] * vector[f]
            t += b[f] * vector[f]
            u += c[f] * vector[f]
            v += e[f] * vector[f]
        s, t, u, v = target + sign * s, target + sign * t, target + sign * u, target + sign * v
        for f in range(d):
            out[f] += s * a[f] + t * b[f] + u * c[f] + v * e[f]
    for p in range(whole, columns.size):
        a = factors[columns[p]]
        s = np.float32(0)
        for f in range(d):
            s += a[f] * vector[f]
        s = target + sign * s
        for f in range(d):
            out[f] += s * a[f]


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _gradient_rows(
    offsets: NDArray[np.int32],
    columns: NDArray[np.int32],
    factors: Floats,
    shared: Floats,
    spread: Floats,
    ridge: Floats,
    steps: int,
    tolerance: np.float32,
    solutions: Floats,
    start: int,
    stop: int,
) -> None:
    d = factors.shape[1]
    diagonal, inverse = np.empty(d, np.float32), np.empty(d, np.float32)
    residual, direction, image = np.empty(d, np.float32), np.empty(d, np.float32), np.empty(d, np.float32)
    for row in range(start, stop):
        mine, solution = columns[offsets[row] : offsets[row + 1]], solutions[row]
        if mine.size == 0:
            solution[:] = np.float32(0)
            continue
        for f in range(d):
            diagonal[f] = shared[f] + ridge[row]
            inverse[f] = np.float32(1) / (diagonal[f] + np.float32(mine.size) * spread[f])
            residual[f] = -diagonal[f] * solution[f]
        _add_events(factors, mine, solution, np.float32(1), np.float32(-1), residual)
        error = np.float32(0)
        for f in range(d):
            direction[f] = residual[f] * inverse[f]
            error += residual[f] * direction[f]
        solved = tolerance * error
        for step in range(steps):
            if not error > solved:
                break
            for f in range(d):
                image[f] = diagonal[f] * direction[f]
            _add_events(factors, mine, direction, np.float32(0), np.float32(1), image)
            length = error / np.dot(direction, image)
            for f in range(d):
                solution[f] += length * direction[f]
            if step + 1 == steps:
                break
            before, error = error, np.float32(0)
            for f in range(d):
                residual[f] -= length * image[f]
                error += residual[f] * residual[f] * inverse[f]
            turn = error / before
            for f in range(d):
                direction[f] = residual[f] * inverse[f] + turn * direction[f]


def conjugate_gradient_rows(
    x: csr_matrix,
    factors: Floats,
    shared: Floats,
    spread: Floats,
    ridge: Floats,
    solution: Floats,
    *,
    steps: int = 2,
    tolerance: float = 1e-13,
) -> None:
    """Improve ``solution [n, d]`` of the systems of ``solve_rows`` by conjugate gradients, in place.

    ``shared [d]`` is the diagonal of their common matrix in its own basis, see ``principal_axes``; ``spread [d]`` the mean
    square of the vectors of an event, see ``mean_square``. At most ``steps`` are made, fewer where the squared error has
    fallen to ``tolerance`` of what it was. Rows without columns get zeros.

    After Takács, Pilászy and Tikk, "Applications of the Conjugate Gradient Method for Implicit Feedback Collaborative
    Filtering", RecSys 2011, with two changes. In its own basis the part that all systems share is diagonal, so a step costs
    the row's own events alone: O(events d) instead of O(events d + rows d^2). And with it goes a good preconditioner: that
    diagonal plus, for each event of the row, the diagonal of the average event. What is left to correct is how the row's
    events differ from the average; two steps from the last epoch's solution do that nearly as well as an exact solution
    wherever the regularisation is strong enough to be of use.
    """
    d = factors.shape[1]  # compiled code would read out of bounds
    if len(factors) != x.shape[1] or shared.shape != (d,) or spread.shape != (d,) or solution.shape != (x.shape[0], d):
        raise ValueError(
            f"{x.shape[1]} columns, {len(factors)} vectors of {d}, {shared.shape}, {spread.shape}, {solution.shape}."
        )
    limit = np.float32(tolerance)

    def block(start: int, stop: int) -> None:
        _gradient_rows(x.indptr, x.indices, factors, shared, spread, ridge, steps, limit, solution, start, stop)

    over_rows(x.shape[0], block)


def principal_axes(weight: float, vectors: Floats, others: Floats) -> Floats:
    """Turn both ``vectors [n, d]`` and ``others [m, d]``, in place, so that ``weight vectors' vectors`` becomes diagonal.

    Returns the diagonal ``[d]``. The same turn of both sides changes no inner product between them.
    """
    with one_blas_thread():  # several would wait for each other, and for ours, longer than they work
        diagonal, basis = np.linalg.eigh(np.float32(weight) * gram(vectors))
        for side in (vectors, others):
            over_blocks(len(side), _ROWS, partial(_turn, side, basis))
    return np.maximum(diagonal, 0).astype(np.float32)


def _turn(vectors: Floats, basis: Floats, rows: slice) -> None:
    vectors[rows] = vectors[rows] @ basis


def mean_square(vectors: Floats, counts: NDArray[np.integer]) -> Floats:
    """Return the mean square ``[d]`` of each dimension of ``vectors [n, d]``, each counted as often as ``counts [n]`` says."""
    weights = (counts / max(1, counts.sum())).astype(np.float32)
    return np.einsum("i,if,if->f", weights, vectors, vectors)
