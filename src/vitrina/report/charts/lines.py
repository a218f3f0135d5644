"""What all charts of one line a method share: its style by rank, ticks of two lines, names at the right end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from vitrina.report.charts.labels import shorten, spread
from vitrina.report.charts.svg import inline
from vitrina.report.theme import colours

_DASHES: tuple[list[int], ...] = ([1, 0], [5, 3], [2, 2], [8, 3, 2, 3], [1, 3])


def line_style(rank: int) -> dict[str, Any]:
    """Return colour, width and dashes of a method's line: the best in the accent, the next two in ink, others in grey."""
    c = colours()
    colour = c["accent"] if rank == 0 else c["ink"] if rank < 3 else c["mark"]
    return {"color": colour, "strokeWidth": 2.25 if rank == 0 else 1.25, "strokeDash": _DASHES[rank % len(_DASHES)]}


def tick_labels(ticks: list[dict[str, Any]], x: alt.X, height: float) -> alt.Chart:
    """Write each tick's ``label``, a list of lines, below the axis at its ``part``."""
    text = alt.Chart(inline(ticks)).mark_text(baseline="top", color=colours()["quiet"], lineHeight=15)
    chart: alt.Chart = text.encode(x=x, y=alt.value(height + 8), text="label:N")
    return chart


def end_labels(
    texts: Sequence[str], ends: Sequence[float], domain: Sequence[float], size: tuple[float, float], characters: int
) -> list[alt.Chart]:
    """Write names at the right end of lines that end at the values ``ends``, moved apart where they would touch.

    ``size`` is width and height of the plot, ``domain`` its lowest and highest value.
    """
    c, (width, height) = colours(), size
    wanted = [(domain[1] - end) / (domain[1] - domain[0]) * height for end in ends]
    layers = []
    for rank, (text, y) in enumerate(zip(texts, spread(wanted, 14, 0, height), strict=True)):
        style: dict[str, Any] = {"fontWeight": "bold", "color": c["accent"]} if rank == 0 else {}
        mark = alt.Chart(inline([{"name": shorten(text, characters)}])).mark_text(align="left", baseline="middle", **style)
        layers.append(mark.encode(x=alt.value(width + 6), y=alt.value(y), text="name:N"))
    return layers
