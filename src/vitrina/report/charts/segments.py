"""Who is served well: the deciding metric by part of the users or items, one line a method."""

from __future__ import annotations

from typing import Any

import altair as alt

from vitrina.report.charts.labels import shorten
from vitrina.report.charts.lines import end_labels, line_style, tick_labels
from vitrina.report.charts.svg import Drawable, Figure, drawing, inline
from vitrina.report.contract import MIN_USERS, Results
from vitrina.report.numbers import count, counted, listed, number, plain_decimals
from vitrina.report.records import Segment
from vitrina.report.theme import colours

_HEIGHT, _MANY = 250.0, 8
_WIDE, _NARROW = (300.0, 18), (188.0, 16)
"""Plot width in pixels and characters of a name, in half a column and on a telephone."""


def segment_figures(results: Results) -> list[tuple[Figure, list[Segment]]]:
    """Draw a figure for each kind of segment with at least two parts, and hand back its rows for the table beneath."""
    kinds: dict[str, list[Segment]] = {}
    elsewhere = "history length" if len(results.profile_sizes) > 1 else ""  # the profile sizes say it better
    for segment in results.segments:
        if segment.segment != elsewhere and any(v is not None for v in segment.metrics.values()):
            kinds.setdefault(segment.segment, []).append(segment)
    return [(_figure(results, kind, parts, i), parts) for i, (kind, parts) in enumerate(kinds.items()) if len(parts) > 1]


def segment_rows(results: Results, parts: list[Segment]) -> list[tuple[str, list[str]]]:
    """Return the numbers of a figure: for each method its label and one text a part."""
    places = plain_decimals(v for part in parts for v in part.metrics.values())
    return [
        (results.label(m.name), [number(part.metrics.get(m.name), places) for part in parts])
        for m in results.ranked
        if any(part.metrics.get(m.name) is not None for part in parts)
    ]


def _leader(results: Results, part: Segment) -> str:
    values = {name: v for name, v in part.metrics.items() if v is not None}
    best = min if results.higher_is_better.get(results.deciding) is False else max
    return best(values, key=lambda name: values[name]) if values else ""


def _small(part: Segment) -> bool:
    return part.n_users is not None and part.n_users < MIN_USERS


def _named(results: Results, parts: list[Segment]) -> set[str]:
    """Methods that get a line of their own: all of a few; of many the best, whoever leads a part, and plain popularity."""
    names = [m.name for m in results.ranked]
    if len(names) <= _MANY:
        return set(names)
    return {*names[:5], *(_leader(results, part) for part in parts), *(n for n in names if n == "popular")}


def _message(results: Results, kind: str, parts: list[Segment]) -> str:
    """Who does best where; parts with too few users to say are left out of the sentence."""
    won: dict[str, list[str]] = {}
    for part in [part for part in parts if not _small(part)] or parts:
        won.setdefault(results.label(_leader(results, part)), []).append(part.value)
    if len(won) == 1:
        return f"By {kind}: {next(iter(won))} does best everywhere"
    most = sorted(won.items(), key=lambda pair: -len(pair[1]))
    return f"By {kind}: " + "; ".join(f"{who} does best for {listed(values)}" for who, values in most[:3])


def _figure(results: Results, kind: str, parts: list[Segment], index: int) -> Figure:
    message = _message(results, kind, parts)
    rows = segment_rows(results, parts)
    said = "; ".join(
        f"{label}: " + ", ".join(f"{p.value} {v}" for p, v in zip(parts, values, strict=True)) for label, values in rows
    )
    small = [part.value for part in parts if _small(part)]
    caption = f"{results.deciding} by {kind}."
    if small:
        caption += f" Hollow: fewer than {counted(MIN_USERS, results.unit)} ({', '.join(small)}), too few to say."
    if len(_named(results, parts)) < len(rows):
        caption += " Without a name, in grey: the other methods; their numbers are below."
    alternative = f"{message}. {results.deciding}: {said}."
    wide, narrow = (
        drawing(_lines(results, parts, *size), f"segment-{index}-{name}", alternative)
        for name, size in (("wide", _WIDE), ("narrow", _NARROW))
    )
    return Figure(f"segment-{index}", message, wide, caption, narrow)


def _lines(results: Results, parts: list[Segment], width: float, characters: int) -> Drawable:
    c = colours()
    names = [m.name for m in results.ranked if any(part.metrics.get(m.name) is not None for part in parts)]
    top = max(v for part in parts for v in part.metrics.values() if v is not None)
    bottom = min(0.0, *(v for part in parts for v in part.metrics.values() if v is not None))
    domain = [bottom, (top or 1.0) * 1.04]
    ticks = [
        {"part": i, "label": [shorten(part.value, 12), f"n = {count(part.n_users)}" if part.n_users is not None else ""]}
        for i, part in enumerate(parts)
    ]
    x_scale = alt.Scale(domain=[-0.15, len(parts) - 0.85], nice=False)
    x = alt.X("part:Q", scale=x_scale, axis=None)
    y_axis = alt.Axis(tickCount=5, format="~g", title=None)
    y = alt.Y("value:Q", scale=alt.Scale(domain=domain, nice=False), axis=y_axis)
    layers: list[alt.Chart] = [tick_labels(ticks, x, _HEIGHT)]
    named = _named(results, parts)
    for rank, name in sorted(enumerate(names), key=lambda pair: (pair[1] in named, -pair[0])):
        values = [(i, part.metrics.get(name)) for i, part in enumerate(parts)]
        rows: list[dict[str, Any]] = [{"part": i, "value": v} for i, v in values if v is not None]
        line = alt.Chart(inline(rows)).encode(x=x, y=y)
        if name not in named:
            layers.append(line.mark_line(color=c["line"], strokeWidth=1.25))
            continue
        style = line_style(rank)
        colour = style["color"]
        layers.append(line.mark_line(**style))
        size = 36 if rank == 0 else 20
        for few, fill in ((False, colour), (True, c["paper"])):
            chosen = [row for row in rows if _small(parts[row["part"]]) == few]
            if chosen:
                mark = alt.Chart(inline(chosen)).mark_point(filled=False, fill=fill, stroke=colour, opacity=1, size=size)
                layers.append(mark.encode(x=x, y=y))
    shown = [name for name in names if name in named]
    ends = [next(v for part in reversed(parts) if (v := part.metrics.get(name)) is not None) for name in shown]
    layers += end_labels([results.label(name) for name in shown], ends, domain, (width, _HEIGHT), characters)
    return alt.layer(*layers).properties(width=width, height=_HEIGHT)
