"""Who stands in a list, and where: each number once, with its places."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.hashing import GOLDEN

Places = NDArray[np.int64]


class Groups(NamedTuple):
    """Room for the distinct ``numbers`` of a list, in order of first appearance, and where they stand.

    ``of`` is the row of each place of the list; the places of row r are those from ``ends[r]`` to ``ends[r + 1]`` in ``places``.
    ``slots`` are a table of hashes.
    """

    numbers: Places
    of: Places
    ends: Places
    places: Places
    slots: Places


def room(n: int) -> Groups:
    """Return room for lists of at most ``n`` numbers."""
    slots = 1 << (2 * n).bit_length()
    return Groups(*(np.empty(size, np.int64) for size in (n, n, n + 1, n, slots)))


@njit(nogil=True, cache=True)
def group(listed: Places, into: Groups) -> int:
    """Group the places of ``listed``, numbers of at least 0; returns how many are distinct."""
    numbers, of, ends, places, slots = into
    n, m, last = listed.size, 0, slots.size - 1
    bits = 0
    while (1 << bits) < slots.size:
        bits += 1
    slots[:], ends[: n + 1] = -1, 0
    for place in range(n):
        number = listed[place]
        slot = np.int64((np.uint64(number) * GOLDEN) >> np.uint64(64 - bits))
        while slots[slot] >= 0 and numbers[slots[slot]] != number:
            slot = (slot + 1) & last
        if slots[slot] < 0:
            slots[slot] = m
            numbers[m] = number
            m += 1
        of[place] = slots[slot]
        ends[of[place] + 1] += 1
    for row in range(m):
        ends[row + 1] += ends[row]
    following = ends[:m].copy()
    for place in range(n):
        places[following[of[place]]] = place
        following[of[place]] += 1
    return m
