"""How much a person must have bought before: the deciding metric by profile size, with intervals, for a few methods."""

from __future__ import annotations

from typing import Any

import altair as alt

from vitrina.report.charts.lines import end_labels, line_style, tick_labels
from vitrina.report.charts.svg import Drawable, Figure, drawing, inline
from vitrina.report.contract import MIN_USERS, Results
from vitrina.report.numbers import LEVEL, column_decimals, count, counted, interval, listed, number
from vitrina.report.records import ProfileSize
from vitrina.report.theme import colours

#: Methods shown, as far as they took part: the study's first hybrid and what it is made of.
SHOWN = ("hybrid-fa-dnn-evf-price", "fa", "dnn", "evf", "price")

_MOST = 6
_HEIGHT = 280.0
_WIDE, _NARROW = (560.0, 26), (188.0, 14)
"""Plot width in pixels and characters of a name, across the page and on a telephone."""
_Y_AXIS = alt.Axis(tickCount=5, format="~g", title=None)


def profile_figure(results: Results) -> Figure | None:
    """Draw the figure where a replay has at least two profile sizes and something to show."""
    names, parts = _shown(results), results.profile_sizes
    if len(parts) < 2 or not names:
        return None
    message = _message(results, names)
    said = "; ".join(f"{label}: {', '.join(texts)}" for label, texts in profile_rows(results))
    alternative = f"{message}. {results.deciding} for {', '.join(part.size for part in parts)} works bought before: {said}."
    small = [part.size for part in parts if _small(part)]
    caption = (
        f"{results.deciding} by the number of works that a person had bought before the session; bars are {LEVEL} intervals "
    )
    caption += "over people."
    if small:
        caption += f" Hollow: sessions of fewer than {counted(MIN_USERS, 'person', 'people')} ({listed(small)}), too few to say."
    wide, narrow = (
        drawing(_lines(results, names, *size), f"profiles-{name}", alternative)
        for name, size in (("wide", _WIDE), ("narrow", _NARROW))
    )
    return Figure("profiles", message, wide, caption, narrow)


def profile_rows(results: Results) -> list[tuple[str, list[str]]]:
    """Return the numbers for all methods, best first: the label, and a value with its interval for each profile size."""
    parts = results.profile_sizes
    places = column_decimals([part.interval(m.name) for part in parts for m in results.methods])
    rows = []
    for method in results.ranked:
        texts = []
        for part in parts:
            span = part.interval(method.name)
            within = f" ({interval(*span, places)})" if span else ""
            texts.append(number(part.metrics.get(method.name), places) + within)
        if any(part.metrics.get(method.name) is not None for part in parts):
            rows.append((results.label(method.name), texts))
    return rows


def _shown(results: Results) -> list[str]:
    """The best method and the study's kinds of methods, in the order of the table; or else the best ones."""
    there = [m.name for m in results.ranked if any(part.metrics.get(m.name) is not None for part in results.profile_sizes)]
    kinds = [name for name in there if name in SHOWN]
    return [name for name in there if name in {*there[:1], *kinds}][:_MOST] if len(kinds) > 1 else there[:_MOST]


def _small(part: ProfileSize) -> bool:
    return part.n_users is not None and part.n_users < MIN_USERS


def _message(results: Results, names: list[str]) -> str:
    """Who leads where; sizes with too few people to say are left out of the sentence."""
    lower = results.higher_is_better.get(results.deciding) is False
    led: dict[str, None] = {}
    for part in [part for part in results.profile_sizes if not _small(part)] or results.profile_sizes:
        values = {name: v for name in names if (v := part.metrics.get(name)) is not None}
        if values:
            best = (min if lower else max)(values, key=lambda name: values[name])
            led.setdefault(results.label(best))
    return f"However much somebody has bought before, {' or '.join(led)} has the best mean"


def _lines(results: Results, names: list[str], width: float, characters: int) -> Drawable:
    parts = results.profile_sizes
    spans = [span for part in parts for name in names if (span := part.interval(name)) is not None]
    values = [v for part in parts for name in names if (v := part.metrics.get(name)) is not None]
    top = max([*values, *(high for _, high in spans)])
    domain = [min(0.0, *values, *(low for low, _ in spans)), (top or 1.0) * 1.04]
    ticks = [{"part": i, "label": _tick(part)} for i, part in enumerate(parts)]
    x = alt.X("part:Q", scale=alt.Scale(domain=[-0.3, len(parts) - 0.7], nice=False), axis=None)
    y_scale = alt.Scale(domain=domain, nice=False)
    layers: list[alt.Chart] = [tick_labels(ticks, x, _HEIGHT)]
    for rank, name in sorted(enumerate(names), reverse=True):
        layers += _line(results, name, rank, (rank - (len(names) - 1) / 2) * 0.06, x, y_scale)
    ends = [next(v for part in reversed(parts) if (v := part.metrics.get(name)) is not None) for name in names]
    layers += end_labels([results.label(name) for name in names], ends, domain, (width, _HEIGHT), characters)
    return alt.layer(*layers).properties(width=width, height=_HEIGHT)


def _tick(part: ProfileSize) -> list[str]:
    return [part.size.replace(" or more", "+"), f"n = {count(part.n_sessions)}" if part.n_sessions is not None else ""]


def _line(results: Results, name: str, rank: int, shift: float, x: alt.X, y_scale: alt.Scale) -> list[alt.Chart]:
    """One method: a line through its means, and a bar for each interval; bars of different methods stand side by side."""
    c = colours()
    style = line_style(rank)
    colour = style["color"]
    rows: list[dict[str, Any]] = []
    for i, part in enumerate(results.profile_sizes):
        value, span = part.metrics.get(name), part.interval(name)
        if value is not None:
            low, high = span or (value, value)
            rows.append({"part": i + shift, "value": value, "low": low, "high": high, "small": _small(part)})
    y, low_y = (alt.Y(f"{field}:Q", scale=y_scale, axis=_Y_AXIS) for field in ("value", "low"))
    base = alt.Chart(inline(rows)).encode(x=x)
    layers = [
        base.mark_rule(color=colour, strokeWidth=1, opacity=0.55).encode(y=low_y, y2="high:Q"),
        base.mark_line(**style).encode(y=y),
    ]
    for small, fill in ((False, colour), (True, c["paper"])):
        chosen = [row for row in rows if row["small"] == small]
        if chosen:
            mark = alt.Chart(inline(chosen)).mark_point(
                filled=False, fill=fill, stroke=colour, opacity=1, size=36 if rank == 0 else 22
            )
            layers.append(mark.encode(x=x, y=y))
    return layers
