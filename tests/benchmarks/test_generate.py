from __future__ import annotations

import numpy as np
import pytest
from benchmarks.generate import generate


def test_a_log_has_the_size_asked_for_and_each_pair_once() -> None:
    users, items = generate(400, 250, 9_000, seed=3)
    assert users.size == items.size == 9_000
    assert np.unique(users * 250 + items).size == 9_000
    assert users.min() >= 0
    assert users.max() < 400
    assert items.min() >= 0
    assert items.max() < 250


def test_a_seed_gives_one_log() -> None:
    first, again, other = (generate(200, 150, 3_000, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


def test_popularity_has_a_long_tail() -> None:
    _, items = generate(2_000, 1_000, 40_000)
    counts = np.sort(np.bincount(items, minlength=1_000))[::-1]
    assert counts[:100].sum() > 0.25 * counts.sum()
    assert (counts > 0).mean() > 0.9


def test_people_have_tastes() -> None:
    users, items = generate(2_000, 1_000, 40_000)
    x = np.zeros((2_000, 1_000), np.float32)
    x[users, items] = 1
    together = x.T @ x
    np.fill_diagonal(together, 0)
    by_chance = np.outer(x.sum(axis=0), x.sum(axis=0)) / 2_000
    best = np.sort(together / np.maximum(by_chance, 1), axis=1)[:, -20:]
    assert np.median(best) > 2  # an item's nearest are met together at least twice as often as chance says


def test_too_many_distinct_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="ask for fewer events"):
        generate(10, 10, 99)
