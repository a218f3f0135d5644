"""Events cut into blocks of users and blocks of items, so that threads that update both never meet.

Gemulla et al., "Large-Scale Matrix Factorization with Distributed Stochastic Gradient Descent", KDD 2011: in each of as many
rounds as there are blocks, every block of users works with another block of items. What a thread reads and writes is then its
own, the result is the same for any number of threads, and the vectors of two blocks stay in a core's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.threads import over_rows

Ints = NDArray[np.int32]
Places = NDArray[np.unsignedinteger[Any]]  # inside a block: the fewer bytes, the better, since the whole log is dealt

_BLOCKS = 8
_MEMBERS = 64  # users and items of a block at least: it must leave a choice


@njit(nogil=True, cache=True)
def _deal_rows(
    offsets: Ints,
    columns: Ints,
    block_of: Ints,
    place_of: Ints,
    starts: NDArray[np.int64],
    users: Places,
    items: Places,
    first: int,
    last: int,
) -> None:
    """Sort the events of the users ``first`` to ``last`` by block of items; ``starts`` tells where each block begins."""
    begin, end = np.int64(offsets[first]), np.int64(offsets[last])
    starts[:] = 0
    for event in range(begin, end):
        starts[block_of[columns[event]] + 1] += 1
    starts[0] = begin
    for block in range(1, starts.size):
        starts[block] += starts[block - 1]
    at = starts[:-1].copy()
    for user in range(first, last):
        for event in range(offsets[user], offsets[user + 1]):
            block = block_of[columns[event]]
            users[at[block]], items[at[block]] = user - first, place_of[columns[event]]
            at[block] += 1


@dataclass(frozen=True)
class Stratum:
    """The events of a block of users with a block of items, parallel: event e is user ``first + users[e]``, item
    ``choice[items[e]]``.

    ``choice`` int32 are all items of the block, ``everywhere`` the users (less ``first``) of all events of the block of users,
    whatever the item; ``block`` numbers the block of users, and ``seed`` starts the stratum's random numbers.
    """

    first: int
    users: Places
    items: Places
    choice: Ints
    everywhere: Places
    block: int
    seed: np.uint64


class Strata:
    """Deals the events of a CSR matrix ``[n_users, n_items]`` with sorted columns anew for each epoch, items at random."""

    def __init__(self, offsets: Ints, columns: Ints, n_items: int) -> None:
        n_users = offsets.size - 1
        self.offsets, self.columns, self._n_items = offsets, columns, n_items
        self.n_blocks = max(1, min(_BLOCKS, n_users // _MEMBERS, n_items // _MEMBERS))
        shares = np.arange(self.n_blocks + 1) * (int(offsets[-1]) / self.n_blocks)
        self._bounds = np.searchsorted(offsets, shares)  # blocks of users with about as many events each
        self._bounds[[0, -1]] = 0, n_users
        widest = max(int(np.diff(self._bounds).max()), -(-n_items // self.n_blocks))
        place: type[np.unsignedinteger[Any]] = np.uint16 if widest <= np.iinfo(np.uint16).max else np.uint32
        self._users, self._items = np.empty(columns.size, place), np.empty(columns.size, place)
        self._starts = np.empty((self.n_blocks, self.n_blocks + 1), np.int64)

    @property
    def n_events(self) -> int:
        """Events of all users."""
        return self.columns.size

    def epoch(
        self, rng: np.random.Generator, work: Callable[[Stratum], float], after_round: Callable[[], object] | None = None
    ) -> float:
        """Call ``work`` for each stratum, in threads, and return the sum of what it gives back.

        Strata that run at the same time, a round, share no user and no item. Together they hold every event once.
        """
        dealt = np.array_split(rng.permutation(self._n_items).astype(np.int32), self.n_blocks)
        block_of, place_of = np.empty(self._n_items, np.int32), np.empty(self._n_items, np.int32)
        for block, members in enumerate(dealt):
            block_of[members], place_of[members] = block, np.arange(members.size)
        seeds = rng.integers(2**63, size=(self.n_blocks, self.n_blocks), dtype=np.uint64)
        given = np.zeros((self.n_blocks, self.n_blocks))
        arrays = self.offsets, self.columns, block_of, place_of

        def deal(start: int, stop: int) -> None:
            for mine in range(start, stop):
                first, last = self._bounds[mine], self._bounds[mine + 1]
                _deal_rows(*arrays, self._starts[mine], self._users, self._items, first, last)

        over_rows(self.n_blocks, deal, min_rows=1)
        for turn in range(self.n_blocks):

            def meet(start: int, stop: int, turn: int = turn) -> None:
                for mine in range(start, stop):
                    other = (mine + turn) % self.n_blocks
                    given[mine, other] = work(self._stratum(mine, other, dealt[other], seeds[mine, other]))

            over_rows(self.n_blocks, meet, min_rows=1)
            if after_round is not None:
                after_round()
        return float(given.sum())

    def _stratum(self, mine: int, other: int, choice: Ints, seed: np.uint64) -> Stratum:
        starts = self._starts[mine]
        part, whole = slice(starts[other], starts[other + 1]), slice(starts[0], starts[-1])
        first = int(self._bounds[mine])
        return Stratum(first, self._users[part], self._items[part], choice, self._users[whole], mine, seed)
