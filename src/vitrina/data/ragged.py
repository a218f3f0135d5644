"""Rows of different lengths as two flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix


@dataclass(frozen=True)
class Ragged:
    """Row ``r`` is ``values[offsets[r]:offsets[r + 1]]``. ``offsets`` is int64 ``[n + 1]``, ``values`` int32."""

    offsets: NDArray[np.int64]
    values: NDArray[np.int32]

    def __len__(self) -> int:
        return self.offsets.size - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Length of each row ``[n]``."""
        return np.diff(self.offsets)

    def row(self, index: int) -> NDArray[np.int32]:
        """Return one row."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def rows(self, start: int, stop: int) -> Ragged:
        """Return rows ``start`` to ``stop`` as views."""
        offsets = self.offsets[start : stop + 1]
        return Ragged(offsets - offsets[0], self.values[offsets[0] : offsets[-1]])

    def take(self, rows: NDArray[np.integer]) -> Ragged:
        """Return the given rows, in that order, as a copy."""
        lengths = self.lengths[rows]
        offsets = np.zeros(lengths.size + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        at = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return Ragged(offsets, self.values[at])

    def padded(self, fill: int = -1) -> NDArray[np.int32]:
        """Return the rows as one int32 matrix ``[n, longest]``, short rows filled with ``fill``."""
        lengths = self.lengths
        out = np.full((len(self), int(lengths.max(initial=0))), fill, np.int32)
        out[np.arange(out.shape[1]) < lengths[:, None]] = self.values
        return out

    @staticmethod
    def group(rows: NDArray[np.integer], values: NDArray[np.integer], n_rows: int) -> Ragged:
        """Gather ``values`` by their row number, keeping the given order inside each row."""
        order = np.argsort(rows, kind="stable")
        offsets = np.zeros(n_rows + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=n_rows), out=offsets[1:])
        return Ragged(offsets, np.asarray(values)[order].astype(np.int32, copy=False))

    @staticmethod
    def sets(rows: NDArray[np.integer], values: NDArray[np.integer], n_rows: int) -> Ragged:
        """Like ``group``, but each row is a set: ascending, without repeats."""
        width = int(np.max(values, initial=-1)) + 1
        cells = coo_matrix((np.ones(len(values), np.bool_), (rows, values)), shape=(n_rows, width)).tocsr()
        cells.sort_indices()
        return Ragged(cells.indptr.astype(np.int64), cells.indices.astype(np.int32, copy=False))
