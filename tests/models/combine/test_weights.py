import math
from math import comb

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vitrina.models.combine.weights import STEPS, best_weights, simplex


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_simplex_has_all_points_once(n):
    points = list(simplex(n))
    assert len(points) == len(set(points)) == comb(STEPS + n - 1, n - 1)
    assert all(sum(point) == STEPS and min(point) >= 0 for point in points)


@example([1, 1, 1, 1, 1, 2])
@given(st.lists(st.integers(0, 10), min_size=2, max_size=6).filter(any))
@settings(max_examples=30)
def test_finds_the_best_of_a_hill(target):
    """A concave value has one top, which a walk finds, too, even where it begins below the equal weights of no grid point."""
    total = sum(target)
    goal = [t / total for t in target]

    def value(weights):
        return -sum((w - g) ** 2 for w, g in zip(weights, goal, strict=True))

    best = best_weights(len(goal), value)
    assert sum(best) == pytest.approx(1)
    assert value(best) >= max(value(tuple(p / STEPS for p in point)) for point in simplex(len(goal))) - 1e-12


def test_equal_weights_stand_where_nothing_is_better():
    assert best_weights(3, lambda weights: 1.0) == (1 / 3,) * 3
    assert best_weights(6, lambda weights: math.nan) == (1 / 6,) * 6


def test_no_point_is_tried_twice():
    tried = []
    best_weights(5, lambda weights: tried.append(weights) or weights[0])
    assert len(tried) == len(set(tried))
    assert best_weights(5, lambda weights: weights[0]) == (1, 0, 0, 0, 0)
