"""Counts at moments: how often each column was met before each of several moments, in one pass over a log."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def _fill(
    out: NDArray[np.float32],
    running: NDArray[np.float64],
    ends: NDArray[np.int64],
    fades: NDArray[np.float64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float64],
) -> None:
    event = 0
    for row in range(ends.size):
        if fades[row] != 1.0:
            running *= fades[row]
        while event < ends[row]:
            running[columns[event]] += weights[event]
            event += 1
        out[row] = running


def running_counts(
    running: NDArray[np.float64],
    ends: NDArray[np.int64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float64] | None = None,
    fades: NDArray[np.float64] | None = None,
) -> NDArray[np.float32]:
    """Return the counts ``[len(ends), n_columns]`` after the first ``ends[0]``, ``ends[1]``, ... events, float32.

    ``running`` float64 ``[n_columns]`` are the counts to begin with; it is left with the last ones. Event e adds
    ``weights[e]`` (1 where none are given) to ``columns[e]``; before the events of row r all counts are multiplied by
    ``fades[r]``. Raises ``ValueError`` for ends that descend or lie beyond the events, and for columns that do not exist.
    """
    rising = bool((np.diff(ends, prepend=0) >= 0).all()) and int(ends[-1] if ends.size else 0) <= columns.size
    if not rising or (columns.size and not 0 <= int(columns.min()) <= int(columns.max()) < running.size):
        raise ValueError(f"ends must ascend to at most {columns.size}, and columns lie in 0..{running.size - 1}.")
    out = np.empty((ends.size, running.size), np.float32)
    _fill(
        out,
        running,
        np.ascontiguousarray(ends, np.int64),
        np.ones(ends.size) if fades is None else fades,
        np.ascontiguousarray(columns, np.int32),
        np.ones(columns.size) if weights is None else weights,
    )
    return out
