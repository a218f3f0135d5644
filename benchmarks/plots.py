"""The ratios at a glance, and how accuracy grows with time for what is trained in epochs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from benchmarks import ratios
from benchmarks.data import TITLES
from benchmarks.jobs import JOBS
from benchmarks.ratios import Pair
from vitrina.report.charts.svg import inline
from vitrina.report.theme import THEME, colours

_FASTER = "ours is faster  ←  seconds of ours : seconds of theirs  →  theirs is faster"


def write(measured: Sequence[dict[str, Any]], found: Sequence[Sequence[Pair]], out: Path) -> None:
    """Draw ``ratios`` and one ``curve-...`` for each curve, as SVG and PNG."""
    hardest = [ratios.best([pair for pair in group if pair.stage != "recommend"]) for group in found]
    drawn = [pair for pair in hardest if pair is not None]
    if drawn:
        _save(_ratios(drawn), out / "ratios")
    for m in measured:
        if JOBS[m["job"]].kind == "curve" and m["quality"]:
            _save(_curve(m), out / f"curve-{m['data']}-{m['job']}")


def _ratios(pairs: Sequence[Pair]) -> alt.LayerChart:
    """One line a job and data set: the spread over rounds, the median, the target as a tick."""
    c = colours()
    rows = [
        {
            "row": f"{JOBS[p.job].title} · {TITLES[p.data]}",
            "said": f"{p.wall.median:.2f} of {p.library}" + ("" if p.fair else ", which is less accurate"),
            "median": p.wall.median,
            "low": p.wall.low,
            "high": p.wall.high,
            "target": p.target,
            "colour": c["ink"] if p.verdict in ("reached", "no target") else c["accent"],
        }
        for p in pairs
    ]
    order = [row["row"] for row in rows]
    y = alt.Y("row:N", sort=order, title=None, axis=alt.Axis(labelLimit=420, grid=False))
    scale = alt.Scale(type="log", nice=False, domain=_domain(rows))
    x = alt.X("median:Q", scale=scale, title=_FASTER, axis=alt.Axis(values=[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]))
    base = alt.Chart(inline(rows))
    colour = alt.Color("colour:N", scale=None)
    even = alt.Chart(inline([{"x": 1}])).mark_rule(color=c["mark"]).encode(x=alt.X("x:Q", scale=scale))
    spread = base.mark_rule(strokeWidth=2).encode(y=y, x=alt.X("low:Q", scale=scale, title=_FASTER), x2="high:Q", color=colour)
    median = base.mark_point(filled=True, opacity=1, size=70).encode(y=y, x=x, color=colour)
    target = base.mark_tick(thickness=2, size=16, color=c["quiet"]).encode(y=y, x=alt.X("target:Q", scale=scale, title=_FASTER))
    said = base.mark_text(align="left", dx=9, dy=-9, fontSize=11).encode(y=y, x=x, text="said:N", color=colour)
    return alt.layer(even, spread, target, median, said).properties(
        width=520, height=alt.Step(34), title=alt.Title("Time beside the best peer; ticks are the targets", anchor="start")
    )


def _domain(rows: Sequence[dict[str, Any]]) -> list[float]:
    values = [row[key] for row in rows for key in ("low", "high", "target") if row[key] is not None]
    return [min([0.2, *values]) * 0.8, max([2.0, *values]) * 1.6]


def _curve(measured: dict[str, Any]) -> alt.LayerChart:
    """Held-out nDCG@10 against median seconds of training, one line a library, named at its end."""
    c = colours()
    rows = []
    for library, runs in measured["runs"].items():
        for epoch, value in enumerate(ratios.curve(measured, library)):
            spent = statistics.median(run["epochs"][epoch]["wall"] for run in runs)
            rows.append({"library": library, "seconds": spent, "ndcg": value, "ours": library == ratios.OURS})
    ends = [[row for row in rows if row["library"] == library][-1] for library in {row["library"] for row in rows}]
    x = alt.X("seconds:Q", scale=alt.Scale(type="log"), title="seconds of training, log scale")
    y = alt.Y("ndcg:Q", scale=alt.Scale(zero=False), title="nDCG@10 on held-out events")
    colour = alt.condition("datum.ours", alt.value(c["accent"]), alt.value(c["quiet"]))
    base = alt.Chart(inline(rows)).encode(x=x, y=y, detail="library:N", color=colour)
    names = alt.Chart(inline(ends)).mark_text(align="left", dx=6).encode(x=x, y=y, text="library:N", color=colour)
    title = f"{JOBS[measured['job']].title}: {TITLES[measured['data']]}"
    return alt.layer(base.mark_line(), base.mark_point(filled=True, size=18), names).properties(
        width=560, height=300, title=alt.Title(title, anchor="start")
    )


def _save(chart: alt.LayerChart, path: Path) -> None:
    with alt.theme.enable(THEME):
        spec = chart.to_dict()
    spec["background"] = colours()["paper"]
    spec["padding"] = {"left": 80, "top": 5, "right": 5, "bottom": 5}  # a reader's font may be wider than the one measured here
    path.with_suffix(".svg").write_text(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))
    path.with_suffix(".png").write_bytes(vl_convert.vegalite_to_png(spec, allowed_base_urls=[], scale=2))
