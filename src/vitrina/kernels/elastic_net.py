"""Non-negative elastic nets, one for each column of a binary matrix, by coordinate descent on its Gram matrix."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.kernels.sparse import sparse_sparse
from vitrina.kernels.threads import over_rows

Floats = NDArray[np.float32]

#: Counts of co-occurrence ``[n, n]``: a dense array (uint16 where they fit, else float32) or, for sparse logs, CSR float32.
Gram = NDArray[np.uint16] | NDArray[np.float32] | csr_matrix

_BLOCK = 512  # rows of the Gram matrix computed at a time
_FIRST = 200  # coordinates a descent begins with
_GROWTH = 0.5  # at most this share of the coordinates is added at a time, so that the small systems stay small
_COARSE = np.float32(1e-2)  # first tolerance, relative to the largest; it shrinks while coordinates are still being added
_PASSES = 10_000  # over the coordinates of one system; reached only where the penalties vanish
_ROUNDS = 100


def gram_matrix(x: csr_matrix, dense: bool) -> Gram:
    """Return ``X'X`` of a binary CSR ``x [n_rows, n]``; dense in blocks, with two bytes a pair wherever counts allow."""
    by_column = x.T.tocsr()
    if not dense:
        product = (by_column @ x).tocsr()
        product.sort_indices()
        return product
    n = x.shape[1]
    largest = int(np.diff(by_column.indptr).max(initial=0))
    out = np.empty((n, n), np.uint16 if largest <= np.iinfo(np.uint16).max else np.float32)
    for start in range(0, n, _BLOCK):
        stop = min(n, start + _BLOCK)
        out[start:stop] = sparse_sparse(by_column[start:stop], x)
    return out


@njit(nogil=True, cache=True)
def _add_row(
    dense: NDArray[np.uint16],
    offsets: NDArray[np.int64],
    columns: NDArray[np.int32],
    counts: Floats,
    row: int,
    weight: np.float32,
    out: Floats,
) -> None:
    """Add ``weight`` times a row of the Gram matrix to ``out [n]``."""
    if dense.shape[0]:
        mine = dense[row]
        for k in range(out.size):
            out[k] += np.float32(mine[k]) * weight
    else:
        for p in range(offsets[row], offsets[row + 1]):
            out[columns[p]] += counts[p] * weight


@njit(nogil=True, cache=True)
def _system(
    dense: NDArray[np.uint16],
    offsets: NDArray[np.int64],
    columns: NDArray[np.int32],
    counts: Floats,
    active: NDArray[np.int32],
    place: NDArray[np.int32],
    old: Floats,
) -> Floats:
    """Return the Gram matrix of the ``active`` coordinates; ``old`` is that of the first of them.

    ``place [n]`` is the position of each coordinate among the active ones, -1 for the others. Only the lower triangle is
    read from the large matrix.
    """
    n, n_old = active.size, old.shape[0]
    small = np.zeros((n, n), np.float32)
    for a in range(n_old):
        small[a, :n_old] = old[a]
    for a in range(n_old, n):
        row = small[a]
        if dense.shape[0]:
            mine = dense[active[a]]
            for b in range(a + 1):
                row[b] = np.float32(mine[active[b]])
        else:
            for p in range(offsets[active[a]], offsets[active[a] + 1]):
                if place[columns[p]] >= 0:
                    row[place[columns[p]]] = counts[p]
    for top in range(0, n, 64):  # mirrored in tiles that stay in the cache
        for left in range(top, n, 64):
            for a in range(top, min(n, top + 64)):
                for b in range(max(left, a + 1, n_old), min(n, left + 64)):
                    small[a, b] = small[b, a]
    return small


@njit(nogil=True, cache=True)
def _descend(
    small: Floats,
    linear: Floats,
    l1: np.float32,
    l2: np.float32,
    threshold: np.float32,
    active: NDArray[np.int32],
    w: Floats,
    product: Floats,
) -> None:
    """Cycle over the ``active`` coordinates until a whole pass moves none by more than ``threshold`` (in slope).

    ``w``, ``linear`` and ``product`` (the Gram matrix times w) are ``[n]``; only ``w`` is changed.
    """
    n = small.shape[0]
    slopes = np.empty(n, np.float32)
    for a in range(n):
        slopes[a] = linear[active[a]] - l1 - product[active[a]]
    for _ in range(_PASSES):
        worst = np.float32(0)
        for a in range(n):
            row, old = small[a], w[active[a]]
            curvature = row[a] + l2
            new = max(np.float32(0), old + (slopes[a] - l2 * old) / curvature)
            if new == old:
                continue
            step = new - old
            w[active[a]] = new
            for b in range(n):
                slopes[b] -= row[b] * step
            worst = max(worst, abs(step) * curvature)
        if worst <= threshold:
            return


@njit(nogil=True, cache=True)
def _take_largest(values: Floats, names: NDArray[np.int32], size: int, k: int, out: NDArray[np.int32]) -> int:
    """Write the names of the ``k`` largest of ``size`` values, in the order given, and return how many there are.

    The cut is found by bisection; where it cannot tell values apart, the first of them are taken.
    """
    low, high = np.float32(np.inf), np.float32(-np.inf)
    for p in range(size):
        low, high = min(low, values[p]), max(high, values[p])
    low -= np.float32(1)  # more than k values lie above low, at most k above high
    for _ in range(24 if size > k else 0):
        cut = np.float32(0.5) * (low + high)
        above = 0
        for p in range(size):
            above += values[p] > cut
        if above > k:
            low = cut
        else:
            high = cut
    spare = k
    for p in range(size):
        spare -= values[p] > high
    taken = 0
    for p in range(size):
        if values[p] <= high:
            if values[p] <= low or spare <= 0:
                continue
            spare -= 1
        out[taken] = names[p]
        taken += 1
    return taken


@njit(nogil=True, cache=True)
def _screen(linear: Floats, l1: np.float32, candidates: NDArray[np.int32]) -> int:
    """Write the coordinates that can be positive in the solution and return how many there are.

    Counts and weights are not negative, so the slope of a coordinate at zero never rises above its first value: one that
    does not exceed l1 there is zero in the solution.
    """
    size = 0
    for k in range(linear.size):
        if linear[k] > l1:
            candidates[size] = k
            size += 1
    return size


@njit(nogil=True, cache=True)
def _solve_target(
    dense: NDArray[np.uint16],
    offsets: NDArray[np.int64],
    columns: NDArray[np.int32],
    counts: Floats,
    totals: Floats,
    n_rows: int,
    target: int,
    l1: np.float32,
    l2: np.float32,
    tolerance: np.float32,
    w: Floats,
) -> None:
    """Solve one target into ``w [n]``: descend on a few coordinates, check all, add those that want to grow, again."""
    n = w.size
    linear, product = np.zeros(n, np.float32), np.empty(n, np.float32)
    candidates, waiting, active = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    place = np.full(n, -1, np.int32)
    urgency = np.empty(n, np.float32)
    w[:] = np.float32(0)
    product[:] = np.float32(0)  # the Gram matrix times w
    _add_row(dense, offsets, columns, counts, target, np.float32(1), linear)
    linear[target] = np.float32(0)
    n_candidates = _screen(linear, l1, candidates)
    largest = np.float32(0)
    for p in range(n_candidates):  # the correlation with the target: a guess at the coordinates that will matter
        k = candidates[p]
        largest = max(largest, linear[k])
        spread = totals[k] * (np.float32(1) - totals[k] / n_rows)
        urgency[p] = (linear[k] - totals[k] * totals[target] / n_rows) / np.sqrt(max(spread, np.float32(1e-6)))
    finest = tolerance * largest
    threshold = max(finest, _COARSE * largest)
    small = np.empty((0, 0), np.float32)
    n_active, n_added = 0, _take_largest(urgency, candidates, n_candidates, _FIRST, active)
    for _ in range(_ROUNDS if n_candidates else 0):
        if n_added:
            for a in range(n_active, n_active + n_added):
                place[active[a]] = a
            n_active += n_added
            small = _system(dense, offsets, columns, counts, active[:n_active], place, small)
        _descend(small, linear, l1, l2, threshold, active, w, product)
        product[:] = np.float32(0)
        for a in range(n_active):
            if w[active[a]] > 0:
                _add_row(dense, offsets, columns, counts, active[a], w[active[a]], product)
        violated, n_waiting = np.float32(0), 0
        for p in range(n_candidates):
            k = candidates[p]
            slope = linear[k] - l1 - product[k] - l2 * w[k]
            if place[k] >= 0:
                violated = max(violated, abs(slope) if w[k] > 0 else slope)
            elif slope > finest:
                urgency[n_waiting], waiting[n_waiting] = slope, k
                n_waiting += 1
        if n_waiting == 0 and violated <= finest:
            return
        limit = max(64, int(_GROWTH * n_active))
        n_added = _take_largest(urgency, waiting, n_waiting, limit, active[n_active:])
        threshold = max(finest * np.float32(0.5), threshold * np.float32(0.3 if n_waiting > limit else 0.1))


@njit(nogil=True, cache=True)
def _solve_targets(
    dense: NDArray[np.uint16],
    offsets: NDArray[np.int64],
    columns: NDArray[np.int32],
    counts: Floats,
    totals: Floats,
    n_rows: int,
    first: int,
    l1: np.float32,
    l2: np.float32,
    tolerance: np.float32,
    out: Floats,
    start: int,
    stop: int,
) -> None:
    for row in range(start, stop):
        _solve_target(dense, offsets, columns, counts, totals, n_rows, first + row, l1, l2, tolerance, out[row])


def elastic_nets(gram: Gram, n_rows: int, targets: slice, l1: float, l2: float, tolerance: float = 1e-4) -> Floats:
    """Regress columns of a binary matrix on all of its other columns; only its Gram matrix is needed.

    For each target j in ``targets`` (start and stop given)::

        minimise 1/2 |x_j - X w|^2 + l1 |w|_1 + l2/2 |w|^2   subject to w >= 0, w_j = 0

    Returns the solutions as rows, float32 ``[len(targets), n]``. Every optimality condition holds within ``tolerance`` times
    the largest entry of X'x_j. ``n_rows`` of the matrix only serve to guess where to begin. Targets are spread over threads;
    each is solved by itself, so the number of threads changes nothing.
    """
    n = gram.shape[0]
    totals = gram.diagonal().astype(np.float32)
    out = np.empty((targets.stop - targets.start, n), np.float32)
    if isinstance(gram, csr_matrix):
        dense = np.empty((0, 0), np.uint16)
        offsets, columns, counts = gram.indptr.astype(np.int64), gram.indices.astype(np.int32, copy=False), gram.data
    else:
        dense = gram
        offsets, columns, counts = np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)
    over_rows(
        len(out),
        lambda start, stop: _solve_targets(
            dense, offsets, columns, counts, totals, n_rows, targets.start,
            np.float32(l1), np.float32(l2), np.float32(tolerance), out, start, stop,
        ),
    )  # fmt: skip
    return out
