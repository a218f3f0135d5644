"""The audit of a split: what could make its numbers untrue, found, counted and said in words before it is used."""

from __future__ import annotations

import time
from functools import cached_property

from pydantic import BaseModel, ConfigDict, computed_field

from vitrina.data.splits.protocols import ENOUGH_USERS
from vitrina.data.splits.split import Label, Split
from vitrina.evaluation import audit_candidates, audit_drift, audit_pairs, audit_support, audit_time
from vitrina.evaluation.audit_support import detectable_difference
from vitrina.evaluation.audit_view import Finding, View

__all__ = ["CODES", "Audit", "Finding", "audit", "detectable_difference"]

#: Every code the audit can give, in short words (in the order of the checks).
CODES: dict[str, str] = {
    "unknown-labels": "labels that mean nothing",
    "empty-part": "an empty part",
    "no-validation": "no validation part",
    "target-in-history": "test items inside histories",
    "validation-test-overlap": "validation and test share targets",
    "missing-timestamps": "missing timestamps",
    "future-leak-user": "targets older than their user's own history",
    "future-leak-global": "training data from after the test events",
    "future-timestamps": "timestamps in the future",
    "time-ties": "last events decided by ties",
    "duplicate-events": "duplicate events",
    "candidates-misaligned": "candidate lists that belong to other users",
    "target-not-candidate": "targets missing from the candidates",
    "candidate-duplicates": "candidate lists that hold an item twice",
    "sampled-candidates": "sampled candidates",
    "few-test-users": "too few test users to tell models apart",
    "cold-users": "test users without history",
    "cold-items": "test items without training data",
    "popularity-drift": "popularity that differs between training and test",
    "constant-users": "users who show no preference",
    "repeat-targets": "targets consumed before",
    "repeated-pairs": "items consumed again although repeats is false",
    "unused-events": "events in no part",
}


class Audit(BaseModel):
    """The findings on one split, the worst first; ``model_dump()`` is JSON.

    ``detectable_difference`` is the smallest difference in hit rate that the test users can show (80 % power); see
    ``detectable_difference()``.
    """

    model_config = ConfigDict(frozen=True)

    protocol: str
    split: str  # its hash
    test_users: int
    test_events: int
    detectable_difference: float | None
    findings: list[Finding]

    @property
    def codes(self) -> set[str]:
        """The codes found."""
        return {finding.code for finding in self.findings}

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def fatal(self) -> bool:
        """Whether numbers from this split would be untrue."""
        return any(finding.severity == "fatal" for finding in self.findings)

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def verdict(self) -> str:
        """What was found, in one or two sentences."""
        fatal = [finding for finding in self.findings if finding.severity == "fatal"]
        if fatal:
            others = f" ({len(fatal) - 1} more fatal: {_titles(fatal[1:])}.)" if len(fatal) > 1 else ""
            return f"Do not use this split: {CODES[fatal[0].code]}. {fatal[0].sentence}{others}"
        warnings = [finding for finding in self.findings if finding.severity == "warning"]
        start = f"Usable with care: {_titles(warnings)}." if warnings else "Sound: no leak, no duplicate, nothing that misleads."
        return f"{start} {self._power}"

    @property
    def _power(self) -> str:
        if self.test_users < ENOUGH_USERS:
            return f"With {self.test_users} test users no winner can be declared."
        return (
            f"With {self.test_users:,} test users, hit rates less than {100 * (self.detectable_difference or 0):.1f} points "
            "apart cannot be told apart (80 % power, models that disagree on one user in five)."
        )


def audit(split: Split, *, now: int | None = None) -> Audit:
    """Look for everything in a split that would make its numbers untrue or hard to read; ``CODES`` lists what.

    Fatal findings mean that the split must not be used; warnings belong beside every number from it; notes are facts worth
    knowing. A leak from the future is fatal where the protocol claims an order in time, and a warning where it is random.
    ``now`` (seconds since 1970, default: the clock) is the moment after which no event can have happened.
    """
    view = View(split)
    findings = [
        *_unknown_labels(view),
        *audit_support.empty_parts(view),
        *audit_pairs.target_in_history(view),
        *audit_pairs.validation_test_overlap(view),
        *audit_time.missing_timestamps(view),
        *audit_time.user_future_leak(view),
        *audit_time.global_future_leak(view),
        *audit_time.future_timestamps(view, int(time.time()) if now is None else now),
        *audit_time.time_ties(view),
        *audit_pairs.duplicate_events(view),
        *audit_candidates.candidate_lists(view),
        *audit_support.few_test_users(view),
        *audit_support.cold_users(view),
        *audit_support.cold_items(view),
        *audit_drift.popularity_drift(view),
        *audit_support.constant_users(view),
        *audit_pairs.repeated_pairs(view),
        *audit_pairs.unused_events(view),
    ]
    n_users = audit_support.n_test_users(view)
    return Audit(
        protocol=split.protocol,
        split=split.hash,
        test_users=n_users,
        test_events=view.targets["test"].size,
        detectable_difference=detectable_difference(n_users),
        findings=sorted(findings, key=lambda finding: ("fatal", "warning", "note").index(finding.severity)),
    )


def _unknown_labels(view: View) -> list[Finding]:
    wrong = (view.labels > max(Label)).nonzero()[0]
    if not wrong.size:
        return []
    words = f"{wrong.size:,} events have a label above {int(max(Label))}, which means nothing; labels are 0 to {int(max(Label))}."
    share = wrong.size / len(view.labels)
    return [
        Finding(
            code="unknown-labels", severity="fatal", count=wrong.size, share=share, sentence=words, examples=view.examples(wrong)
        )
    ]


def _titles(findings: list[Finding]) -> str:
    return "; ".join(dict.fromkeys(CODES[finding.code] for finding in findings))
