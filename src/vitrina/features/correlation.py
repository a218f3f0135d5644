"""What a network sees, told by what can be measured: the correlation of each measured feature with each network dimension.

The explainability table of the UGallery study (lecture of D. Parra): for every explicit visual feature the strongest positive
and the strongest negative Pearson correlation among all dimensions of a network's layer, and where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitrina.errors import VitrinaError

Matrix = NDArray[np.floating]

_COLUMNS_AT_ONCE = 1024


@dataclass(frozen=True)
class Extremes:
    """The strongest correlations of one measured feature, and the dimensions (counted from 0) that have them."""

    feature: str
    highest: float
    highest_at: int
    lowest: float
    lowest_at: int


def correlations(measured: Matrix, network: Matrix) -> NDArray[np.float64]:
    """Return Pearson's r of each column of ``measured [n, m]`` with each of ``network [n, d]``: ``[m, d]``.

    Over the rows known in both; a column that does not vary has r = NaN. Raises ``VitrinaError`` for fewer than 3 such rows.
    """
    known = np.isfinite(measured).all(axis=1) & np.isfinite(network).all(axis=1)
    if known.sum() < 3:
        raise VitrinaError(f"{int(known.sum())} items have both features; a correlation needs at least 3.")
    left = _standard(np.asarray(measured[known], np.float64))
    out = np.empty((measured.shape[1], network.shape[1]))
    for start in range(0, network.shape[1], _COLUMNS_AT_ONCE):
        columns = slice(start, start + _COLUMNS_AT_ONCE)
        out[:, columns] = left.T @ _standard(np.asarray(network[known, columns], np.float64))
    return out


def extremes(measured: Matrix, names: Sequence[str], network: Matrix) -> list[Extremes]:
    """Return for each named column of ``measured`` its extreme correlations; columns that do not vary are left out."""
    found = []
    for name, row in zip(names, correlations(measured, network), strict=True):
        if np.isfinite(row).any():
            high, low = int(np.nanargmax(row)), int(np.nanargmin(row))
            found.append(Extremes(name, float(row[high]), high, float(row[low]), low))
    return found


def _standard(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre columns and scale them to length 1; NaN where they do not vary beyond rounding."""
    centred = columns - columns.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    varies = length > 1e-9 * np.sqrt((columns**2).sum(axis=0))
    standard: NDArray[np.float64] = centred / np.where(varies, length, np.nan)
    return standard
