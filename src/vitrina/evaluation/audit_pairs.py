"""Audit checks on (user, item) pairs: duplicates, targets in histories, parts that overlap, unused events."""

from __future__ import annotations

import numpy as np
import polars as pl

from vitrina.data.splits.split import Label
from vitrina.evaluation.audit_view import KNOWN, PARTS, TARGET, Finding, Mask, PartName, Rows, View, percent

#: Repeated pairs in data said to have none are worth a note from this share of the events on.
_MANY_REPEATS = 0.01


def duplicate_events(view: View) -> list[Finding]:
    """Find used events that repeat another used one: same user, item, timestamp (and kind, where there is one).

    Events without a time are duplicates where the data set says that nobody consumes an item twice.
    """
    rows = np.flatnonzero(view.used & (view.timed | (not view.repeats)))
    frame = pl.DataFrame({"pair": view.pairs[rows]})
    if view.times is not None:
        frame = frame.with_columns(time=view.times[rows])
    if "kind" in view.dataset.interactions.columns:
        frame = frame.with_columns(kind=view.dataset.interactions["kind"].gather(rows))
    copies = rows[~_is_first(frame)]
    if not copies.size:
        return []
    share = copies.size / max(1, int(view.used.sum()))
    words = (
        f"{copies.size:,} events ({percent(share)}) are exact copies of another one (same user, item and time): count them once."
    )
    return [
        Finding(
            code="duplicate-events",
            severity="warning",
            count=copies.size,
            share=share,
            sentence=words,
            examples=view.examples(copies),
        )
    ]


def target_in_history(view: View) -> list[Finding]:
    """Find targets that their own query already contains; hidden items cannot be found, and models have learned them."""
    found: dict[PartName, Rows] = {}
    for part in PARTS:
        known = tuple(label for label in KNOWN[part] if label != Label.VALIDATION)
        found[part] = _shared(view, part, view.having(*known))
    if view.repeats:
        words = "are items that the user had consumed before: people repeat themselves here, so histories are not hidden."
        return view.over_targets("repeat-targets", "note", found, words)
    words = "are in the history of the same user: the model was told the answer, and an item that is hidden cannot be found."
    return view.over_targets("target-in-history", "fatal", found, words)


def validation_test_overlap(view: View) -> list[Finding]:
    """Find (user, item) pairs that are targets of both validation and test."""
    if view.repeats:
        return []
    found: dict[PartName, Rows] = {
        "test": _shared(view, "test", view.labels == TARGET["validation"]),
        "validation": view.targets["validation"][:0],
    }
    words = "are targets of validation too: settings were chosen on the answers."
    return view.over_targets("validation-test-overlap", "fatal", found, words)


def repeated_pairs(view: View) -> list[Finding]:
    """Find data in which people do consume the same item again although ``repeats`` is false."""
    if view.repeats or not len(view.pairs):
        return []
    again = ~_is_first(pl.DataFrame({"pair": view.pairs}))
    share = float(again.mean())
    if share < _MANY_REPEATS:
        return []
    words = (
        f"{int(again.sum()):,} events ({percent(share)}) repeat an earlier pair of user and item, and the data set says "
        "repeats = false. If buying again is normal here, set repeats = true; else nothing needs doing."
    )
    return [Finding(code="repeated-pairs", severity="note", count=int(again.sum()), share=share, sentence=words)]


def unused_events(view: View) -> list[Finding]:
    """Count the events that are in no part."""
    unused = np.flatnonzero(~view.used)
    if not unused.size:
        return []
    repeated = pl.Series(view.pairs[unused]).is_in(pl.Series(view.pairs[view.used]).implode()).sum()
    share = unused.size / len(view.labels)
    words = f"{unused.size:,} events ({percent(share)}) are in no part"
    words += f"; {repeated:,} of them repeat a pair of user and item that is." if repeated else "."
    return [
        Finding(
            code="unused-events",
            severity="note",
            count=unused.size,
            share=share,
            sentence=words,
            examples=view.examples(unused),
        )
    ]


def _shared(view: View, part: PartName, others: Mask) -> Rows:
    """Return the targets of ``part`` whose pair also occurs among ``others``."""
    rows = view.targets[part]
    inside = pl.Series(view.pairs[rows]).is_in(pl.Series(view.pairs[others]).implode())
    shared: Rows = rows[inside.to_numpy()]
    return shared


def _is_first(frame: pl.DataFrame) -> Mask:
    """Mark the rows that are the first of their kind."""
    column = pl.struct(pl.all()) if frame.width > 1 else pl.all()
    first: Mask = frame.select(first=column.is_first_distinct())["first"].to_numpy()
    return first
