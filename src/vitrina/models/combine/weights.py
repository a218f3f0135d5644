"""Choosing the weights of a sum on validation: from the simplex with steps of a tenth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise

#: Steps from 0 to 1.
STEPS = 10

_ALL_POINTS = 4  # so many parts, and all points are tried: 286

Tenths = tuple[int, ...]


def simplex(n: int) -> Iterator[Tenths]:
    """Yield all ways to share ``STEPS`` steps among ``n`` parts, C(STEPS + n - 1, n - 1) of them."""
    for bars in combinations(range(STEPS + n - 1), n - 1):
        ends = (-1, *bars, STEPS + n - 1)
        yield tuple(b - a - 1 for a, b in pairwise(ends))


def best_weights(n: int, value: Callable[[tuple[float, ...]], float]) -> tuple[float, ...]:
    """Return the weights of ``n`` parts with the highest ``value``, equal weights among equals.

    Up to 4 parts all points of the grid are tried. With more, steps are moved from one part to another as long as that helps,
    starting nearest to equal weights. A value that is not a number is worse than any other.
    """
    equal = (1 / n,) * n
    best, best_value = equal, _number(value(equal))
    here = tuple(STEPS // n + (part < STEPS % n) for part in range(n))
    tried: dict[Tenths, float] = {} if STEPS % n else {here: best_value}

    def tested(point: Tenths) -> float:
        nonlocal best, best_value
        if point not in tried:
            weights = tuple(steps / STEPS for steps in point)
            tried[point] = _number(value(weights))
            if tried[point] > best_value:
                best, best_value = weights, tried[point]
        return tried[point]

    if n <= _ALL_POINTS:
        for point in simplex(n):
            tested(point)
        return best
    tested(here)
    while True:  # a step counts from where the walk stands: equal weights may be higher, and yet no point of the grid
        found = next((point for point in _moved(here) if tested(point) > tested(here)), None)
        if found is None:
            return best
        here = found


def _moved(point: Tenths) -> Iterator[Tenths]:
    """All points that differ by steps moved from one part to another."""
    for giver in range(len(point)):
        for taker in range(len(point)):
            for steps in range(1, point[giver] + 1) if giver != taker else ():
                yield tuple(own - steps * (part == giver) + steps * (part == taker) for part, own in enumerate(point))


def _number(value: float) -> float:
    return -math.inf if math.isnan(value) else value
