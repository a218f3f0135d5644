"""What the audit reports (findings), and the view of a split that its checks share."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from vitrina.data.splits.events import iso, pair_ids
from vitrina.data.splits.split import Label, Split

Severity = Literal["fatal", "warning", "note"]
PartName = Literal["test", "validation"]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

PARTS: tuple[PartName, ...] = ("test", "validation")
#: The targets of each part, what its queries know, and what the models asked there have learned from.
TARGET: dict[PartName, Label] = {"test": Label.TEST, "validation": Label.VALIDATION}
KNOWN: dict[PartName, tuple[Label, ...]] = {
    "test": (Label.TRAIN, Label.VALIDATION, Label.VALIDATION_HISTORY, Label.TEST_HISTORY),
    "validation": (Label.TRAIN, Label.VALIDATION_HISTORY),
}
TRAINED: dict[PartName, tuple[Label, ...]] = {
    "test": (Label.TRAIN, Label.VALIDATION, Label.VALIDATION_HISTORY),
    "validation": (Label.TRAIN,),
}
_EXAMPLES = 3


class Finding(BaseModel):
    """One thing the audit found: its ``code``, how bad it is, how often, and a sentence that says it in words.

    ``share`` is ``count`` over what was looked at (the sentence says what); ``examples`` name events by external ids.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    severity: Severity
    count: int
    share: float
    sentence: str
    examples: list[str] = []


def percent(share: float) -> str:
    """Write a share as people read it; what is not nothing or not all is never written as 0 % or 100 %."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    if 0.9995 <= share < 1:
        return "over 99.9 %"
    return f"{100 * share:.{0 if 0.095 <= share < 0.995 or share in (0, 1) else 1}f} %"


class View:
    """The arrays of a split ``[n_interactions]`` that the checks share."""

    def __init__(self, split: Split) -> None:
        self.split = split
        self.dataset = split.dataset
        self.labels = split.labels
        self.users = split.dataset.user_codes
        self.items = split.dataset.item_codes
        self.repeats = split.dataset.info.repeats

    @cached_property
    def times(self) -> NDArray[np.int64] | None:
        """Timestamps, 0 where unknown; None when the data set has none at all."""
        if "timestamp" not in self.dataset.interactions.columns:
            return None
        times: NDArray[np.int64] = self.dataset.interactions["timestamp"].fill_null(0).to_numpy()
        return times

    @cached_property
    def timed(self) -> Mask:
        """Which events have a known time."""
        if self.times is None:
            return np.zeros(len(self.labels), bool)
        return self.times.astype(bool)

    @cached_property
    def used(self) -> Mask:
        """Which events are in some part."""
        used: Mask = self.labels != Label.UNUSED
        return used

    @cached_property
    def pairs(self) -> NDArray[np.int64]:
        """One number per (user, item) pair."""
        return pair_ids(self.dataset)

    def having(self, *labels: Label) -> Mask:
        """Mark the events with one of ``labels``."""
        table = np.zeros(256, bool)
        table[list(labels)] = True
        marked: Mask = table[self.labels]
        return marked

    @cached_property
    def targets(self) -> dict[PartName, Rows]:
        """Row numbers of the targets of each part."""
        return {part: np.flatnonzero(self.labels == label) for part, label in TARGET.items()}

    @cached_property
    def known(self) -> dict[PartName, Mask]:
        """What the queries of each part know."""
        return {part: self.having(*labels) for part, labels in KNOWN.items()}

    @cached_property
    def trained(self) -> dict[PartName, Mask]:
        """What the models asked in each part have learned from."""
        return {part: self.having(*labels) for part, labels in TRAINED.items()}

    @property
    def orders_users(self) -> bool:
        """Whether the protocol claims that each user's targets come after what is known of them."""
        settings = self.split.settings
        ordered = self.split.protocol in ("global-time", "leave-last-out") or self.split.replays or settings.get("by") == "time"
        return ordered and settings.get("order") != "source"

    @property
    def orders_all(self) -> bool:
        """Whether the protocol claims that all targets come after all training events."""
        return self.split.protocol == "global-time" or self.split.replays

    @property
    def cold_by_design(self) -> bool:
        """Whether the protocol tests on items without training events on purpose: sold works do not come back."""
        return self.split.protocol.startswith("cold-items") or self.split.replays

    def examples(self, rows: Rows) -> list[str]:
        """Describe the first few events by their external ids and times."""
        shown = rows[:_EXAMPLES]
        users = self.dataset.users.decode(self.users[shown]).to_list()
        items = self.dataset.items.decode(self.items[shown]).to_list()
        moments = [f" at {iso(self.times[r])}" if self.times is not None and self.times[r] else "" for r in shown]
        return [f"user {u!r}, item {i!r}{t}" for u, i, t in zip(users, items, moments, strict=True)]

    def over_targets(self, code: str, severity: Severity, found: dict[PartName, Rows], sentence: str) -> list[Finding]:
        """Report targets at fault: the count and share are the test part's, or validation's where test has none.

        ``sentence`` completes "12 of 943 test targets (1.3 %) ...".
        """
        counts = {part: found[part].size for part in PARTS}
        if not any(counts.values()):
            return []
        part: PartName = "test" if counts["test"] else "validation"
        total = self.targets[part].size
        share = counts[part] / total
        also = f" (validation: {counts['validation']:,})" if part == "test" and counts["validation"] else ""
        words = f"{counts[part]:,} of {total:,} {part} targets ({percent(share)}){also} {sentence}"
        return [
            Finding(
                code=code, severity=severity, count=counts[part], share=share, sentence=words, examples=self.examples(found[part])
            )
        ]
