"""The leader against every other method: paired differences with their intervals."""

from __future__ import annotations

import altair as alt
from markupsafe import Markup

from vitrina.report.charts.labels import shorten, text_width
from vitrina.report.charts.svg import Drawable, Figure, drawing, inline
from vitrina.report.contract import Results
from vitrina.report.numbers import ALPHA, LEVEL, listed, p_phrase
from vitrina.report.records import Pair
from vitrina.report.theme import colours
from vitrina.report.verdict import difference, pair_interval, significant

_ROW = 30


def forest_figure(results: Results) -> Figure | None:
    """The best method minus each other one, smallest lead first; ``None`` if the run holds no such pair."""
    leader = results.method(results.verdict.winner) or results.best
    if leader is None:
        return None
    others = [m for m in results.ranked if m.name != leader.name]
    pairs = [p for m in others if (p := results.pair(leader.name, m.name)) is not None and p.difference is not None]
    if not pairs:
        return None
    pairs.sort(key=lambda p: p.difference or 0.0)
    message = _message(results, results.label(leader.name), pairs)
    said = "; ".join(f"over {results.label(p.b)} {difference(p)}, {pair_interval(p)}, {p_phrase(_p(p))}" for p in pairs)
    alternative = f"{message}. {results.label(leader.name)} minus each other method: {said}."
    caption = (
        f"{results.label(leader.name)} minus each other method, in {results.deciding}, over the same {results.unit}s. "
        f"Filled: significant after the Holm correction at {ALPHA}; hollow: not. Lines are {LEVEL} intervals."
    )
    if results.verdict.smallest_detectable:
        caption += (
            f" Differences within the shaded band are too small for these {'people' if results.replays else 'users'} to show."
        )

    def draw(name: str, width: float) -> Markup:
        named = [(results.label(p.b), p) for p in pairs]
        return drawing(differences(results, named, width, results.verdict.smallest_detectable), name, alternative)

    return Figure("forest", message, draw("forest-wide", 640), caption, draw("forest-narrow", 132))


def _p(pair: Pair) -> float | None:
    return pair.p_holm if pair.p_holm is not None else pair.p_value


def _message(results: Results, leader: str, pairs: list[Pair]) -> str:
    unsure = [results.label(p.b) for p in pairs if significant(p) is False]
    if not any(significant(p) is not None for p in pairs):
        return f"{leader} against each other method; no test was recorded"
    if not unsure:
        return f"{leader} is significantly better than every other method"
    if len(unsure) == len(pairs) > 4:
        return f"{leader} is not significantly better than any other method"
    shown = unsure if len(unsure) <= 5 else [*unsure[:4], f"{len(unsure) - 4} more"]  # "1 more" would be no shorter than its name
    if len(unsure) == len(pairs):
        return f"{leader} is not significantly better than {listed(shown)}"
    return f"{leader} is significantly better than all but {listed(shown)}"


def differences(results: Results, named: list[tuple[str, Pair]], width: float, least: float | None = None) -> Drawable:
    """Draw one row a pair, under the given names: the difference, its interval, and whether it is significant.

    A band shades what is smaller than ``least``, where that is given.
    """
    c, pairs = colours(), [pair for _, pair in named]
    limit = 22 if width > 300 else 16
    rows = [
        {
            "row": i,
            "name": shorten(name, limit),
            "difference": p.difference,
            "low": p.low,
            "high": p.high,
            "words": difference(p),
            "p": p_phrase(_p(p)),
        }
        for i, (name, p) in enumerate(named)
    ]
    height = _ROW * len(rows)
    ends = [v for p in pairs for v in (0.0, p.difference, p.low, p.high) if v is not None]
    pad = 0.05 * (max(ends) - min(ends) or 1.0)
    domain = [min(ends) - pad, max(ends) + pad]
    x_axis = alt.Axis(tickCount=6 if width > 300 else 3, format="~g", grid=False)
    x = alt.X("difference:Q", scale=alt.Scale(domain=domain, nice=False), title=f"difference in {results.deciding}", axis=x_axis)
    y_scale = alt.Scale(domain=[-0.5, len(rows) - 0.5], reverse=True, nice=False)
    y = alt.Y("row:Q", scale=y_scale, axis=None)
    base = alt.Chart(inline(rows)).encode(x=x, y=y)
    layers: list[alt.Chart] = []
    if least:
        band = {"difference": max(-least, domain[0]), "end": min(least, domain[1])}
        layers.append(alt.Chart(inline([band])).mark_rect(color=c["wash"]).encode(x=x, x2="end:Q"))
    layers.append(alt.Chart(inline([{"difference": 0}])).mark_rule(color=c["ink"]).encode(x=x))
    layers.append(base.transform_filter("datum.low != null").mark_rule(strokeWidth=1.5).encode(x=alt.X("low:Q"), x2="high:Q"))
    for real, fill in ((True, c["ink"]), (False, c["paper"])):
        chosen = [row for row, p in zip(rows, pairs, strict=True) if bool(significant(p)) == real]
        if chosen:
            mark = alt.Chart(inline(chosen)).mark_point(filled=False, fill=fill, stroke=c["ink"], opacity=1, size=64)
            layers.append(mark.encode(x=x, y=y))
    gutter = max(text_width(str(row["name"])) for row in rows)
    layers.append(base.mark_text(align="left").encode(x=alt.value(-gutter - 8), text="name:N"))
    layers.append(base.mark_text(align="right").encode(x=alt.value(width + 62), text="words:N"))
    if width > 300:
        layers.append(base.mark_text(align="left", color=c["quiet"]).encode(x=alt.value(width + 80), text="p:N"))
    return alt.layer(*layers).properties(width=width, height=height)
