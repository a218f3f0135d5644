"""Non-negative elastic nets, one for each column of a binary matrix, by coordinate descent on its Gram matrix."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.gram import Gram, add_product, add_row, small_gram
from vitrina.kernels.threads import over_rows

Floats = NDArray[np.float32]

_FIRST = 200  # coordinates a descent begins with
_GROWTH = 0.5  # at most this share of the coordinates is added at a time, so that the small systems stay small
_COARSE = np.float32(1e-2)  # first tolerance, relative to the largest; it shrinks while coordinates are still being added
_PASSES = 10_000  # over the coordinates of one system; reached only where the penalties vanish
_ROUNDS = 100


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
    gram: Gram,
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
    add_row(gram, target, np.float32(1), linear)
    linear[target] = np.float32(0)
    n_candidates = _screen(linear, l1, candidates)
    largest = np.float32(0)
    for p in range(n_candidates):  # the correlation with the target: a guess at the coordinates that will matter
        k = candidates[p]
        largest = max(largest, linear[k])
        share = gram.totals[k] / gram.n_rows
        spread = max(gram.totals[k] * (np.float32(1) - share), np.float32(1e-6))
        urgency[p] = (linear[k] - share * gram.totals[target]) / np.sqrt(spread)
    finest = tolerance * largest
    threshold = max(finest, _COARSE * largest)
    small = np.empty((0, 0), np.float32)
    n_active, n_added = 0, _take_largest(urgency, candidates, n_candidates, _FIRST, active)
    for _ in range(_ROUNDS if n_candidates else 0):
        if n_added:
            for a in range(n_active, n_active + n_added):
                place[active[a]] = a
            n_active += n_added
            small = small_gram(gram, active[:n_active], place, small)
        _descend(small, linear, l1, l2, threshold, active, w, product)
        product[:] = np.float32(0)
        add_product(gram, active[:n_active], w, product)
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
    gram: Gram,
    first: int,
    l1: np.float32,
    l2: np.float32,
    tolerance: np.float32,
    out: Floats,
    start: int,
    stop: int,
) -> None:
    for row in range(start, stop):
        _solve_target(gram, first + row, l1, l2, tolerance, out[row])


def elastic_nets(gram: Gram, targets: slice, l1: float, l2: float, tolerance: float = 1e-4) -> Floats:
    """Regress columns of a binary matrix X on all of its other columns; only its Gram matrix is needed.

    For each target j in ``targets`` (start and stop given)::

        minimise 1/2 |x_j - X w|^2 + l1 |w|_1 + l2/2 |w|^2   subject to w >= 0, w_j = 0

    Returns the solutions as rows, float32 ``[len(targets), n]``. Every optimality condition holds within ``tolerance`` times
    the largest entry of X'x_j (that of x_j itself left out). Targets are spread over threads; each is solved by itself, so
    the number of threads changes nothing.
    """
    out = np.empty((targets.stop - targets.start, gram.totals.size), np.float32)
    penalties = np.float32(l1), np.float32(l2), np.float32(tolerance)
    over_rows(len(out), lambda start, stop: _solve_targets(gram, targets.start, *penalties, out, start, stop))
    return out
