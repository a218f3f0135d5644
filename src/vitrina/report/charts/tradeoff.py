"""Accuracy against what it costs (training time) and against what it shows of the catalogue (coverage, novelty)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import altair as alt

from vitrina.report.charts.labels import Anchor, Box, Label, place, shorten
from vitrina.report.charts.svg import Drawable, Figure, drawing, inline
from vitrina.report.contract import Results
from vitrina.report.numbers import LEVEL, number, plain_decimals, seconds
from vitrina.report.records import Method
from vitrina.report.table import all_metrics, leading_names, results_table
from vitrina.report.theme import colours

WIDE, NARROW, HALF = (860.0, 340.0), (275.0, 290.0), (375.0, 270.0)
"""Plot sizes in pixels, without axes: the whole column, a telephone, half a column."""

_LEAST_SECONDS = 0.0001
_TIME_LABEL = "datum.value < 1 ? format(datum.value, '~s') + 's' : format(datum.value, ',') + ' s'"


@dataclass(frozen=True)
class _Point:
    method: Method
    label: str
    x: float
    y: float
    span: tuple[float, float] | None


def time_figure(results: Results) -> Figure | None:
    """Accuracy against the seconds of one fit, on a log scale; ``None`` with fewer than two timed methods."""

    def fit_seconds(method: Method) -> float | None:
        return None if method.seconds.fit is None else max(method.seconds.fit, _LEAST_SECONDS)

    points = _points(results, fit_seconds)
    if len(points) < 2:
        return None
    places = _places(results)
    message = _time_message(results, points, places)
    said = "; ".join(f"{p.label} {number(p.y, places)} after {seconds(p.x)}" for p in points)
    alternative = f"{message}. {results.deciding} and seconds of one fit: {said}."

    title = "time for one fit, log scale"
    frontier = results.higher_is_better.get(results.deciding) is not False
    drawn = [_scatter(results, points, size, title, log=True, frontier=frontier) for size in (WIDE, NARROW)]
    caption = (
        f"{results.deciding} on test against the time of one fit with the chosen settings; bars are {LEVEL} intervals. "
        "Filled points: the best and those that cannot be told apart from it. "
    )
    if frontier:
        caption += "Below the dashed line something else is both faster and better. "
    if any(p.x == _LEAST_SECONDS for p in points):
        caption += f"Anything faster than {seconds(_LEAST_SECONDS)} is drawn there."
    return _figure("time", message, alternative, caption.rstrip(), points, drawn)


def _figure(
    name: str, message: str, alternative: str, caption: str, points: list[_Point], drawn: list[tuple[Drawable, set[int]]]
) -> Figure:
    """Put the wide and the narrow drawing together; points that one of them could only number are named in the caption."""
    numbered = sorted(set().union(*(chart[1] for chart in drawn)))
    if numbered:
        caption += " Numbers: " + "; ".join(f"{i + 1} {points[i].label}" for i in numbered) + "."
    wide, narrow = (
        drawing(chart, f"{name}-{kind}", alternative) for (chart, _), kind in zip(drawn, ("wide", "narrow"), strict=True)
    )
    return Figure(name, message, wide, caption, narrow)


def _time_message(results: Results, points: list[_Point], places: int) -> str:
    """Set the best against the fastest of its equals, or else against the fastest that personalises."""
    best, leading = points[0], leading_names(results)
    equals = [p for p in points[1:] if p.method.name in leading and p.x < best.x]
    faster = [p for p in _serious(points) if p.x < best.x]
    start = f"{best.label} is the most accurate after {seconds(best.x)} of training"
    if equals:
        fastest = min(equals, key=lambda p: p.x)
        return f"{start}; {fastest.label} cannot be told apart from it and takes {seconds(fastest.x)}"
    if faster:
        fastest = min(faster, key=lambda p: p.x)
        return f"{start}; {fastest.label} takes {seconds(fastest.x)} and reaches {number(fastest.y, places)}"
    return f"{start}, and no personalised method is faster"


def _serious(points: list[_Point]) -> list[_Point]:
    """The methods that personalise; all but random order where the run does not say which do."""
    personal = [p for p in points if p.method.personalised]
    return personal if len(personal) > 1 else [p for p in points if not p.method.name.lower().startswith("random")]


def beyond_figures(results: Results) -> list[Figure]:
    """Accuracy against coverage and against novelty, where the run measured them."""
    metrics = all_metrics(results)
    cutoff = results.deciding.partition("@")[2].partition(":")[0]
    figures = []
    for topic in ("coverage", "novelty"):
        named = [m for m in metrics if topic in m and "user" not in m]
        metric = next((m for m in named if f"@{cutoff}" in m), named[0] if named else None)
        figure = None if metric is None else _beyond_figure(results, metric, topic)
        if figure is not None:
            figures.append(figure)
    return figures


def _beyond_figure(results: Results, metric: str, topic: str) -> Figure | None:
    points = _points(results, lambda method: method.metrics.get(metric))
    if len(points) < 2:
        return None
    places, places_x = _places(results), plain_decimals(p.x for p in points)
    best, most = points[0], max(_serious(points) or points, key=lambda p: p.x)
    if best is most:
        of = " of those that personalise" if any(p.x > best.x for p in points) else ""
        message = f"{best.label}, the most accurate, also has the highest {topic}{of}, {number(best.x, places_x)}"
    else:
        message = (
            f"{best.label}, the most accurate, has a {topic} of {number(best.x, places_x)}; "
            f"{most.label} reaches {number(most.x, places_x)}"
        )
    said = "; ".join(f"{p.label} {number(p.y, places)} at {number(p.x, places_x)}" for p in points)
    alternative = f"{message}. {results.deciding} and {metric}: {said}."
    drawn = [_scatter(results, points, size, metric, log=False, frontier=False) for size in (HALF, NARROW)]
    definition = results.definitions.get(metric, "")
    caption = f"{results.deciding} against {metric}" + (f": {definition}." if definition else ".")
    return _figure(topic, message, alternative, caption, points, drawn)


def _places(results: Results) -> int:
    return results_table(results, [results.deciding], costs=()).columns[0].decimals


def _points(results: Results, x_of: Callable[[Method], float | None]) -> list[_Point]:
    found = []
    for method in results.ranked:
        x, y = x_of(method), method.metrics.get(results.deciding)
        if x is not None and y is not None:
            found.append(_Point(method, results.label(method.name), x, y, method.interval(results.deciding)))
    return found


def _linear_domain(values: Sequence[float], pad: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low >= 0 and low < 0.4 * high:
        low = 0.0
    room = pad * ((high - low) or abs(high) or 1.0)
    return (low if low == 0 else low - room), high + room


def _log_domain(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = max((high / low) ** 0.12, 1.8)
    return low / pad, high * pad


def _log_ticks(domain: tuple[float, float]) -> list[float]:
    steps = (1, 3) if math.log10(domain[1] / domain[0]) < 3 else (1,)
    exponents = range(math.floor(math.log10(domain[0])), math.ceil(math.log10(domain[1])) + 1)
    return [t for e in exponents for s in steps if domain[0] <= (t := float(f"{s}e{e}")) <= domain[1]]


def _scatter(
    results: Results, points: list[_Point], size: tuple[float, float], x_title: str, *, log: bool, frontier: bool
) -> tuple[Drawable, set[int]]:
    """Draw the points; return the chart and which points bear a number in place of their name."""
    ys = [v for p in points for v in (p.y, *(p.span or ()))]
    y_domain = _linear_domain(ys, 0.08)
    x_domain = _log_domain([p.x for p in points]) if log else _linear_domain([p.x for p in points], 0.08)
    x_scale = alt.Scale(type="log" if log else "linear", domain=list(x_domain), nice=False, zero=False)
    x_axis = alt.Axis(values=_log_ticks(x_domain), labelExpr=_TIME_LABEL) if log else alt.Axis(tickCount=5, format="~g")
    x = alt.X("x:Q", scale=x_scale, axis=x_axis, title=x_title)
    y_axis = alt.Axis(tickCount=5, titleAngle=0, titleAlign="left", titleAnchor="end", titleX=-30, titleY=-14)
    y = alt.Y("y:Q", scale=alt.Scale(domain=list(y_domain), nice=False, zero=False), title=results.deciding, axis=y_axis)

    def pixel(point: _Point) -> tuple[float, float]:
        f = math.log if log else float
        across = (f(point.x) - f(x_domain[0])) / (f(x_domain[1]) - f(x_domain[0]))
        return across * size[0], _height(point.y, y_domain, size[1])

    layers = _marks(results, points, x, y)
    obstacles = [
        Box(pixel(p)[0] - 2, _height(p.span[1], y_domain, size[1]), pixel(p)[0] + 2, _height(p.span[0], y_domain, size[1]))
        for p in points
        if p.span
    ]
    if frontier:
        steps = _frontier(points)
        layers.insert(0, _frontier_line(steps, x, y))
        corners = [pixel(p) for p in steps]
        obstacles += [Box(x0, y0 - 1, x1, y0 + 1) for (x0, y0), (x1, _) in pairwise(corners)]
        obstacles += [Box(x1 - 1, y1, x1 + 1, y0) for (_, y0), (x1, y1) in pairwise(corners)]
    names = [shorten(p.label, 24 if size[0] > 300 else 18) for p in points]
    labels = place([pixel(p) for p in points], names, size, obstacles)
    layers += _names(points, labels, x, y)
    chart = alt.layer(*layers).properties(width=size[0], height=size[1])
    return chart, {i for i, label in enumerate(labels) if not label.full}


def _height(value: float, domain: tuple[float, float], height: float) -> float:
    return (domain[1] - value) / (domain[1] - domain[0]) * height


def _frontier(points: list[_Point]) -> list[_Point]:
    """The points that nothing beats on both axes, fastest first (lower x is better here)."""
    best_so_far, kept = -math.inf, []
    for point in sorted(points, key=lambda p: (p.x, -p.y)):
        if point.y > best_so_far:
            best_so_far = point.y
            kept.append(point)
    return kept


def _frontier_line(steps: list[_Point], x: alt.X, y: alt.Y) -> alt.Chart:
    rows = [{"x": p.x, "y": p.y} for p in steps]
    line: alt.Chart = alt.Chart(inline(rows)).mark_line(strokeDash=[2, 3], strokeWidth=1, interpolate="step-after")
    return line.encode(x=x, y=y)


def _marks(results: Results, points: list[_Point], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    c = colours()
    leading = leading_names(results)
    bars = [{"x": p.x, "y": p.span[0], "y2": p.span[1]} for p in points if p.span]
    layers = [alt.Chart(inline(bars)).mark_rule().encode(x=x, y=y, y2="y2:Q")] if bars else []
    for first, group, fill, stroke in (
        (False, False, c["paper"], c["ink"]),
        (False, True, c["ink"], c["ink"]),
        (True, None, c["accent"], c["accent"]),
    ):
        rows = [
            {"x": p.x, "y": p.y}
            for i, p in enumerate(points)
            if (i == 0) == first and (group is None or (p.method.name in leading) == group)
        ]
        if rows:
            mark = alt.Chart(inline(rows)).mark_point(filled=False, fill=fill, stroke=stroke, opacity=1, size=90 if first else 60)
            layers.append(mark.encode(x=x, y=y))
    return layers


def _names(points: list[_Point], labels: list[Label], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """The labels: one layer for each way of sitting on a point, since a shift is a property of a mark."""
    groups: dict[tuple[Anchor, bool], list[dict[str, Any]]] = defaultdict(list)
    for i, (point, label) in enumerate(zip(points, labels, strict=True)):
        groups[label.anchor, i == 0].append({"x": point.x, "y": point.y, "name": label.text})
    layers = []
    for (anchor, first), rows in groups.items():
        style: dict[str, Any] = {"align": anchor.align, "dx": anchor.dx, "dy": anchor.dy, "baseline": "middle"}
        style |= {"fontWeight": "bold", "color": colours()["accent"]} if first else {}
        layers.append(alt.Chart(inline(rows)).mark_text(**style).encode(x=x, y=y, text="name:N"))
    return layers
