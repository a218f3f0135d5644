"""What every protocol works on: the events that may carry a label, their seeded order, and the checks shared by all.

Two rules hold for all protocols and are kept here.

*Repeats.* Where people do not consume the same item again (``info.repeats`` is false), only the first event of each
(user, item) pair - the earliest, or the first in the source where times are incomplete - gets a label; later ones are
unused. So no pair is ever in two parts.

*Randomness* is a hash of (seed, purpose, external user id, external item id). The same pairs get the same label whatever
the order of rows or codes. The purpose keeps these numbers unrelated to those that break ties in rankings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.splits.split import Candidates, Label, Split
from vitrina.errors import DataError
from vitrina.kernels import hashing

Keys = NDArray[np.uint64]


def complete_times(dataset: Dataset) -> NDArray[np.int64] | None:
    """Return the timestamps ``[n]``, or None unless every event has one; a timestamp of 0 is a missing one."""
    if not dataset.has_times:
        return None
    times: NDArray[np.int64] = dataset.interactions["timestamp"].to_numpy()
    return times if times.all() else None


def pair_ids(dataset: Dataset) -> NDArray[np.int64]:
    """Return one number per (user, item) pair ``[n]``, equal for equal pairs."""
    return dataset.user_codes.astype(np.int64) * dataset.n_items + dataset.item_codes


def iso(seconds: int) -> str:
    """Write a moment as people read it: ``2001-02-03T04:05:06Z``."""
    return f"{np.datetime64(int(seconds), 's')}Z"


def _mix(x: Keys) -> Keys:
    """Finalise 64-bit values (SplitMix64), like ``kernels.hashing.mix`` but for whole arrays."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def random_keys(keys: Keys, seed: int, purpose: str) -> Keys:
    """Return pseudo-random numbers for the ``keys`` of a vocabulary; another purpose gives unrelated ones."""
    salt = int.from_bytes(hashlib.blake2b(f"vitrina split {purpose}".encode(), digest_size=8).digest(), "little")
    return _mix(hashing.seeded(keys, seed + salt))


@dataclass(frozen=True)
class Events:
    """The positive events of a data set that may be labelled: row numbers ``rows [m]`` in its interactions.

    Arrays ``[m]`` below are parallel to ``rows``. ``times`` is None unless all events have one.
    """

    dataset: Dataset
    rows: NDArray[np.int64]
    times: NDArray[np.int64] | None
    seed: int

    @staticmethod
    def of(dataset: Dataset, seed: int, *, within: NDArray[np.bool_] | None = None) -> Events:
        """Take the positive events, without repeats unless the data set allows them.

        ``within [n]`` restricts to some rows of a data set that is positive already. Raises ``DataError`` for data on
        which no split makes sense: fewer than 2 users or 2 events.
        """
        positive = dataset.positives() if within is None else dataset
        usable = np.ones(len(positive), bool) if within is None else within.copy()
        times = complete_times(positive)
        if not positive.info.repeats:
            usable &= _first_of_pair(pair_ids(positive), times, usable)
        rows = np.flatnonzero(usable)
        n_users = np.unique(positive.user_codes[rows]).size
        if n_users < 2 or rows.size < 2:
            reason = f"; {len(dataset):,} events before keeping {dataset.info.positive!r}" if dataset.info.positive else ""
            raise DataError(
                f"{positive.info.name}: {rows.size} event(s) of {n_users} user(s) cannot be split{reason}. "
                "Expected at least 2 users; check the import, the positive condition, or bring more data."
            )
        return Events(positive, rows, None if times is None else times[rows], seed)

    def __len__(self) -> int:
        return self.rows.size

    @cached_property
    def users(self) -> NDArray[np.int32]:
        """User code of each event ``[m]``."""
        return self.dataset.user_codes[self.rows]

    @cached_property
    def items(self) -> NDArray[np.int32]:
        """Item code of each event ``[m]``."""
        return self.dataset.item_codes[self.rows]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Number of events of each user ``[n_users]``."""
        return np.bincount(self.users, minlength=self.dataset.n_users)

    @property
    def order_name(self) -> str:
        """What the order of a user's events follows: ``"time"``, or ``"source"`` where times are incomplete."""
        return "source" if self.times is None else "time"

    def user_keys(self, purpose: str) -> Keys:
        """Return a random number for each user ``[n_users]``."""
        return random_keys(self.dataset.users.keys, self.seed, purpose)

    def item_keys(self, purpose: str) -> Keys:
        """Return a random number for each item ``[n_items]``."""
        return random_keys(self.dataset.items.keys, self.seed, purpose)

    def event_keys(self, purpose: str) -> Keys:
        """Return a random number for each event ``[m]``, from its user, its item and which of their events it is."""
        keys = _mix(self.user_keys(purpose)[self.users] ^ (self.dataset.items.keys * hashing.GOLDEN)[self.items])
        return keys if not self.dataset.info.repeats else _mix(keys + self._occurrence * hashing.GOLDEN)

    @cached_property
    def _occurrence(self) -> Keys:
        """Which event of its (user, item) pair each one is, 0 for the first ``[m]``."""
        pairs = pair_ids(self.dataset)[self.rows]
        order = np.lexsort((pairs,) if self.times is None else (self.times, pairs))
        new = np.flatnonzero(np.diff(pairs[order], prepend=-1))
        position = np.arange(len(self)) - np.repeat(new, np.diff(new, append=len(self)))
        out = np.empty(len(self), np.uint64)
        out[order] = position
        return out

    def from_end(self, *keys: NDArray[Any]) -> NDArray[np.int64]:
        """Return how many events of the same user come after each one ``[m]`` when sorted by ``keys``, first key first.

        Events equal in all keys keep the order of the source.
        """
        order = np.lexsort((*reversed(keys), self.users))
        ends = np.cumsum(self.counts)
        out = np.empty(len(self), np.int64)
        out[order] = ends[self.users[order]] - 1 - np.arange(len(self))
        return out

    def split(
        self,
        labels: NDArray[np.integer],
        protocol: str,
        settings: Mapping[str, Any],
        candidates: Mapping[str, Candidates] | None = None,
    ) -> Split:
        """Make the split from the labels ``[m]`` of these events; all other events are unused.

        Raises ``DataError`` when train or test came out empty.
        """
        whole = np.full(len(self.dataset), Label.UNUSED, np.uint8)
        whole[self.rows] = labels
        for label, name in ((Label.TEST, "test"), (Label.TRAIN, "train")):
            if not (whole == label).any():
                raise DataError(
                    f"{protocol} leaves no {name} event: {len(self):,} events of {int((self.counts > 0).sum()):,} users, the "
                    f"most active with {int(self.counts.max())}. Settings: {dict(settings)}. Lower min_events or the shares, "
                    "choose another protocol, or bring more data."
                )
        described = {**settings, "repeats": "kept" if self.dataset.info.repeats else "first only"}
        return Split(self.dataset, whole, protocol, described, self.seed, candidates or {})


def _first_of_pair(pairs: NDArray[np.int64], times: NDArray[np.int64] | None, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the earliest usable event of each pair ``[n]``."""
    rows = np.flatnonzero(usable)
    if times is not None:
        rows = rows[np.argsort(times[rows], kind="stable")]
    first = np.zeros(pairs.size, bool)
    first[rows[pl.Series(pairs[rows]).is_first_distinct().to_numpy()]] = True
    return first


def check_share(name: str, share: float, *, zero: bool = False) -> None:
    """Raise ``DataError`` unless ``share`` lies in (0, 1), or is 0 where ``zero`` allows it."""
    if not (0 < share < 1 or (zero and share == 0)):
        raise DataError(f"{name} must be a share {'from 0' if zero else 'above 0'} and below 1; got {share!r}.")


def check_choice(name: str, given: str, allowed: tuple[str, ...]) -> None:
    """Raise ``DataError`` unless ``given`` is one of ``allowed``."""
    if given not in allowed:
        raise DataError(f"{name} must be one of {', '.join(allowed)}; got {given!r}.")
