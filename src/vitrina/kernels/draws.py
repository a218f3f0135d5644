"""Drawing events and items that a user has not consumed, inside compiled loops."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.hashing import mix
from vitrina.kernels.strata import Places

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  #: What the state of a stream of random numbers grows by at each draw.

_TRIES = 100  # to find an item that a user has not consumed


@njit(nogil=True, cache=True, inline="always")
def below(state: np.uint64, n: int) -> int:
    """A number in 0..n-1 from the upper bits of a mixed counter."""
    return np.int64((mix(state) >> np.uint64(32)) * np.uint64(n) >> np.uint64(32))  # type: ignore[return-value]


@njit(nogil=True, cache=True, inline="always")
def contains(row: NDArray[np.int32], item: int) -> bool:
    """Search an ascending row; without branches, which would be mispredicted half of the time."""
    base, length = 0, row.size
    while length > 1:
        half = length // 2
        base += half if row[base + half] <= item else 0
        length -= half
    return bool(length == 1 and row[base] == item)


@njit(nogil=True, cache=True, inline="always")
def draw_pair(
    state: np.uint64,
    first: int,
    of_user: Places,
    of_item: Places,
    choice: NDArray[np.int32],
    offsets: NDArray[np.int32],
    columns: NDArray[np.int32],
) -> tuple[np.uint64, int, int, int]:
    """Draw an event (user, i) of a stratum and an item j of ``choice`` that the user has not consumed, both uniformly.

    Returns the new state and the three; j is i where there is nothing, or next to nothing, that this user has not consumed.
    """
    state += GOLDEN
    event = below(state, of_user.size)
    user, i = first + np.int64(of_user[event]), choice[of_item[event]]
    seen = columns[offsets[user] : offsets[user + 1]]
    j = i
    for _ in range(_TRIES):
        state += GOLDEN
        j = choice[below(state, choice.size)]
        if not contains(seen, j):
            break
        j = i
    return state, user, i, j  # type: ignore[return-value]
