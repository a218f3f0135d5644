"""Candidates drawn at random: what papers rank an item among when ranking all of them seemed too much work."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.ragged import Ragged
from vitrina.data.splits.events import random_keys
from vitrina.data.splits.split import Label, Split
from vitrina.errors import DataError
from vitrina.kernels.hashing import uniform_scores

_BLOCK = 2**24  # pairs of people and items looked at together


def sampled_candidates(split: Split, target: Label, known: tuple[Label, ...], n: int, seed: int) -> Ragged:
    """Return for each person with a ``target`` event, by ascending code, the targets and ``n`` items drawn without replacement.

    Drawn are items of which the person has no event labelled ``target`` or ``known``. The draw depends on the seed and on
    external ids alone. Raises ``DataError`` when there are fewer than ``n`` such items.
    """
    targets, own = split.rows(target), split.rows(target, *known)
    people = np.unique(targets.user_codes)
    keys = random_keys(split.dataset.users.keys[people], seed, "sampled candidates")
    events, n_items = own.matrix()[people], split.dataset.n_items
    most = int(events.getnnz(axis=1).max())
    if n > n_items - most:
        raise DataError(f"{n} items cannot be drawn for everybody: somebody has events on {most} of {n_items}. Draw fewer.")
    rows: list[NDArray[np.int64]] = []
    drawn: list[NDArray[np.int64]] = []
    size = max(1, _BLOCK // n_items)
    for start in range(0, people.size, size):
        numbers = uniform_scores(keys[start : start + size], split.dataset.items.keys)
        block = events[start : start + size]
        numbers[np.repeat(np.arange(len(numbers)), np.diff(block.indptr)), block.indices] = 2.0  # the largest of all
        chosen = np.argpartition(numbers, n - 1, axis=1)[:, :n] if n else np.empty((len(numbers), 0), np.int64)
        rows.append(np.repeat(np.arange(start, start + len(numbers)), n))
        drawn.append(chosen.ravel())
    row_of = np.searchsorted(people, targets.user_codes)
    return Ragged.sets(np.concatenate([*rows, row_of]), np.concatenate([*drawn, targets.item_codes]), people.size)
