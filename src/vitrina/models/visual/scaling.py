"""Bringing the columns of a feature to one scale: centred, with standard deviation 1. Read in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vitrina.data.catalogue import FeatureMatrix
from vitrina.errors import VitrinaError
from vitrina.models.visual.pictures import Pictures
from vitrina.models.visual.reduction import known_rows
from vitrina.ranking.scorer import Scores

_FLAT = 1e-6  # a column that varies by less than this share of its largest value does not vary


@dataclass(frozen=True)
class Scaling:
    """What is subtracted from each column, and what the rest is multiplied by: float32 ``[n_columns]`` each."""

    mean: Scores
    factor: Scores

    @staticmethod
    def none(n_columns: int) -> Scaling:
        """Leave columns as they are."""
        return Scaling(np.zeros(n_columns, np.float32), np.ones(n_columns, np.float32))

    @staticmethod
    def of(pictures: Pictures, *, unit: bool = False) -> Scaling:
        """Measure the known rows; a column that never varies becomes zero. With ``unit`` rows have length 1 in the mean."""
        width = pictures.shape[1]
        count, sums, squares, largest = 0, np.zeros(width), np.zeros(width), np.zeros(width)
        for rows in _known(pictures):
            count += len(rows)
            sums += rows.sum(axis=0, dtype=np.float64)
            np.maximum(largest, np.abs(rows).max(axis=0, initial=0), out=largest)
        mean = (sums / max(1, count)).astype(np.float32)
        for rows in _known(pictures):
            squares += np.square(rows - mean, dtype=np.float64).sum(axis=0)
        deviation = np.sqrt(squares / max(1, count))
        factor = np.divide(1, deviation, out=np.zeros(width), where=deviation > _FLAT * largest)
        if unit and factor.any():
            factor *= count / sum(np.linalg.norm((rows - mean) * factor, axis=1).sum() for rows in _known(pictures))
        return Scaling(mean, factor.astype(np.float32))

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return bool(self.mean.any() or (self.factor != 1).any())

    def __call__(self, rows: Scores) -> Scores:
        """Return the scaled rows."""
        return (rows - self.mean) * self.factor if self.changes else rows

    def transform(self, features: FeatureMatrix) -> Scores:
        """Return float32 ``[n_items, n_columns]``; zeros, the place of the mean, for rows of NaN: items without the feature."""
        if features.shape[1] != self.mean.size:
            raise VitrinaError(f"expected a feature of {self.mean.size} columns, as at training; got {features.shape[1]}.")
        out = np.array(scaled(Pictures.of(features), self))
        out[~known_rows(features)] = 0
        return out


def scaled(pictures: Pictures, scaling: Scaling) -> Scores:
    """Return the scaled matrix ``[n_items, n_columns]``: the feature itself where nothing changes."""
    if not scaling.changes and pictures.whole is not None:
        return pictures.whole
    out = pictures.room()
    for block in pictures.blocks():
        out[block] = scaling(pictures.rows(block))
    return out


def _known(pictures: Pictures) -> Iterator[Scores]:
    """Yield the rows that are numbers, block by block."""
    for block in pictures.blocks():
        rows = pictures.rows(block)
        yield rows[np.isfinite(rows).all(axis=1)]
