"""Audit checks on what the parts rest on: their size, cold users and items, users who show no preference."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vitrina.data.splits.protocols import ENOUGH_USERS
from vitrina.data.splits.split import Label
from vitrina.evaluation.audit_view import Finding, Severity, View, percent

#: Test events on cold items or by cold users are a warning from this share on, a note below.
_MANY_COLD = 0.1
_ENOUGH_EVENTS = 10  # events from which an unvarying user is worth a word
_MANY_CONSTANT = 0.01
_Z_TEST, _Z_POWER = 1.959964, 0.841621  # two-sided 5 %, power 80 %


def empty_parts(view: View) -> list[Finding]:
    """Find parts without events."""
    found = []
    for label, part in ((Label.TRAIN, "train"), (Label.TEST, "test")):
        if not (view.labels == label).any():
            words = f"The {part} part is empty: there is nothing to {'learn from' if part == 'train' else 'measure'}."
            found.append(Finding(code="empty-part", severity="fatal", count=0, share=0.0, sentence=words))
    if not view.targets["validation"].size:
        words = "There is no validation part, so settings cannot be tuned; with_validation carves one out of train."
        found.append(Finding(code="no-validation", severity="warning", count=0, share=0.0, sentence=words))
    return found


def few_test_users(view: View) -> list[Finding]:
    """Find test parts with fewer users than can tell models apart."""
    n = n_test_users(view)
    if n >= ENOUGH_USERS or n == 0:
        return []
    words = (
        f"Only {n} test user(s), fewer than {ENOUGH_USERS}: no winner can be declared. Hit rates must differ by "
        f"{100 * (detectable_difference(n) or 0):.0f} points to be told apart."
    )
    return [Finding(code="few-test-users", severity="warning", count=n, share=n / ENOUGH_USERS, sentence=words)]


def n_test_users(view: View) -> int:
    """Number of people in the test part who can be judged."""
    if view.split.replays:
        return int(np.unique(view.split.open_test().users).size)
    return int(np.unique(view.users[view.targets["test"]]).size)


def detectable_difference(n_users: int, disagreement: float = 0.2) -> float | None:
    """Return the smallest difference in hit rate that ``n_users`` can show (two-sided 5 %, power 80 %), None without users.

    For two models tested on the same users, of which one hits and the other misses for a share ``disagreement`` of the
    users: Connor's (1987) sample size for McNemar's test, solved for the difference. At most 1.
    """
    if n_users < 1:
        return None
    spread = math.sqrt(max(0.0, n_users - _Z_TEST**2 + _Z_POWER**2))
    difference = math.sqrt(disagreement) * (_Z_TEST * math.sqrt(n_users) + _Z_POWER * spread) / (n_users + _Z_POWER**2)
    return min(1.0, difference)


def cold_users(view: View) -> list[Finding]:
    """Find targets of users of whom nothing is known; in a replay, sessions that are the first of their person."""
    if view.split.replays:
        return _newcomers(view)
    has_history = np.bincount(view.users[view.known["test"]], minlength=view.dataset.n_users) > 0
    rows = view.targets["test"][~has_history[view.users[view.targets["test"]]]]
    if not rows.size:
        return []
    n, share = np.unique(view.users[rows]).size, rows.size / view.targets["test"].size
    words = (
        f"{n:,} of {n_test_users(view):,} test users have no history ({percent(share)} of the test events): models that know "
        "users only by their past can do no better than popularity for them."
    )
    return [
        Finding(code="cold-users", severity=_coldness(share), count=n, share=share, sentence=words, examples=view.examples(rows))
    ]


def _newcomers(view: View) -> list[Finding]:
    part = view.split.open_test()
    assert part.newcomers is not None
    n, total = len(part.newcomers), len(part) + len(part.newcomers)
    if not n:
        return []
    words = (
        f"{n:,} of {total:,} test sessions ({percent(n / total)}) are the first of their person: nothing personal can be "
        "said, so they count for coverage only."
    )
    return [Finding(code="cold-users", severity="note", count=n, share=n / total, sentence=words)]


def cold_items(view: View) -> list[Finding]:
    """Find targets that no training event mentions."""
    learned = np.bincount(view.items[view.trained["test"]], minlength=view.dataset.n_items) > 0
    rows = view.targets["test"][~learned[view.items[view.targets["test"]]]]
    if not rows.size:
        return []
    tested = np.unique(view.items[view.targets["test"]]).size
    n, share = np.unique(view.items[rows]).size, rows.size / view.targets["test"].size
    words = f"{n:,} of {tested:,} test items have no training data ({percent(share)} of the test events)"
    words += ", as this protocol intends." if view.cold_by_design else ": only models that read the catalogue can find them."
    severity: Severity = "note" if view.cold_by_design else _coldness(share)
    return [Finding(code="cold-items", severity=severity, count=n, share=share, sentence=words, examples=view.examples(rows))]


def _coldness(share: float) -> Severity:
    return "warning" if share >= _MANY_COLD else "note"


def constant_users(view: View) -> list[Finding]:
    """Find active test users whose every event is on one item, or whose ratings never vary: they show no preference."""
    active = np.bincount(view.users[view.used], minlength=view.dataset.n_users) >= _ENOUGH_EVENTS
    tested = np.zeros(view.dataset.n_users, bool)
    tested[view.users[view.targets["test"]]] = True
    one_item = active & tested & ~_varies(view, view.items)
    one_value = np.zeros_like(one_item)
    values = view.dataset.column("value")
    if values is not None and np.ptp(np.nan_to_num(values[view.used])) > 0:
        one_value = active & tested & ~_varies(view, np.nan_to_num(values))
    users = np.flatnonzero(one_item | one_value)
    share = users.size / max(1, int(tested.sum()))
    if users.size == 0 or share < _MANY_CONSTANT:
        return []
    words = (
        f"{users.size:,} of {int(tested.sum()):,} test users ({percent(share)}) with {_ENOUGH_EVENTS} or more events never vary: "
        f"{int(one_item.sum()):,} with a single item, {int(one_value.sum()):,} with the same value for every item."
    )
    examples = [f"user {name!r}" for name in view.dataset.users.decode(users[:3])]
    return [Finding(code="constant-users", severity="note", count=users.size, share=share, sentence=words, examples=examples)]


def _varies(view: View, values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Mark the users whose used events differ in ``values`` ``[n_users]``."""
    rows = np.flatnonzero(view.used)
    first = np.zeros(view.dataset.n_users, values.dtype)
    first[view.users[rows]] = values[rows]
    varies = np.zeros(view.dataset.n_users, bool)
    varies[view.users[rows[values[rows] != first[view.users[rows]]]]] = True
    return varies
