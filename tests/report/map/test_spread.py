from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from vitrina.report.map.spread import LARGEST, spread_apart, thumbnail_side


def mean_overlap(places: np.ndarray, boxes: np.ndarray, side: float) -> float:
    """How far thumbnails reach into their neighbours, summed over the pairs, in sides of a thumbnail per work."""
    a, b = cKDTree(places).query_pairs(side, p=np.inf, output_type="ndarray").T
    reach = (boxes[a] + boxes[b]) * side / 2 - np.abs(places[a] - places[b])
    return float(reach.min(axis=1).clip(0).sum() / side / len(places))


def test_thumbnails_part_and_neighbours_stay():
    rng = np.random.default_rng(0)
    places = np.concatenate([c + 0.08 * rng.standard_normal((150, 2)) for c in ((0.2, 0.2), (0.8, 0.3), (0.5, 0.8))])
    places = np.clip(places, 0, 1).astype(np.float32)
    boxes = np.stack([np.ones(450), np.full(450, 0.7)], axis=1).astype(np.float32)
    side = thumbnail_side(places)
    moved = spread_apart(places, boxes, side)
    assert mean_overlap(moved, boxes, side) < 0.15 * mean_overlap(places, boxes, side)
    assert np.median(np.abs(moved - places)) < 2 * side
    cluster = np.repeat([0, 1, 2], 150)
    _, found = cKDTree(moved).query(moved, 6)
    assert (cluster[found] == cluster[:, None]).mean() > 0.99


def test_works_on_one_place_become_visible():
    places = np.full((12, 2), 0.5, np.float32)
    boxes = np.ones((12, 2), np.float32)
    moved = spread_apart(places, boxes, 0.1)
    assert cKDTree(moved).query(moved, 2)[0][:, 1].min() > 0.05
    assert np.array_equal(moved, spread_apart(places, boxes, 0.1))


def test_nothing_moves_where_nothing_overlaps():
    places = np.array([[0, 0], [0.5, 0.5], [1, 0]], np.float32)
    assert np.abs(spread_apart(places, np.ones((3, 2), np.float32), 0.1) - places).max() < 1e-3


def test_few_works_are_large_but_not_huge():
    for n in (1, 2, 5):
        assert thumbnail_side(np.linspace(0, 1, 2 * n, dtype=np.float32).reshape(n, 2)) <= LARGEST
    rng = np.random.default_rng(0)
    assert thumbnail_side(rng.random((4000, 2)).astype(np.float32)) < thumbnail_side(rng.random((400, 2)).astype(np.float32))
