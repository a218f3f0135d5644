"""The long tail: what share of the events the most popular items receive."""

from __future__ import annotations

from itertools import pairwise

import altair as alt

from vitrina.report.charts.svg import Figure, drawing, inline
from vitrina.report.contract import Results
from vitrina.report.numbers import percent
from vitrina.report.theme import colours

_SIZE = (330.0, 260.0)
_HEAD = 0.2


def _clean_curve(results: Results) -> list[tuple[float, float]]:
    """The points in order, held within the square (sums of shares may round past 1), from its first corner to its last."""
    points = sorted((min(a, 1.0), min(b, 1.0)) for a, b in results.dataset.tail.curve if a > 0 and b >= 0)
    return [(0.0, 0.0), *(p for p in points if p[0] < 1), (1.0, 1.0)] if points else []


def share_at(curve: list[tuple[float, float]], items: float) -> float:
    """Read the share of events at a share of items, by straight lines between the points."""
    for (x0, y0), (x1, y1) in pairwise(curve):
        if x0 <= items <= x1 and x1 > x0:
            return y0 + (y1 - y0) * (items - x0) / (x1 - x0)
    return curve[-1][1]


def tail_figure(results: Results) -> Figure | None:
    """Draw the popularity curve; ``None`` if the run did not record one."""
    c = colours()
    curve = _clean_curve(results)
    if len(curve) < 3:
        return None
    head = share_at(curve, _HEAD)
    message = f"The most popular {percent(_HEAD)} of the items receive {percent(head)} of the events"
    x = alt.X("items:Q", scale=alt.Scale(domain=[0, 1]), title="share of items, most popular first", axis=_percent_axis())
    y = alt.Y("events:Q", scale=alt.Scale(domain=[0, 1]), title=None, axis=_percent_axis())
    rows = [{"items": a, "events": b} for a, b in curve]
    even = alt.Chart(inline([{"items": 0, "events": 0}, {"items": 1, "events": 1}])).mark_line(strokeDash=[2, 3], strokeWidth=1)
    line = alt.Chart(inline(rows)).mark_line(color=c["ink"], strokeWidth=2)
    at = alt.Chart(inline([{"items": _HEAD, "events": head, "name": f"{percent(_HEAD)} → {percent(head)}"}]))
    below = head > 0.75
    name = at.mark_text(align="left", dx=12, dy=14 if below else 12, fontWeight="bold", color=c["accent"])
    words = alt.Chart(inline([{"items": 0.62, "events": 0.5, "name": "equal popularity"}]))
    chart = alt.layer(
        even.encode(x=x, y=y),
        line.encode(x=x, y=y),
        at.mark_point(filled=True, color=c["accent"], size=80, opacity=1).encode(x=x, y=y),
        name.encode(x=x, y=y, text="name:N"),
        words.mark_text(align="left", color=c["quiet"]).encode(x=x, y=y, text="name:N"),
    ).properties(width=_SIZE[0], height=_SIZE[1])
    quarters = ", ".join(f"{percent(s)} of items {percent(share_at(curve, s))}" for s in (0.01, 0.05, 0.1, 0.5))
    alternative = f"{message}. Share of the events: {quarters}."
    caption = "Share of all events that go to the most popular items; the dashed line is what equal popularity would give."
    return Figure("tail", message, drawing(chart, "tail", alternative), caption)


def _percent_axis() -> alt.Axis:
    return alt.Axis(format="~%", tickCount=5)
