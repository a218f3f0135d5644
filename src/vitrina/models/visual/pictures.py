"""Features of pictures as visual models read them: in blocks, so that they need not fit in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import Catalogue, FeatureMatrix, Recipe
from vitrina.errors import VitrinaError, unknown
from vitrina.ranking.scorer import Scores

#: Between the names of features that are taken together.
JOIN = "+"

_MEASURED = ("evf", "lbp")  # sources, and names, of features that are measured: each column has a unit of its own
_BLOCK_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Pictures:
    """Columns of one feature or of several side by side; nothing is read before ``rows`` is asked for."""

    parts: tuple[tuple[FeatureMatrix, NDArray[np.int64] | None], ...]
    measured: bool = False  # whether any of them was measured, rather than made by a network

    @staticmethod
    def of(matrix: FeatureMatrix) -> Pictures:
        """Take all columns of one matrix."""
        return Pictures(((matrix, None),))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of items and of columns."""
        widths = (matrix.shape[1] if columns is None else columns.size for matrix, columns in self.parts)
        return self.parts[0][0].shape[0], sum(widths)

    def rows(self, block: slice) -> Scores:
        """Read some rows, float32 and dense."""
        picked = [matrix[block] if columns is None else matrix[block][:, columns] for matrix, columns in self.parts]
        read = [np.asarray(part.toarray() if isinstance(part, csr_matrix) else part) for part in picked]
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
        if len(self.parts) > 1 or columns is not None or isinstance(matrix, csr_matrix):
            return None
        return matrix if matrix.dtype == np.float32 and matrix.flags.c_contiguous else None

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


def inverse_lengths(vectors: Scores) -> Scores:
    """Return 1 / length of each row, float32: 0 for a row of zeros, NaN for one that is not finite. Read in blocks."""
    out = np.empty(len(vectors), np.float32)
    for block in Pictures.of(vectors).blocks():
        rows = np.asarray(vectors[block])
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
        out[block] = np.where(lengths == 0, 0, np.where(np.isfinite(lengths), 1 / np.where(lengths > 0, lengths, 1), np.nan))
    return out
