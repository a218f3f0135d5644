"""Fewer columns for a feature of many: its principal components.

What is learned are a mean and some axes, so that features of items that come later are seen the same way::

    reduced = (f - mean) axes'

Principal components are the directions of largest variance, the largest first (Jolliffe, "Principal Component Analysis", 2002);
each points to where its largest loading, by absolute value, is positive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import FeatureMatrix
from vitrina.errors import VitrinaError
from vitrina.ranking.scorer import Scores

Floats = NDArray[np.float64]

_BLOCK_BYTES = 2**25  # of the rows looked at at a time, in float64
_NOTHING = 1e-10  # variance below this share of the largest is rounding


@dataclass(frozen=True)
class Reduction:
    """What was learned: ``mean`` float32 ``[n_columns]`` and ``axes`` float32 ``[k, n_columns]``."""

    mean: Scores
    axes: Scores

    def transform(self, features: FeatureMatrix) -> Scores:
        """Return float32 ``[n_items, k]``; zeros, the place of the mean, for rows of NaN: items without the feature."""
        if features.shape[1] != self.mean.size:
            raise VitrinaError(f"expected a feature of {self.mean.size} columns, as at training; got {features.shape[1]}.")
        out = np.empty((features.shape[0], len(self.axes)), np.float32)
        known = known_rows(features)
        for rows, block in _blocks(features, np.arange(features.shape[0]), np.float32):
            out[rows] = (block - self.mean) @ self.axes.T
        out[~known] = 0
        return out


def known_rows(features: FeatureMatrix) -> NDArray[np.bool_]:
    """Mark the items that have the feature, ``[n_items]``: those whose row is not NaN altogether.

    Raises ``VitrinaError`` when a row holds both numbers and what is no finite number: such a feature is damaged.
    """
    if isinstance(features, csr_matrix):
        finite: NDArray[np.bool_] = np.ones(features.shape[0], bool)
        wrong = int((~np.isfinite(features.data)).sum())
    else:
        finite = np.asarray(np.isfinite(features).all(axis=1))
        wrong = int((~np.isnan(features[~finite]).all(axis=1)).sum())
    if wrong:
        raise VitrinaError(f"a feature holds infinite or missing values in {wrong} rows. A row is all numbers, or all NaN.")
    return finite


def fit_pca(features: FeatureMatrix, columns: int, *, whiten: bool = False) -> Reduction:
    """Find the first ``columns`` principal components of the rows that are known, fewer where there are no more.

    ``whiten`` divides each by its standard deviation. Time O(n d min(n, d)), memory min(n, d)^2 beside a block of rows:
    the axes come from the smaller of the two Gram matrices, in float64.
    """
    rows = np.flatnonzero(known_rows(features))
    d = features.shape[1]
    mean = np.zeros(d)
    for _, block in _blocks(features, rows):
        mean += block.sum(axis=0)
    mean /= max(1, rows.size)
    k = min(columns, d, rows.size)
    axes, variance = (_by_columns if d <= rows.size else _by_rows)(features, rows, mean, k)
    if whiten:
        deviation = np.sqrt(variance / max(1, rows.size - 1))
        axes = np.divide(axes, deviation[:, None], out=np.zeros_like(axes), where=deviation[:, None] > 0)
    return Reduction(mean.astype(np.float32), _signed(axes).astype(np.float32))


def _by_columns(features: FeatureMatrix, rows: NDArray[np.int64], mean: Floats, k: int) -> tuple[Floats, Floats]:
    """Eigenvectors of the scatter of columns ``[d, d]``."""
    scatter = np.zeros((mean.size, mean.size))
    for _, block in _blocks(features, rows):
        block = block - mean
        scatter += block.T @ block
    values, vectors = _largest(scatter, k)
    return vectors.T, values


def _by_rows(features: FeatureMatrix, rows: NDArray[np.int64], mean: Floats, k: int) -> tuple[Floats, Floats]:
    """Eigenvectors of the products of rows ``[n, n]``, carried over to columns: X = U S V', so V' = S^-1 U' X."""
    centred = np.concatenate([block - mean for _, block in _blocks(features, rows)] or [np.zeros((0, mean.size))])
    values, vectors = _largest(centred @ centred.T, k)
    axes = vectors.T @ centred
    lengths = np.linalg.norm(axes, axis=1, keepdims=True)
    return np.divide(axes, lengths, out=np.zeros_like(axes), where=values[:, None] > 0), values


def _largest(matrix: Floats, k: int) -> tuple[Floats, Floats]:
    """The ``k`` largest eigenvalues of a symmetric matrix, and vectors; both zero where a value is no more than rounding."""
    n = len(matrix)
    if not k:
        return np.zeros(0), np.zeros((n, 0))
    values, vectors = scipy.linalg.eigh(matrix, subset_by_index=(n - k, n - 1), driver="evr")
    values, vectors = values[::-1], vectors[:, ::-1]
    real = values > _NOTHING * max(values[0], 0.0)
    return np.where(real, values, 0.0), np.where(real, vectors, 0.0)


def _signed(axes: Floats) -> Floats:
    if not axes.size:
        return axes
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    return np.where(largest < 0, -axes, axes)


def _blocks(
    features: FeatureMatrix, rows: NDArray[np.int64], dtype: type[np.floating] = np.float64
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.floating]]]:
    """Yield row numbers and their rows, dense; NaN where an item has none, so that nobody overlooks it."""
    size = max(1, _BLOCK_BYTES // (8 * max(1, features.shape[1])))
    for start in range(0, rows.size, size):
        part = rows[start : start + size]
        found = features[part]
        yield part, (found.toarray() if isinstance(found, csr_matrix) else found).astype(dtype)
