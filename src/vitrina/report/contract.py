"""What the report reads: ``results.json`` of a comparison.

Only ``methods`` matters; :mod:`vitrina.report.records` says how everything else is tolerated.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from vitrina.errors import VitrinaError
from vitrina.report.records import (
    Audit,
    DataFacts,
    Example,
    Method,
    Pair,
    ProfileSize,
    Record,
    Remark,
    Segment,
    SplitFacts,
    Study,
    Text,
    Trial,
    Verdict,
)

FORMAT = 1
"""Newest format of ``results.json`` that this version was written for."""

MIN_USERS = 50
"""With fewer test users than this, no winner is declared."""

_UNPRINTABLE = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\ud800-\\udfff\\ufffe\\uffff]")


class Results(Record):
    """The whole of ``results.json``."""

    format: int = FORMAT
    name: Text = ""
    created: Text = ""
    vitrina: Text = ""
    finished: bool = True
    metric: Text = ""
    definitions: dict[str, Text] = Field(default_factory=dict)
    higher_is_better: dict[str, bool | None] = Field(default_factory=dict)
    methods: list[Method] = Field(default_factory=list)
    failures: list[Remark] = Field(default_factory=list)
    skipped: list[Remark] = Field(default_factory=list)
    pairs: list[Pair] = Field(default_factory=list)
    verdict: Verdict = Verdict()
    segments: list[Segment] = Field(default_factory=list)
    profile_sizes: list[ProfileSize] = Field(default_factory=list)
    sessions: int | None = None
    study: Study | None = None
    examples: list[Example] = Field(default_factory=list)
    works: dict[str, dict[str, Any]] = Field(default_factory=dict)
    tuning: dict[str, list[Trial]] = Field(default_factory=dict)
    split: SplitFacts = SplitFacts()
    audit: Audit | None = None
    dataset: DataFacts = DataFacts()
    environment: dict[str, Any] = Field(default_factory=dict)
    config_toml: Text = ""
    command: Text = ""

    @cached_property
    def deciding(self) -> str:
        """The metric that decides; the first metric reported when the run does not say."""
        return self.metric or next((m for method in self.methods for m in method.metrics), "")

    @cached_property
    def ranked(self) -> list[Method]:
        """Methods from best to worst on the deciding metric, those without a value last."""
        sign = 1.0 if self.higher_is_better.get(self.deciding) is False else -1.0

        def key(method: Method) -> tuple[bool, float, str]:
            value = method.metrics.get(self.deciding)
            return value is None, sign * (value or 0.0), method.name

        return sorted(self.methods, key=key)

    @cached_property
    def best(self) -> Method | None:
        """The method with the best value of the deciding metric (which need not be a proven winner)."""
        return next((m for m in self.ranked if m.metrics.get(self.deciding) is not None), None)

    @cached_property
    def n_users(self) -> int | None:
        """Number of test users, from wherever the run recorded it."""
        known = (self.verdict.n_users, self.split.test_users, *(pair.n for pair in self.pairs))
        return next((n for n in known if n is not None), None)

    @cached_property
    def replays(self) -> bool:
        """Whether sessions were asked about one by one, several of a person perhaps, as time passed."""
        return self.sessions is not None or any(method.reach for method in self.methods)

    @cached_property
    def unit(self) -> str:
        """What was asked about: ``session`` in a replay, else ``user``. Statistics are over people in both."""
        return "session" if self.replays else "user"

    @cached_property
    def _labels(self) -> dict[str, str]:
        titles = Counter(m.title or m.name for m in self.methods)
        return {m.name: (m.title or m.name) if titles[m.title or m.name] == 1 else f"{m.title} ({m.name})" for m in self.methods}

    def label(self, name: str) -> str:
        """Return what a method is called on the page: its title, with the name added where two titles are the same."""
        return self._labels.get(name, name)

    def method(self, name: str | None) -> Method | None:
        """Return a method by name, or ``None``."""
        return next((m for m in self.methods if m.name == name), None)

    @cached_property
    def ordered_pairs(self) -> list[Pair]:
        """Every comparison told from the better method's side, in the order of the table."""
        order = {m.name: i for i, m in enumerate(self.ranked)}
        last = len(order)

        def rank(name: str) -> int:
            return order.get(name, last)

        told = [p if rank(p.a) <= rank(p.b) else p.flipped() for p in self.pairs]
        return sorted(told, key=lambda p: (rank(p.a), rank(p.b)))

    def pair(self, a: str, b: str) -> Pair | None:
        """Return the comparison told as ``a`` minus ``b``, whichever way it was recorded."""
        for pair in self.pairs:
            if (pair.a, pair.b) == (a, b):
                return pair
            if (pair.a, pair.b) == (b, a):
                return pair.flipped()
        return None


def _printable(value: object) -> Any:
    """Take out of all text what no page, drawing or file can hold: control characters and halves of characters."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {_printable(k): _printable(v) for k, v in value.items()}
    return [_printable(v) for v in value] if isinstance(value, list) else value


def parse_results(data: object, source: str = "the results") -> Results:
    """Check results that were read from JSON. Raises ``VitrinaError`` naming the first field that is wrong."""
    try:
        return Results.model_validate(_printable(data))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise VitrinaError(
            f"cannot read {source}: at {place}: {first['msg'].lower()}. "
            "The file was altered or not written by `vitrina compare`; run the comparison again, it keeps what is done."
        ) from error


def read_results(run: Path) -> Results:
    """Read ``RUN/results.json``. Raises ``VitrinaError`` if it is missing, cut off, or not the results of a comparison."""
    path = run / "results.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise VitrinaError(
            f"{run} has no results.json, so there is nothing to report. "
            f"Give the folder that `vitrina compare DATA --out RUN` wrote, or run that command first."
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise VitrinaError(
            f"{path} is not valid JSON ({error}). It was cut off or altered; run the comparison again, it keeps what is done."
        ) from error
    except OSError as error:
        raise VitrinaError(f"cannot read {path}: {error.strerror or error}.") from error
    return parse_results(data, str(path))
