"""Strong generalisation: the people tested are nobody the model has seen (Liang et al. 2018, section 4.1)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.splits.events import Events, check_choice, check_share
from vitrina.data.splits.split import Label, Split
from vitrina.errors import DataError


def strong_generalisation(
    dataset: Dataset,
    *,
    test_users: int | float = 0.1,
    validation_users: int | float = 0.1,
    fold_in: float = 0.8,
    min_events: int = 5,
    unseen_items: Literal["drop", "keep"] = "drop",
    seed: int = 0,
) -> Split:
    """Hold out whole users; a part of their events is their history, the rest is to be found.

    ``test_users`` and ``validation_users`` are counts (int) or shares (float) of the users with at least ``min_events``
    events; shorter users stay in train (the paper drops them beforehand). As in the authors' code, events of held-out
    users on items that no training user has are unused first (``unseen_items="keep"`` keeps them); then
    floor((1 - fold_in) x n) random events of each held-out user are targets, at least one, and the others the history.
    Held-out users left with fewer than ``min_events`` events by then have a history and no target.
    """
    check_share("fold_in", fold_in)
    check_choice("unseen_items", unseen_items, ("drop", "keep"))
    events = Events.of(dataset, seed)
    min_events = max(min_events, 2)
    role = _roles(events, test_users, validation_users, min_events)
    part = role[events.users]  # Label.TRAIN, VALIDATION or TEST
    kept = np.ones(len(events), bool)
    if unseen_items == "drop":
        seen = np.bincount(events.items[part == Label.TRAIN], minlength=events.dataset.n_items) > 0
        kept = seen[events.items]
    n = np.bincount(events.users[kept], minlength=events.dataset.n_users)
    n_targets = np.maximum(np.floor(n * (1 - fold_in) + 1e-9).astype(np.int64), 1)
    n_targets[(n < min_events) | (role == Label.TRAIN)] = 0
    # Dropped events are sorted first, so that the last positions are the kept ones.
    target = kept & (events.from_end(kept, events.event_keys("targets")) < n_targets[events.users])
    history = np.where(part == Label.TEST, Label.TEST_HISTORY, Label.VALIDATION_HISTORY)
    labels = np.select([~kept, (part == Label.TRAIN) | target], [Label.UNUSED, part], history)
    settings = {
        "test_users": test_users,
        "validation_users": validation_users,
        "fold_in": fold_in,
        "min_events": min_events,
        "unseen_items": unseen_items,
    }
    return events.split(labels, "strong-generalisation", settings)


def _roles(events: Events, test: int | float, validation: int | float, min_events: int) -> NDArray[np.int64]:
    """Draw who is tested, who validates and who trains -> a ``Label`` per user ``[n_users]``."""
    eligible = np.flatnonzero(events.counts >= min_events)
    n_test = _how_many("test_users", test, eligible.size)
    n_validation = _how_many("validation_users", validation, eligible.size) if validation else 0
    n_users = int((events.counts > 0).sum())
    if n_test + n_validation > eligible.size or n_test + n_validation >= n_users:
        raise DataError(
            f"strong-generalisation: {n_test} test and {n_validation} validation users asked for, but only {eligible.size} of "
            f"{n_users} users have {min_events} events or more, and some must train. Lower the counts or min_events."
        )
    drawn = eligible[np.argsort(events.user_keys("held-out users")[eligible], kind="stable")]
    role = np.full(events.dataset.n_users, int(Label.TRAIN), np.int64)
    role[drawn[:n_test]] = Label.TEST
    role[drawn[n_test : n_test + n_validation]] = Label.VALIDATION
    return role


def _how_many(name: str, wanted: int | float, available: int) -> int:
    """Turn a count or a share into a count, at least 1."""
    if isinstance(wanted, float) and not wanted.is_integer():
        check_share(name, wanted)
        return max(1, int(wanted * available + 1e-9))
    if wanted < 1:
        raise DataError(f"{name} must be a count of at least 1 or a share between 0 and 1; got {wanted!r}.")
    return int(wanted)
