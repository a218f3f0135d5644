"""What a map shows, in numbers: how often works that are near each other share an artist or a style."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from vitrina.data.catalogue import FeatureMatrix
from vitrina.report.map.layout import nearest

NEIGHBOURS = 10
"""How many nearest works are looked at."""

SAMPLE = 4_000
"""Works that are asked for their neighbours; of a larger catalogue, so many drawn at random."""


@dataclass(frozen=True)
class Agreement:
    """How many of the nearest works share a value of ``attribute``, and how many would by chance, both as shares of one."""

    attribute: str
    share: float
    chance: float


def agreement(rows: FeatureMatrix, attribute: str, values: pl.Series, *, seed: int = 0) -> Agreement | None:
    """Measure it among the works that have a value: the ten nearest by cosine in the feature itself, not on the map.

    ``rows [n, dim]`` have length one, ``values [n]`` are texts or null. None when it cannot be told: sparse features, fewer
    than twenty works with a value, one value only, or no value that two works share.
    """
    known = values.is_not_null().to_numpy()
    if not isinstance(rows, np.ndarray) or known.sum() < 2 * NEIGHBOURS:
        return None
    codes = values.filter(pl.Series(known)).rank("dense").to_numpy().astype(np.int64) - 1
    counts = np.bincount(codes).astype(np.float64)
    n = len(codes)
    chance = float((counts * (counts - 1)).sum() / (n * (n - 1)))
    if not 0 < chance < 1:
        return None
    with_value = np.ascontiguousarray(rows[known])
    asked = sample(n, seed)
    found, _ = nearest(with_value[asked], with_value, asked, NEIGHBOURS)
    return Agreement(attribute, float((codes[found] == codes[asked][:, None]).mean()), chance)


def kept_neighbours(rows: FeatureMatrix, positions: NDArray[np.float32], *, seed: int = 0) -> float | None:
    """Return the share of each work's ten nearest by the feature that are among its ten nearest on the map.

    ``rows [n, dim]`` have length one, ``positions [n, 2]``. None for sparse features or fewer than twenty works.
    """
    if not isinstance(rows, np.ndarray) or len(rows) < 2 * NEIGHBOURS:
        return None
    asked = sample(len(rows), seed)
    true, _ = nearest(rows[asked], rows, asked, NEIGHBOURS)
    _, drawn = cKDTree(positions).query(positions[asked], NEIGHBOURS + 1)
    # A copy on the same place may come before the work itself, which then counts as nobody's neighbour.
    drawn = np.where(drawn == asked[:, None], -1, drawn)
    return float((true[:, :, None] == drawn[:, None, :]).any(axis=2).mean())


def sample(n: int, seed: int) -> NDArray[np.int64]:
    """Return the rows that are asked, ascending: all, or ``SAMPLE`` drawn at random."""
    if n <= SAMPLE:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, SAMPLE, replace=False))
