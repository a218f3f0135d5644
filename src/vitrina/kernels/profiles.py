"""Many numbers to one: the mean, or the mean of the largest, of the similarities of an item to each item of a profile."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.fastmath import REORDERED

Floats = NDArray[np.float32]


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _rows(similarities: Floats, offsets: NDArray[np.int64], members: NDArray[np.int32], most: int, out: Floats) -> None:
    n_columns = similarities.shape[1]
    best, rest = np.empty((most, n_columns), np.float32), np.empty(n_columns, np.float32)
    for query in range(offsets.size - 1):
        begin, end = offsets[query], offsets[query + 1]
        total = out[query]
        if begin == end:
            total[:] = np.float32(np.nan)
            continue
        levels = min(most, end - begin)
        if levels == 0 or levels == end - begin:  # all of them
            total[:] = np.float32(0)
            for p in range(begin, end):
                row = similarities[members[p]]
                for c in range(n_columns):
                    total[c] += row[c]
            levels = end - begin
        else:
            best[:levels] = np.float32(-np.inf)
            for p in range(begin, end):
                row = similarities[members[p]]
                if levels == 1:
                    top = best[0]
                    for c in range(n_columns):
                        top[c] = top[c] if top[c] > row[c] else row[c]
                else:  # level by level, so that columns vectorise: the smaller number goes on to the next
                    rest[:] = row
                    for level in range(levels):
                        top = best[level]
                        for c in range(n_columns):
                            old, new = top[c], rest[c]
                            top[c] = old if old > new else new
                            rest[c] = new if old > new else old
            total[:] = best[0]
            for level in range(1, levels):
                for c in range(n_columns):
                    total[c] += best[level, c]
        share = np.float32(1) / np.float32(levels)
        for c in range(n_columns):
            total[c] *= share


def mean_of_largest(similarities: Floats, offsets: NDArray[np.int64], members: NDArray[np.int32], most: int, out: Floats) -> None:
    """Fill ``out [n, m]`` with the mean of the ``most`` largest similarities of each profile, of all with ``most`` 0.

    ``similarities [k, m]`` has one row for each of ``k`` items; profile q consists of the rows
    ``members[offsets[q]:offsets[q + 1]]``. An empty profile gives NaN. Raises ``ValueError`` for members that do not exist.
    """
    if members.size and not 0 <= int(members.min()) <= int(members.max()) < len(similarities):
        raise ValueError(f"profiles name items beyond the {len(similarities)} similarities.")
    if out.shape != (offsets.size - 1, similarities.shape[1]) or int(offsets[-1]) > members.size:
        raise ValueError(f"{offsets.size - 1} profiles and {similarities.shape[1]} columns do not fill {list(out.shape)}.")
    _rows(similarities, offsets, members, most, out)


@njit(nogil=True, cache=True)
def _pairs(
    similarities: Floats,
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    most: int,
    queries: NDArray[np.int64],
    columns: NDArray[np.int64],
    out: Floats,
) -> None:
    best = np.empty(most, np.float32)
    for pair in range(queries.size):
        begin, end = offsets[queries[pair]], offsets[queries[pair] + 1]
        column, total = columns[pair], np.float32(0)
        levels = min(most, end - begin)
        if levels == 0 or levels == end - begin:
            for p in range(begin, end):
                total += similarities[members[p], column]
            levels = end - begin
        else:
            best[:levels] = np.float32(-np.inf)
            for p in range(begin, end):
                new = similarities[members[p], column]
                for level in range(levels):
                    old = best[level]
                    best[level] = max(old, new)
                    new = min(old, new)
            for level in range(levels):
                total += best[level]
        out[pair] = total / np.float32(levels) if levels > 0 else np.float32(np.nan)


def mean_of_largest_at(
    similarities: Floats,
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    most: int,
    queries: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> Floats:
    """Like ``mean_of_largest``, but only for the pairs (profile ``queries[p]``, column ``columns[p]``): float32 ``[p]``."""
    if members.size and not 0 <= int(members.min()) <= int(members.max()) < len(similarities):
        raise ValueError(f"profiles name items beyond the {len(similarities)} similarities.")
    inside = not queries.size or (int(queries.min()) >= 0 and int(queries.max()) < offsets.size - 1)
    if not inside or (columns.size and not 0 <= int(columns.min()) <= int(columns.max()) < similarities.shape[1]):
        raise ValueError(f"pairs beyond {offsets.size - 1} profiles and {similarities.shape[1]} columns.")
    out = np.empty(queries.size, np.float32)
    _pairs(similarities, offsets, members, most, queries, columns, out)
    return out
