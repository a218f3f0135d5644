"""Audit checks on lists of candidates: misaligned, with an item twice, without the target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.ragged import Ragged
from vitrina.data.splits.inventory import Inventory
from vitrina.evaluation.audit_view import PARTS, Finding, PartName, Rows, Severity, View, percent


def candidate_lists(view: View) -> list[Finding]:
    """Find candidate lists that are misaligned, hold an item twice, or lack the targets."""
    found: list[Finding] = []
    for part in PARTS:
        candidates = view.split.candidates.get(part)
        if candidates is None or isinstance(candidates, Inventory) or not view.targets[part].size:
            continue
        shared = not isinstance(candidates, Ragged)
        lists = Ragged(np.array([0, candidates.size]), candidates) if not isinstance(candidates, Ragged) else candidates
        users = np.unique(view.users[view.targets[part]])
        if not shared:
            if len(lists) != users.size:
                found.append(_misaligned(part, len(lists), users.size))
                continue
            found.append(_sampled(part, lists))
        found += _lists(view, part, lists, users, shared)
    return found


def _lists(view: View, part: PartName, lists: Ragged, users: NDArray[np.int32], shared: bool) -> list[Finding]:
    found = []
    width = np.int64(max(view.dataset.n_items, int(lists.values.max(initial=0)) + 1))
    cells = np.sort(np.repeat(np.arange(len(lists)), lists.lengths) * width + lists.values)
    twice = np.unique(cells[1:][cells[1:] == cells[:-1]] // width)
    if twice.size:
        names = [] if shared else [f"user {name!r}" for name in view.dataset.users.decode(users[twice[:3]])]
        words = (
            f"{twice.size:,} of {len(lists):,} candidate lists of {part} ({percent(twice.size / len(lists))}) hold an item "
            "twice, as NCF's published lists do when a sampled negative is the target itself; count each item once."
        )
        found.append(_finding("candidate-duplicates", "warning", twice.size, twice.size / len(lists), words, names))
    rows = view.targets[part]
    row_of = np.zeros(len(rows), np.int64) if shared else np.searchsorted(users, view.users[rows])
    wanted = row_of * width + view.items[rows]
    at = np.minimum(np.searchsorted(cells, wanted), max(0, cells.size - 1))
    lacking: Rows = rows[cells[at] != wanted] if cells.size else rows
    if lacking.size:
        share = lacking.size / rows.size
        words = f"{lacking.size:,} of {rows.size:,} {part} targets ({percent(share)}) are not candidates: no model can find them."
        found.append(_finding("target-not-candidate", "fatal", lacking.size, share, words, view.examples(lacking)))
    return found


def _misaligned(part: PartName, n_lists: int, n_users: int) -> Finding:
    words = (
        f"There are {n_lists:,} candidate lists for {n_users:,} {part} users: each user needs one, in the order of user codes."
    )
    return _finding("candidates-misaligned", "fatal", abs(n_lists - n_users), abs(n_lists - n_users) / n_users, words, [])


def _sampled(part: PartName, lists: Ragged) -> Finding:
    words = (
        f"The {part} part ranks about {lists.lengths.mean():.0f} sampled candidates per user: such numbers are for reproducing "
        "papers, and can order models differently from a full ranking (Krichene & Rendle 2020)."
    )
    return _finding("sampled-candidates", "note", len(lists), 1.0, words, [])


def _finding(code: str, severity: Severity, count: int, share: float, words: str, examples: list[str]) -> Finding:
    return Finding(code=code, severity=severity, count=count, share=share, sentence=words, examples=examples)
