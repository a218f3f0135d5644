"""Moving thumbnails a little apart, so that each can be seen, while neighbours stay neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

FILL = 0.9
"""Share of the ground that a map covers which its thumbnails take, before they are moved."""

LARGEST = 0.14
"""Side of a thumbnail on a map of few works, in sides of the map."""

_ROUNDS = 80
_DONE = 0.02  # mean overlap, in sides of a thumbnail, at which nobody sees one
_STEP = 0.9  # of the way that sets a pair apart: others push too
_HOME = 0.003  # of the way back to where the layout put a work


def thumbnail_side(positions: NDArray[np.float32]) -> float:
    """Return the side of a thumbnail, in units of the map ``[n, 2]``, at which all of them about fill the covered ground."""
    n = len(positions)
    cells = max(2, int(np.sqrt(n / 3)))
    grid = np.minimum((positions * cells).astype(np.int64), cells - 1)
    covered = len(np.unique(grid[:, 0] * cells + grid[:, 1])) / cells**2
    return min(LARGEST, float(np.sqrt(FILL * covered / n)))


def spread_apart(
    positions: NDArray[np.float32], boxes: NDArray[np.float32], side: float, *, seed: int = 0
) -> NDArray[np.float32]:
    """Return ``positions [n, 2]`` moved until the thumbnails hardly overlap.

    ``boxes [n, 2]`` are widths and heights as shares of ``side``. Pairs that overlap are pushed apart along the axis on
    which they overlap less, in rounds, and everything is drawn back a little to its place: a map, not a wall of tiles.
    """
    home = positions.astype(np.float64)
    # Works on exactly one place have no direction in which to part.
    place = home + np.random.default_rng(seed).uniform(-1e-3, 1e-3, home.shape) * side
    half = boxes.astype(np.float64) * (side / 2)
    if len(place) < 2:
        return positions
    for _ in range(_ROUNDS):
        pairs = cKDTree(place).query_pairs(side, p=np.inf, output_type="ndarray")
        a, b = pairs[:, 0], pairs[:, 1]
        apart = place[b] - place[a]
        overlap = half[a] + half[b] - np.abs(apart)
        hit = (overlap > 0).all(axis=1)
        if not hit.any() or overlap[hit].min(axis=1).sum() < _DONE * side * len(place):
            break
        a, b, apart, overlap = a[hit], b[hit], apart[hit], overlap[hit]
        axis = overlap.argmin(axis=1)
        rows = np.arange(len(axis))
        push = np.where(apart[rows, axis] < 0, -1.0, 1.0) * overlap[rows, axis] * (_STEP / 2)
        for dimension in (0, 1):
            own = np.where(axis == dimension, push, 0.0)
            place[:, dimension] += np.bincount(b, own, len(place)) - np.bincount(a, own, len(place))
        place += _HOME * (home - place)
    return place.astype(np.float32)
