"""The parts of ``results.json`` as typed, tolerant records.

Anything may be absent (an older or unfinished run), ``null``, or accompanied by keys that this version does not know (a newer
run). NaN and infinity count as absent.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float | bool) else value


Number = Annotated[float | None, AfterValidator(_finite)]
Text = Annotated[str, BeforeValidator(_as_text)]


class Record(BaseModel):
    """Base of the records: unknown keys are ignored, and ``null`` means absent."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        return {k: v for k, v in data.items() if v is not None} if isinstance(data, dict) else data


class Seconds(Record):
    """Wall-clock seconds of a method: all its tuning trials, the final fit, the evaluation on test."""

    tune: Number = None
    fit: Number = None
    evaluate: Number = None

    @property
    def total(self) -> float | None:
        """Sum of the parts that are known, ``None`` if none is."""
        known = [s for s in (self.tune, self.fit, self.evaluate) if s is not None]
        return sum(known) if known else None


class Reach(Record):
    """Shares of people and of sessions for whom a method could recommend anything."""

    users: Number = None
    sessions: Number = None


class Method(Record):
    """One method and its results on test."""

    name: Text
    title: Text = ""
    family: Text = ""
    personalised: bool | None = None
    neural: bool = False
    metrics: dict[str, Number] = Field(default_factory=dict)
    intervals: dict[str, tuple[Number, Number] | None] = Field(default_factory=dict)
    seconds: Seconds = Seconds()
    memory_mb: Number = None
    trials: int | None = None
    failed_trials: int = 0
    capped: bool = False
    settings: dict[str, Any] = Field(default_factory=dict)
    paper: Text = ""
    missing_scores: int = 0
    group: Text = ""
    reach: Reach | None = None

    def interval(self, metric: str) -> tuple[float, float] | None:
        """Return the interval of a metric, or ``None``."""
        low, high = self.intervals.get(metric) or (None, None)
        return None if low is None or high is None else (low, high)


class Remark(Record):
    """A method that failed or was left out, and why."""

    name: Text
    reason: Text = "no reason was recorded"


class Pair(Record):
    """The paired difference ``a`` minus ``b`` over the same users, on the deciding metric."""

    a: Text
    b: Text
    difference: Number = None
    low: Number = None
    high: Number = None
    p_value: Number = None
    p_holm: Number = None
    p_bonferroni: Number = None
    test: Text = ""
    effect_size: Number = None
    share_better: Number = None
    share_worse: Number = None
    n: int | None = None

    def flipped(self) -> Pair:
        """Return the same comparison told as ``b`` minus ``a``."""

        def minus(value: float | None) -> float | None:
            return None if value is None else -value

        changes = {
            "a": self.b,
            "b": self.a,
            "difference": minus(self.difference),
            "low": minus(self.high),
            "high": minus(self.low),
            "effect_size": minus(self.effect_size),
            "share_better": self.share_worse,
            "share_worse": self.share_better,
        }
        return self.model_copy(update=changes)


class Verdict(Record):
    """The decision that the experiment took."""

    winner: Text | None = None
    equal_to_best: list[Text] = Field(default_factory=list)
    reason: Text = ""
    sentence: Text = ""
    runner_up: Text | None = None
    smallest_detectable: Number = None
    n_users: int | None = None


class Segment(Record):
    """The deciding metric for a part of the users or items, by method."""

    segment: Text
    value: Text = ""
    n_users: int | None = None
    metrics: dict[str, Number] = Field(default_factory=dict)


class ProfileSize(Record):
    """The deciding metric for sessions of people who had bought so many works before, by method, with intervals over people."""

    size: Text
    n_sessions: int | None = None
    n_users: int | None = None
    metrics: dict[str, Number] = Field(default_factory=dict)
    intervals: dict[str, tuple[Number, Number] | None] = Field(default_factory=dict)

    def interval(self, method: str) -> tuple[float, float] | None:
        """Return the interval of a method, or ``None``."""
        low, high = self.intervals.get(method) or (None, None)
        return None if low is None or high is None else (low, high)


class Curve(Record):
    """A training by epoch: mean loss, value on validation, seconds; ``null`` where a value is not known.

    ``start`` is the value on validation before the first epoch, where no epoch at all was a choice, too.
    """

    loss: list[Number] = Field(default_factory=list)
    metric: list[Number] = Field(default_factory=list)
    seconds: list[Number] = Field(default_factory=list)
    start: Number = None


class Trial(Record):
    """One tuning trial: its value on validation, the best so far, and how it was trained."""

    trial: int
    value: Number = None
    best: Number = None
    seconds: Number = None
    state: Text = "complete"
    curve: Curve | None = None


class SplitFacts(Record):
    """How the events were divided."""

    protocol: Text = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    seed: int | None = None
    hash: Text = ""
    events: dict[str, int] = Field(default_factory=dict)
    test_users: int | None = None
    candidates: Text = ""


class Finding(Record):
    """One thing that the audit of the split found."""

    code: Text = ""
    severity: Text = "note"
    count: int | None = None
    share: Number = None
    sentence: Text = ""
    examples: list[Text] = Field(default_factory=list)


class Audit(Record):
    """The verdict on the split itself."""

    verdict: Text = ""
    fatal: bool = False
    findings: list[Finding] = Field(default_factory=list)


class AttributeFacts(Record):
    """How many items have an attribute, as counts or percentages."""

    name: Text
    present: Number = None
    absent: Number = None

    @property
    def share(self) -> float | None:
        """Share of the items that have the attribute."""
        if self.present is None or self.absent is None or self.present + self.absent <= 0:
            return None
        return self.present / (self.present + self.absent)


class Tail(Record):
    """Popularity: points (share of items, most popular first; share of events they receive)."""

    curve: list[tuple[float, float]] = Field(default_factory=list)


class Spread(Record):
    """Smallest, middle and largest of a count."""

    min: Number = None
    median: Number = None
    max: Number = None


class DataFacts(Record):
    """The shape of the data set."""

    name: Text = ""
    title: Text = ""
    simulated: bool = False
    events: int | None = None
    users: int | None = None
    items: int | None = None
    density: Number = None
    first_date: str | float | None = None
    last_date: str | float | None = None
    attributes: list[AttributeFacts] = Field(default_factory=list)
    tail: Tail = Tail()
    events_per_user: Spread = Spread()
    warnings: list[Text] = Field(default_factory=list)
    fingerprint: Text = ""


class Study(Record):
    """The tests of the UGallery study over the methods of its table: signs by method and metric, see ``report.gallery``."""

    alpha: Number = None
    n_pairs: int | None = None
    methods: list[Text] = Field(default_factory=list)
    marks: dict[str, dict[str, Text]] = Field(default_factory=dict)


class Example(Record):
    """One session of a replay: what was known, what was bought, what each method showed; items by external id."""

    user: Text
    at: Number = None
    history: list[Text] = Field(default_factory=list)
    n_history: int | None = None
    targets: list[Text] = Field(default_factory=list)
    picks: dict[str, list[Text]] = Field(default_factory=dict)
