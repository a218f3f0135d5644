"""Audit checks on time: missing and impossible timestamps, training data from after the test events, ties."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.splits.events import iso
from vitrina.evaluation.audit_view import PARTS, Finding, Severity, View, percent

#: Targets at the same second as the end of their history are worth a note from this share on.
_MANY_TIES = 0.05
_EARLIEST = np.iinfo(np.int64).min


def missing_timestamps(view: View) -> list[Finding]:
    """Find used events without a timestamp (null or 0): leaks from the future cannot be seen there."""
    missing = np.flatnonzero(view.used & ~view.timed)
    if not missing.size:
        return []
    total = int(view.used.sum())
    severity: Severity = "note"
    words = "leaks from the future cannot be seen there."
    if view.orders_users:
        severity, words = "fatal", f"but {view.split.protocol} claims an order in time."
    elif view.split.settings.get("order") == "source":
        severity, words = "warning", '"last" means last in the source, which may not be the order in time.'
    if view.times is None or not view.timed.any():
        sentence = f"No event has a timestamp; {words}"
    else:
        sentence = f"{missing.size:,} of {total:,} events ({percent(missing.size / total)}) have no timestamp; {words}"
    return [
        Finding(
            code="missing-timestamps",
            severity=severity,
            count=missing.size,
            share=missing.size / total,
            sentence=sentence,
            examples=view.examples(missing),
        )
    ]


def future_timestamps(view: View, now: int) -> list[Finding]:
    """Find used events dated later than ``now``: a clock, a unit (milliseconds?) or a column is wrong."""
    if view.times is None:
        return []
    late = np.flatnonzero(view.used & (view.times > now))
    if not late.size:
        return []
    share = late.size / int(view.used.sum())
    words = (
        f"{late.size:,} events ({percent(share)}) are dated after {iso(now)}, the latest {iso(view.times[late].max())}: "
        "check the clock and the unit of the timestamps (seconds, not milliseconds)."
    )
    return [
        Finding(
            code="future-timestamps",
            severity="warning",
            count=late.size,
            share=share,
            sentence=words,
            examples=view.examples(late),
        )
    ]


def user_future_leak(view: View) -> list[Finding]:
    """Find targets older than something already known of the same user."""
    if view.times is None:
        return []
    times, found = view.times, {}
    for part in PARTS:
        rows = view.targets[part][view.timed[view.targets[part]]]
        found[part] = rows[times[rows] < _latest_known(view, view.known[part])[view.users[rows]]]
    if view.orders_users:
        words = f"are older than an event in the same user's history, although {view.split.protocol} claims an order in time."
        return view.over_targets("future-leak-user", "fatal", found, words)
    words = (
        "are older than an event in the same user's history. That is how a random split works: fine for comparing with "
        "papers, too easy as a forecast of live use; global-time has no such leak."
    )
    return view.over_targets("future-leak-user", "warning", found, words)


def global_future_leak(view: View) -> list[Finding]:
    """Find targets older than some event, of any user, that models are trained on."""
    if view.times is None:
        return []
    times, found, later = view.times, {}, 0.0
    for part in PARTS:
        rows = view.targets[part][view.timed[view.targets[part]]]
        learned = np.sort(times[view.trained[part] & view.timed])
        found[part] = rows[times[rows] < learned[-1]] if learned.size else rows[:0]
        if part == "test" and found[part].size:
            later = 1 - np.searchsorted(learned, np.median(times[rows]), side="right") / learned.size
    if view.orders_all:
        words = f"are older than an event that models train on, although {view.split.protocol} claims an order in time."
        return view.over_targets("future-leak-global", "fatal", found, words)
    words = (
        f"are older than events (of any user) that models train on; {percent(later)} of the training events come after the "
        "median test target. Trends of the future are learned (Ji et al. 2023); global-time has no such leak."
    )
    return view.over_targets("future-leak-global", "warning", found, words)


def time_ties(view: View) -> list[Finding]:
    """Find many targets at the very second of the last known event: which of them is "last" is not in the data."""
    if view.times is None or not view.orders_users:
        return []
    times, found = view.times, {}
    for part in PARTS:
        rows = view.targets[part][view.timed[view.targets[part]]]
        found[part] = rows[times[rows] == _latest_known(view, view.known[part])[view.users[rows]]]
    if found["test"].size < _MANY_TIES * max(1, view.targets["test"].size):
        return []
    how = "at random (seeded)" if view.split.settings.get("ties") == "seeded" else "by the order of the source"
    words = f"happened in the same second as the last event of their history; which comes last was decided {how}."
    return view.over_targets("time-ties", "note", found, words)


def _latest_known(view: View, known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Time of the latest known event of each user ``[n_users]``."""
    assert view.times is not None
    latest = np.full(view.dataset.n_users, _EARLIEST)
    rows = np.flatnonzero(known & view.timed)
    np.maximum.at(latest, view.users[rows], view.times[rows])
    return latest
