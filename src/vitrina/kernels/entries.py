"""Entries of some rows of a sparse matrix, one row after the other, as a training step reads them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@njit(nogil=True, cache=True)
def entries_of(offsets: Integers, columns: Integers, rows: Integers) -> tuple[Integers, Integers, Integers]:
    """Return all entries of ``rows [n]`` of CSR: which of the rows each is of, its column, and how many each row has ``[n]``."""
    lengths = offsets[rows + 1] - offsets[rows]
    row, column = np.empty(lengths.sum(), np.int64), np.empty(lengths.sum(), np.int64)
    place = 0
    for number in range(rows.size):
        for entry in range(offsets[rows[number]], offsets[rows[number] + 1]):
            row[place], column[place] = number, columns[entry]
            place += 1
    return row, column, lengths


@njit(nogil=True, cache=True)
def kept_entries(
    row: Integers, column: Integers, points: NDArray[np.float32], least: float, n_rows: int
) -> tuple[Integers, Integers, Integers]:
    """Return the entries whose ``points`` are at least ``least``, and how many each row has left ``[n_rows]``."""
    kept_row, kept_column, lengths = np.empty_like(row), np.empty_like(column), np.zeros(n_rows, np.int64)
    place = 0
    for entry in range(row.size):
        kept_row[place], kept_column[place] = row[entry], column[entry]  # written over by the next one unless it is kept
        kept = points[entry] >= least
        lengths[row[entry]] += kept
        place += kept
    return kept_row[:place], kept_column[:place], lengths
