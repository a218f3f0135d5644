"""The one look of Vitrina in Python: colours read from ``theme.css``, one Altair theme, and the CSS that recolours charts.

Charts are drawn as still SVG in the light colours. The rules of :func:`chart_css` then replace each of those colours by the
CSS variable it came from, so that one drawing serves light, dark and print.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import altair as alt

THEME = "vitrina"
"""Name under which the Altair theme is registered (never enabled globally)."""

FONT = "Liberation Sans, Arial, sans-serif"
"""Font that text is measured with while drawing; pages then set it in the reader's system font."""

_ROLES = ("paper", "wash", "line", "mark", "quiet", "ink", "accent")


@cache
def theme_css() -> str:
    """Return the shared style sheet: colours, type, tables, labels and figures."""
    return files("vitrina.report").joinpath("theme.css").read_text(encoding="utf-8")


@cache
def colours() -> dict[str, str]:
    """Return the light colours by role (``paper``, ``wash``, ``line``, ``mark``, ``quiet``, ``ink``, ``accent``) as ``#rrggbb``.

    Raises ``RuntimeError`` if ``theme.css`` does not define each role once with a colour of its own.
    """
    first_block = theme_css().split(":root {", 1)[1].split("}", 1)[0]
    found = dict(re.findall(r"--([a-z]+):\s*(#[0-9a-f]{6});", first_block))
    if tuple(found) != _ROLES or len(set(found.values())) != len(_ROLES):
        raise RuntimeError(f"theme.css must define {', '.join(_ROLES)} in its first block, each with a colour of its own")
    return found


def chart_css() -> str:
    """Return the rules that tie every colour of a drawn chart to its CSS variable, for ``fill`` and ``stroke``."""
    return "\n".join(
        f'.chart [{paint}="{value}"] {{ {paint}: var(--{role}); }}'
        for role, value in colours().items()
        for paint in ("fill", "stroke")
    )


@alt.theme.register(THEME, enable=False)
def _altair_theme() -> alt.theme.ThemeConfig:
    """Hairline axes, no grid behind vertical values, direct labels instead of legends, transparent ground."""
    c = colours()
    text = {"labelFont": FONT, "labelFontSize": 12, "labelColor": c["quiet"], "titleFont": FONT, "titleFontSize": 12}
    axis = {
        **text,
        "titleColor": c["quiet"],
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelPadding": 6,
        "domainColor": c["mark"],
        "tickColor": c["mark"],
        "tickSize": 4,
        "gridColor": c["line"],
        "gridWidth": 1,
    }
    config = {
        "background": "transparent",
        "padding": 4,
        "font": FONT,
        "view": {"stroke": None, "continuousWidth": 400, "continuousHeight": 280},
        "axis": axis,
        "axisX": {"grid": False},
        "axisY": {"domain": False, "ticks": False, "grid": True},
        "legend": {"disable": True},
        "text": {"font": FONT, "fontSize": 12, "color": c["ink"]},
        "line": {"color": c["mark"], "strokeWidth": 1.5},
        "rule": {"color": c["mark"], "strokeWidth": 1},
        "point": {"color": c["mark"], "size": 60, "strokeWidth": 1.5},
        "header": {**text, "titleColor": c["ink"]},
    }
    return {"config": config}  # type: ignore[typeddict-item]  # a plain dict is what Altair hands on
