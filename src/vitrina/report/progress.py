"""Is the neural network really better? Every neural model of a run against its best simple one.

The question is that of Ferrari Dacrema, Cremonesi and Jannach, "Are We Really Making Much Progress?", RecSys 2019. The opponent
is the method without a neural network that did best on test, which is the hardest choice and favours no newcomer; p values are
corrected by Holm's method for as many comparisons as there are neural models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vitrina.evaluation.significance import holm
from vitrina.report.contract import Results
from vitrina.report.numbers import counted, listed, number, times
from vitrina.report.records import Method, Pair
from vitrina.report.verdict import pair_decimals, significant

Outcome = Literal["better", "level", "worse"]


@dataclass(frozen=True)
class Step:
    """One neural model: the pair is it minus the best simple method, ``times`` how many of its training times it took."""

    method: Method
    pair: Pair
    outcome: Outcome
    times: float | None


@dataclass(frozen=True)
class Progress:
    """The answer: ``steps`` from the best neural model to the worst."""

    simple: Method
    steps: list[Step]
    sentence: str


def progress_of(results: Results) -> Progress | None:
    """Compare; ``None`` where a run lacks neural models, simple ones that personalise, or their paired tests."""
    valued = [m for m in results.ranked if m.metrics.get(results.deciding) is not None]
    simple = next((m for m in valued if not m.neural and m.personalised is not False), None)
    if simple is None:
        return None
    found = [(m, results.pair(m.name, simple.name)) for m in valued if m.neural]
    told = [(m, pair) for m, pair in found if pair is not None and pair.difference is not None and pair.p_value is not None]
    if not told:
        return None
    corrected = holm([pair.p_value or 0.0 for _, pair in told])
    steps = [
        _step(method, pair.model_copy(update={"p_holm": float(p)}), simple)
        for (method, pair), p in zip(told, corrected, strict=True)
    ]
    return Progress(simple, steps, _sentence(results, simple, steps))


def _step(method: Method, pair: Pair, simple: Method) -> Step:
    outcome: Outcome = "level" if not significant(pair) else "better" if (pair.difference or 0.0) > 0 else "worse"
    ours, theirs = method.seconds.fit, simple.seconds.fit
    return Step(method, pair, outcome, ours / theirs if ours is not None and theirs else None)


def _sentence(results: Results, simple: Method, steps: list[Step]) -> str:
    """Say which neural models beat the simple one, or how near the nearest comes, and at what price."""
    models = counted(len(steps), "neural model")
    opponent = f"the best simple one, {results.label(simple.name)}, on {results.deciding}"
    better = [step for step in steps if step.outcome == "better"]
    if better:
        who = "the" if len(steps) == 1 else f"{len(better)} of"
        beats = "beats" if len(better) == 1 else "beat"
        named = [f"{results.label(s.method.name)} by {_amount(s.pair)}{_price(s)}" for s in better]
        return f"{who.capitalize()} {models} {beats} {opponent}: {listed(named)}."
    first = steps[0]
    label, level = results.label(first.method.name), first.outcome == "level"
    start = f"The {models} does not beat {opponent}" if len(steps) == 1 else f"None of {models} beats {opponent}"
    near = "cannot be told apart from it" if level else f"is {_amount(first.pair)} behind, significantly"
    return f"{start}: {label}{'' if len(steps) == 1 else ', the nearest,'} {near}{_price(first)}."


def _amount(pair: Pair) -> str:
    return number(abs(pair.difference or 0.0), pair_decimals(pair))


def _price(step: Step) -> str:
    if step.times is None:
        return ""
    share = times(step.times) if step.times >= 1 else f"{number(step.times, 2)} of"
    return f", at {share} its training time"
