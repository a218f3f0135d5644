"""The verdict in plain words: what was found, by how much, whether it is real, what it cost, whether there are data enough."""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.report.contract import FORMAT, MIN_USERS, Results
from vitrina.report.numbers import (
    LEVEL,
    column_decimals,
    counted,
    interval,
    listed,
    number,
    p_phrase,
    percent,
    seconds,
    signed,
    times,
)
from vitrina.report.records import Method, Pair

_SIGNIFICANT, _NAMED = 0.05, 4


@dataclass(frozen=True)
class Notice:
    """Something the reader must know before the numbers; ``grave`` ones come before the verdict."""

    title: str
    text: str
    grave: bool = False


@dataclass(frozen=True)
class Answer:
    """One question of the reader: the answer in short, its qualification in small type, then a sentence."""

    question: str
    short: str
    small: str
    words: str


@dataclass(frozen=True)
class Opening:
    """The top of the page."""

    notices: list[Notice]
    headline: str
    sub: str
    answers: list[Answer]


def opening(results: Results) -> Opening:
    """Build the top of the page from the results."""
    headline, sub = _headline(results)
    answers = [build(results) for build in (_by_how_much, _is_it_real, _cost, _enough)]
    return Opening(_notices(results), headline, sub, [a for a in answers if a is not None])


def _notices(results: Results) -> list[Notice]:
    found = []
    if not results.finished:
        done = counted(len(results.methods), "method")
        text = f"{done} done so far; the order may still change. Run the same command again to continue where it stopped."
        found.append(Notice("This run is not finished.", text, grave=True))
    if results.dataset.simulated:
        text = "They show how the methods behave on a known world; they say nothing about real people."
        found.append(Notice("These data are simulated.", text))
    if results.format > FORMAT:
        text = f"Its format is {results.format}, this version reads {FORMAT}; anything newer is left out."
        found.append(Notice("This run was written by a newer version of Vitrina.", text))
    return found


def _headline(results: Results) -> tuple[str, str]:
    best, n = results.best, results.n_users
    if results.audit is not None and results.audit.fatal:
        return "These numbers cannot be trusted: the split failed its audit, so no winner is declared.", results.audit.verdict
    if best is None:
        return "No method has produced a result yet.", ""
    if n is not None and n < MIN_USERS:
        return (
            f"No winner can be declared: {counted(n, 'test user')} "
            f"{'is' if n == 1 else 'are'} too few, at least {MIN_USERS} are needed.",
            f"{results.label(best.name)} has the highest {results.deciding} here, which may well be chance.",
        )
    return _decision(results, best), ""


def _decision(results: Results, best: Method) -> str:
    """The decision in the words of the page: titles and not names, and no more numbers than a heading bears."""
    name, winner = results.label(best.name), results.method(results.verdict.winner)
    if winner is not None:
        pair = _lead(results)
        real = pair is not None and significant(pair)
        ahead = f", ahead of {results.label(pair.b)}" if pair is not None else ""
        return f"{results.label(winner.name)} wins on {results.deciding}{ahead}{': the difference is real' if real else ''}."
    first, *equal = [results.label(m) for m in results.verdict.equal_to_best] or [name]
    if equal:  # to the first one, that is: they may well differ from one another
        shown = equal if len(equal) < _NAMED else [*equal[: _NAMED - 2], f"{len(equal) - _NAMED + 2} others"]
        leads = f"{first} has the highest mean, but is not significantly better than {listed(shown)}"
        return f"No single winner on {results.deciding}: {leads}."
    if results.verdict.sentence:
        return results.verdict.sentence
    return f"{name} has the highest {results.deciding}; whether the lead is real was not tested in this run."


def _leader(results: Results) -> Method | None:
    return results.method(results.verdict.winner) or results.best


def _lead(results: Results) -> Pair | None:
    """The leader minus its runner-up."""
    leader = _leader(results)
    others = [m for m in results.ranked if leader is not None and m.name != leader.name]
    runner_up = results.method(results.verdict.runner_up) or (others[0] if others else None)
    return None if leader is None or runner_up is None else results.pair(leader.name, runner_up.name)


def difference(pair: Pair) -> str:
    """Write a paired difference with the decimals that its own interval supports."""
    return signed(pair.difference, pair_decimals(pair))


def _amount(pair: Pair) -> str:
    value = pair.difference or 0.0
    return f"{number(abs(value), pair_decimals(pair))} {'less' if value < 0 else 'more'}"


def pair_decimals(pair: Pair) -> int:
    """Return the decimals that the interval of a difference supports."""
    return column_decimals([None if pair.low is None or pair.high is None else (pair.low, pair.high)])


def pair_interval(pair: Pair) -> str:
    """Write the interval of a difference, empty if there is none."""
    return "" if pair.low is None or pair.high is None else interval(pair.low, pair.high, pair_decimals(pair))


def significant(pair: Pair) -> bool | None:
    """Return whether a difference is real after the Holm correction, ``None`` if it was not tested."""
    p = pair.p_holm if pair.p_holm is not None else pair.p_value
    return None if p is None else p < _SIGNIFICANT


def _relative(results: Results, pair: Pair) -> str:
    other = results.method(pair.b)
    base = None if other is None else other.metrics.get(results.deciding)
    return f" ({percent(abs(pair.difference / base))} of its value)" if base and pair.difference is not None else ""


def _by_how_much(results: Results) -> Answer | None:
    pair = _lead(results)
    if pair is None or pair.difference is None:
        return None
    words = (
        f"{results.label(pair.a)} has {_amount(pair)} {results.deciding} than {results.label(pair.b)}, "
        f"the next best{_relative(results, pair)}."
    )
    baseline = _popular(results)
    against = None if baseline is None or baseline.name in (pair.a, pair.b) else results.pair(pair.a, baseline.name)
    if against is not None and against.difference is not None and baseline is not None:
        words += f" It has {_amount(against)} than {results.label(baseline.name)}."
    span = pair_interval(pair)
    return Answer("By how much", difference(pair), f"{LEVEL} interval {span}" if span else "", words)


def _is_it_real(results: Results) -> Answer | None:
    pair = _lead(results)
    real = None if pair is None else significant(pair)
    if pair is None or real is None:
        return None
    few = results.n_users is not None and results.n_users < MIN_USERS
    fatal = results.audit is not None and results.audit.fatal
    corrected = pair.p_holm if pair.p_holm is not None else pair.p_value
    small = p_phrase(corrected) + (f", Holm over {counted(len(results.pairs), 'pair')}" if pair.p_holm is not None else "")
    name, other = results.label(pair.a), results.label(pair.b)
    if fatal:
        short, words = "Cannot be said", "The split is faulty, so no test on it can answer."
    elif few:
        short, words = "Cannot be said", f"With fewer than {MIN_USERS} test users a test proves nothing either way."
    elif real:
        short, words = "Yes", "A lead this large would rarely come from the choice of test users alone."
    else:
        short, words = "Not shown", f"The difference between {name} and {other} may be chance."
    if pair.share_better is not None and pair.share_worse is not None:
        words += f" {name} serves {percent(pair.share_better)} of {results.unit}s better than {other}, {percent(pair.share_worse)} worse."
    if pair.effect_size is not None:
        words += (
            f" The effect is {_size(pair.effect_size)} (d\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{number(pair.effect_size, 2)})."
        )
    return Answer("Is the difference real", short, small, words)


def _size(effect: float) -> str:
    """Cohen's words for a standardised difference (Cohen 1988)."""
    steps = ((0.2, "very small"), (0.5, "small"), (0.8, "medium"))
    return next((word for limit, word in steps if abs(effect) < limit), "large")


def _popular(results: Results) -> Method | None:
    """The simplest method there is: plain popularity."""
    named = [m for m in results.methods if m.name.lower().startswith("popular")]
    return min(named, key=lambda m: (m.name != "popular", m.name)) if named else None


def _cheapest_personal(results: Results, leader: Method) -> Method | None:
    timed = [m for m in results.methods if m.personalised and m.name != leader.name and m.seconds.total is not None]
    return min(timed, key=lambda m: m.seconds.total or 0.0) if timed else None


def _cost(results: Results) -> Answer | None:
    leader = _leader(results)
    total = None if leader is None else leader.seconds.total
    if leader is None or total is None:
        return None
    parts = []
    if leader.seconds.tune:
        trials = f" for {counted(leader.trials, 'trial')}" if leader.trials else ""
        parts.append(f"{seconds(leader.seconds.tune)} of tuning{trials}")
    if leader.seconds.fit is not None:
        parts.append(f"{seconds(leader.seconds.fit)} for one fit")
    words = f"{results.label(leader.name)} took {listed(parts)}." if parts else ""
    for other, what in (
        (_popular(results), "the simplest"),
        (_cheapest_personal(results, leader), "the cheapest personalised method"),
    ):
        spent = None if other is None else other.seconds.total
        if other is None or spent is None or other.name == leader.name:
            continue
        words += f" {results.label(other.name)}, {what}, took {seconds(spent)} in all{_ratio(total, spent)}."
    return Answer("What it cost", seconds(total), "tuning, fit and evaluation", words.strip())


def _ratio(total: float, spent: float) -> str:
    if spent <= 0 or total < 1.5 * spent:
        return ""
    return f", {times(total / spent)} less"


def _enough(results: Results) -> Answer | None:
    n, least = results.n_users, results.verdict.smallest_detectable
    if n is None:
        return None
    asked = counted(n, "test user") if results.sessions is None else f"{counted(n, 'person', 'people')}, {counted(results.sessions, 'session')}"
    if n < MIN_USERS:
        return Answer("Are there data enough", "No", asked, f"Collect at least {MIN_USERS} users with test events.")
    if least is None:
        words = "The run did not record the smallest difference it could have seen."
        return Answer("Are there data enough", asked, "", words)
    places = column_decimals([(-least, least)]) if least > 0 else 3
    words = f"With these users, a difference below {number(least, places)} in {results.deciding} would probably go unnoticed."
    pair = _lead(results)
    lead = abs(pair.difference) if pair is not None and pair.difference is not None else None
    if pair is None or lead is None:
        return Answer("Are there data enough", asked, "", words)
    if lead >= least:
        short = "Yes"
        words += f" The lead is {times(lead / least)} that." if least > 0 and lead >= 1.1 * least else ""
    elif significant(pair):
        short = "Barely"
        words += " The lead is smaller and was seen all the same: its size is uncertain, more users would settle it."
    else:
        short = "Not to separate the best"
        words += " The lead is smaller than that."
    return Answer("Are there data enough", short, asked, words)
