"""Was the tuning budget enough? One small panel a method: every trial as a dot, the best so far as a line."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
from markupsafe import Markup

from vitrina.report.charts.svg import drawing, inline
from vitrina.report.contract import Results
from vitrina.report.numbers import counted, listed, number, plain_decimals, seconds
from vitrina.report.records import Trial
from vitrina.report.theme import colours

_SIZE = (172.0, 88.0)
_LATE, _MATTERS = 0.25, 0.01


@dataclass(frozen=True)
class Panel:
    """The tuning of one method: its curve and its budget in words."""

    label: str
    budget: str
    drawing: Markup


@dataclass(frozen=True)
class Tuning:
    """The message over all methods, the panels, and the methods that had nothing to tune."""

    message: str
    panels: list[Panel]
    untuned: list[str]


def tuning_panels(results: Results) -> Tuning | None:
    """Draw a panel for each method with at least two finished trials; ``None`` if there is none."""
    ranked = [m for m in results.ranked if len(_finished(results, m.name)) > 1]
    if not ranked:
        return None
    panels = [
        Panel(results.label(m.name), _budget(results, m.name), _panel(results, m.name, f"tuning-{i}"))
        for i, m in enumerate(ranked)
    ]
    tuned = {m.name for m in ranked}
    return Tuning(
        _message(results, [m.name for m in ranked]),
        panels,
        [results.label(m.name) for m in results.ranked if m.name not in tuned],
    )


def _finished(results: Results, name: str) -> list[Trial]:
    return [t for t in results.tuning.get(name, []) if t.value is not None]


def _lower_is_better(results: Results) -> bool:
    return results.higher_is_better.get(results.deciding) is False


def _best_so_far(results: Results, trials: list[Trial]) -> list[float]:
    """Recomputed from the values, so that the line always agrees with the dots."""
    better = min if _lower_is_better(results) else max
    values = [t.value for t in trials if t.value is not None]
    return [better(values[: i + 1]) for i in range(len(values))]


def _late_gain(results: Results, name: str) -> float:
    """Share of the best value that was gained in the last quarter of the trials."""
    best = _best_so_far(results, _finished(results, name))
    before = best[max(0, int(len(best) * (1 - _LATE)) - 1)]
    return abs(best[-1] - before) / abs(best[-1]) if best[-1] else 0.0


def _message(results: Results, names: list[str]) -> str:
    rising = [results.label(n) for n in names if _late_gain(results, n) > _MATTERS]
    if not rising:
        return (
            "No method gained more than 1\N{NO-BREAK SPACE}% in the last quarter of its trials: more tuning would change little"
        )
    verb = "was" if len(rising) == 1 else "were"
    return f"{listed(rising)} {verb} still gaining in the last quarter of the trials: a larger budget might help"


def _budget(results: Results, name: str) -> str:
    trials, method = results.tuning[name], results.method(name)
    spent = method.seconds.tune if method is not None else None
    parts = [counted(len(trials), "trial")]
    if spent is not None:
        parts.append(seconds(spent))
    failed = len(trials) - len(_finished(results, name))
    if failed:
        parts.append(f"{failed} failed")
    if method is not None and method.capped:
        parts.append("stopped by the time limit")
    return ", ".join(parts)


def _panel(results: Results, name: str, svg_id: str) -> Markup:
    c = colours()
    trials = _finished(results, name)
    best = _best_so_far(results, trials)
    rows = [{"trial": t.trial + 1, "value": t.value, "best": b} for t, b in zip(trials, best, strict=True)]
    values = [t.value for t in trials if t.value is not None]
    places = plain_decimals(values)
    low, high = min(values), max(values)
    pad = 0.08 * (high - low or abs(high) or 1.0)
    last = max(t.trial + 1 for t in results.tuning[name])
    x_axis = alt.Axis(values=sorted({1, last}), format="d", titlePadding=-8, domain=True, ticks=True)
    x = alt.X("trial:Q", scale=alt.Scale(domain=[0.5, last + 0.5], nice=False, zero=False), title="trial", axis=x_axis)
    y_axis = alt.Axis(values=[low, high] if high > low else [high], format=f".{places}f", title=None, grid=True)
    y_scale = alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False)
    base = alt.Chart(inline(rows)).encode(x=x)
    dots = base.mark_circle(size=16, color=c["mark"], opacity=1).encode(y=alt.Y("value:Q", scale=y_scale, axis=y_axis))
    line = base.mark_line(interpolate="step-after", color=c["ink"]).encode(y=alt.Y("best:Q", scale=y_scale, axis=y_axis))
    found = best.index(best[-1])
    star = alt.Chart(inline([rows[found]])).mark_circle(size=56, color=c["accent"], opacity=1)
    chart = alt.layer(line, dots, star.encode(x=x, y=alt.Y("best:Q", scale=y_scale, axis=y_axis)))
    said = (
        f"{results.label(name)}: best {results.deciding} on validation {number(best[-1], places)}, "
        f"found in trial {trials[found].trial + 1} of {last}, from {number(best[0], places)} in the first."
    )
    return drawing(chart.properties(width=_SIZE[0], height=_SIZE[1]), svg_id, said)
