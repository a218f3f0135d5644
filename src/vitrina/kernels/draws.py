"""Drawing events and items that a user has not consumed, inside compiled loops."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.hashing import GOLDEN, mix
from vitrina.kernels.strata import Places
from vitrina.kernels.threads import over_rows

Numbers = NDArray[np.int64]

_DRAWN = 1024  # users from whom on it is worth waking other threads
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


@njit(nogil=True, cache=True, inline="always")
def _up_to(keys: Numbers, first: int, last: int, wanted: int) -> int:
    """Return the first place after ``first`` and before ``last``, or that, whose key is above ``wanted``; keys ascend."""
    while first < last:
        half = (last - first + 1) // 2
        above = keys[first + half - 1] > wanted
        last = first + half - 1 if above else last
        first = first if above else first + half
    return first


def draw_others(
    at: NDArray[np.float64], users: Numbers, free: Numbers, offsets: Numbers, keys: Numbers, weights: Numbers, start: Numbers,
    *, alike: bool,
) -> Numbers:  # fmt: skip
    """Draw items that users have not consumed at points ``at [n, k]`` in [0, 1); see ``vitrina.training.negatives``."""
    out = np.empty(at.shape, np.int64)

    def some(begin: int, end: int) -> None:
        _draw_others(at[begin:end], users[begin:end], free, offsets, keys, weights, start, alike, out[begin:end])

    over_rows(users.size, some, min_rows=_DRAWN)
    return out


@njit(nogil=True, cache=True)
def _draw_others(
    at: NDArray[np.float64], users: Numbers, free: Numbers, offsets: Numbers, keys: Numbers, weights: Numbers, start: Numbers,
    alike: bool, out: Numbers,
) -> None:  # fmt: skip
    n_items = start.size - 1
    for n in range(users.size):
        user = users[n]
        first, last, room = offsets[user], offsets[user + 1], free[user]
        for k in range(at.shape[1]):
            point = np.int64(at[n, k] * room)
            own = _up_to(keys, first, last, user * (start[n_items] + 1) + point)
            place = point + (own - first if alike else weights[own] - weights[first])
            out[n, k] = -1 if room <= 0 else place if alike else _up_to(start, 0, n_items + 1, place) - 1
