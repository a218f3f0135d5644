"""Features of pictures as VisRank compares them: read, brought to one scale and measured in blocks, so that they need not fit
in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import Catalogue, Recipe
from vitrina.errors import VitrinaError, unknown
from vitrina.ranking.scorer import Scores

#: Between the names of features that are taken together.
JOIN = "+"

_MEASURED = ("evf", "lbp")  # sources, and names, of features that are measured: each column has a unit of its own
_BLOCK_BYTES = 32 * 2**20
_FLAT = 1e-6  # a column that varies by less than this share of its largest value does not vary


@dataclass(frozen=True)
class Pictures:
    """Columns of one feature or of several side by side; nothing is read before ``rows`` is asked for."""

    parts: tuple[tuple[NDArray[np.float32], NDArray[np.int64] | None], ...]
    measured: bool  # whether any of them was measured, rather than made by a network

    @property
    def shape(self) -> tuple[int, int]:
        """Number of items and of columns."""
        widths = (matrix.shape[1] if columns is None else columns.size for matrix, columns in self.parts)
        return self.parts[0][0].shape[0], sum(widths)

    def rows(self, block: slice) -> Scores:
        """Read some rows, float32."""
        read = [matrix[block] if columns is None else matrix[block][:, columns] for matrix, columns in self.parts]
        return np.asarray(read[0] if len(read) == 1 else np.concatenate(read, axis=1), np.float32)

    def blocks(self) -> Iterator[slice]:
        """Cut the rows into blocks of a comfortable size."""
        n, width = self.shape
        step = max(1, _BLOCK_BYTES // (4 * max(1, width)))
        yield from (slice(start, min(n, start + step)) for start in range(0, n, step))

    @property
    def whole(self) -> Scores | None:
        """The matrix itself where it can be used as it is, without a copy; it may be mapped from a file."""
        matrix, columns = self.parts[0]
        usable = len(self.parts) == 1 and columns is None and matrix.dtype == np.float32 and matrix.flags.c_contiguous
        return matrix if usable else None

    def room(self) -> Scores:
        """Room for as many numbers: in a nameless file where the features lie in files, else in memory."""
        if any(isinstance(matrix, np.memmap) for matrix, _ in self.parts) and min(self.shape):
            with tempfile.TemporaryFile() as file:  # what is mapped outlives the closing, and goes with the last array
                return np.memmap(file, np.float32, "w+", shape=self.shape)
        return np.empty(self.shape, np.float32)


def pictures_of(catalogue: Catalogue, feature: str, columns: tuple[str, ...] = ()) -> Pictures:
    """Find the feature, or several joined by ``+``; of their ``columns``, by the names in the recipes, all or those named.

    Raises ``UnknownNameError`` for features and columns that the catalogue lacks, ``VitrinaError`` for sparse features.
    """
    names = [feature] if feature in catalogue.features else feature.split(JOIN)
    parts, measured, found = [], False, set()
    known: list[str] = []
    for name in names:
        matrix = catalogue.feature(name)
        if isinstance(matrix, csr_matrix):
            raise VitrinaError(f"the feature {name!r} is sparse, as words are; pictures have dense ones. Use itemknn-cbf.")
        actual = catalogue.feature_name(name) or name
        recipe = catalogue.recipes.get(actual, Recipe())
        measured |= recipe.source in _MEASURED or (not recipe.source and actual in _MEASURED)
        known += recipe.columns
        wanted = [recipe.columns.index(column) for column in columns if column in recipe.columns]
        found |= set(columns) & set(recipe.columns)
        if not columns or wanted:
            parts.append((matrix, np.array(wanted, np.int64) if columns else None))
    for column in columns:
        if column not in found:
            raise unknown("column", column, known, "" if known else f"The columns of {feature!r} have no names.")
    return Pictures(tuple(parts), measured)


@dataclass(frozen=True)
class Scale:
    """What is subtracted from each column, and what the rest is multiplied by: float32 ``[n_columns]`` each."""

    mean: Scores
    factor: Scores

    @staticmethod
    def none(n_columns: int) -> Scale:
        """Leave columns as they are."""
        return Scale(np.zeros(n_columns, np.float32), np.ones(n_columns, np.float32))

    @staticmethod
    def of(pictures: Pictures) -> Scale:
        """Centre each column and give it the standard deviation 1 over the known rows; one that never varies becomes zero."""
        width = pictures.shape[1]
        count, sums, squares, largest = 0, np.zeros(width), np.zeros(width), np.zeros(width)
        for block in pictures.blocks():
            rows = _known(pictures.rows(block))
            count += len(rows)
            sums += rows.sum(axis=0, dtype=np.float64)
            np.maximum(largest, np.abs(rows).max(axis=0, initial=0), out=largest)
        mean = (sums / max(1, count)).astype(np.float32)
        for block in pictures.blocks():
            squares += np.square(_known(pictures.rows(block)) - mean, dtype=np.float64).sum(axis=0)
        deviation = np.sqrt(squares / max(1, count))
        varies = deviation > _FLAT * largest
        return Scale(mean, np.divide(1, deviation, out=np.zeros(width), where=varies).astype(np.float32))

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return bool(self.mean.any() or (self.factor != 1).any())

    def __call__(self, rows: Scores) -> Scores:
        """Return the scaled rows."""
        return (rows - self.mean) * self.factor if self.changes else rows


def scaled(pictures: Pictures, scale: Scale) -> Scores:
    """Return the scaled matrix ``[n_items, n_columns]``: the feature itself where nothing changes."""
    if not scale.changes and pictures.whole is not None:
        return pictures.whole
    out = pictures.room()
    for block in pictures.blocks():
        out[block] = scale(pictures.rows(block))
    return out


def inverse_lengths(vectors: Scores) -> Scores:
    """Return 1 / length of each row, float32: 0 for a row of zeros, NaN for one that is not finite. Read in blocks."""
    out = np.empty(len(vectors), np.float32)
    for block in Pictures(((vectors, None),), False).blocks():
        rows = np.asarray(vectors[block])
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
        out[block] = np.where(lengths == 0, 0, np.where(np.isfinite(lengths), 1 / np.where(lengths > 0, lengths, 1), np.nan))
    return out


def _known(rows: Scores) -> Scores:
    return rows[np.isfinite(rows).all(axis=1)]
