"""Is the neural network really better? Every neural model of a run against its best simple one.

The question is that of Ferrari Dacrema, Cremonesi and Jannach, "Are We Really Making Much Progress?", RecSys 2019. The opponent
is the method without a neural network that did best on test: the hardest choice, and in part the luckiest method. So a lead
over it is corrected (Holm) for as many comparisons as there are neural models, but being behind it for every pair of a neural
model and a simple one, among which the test people picked this opponent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vitrina.evaluation.significance import holm
from vitrina.report.contract import MIN_USERS, Results
from vitrina.report.numbers import counted, listed, multiple, number, times
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
    neural, simple = [m for m in valued if m.neural], [m for m in valued if not m.neural and m.personalised is not False]
    tested = {(a.name, b.name): pair for a in neural for b in simple if (pair := _tested(results, a, b)) is not None}
    told = [(m, tested[m.name, simple[0].name]) for m in neural if simple and (m.name, simple[0].name) in tested]
    if not told:
        return None
    ahead = holm([pair.p_value or 0.0 for _, pair in told])
    behind = dict(zip(tested, holm([pair.p_value or 0.0 for pair in tested.values()]), strict=True))
    steps = []
    for (method, pair), p in zip(told, ahead, strict=True):
        corrected = p if (pair.difference or 0.0) > 0 else behind[method.name, simple[0].name]
        steps.append(_step(method, pair.model_copy(update={"p_holm": float(corrected)}), simple[0], judged=not _too_few(results)))
    return Progress(simple[0], steps, _sentence(results, simple[0], steps))


def _tested(results: Results, a: Method, b: Method) -> Pair | None:
    """The comparison ``a`` minus ``b``, where it was tested."""
    pair = results.pair(a.name, b.name)
    return pair if pair is not None and pair.difference is not None and pair.p_value is not None else None


def _too_few(results: Results) -> bool:
    return results.n_users is not None and results.n_users < MIN_USERS


def _step(method: Method, pair: Pair, simple: Method, *, judged: bool) -> Step:
    real = judged and significant(pair)
    outcome: Outcome = "level" if not real else "better" if (pair.difference or 0.0) > 0 else "worse"
    ours, theirs = method.seconds.fit, simple.seconds.fit
    return Step(method, pair, outcome, ours / theirs if ours is not None and theirs else None)


def _sentence(results: Results, simple: Method, steps: list[Step]) -> str:
    """Say which neural models beat the simple one, or how near the nearest comes, and at what price."""
    if _too_few(results):
        tests = f"{counted(results.n_users or 0, 'test user')} {'is' if results.n_users == 1 else 'are'} too few"
        question = f"Whether neural models are better than {results.label(simple.name)} cannot be said"
        return f"{question}: {tests}, at least {MIN_USERS} are needed."
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
    share = times(step.times) if step.times >= 1 else f"{multiple(step.times)} of"
    return f", at {share} its training time"
