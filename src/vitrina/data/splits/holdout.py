"""Protocols that hold out some events of each user: last, random, a ratio, k folds; and a validation part added later."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.splits.events import Events, check_choice, check_share
from vitrina.data.splits.sampled import sampled_candidates
from vitrina.data.splits.split import Label, Split
from vitrina.errors import DataError

Ties = Literal["source", "seeded"]
By = Literal["random", "time"]
Holdout = Literal["leave-last-out", "leave-one-out", "per-user-ratio"]


def leave_last_out(
    dataset: Dataset, *, validation: bool = True, min_events: int = 3, ties: Ties = "source", seed: int = 0
) -> Split:
    """Test on the last event of each user, validate on the one before.

    Users with fewer than ``min_events`` events (never below what leaves one for training) stay in train. Where timestamps
    are incomplete, "last" is last in the source and the settings say ``order = "source"``. Events of one user at the same
    second keep the order of the source, or with ``ties="seeded"`` a random one that does not depend on the order of rows.

    Training sees what other users did later; ``global_time`` is the protocol without that leak (Ji et al. 2023).
    """
    events = Events.of(dataset, seed)
    held = 1 + validation
    n_test = _if_enough(events, max(min_events, 1 + held), 1)
    labels = _cut(_by_time(events, ties), events, n_test, n_test * validation)
    settings = {"validation": validation, "min_events": min_events, "ties": ties, "order": events.order_name}
    return events.split(labels, "leave-last-out", settings)


def leave_one_out(dataset: Dataset, *, validation: bool = True, min_events: int = 3, seed: int = 0) -> Split:
    """Test on one random event of each user, validate on another one.

    Users with fewer than ``min_events`` events (never below what leaves one for training) stay in train.
    """
    events = Events.of(dataset, seed)
    n_test = _if_enough(events, max(min_events, 2 + validation), 1)
    labels = _cut(_at_random(events), events, n_test, n_test * validation)
    return events.split(labels, "leave-one-out", {"validation": validation, "min_events": min_events})


def per_user_ratio(
    dataset: Dataset,
    *,
    test: float = 0.2,
    validation: float = 0.1,
    by: By = "random",
    min_events: int = 5,
    ties: Ties = "source",
    seed: int = 0,
) -> Split:
    """Hold out a share of each user's events: at random, or the latest ones (``by="time"``).

    A user with n events gives floor(share x n), at least one, to each part. Users with fewer than ``min_events`` events
    (never below what leaves one for training) stay in train. With ``by="time"`` and incomplete timestamps the order is
    that of the source, as in ``leave_last_out``.
    """
    check_share("test", test)
    check_share("validation", validation, zero=True)
    if test + validation >= 1:
        raise DataError(f"test={test!r} and validation={validation!r} leave nothing for training; their sum must be below 1.")
    check_choice("by", by, ("random", "time"))
    events = Events.of(dataset, seed)
    enough = max(min_events, 2 + (validation > 0))
    n_test = _if_enough(events, enough, _share_of(events.counts, test))
    n_validation = _if_enough(events, enough, _share_of(events.counts, validation))
    n_validation = np.minimum(n_validation, np.maximum(events.counts - n_test - 1, 0))
    n_test = np.minimum(n_test, np.maximum(events.counts - n_validation - 1, 0))
    settings: dict[str, object] = {"test": test, "validation": validation, "by": by, "min_events": min_events}
    if by == "time":
        settings |= {"ties": ties, "order": events.order_name}
    position = _by_time(events, ties) if by == "time" else _at_random(events)
    return events.split(_cut(position, events, n_test, n_validation), "per-user-ratio", settings)


def k_fold(dataset: Dataset, *, k: int = 5, validation: float = 0.1, min_events: int = 5, seed: int = 0) -> list[Split]:
    """Cut the events into ``k`` folds, each user's spread evenly, and return ``k`` splits that test one fold each.

    ``validation`` is the share of each user's remaining events that validates, at least one where two remain. Users with
    fewer than ``min_events`` events stay in train in every split.
    """
    _check_folds(k, 0)
    check_share("validation", validation, zero=True)
    events = Events.of(dataset, seed)
    folds = _folds(events, k, min_events)
    return [_one_fold(events, folds, k, fold, validation, min_events) for fold in range(k)]


def one_fold(
    dataset: Dataset, *, k: int = 5, fold: int = 0, validation: float = 0.1, min_events: int = 5, seed: int = 0
) -> Split:
    """Return split number ``fold`` (from 0) of ``k_fold``."""
    _check_folds(k, fold)
    check_share("validation", validation, zero=True)
    events = Events.of(dataset, seed)
    return _one_fold(events, _folds(events, k, min_events), k, fold, validation, min_events)


def with_validation(
    split: Split,
    how: Holdout = "leave-one-out",
    *,
    share: float = 0.1,
    min_events: int = 2,
    ties: Ties = "source",
    sampled: int = 0,
    seed: int | None = None,
) -> Split:
    """Carve a validation part out of the train part of a split that has none, such as a published one.

    ``how`` takes each user's last or one random training event, or ``share`` of them. Test stays as it is. Validation is
    ranked among all items, or among ``sampled`` items drawn from those of which the user has no training event: as small a
    list as a published test part has, so that both measure alike. Users with fewer than ``min_events`` training events give
    none. Raises ``DataError`` when the split has a validation part already.
    """
    check_choice("how", how, ("leave-last-out", "leave-one-out", "per-user-ratio"))
    check_share("share", share)
    if split.has_validation:
        raise DataError(f"this split ({split.protocol}) has a validation part already; with_validation is for splits without.")
    events = Events.of(split.dataset, split.seed if seed is None else seed, within=split.labels == Label.TRAIN)
    held = _share_of(events.counts, share) if how == "per-user-ratio" else 1
    held = np.minimum(_if_enough(events, max(min_events, 2), held), np.maximum(events.counts - 1, 0))
    position = _by_time(events, ties) if how == "leave-last-out" else _at_random(events, "validation")
    carved = np.where(position < held[events.users], Label.VALIDATION, Label.TRAIN)
    if not (carved == Label.VALIDATION).any():
        raise DataError(
            f"no user has {max(min_events, 2)} training events, so no validation part can be carved out of {split.protocol}. "
            "Lower min_events, or give the settings instead of tuning them."
        )
    labels = np.where(split.labels == Label.TRAIN, Label.UNUSED, split.labels).astype(np.uint8)
    labels[events.rows] = carved
    chosen: dict[str, object] = {"how": how, "min_events": min_events, "seed": events.seed}
    if how == "per-user-ratio":
        chosen["share"] = share
    if how == "leave-last-out":
        chosen |= {"ties": ties, "order": events.order_name}
    if sampled:
        chosen["sampled"] = sampled
    candidates = {name: items for name, items in split.candidates.items() if name != "validation"}
    carved_out = replace(split, labels=labels, settings={**split.settings, "validation": chosen}, candidates=candidates)
    if not sampled:
        return carved_out
    among = sampled_candidates(carved_out, Label.VALIDATION, (Label.TRAIN,), sampled, events.seed)
    return replace(carved_out, candidates={**candidates, "validation": among})


def _by_time(events: Events, ties: Ties) -> NDArray[np.int64]:
    """Position from the end of each event in its user's order of time."""
    check_choice("ties", ties, ("source", "seeded"))
    if events.times is None:
        return events.from_end()
    return events.from_end(events.times) if ties == "source" else events.from_end(events.times, events.event_keys("ties"))


def _at_random(events: Events, purpose: str = "events") -> NDArray[np.int64]:
    """Position from the end of each event in a random order of its user's events."""
    return events.from_end(events.event_keys(purpose))


def _share_of(counts: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Return floor(share x n), at least 1 unless the share is 0 (the small number undoes rounding: .2 x 5 is 1)."""
    held: NDArray[np.int64] = np.floor(counts * share + 1e-9).astype(np.int64)
    return np.maximum(held, int(share > 0), dtype=np.int64)


def _if_enough(events: Events, min_events: int, held: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return ``held`` for users with at least ``min_events`` events, 0 for the others."""
    return np.where(events.counts >= min_events, held, 0)


def _cut(
    position: NDArray[np.int64], events: Events, n_test: NDArray[np.int64], n_validation: NDArray[np.int64]
) -> NDArray[np.integer]:
    """Label the last ``n_test`` positions of each user test and the ``n_validation`` before them validation."""
    first_train = (n_test + n_validation)[events.users]
    held = np.where(position < n_test[events.users], Label.TEST, Label.VALIDATION)
    return np.where(position < first_train, held, Label.TRAIN)


def _folds(events: Events, k: int, min_events: int) -> NDArray[np.int64]:
    """Fold of each event: dealt round in a random order, from a random fold on; -1 for users who stay in train."""
    start = (events.user_keys("first fold") % np.uint64(k)).astype(np.int64)
    folds = (_at_random(events, "folds") + start[events.users]) % k
    return np.where(events.counts[events.users] >= max(min_events, 2), folds, -1)


def _one_fold(events: Events, folds: NDArray[np.int64], k: int, fold: int, validation: float, min_events: int) -> Split:
    tested = folds == fold
    rest = events.counts - np.bincount(events.users[tested], minlength=events.dataset.n_users)
    n_validation = np.minimum(_share_of(rest, validation), np.maximum(rest - 1, 0))
    n_validation = _if_enough(events, max(min_events, 2), n_validation)
    # Tested events are sorted first, so that the last positions are the events that remain.
    position = events.from_end(~tested, events.event_keys("validation"))
    held = ~tested & (position < n_validation[events.users])
    labels = np.select([tested, held], [Label.TEST, Label.VALIDATION], Label.TRAIN)
    return events.split(labels, "k-fold", {"k": k, "fold": fold, "validation": validation, "min_events": min_events})


def _check_folds(k: int, fold: int) -> None:
    if k < 2 or not 0 <= fold < k:
        raise DataError(f"k-fold needs k >= 2 and a fold in 0..k-1; got k={k}, fold={fold}.")
