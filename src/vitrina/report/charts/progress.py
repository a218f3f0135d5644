"""Neural models against the best simple one: paired differences with their intervals."""

from __future__ import annotations

from markupsafe import Markup

from vitrina.report.charts.pairs import differences
from vitrina.report.charts.svg import Figure, drawing
from vitrina.report.contract import Results
from vitrina.report.numbers import ALPHA, LEVEL, p_phrase
from vitrina.report.progress import Progress
from vitrina.report.verdict import difference, pair_interval


def progress_figure(results: Results, progress: Progress) -> Figure:
    """Each neural model minus the best simple one, best first."""
    simple = results.label(progress.simple.name)
    named = [(results.label(step.method.name), step.pair) for step in progress.steps]
    said = "; ".join(f"{name} {difference(p)}, {pair_interval(p)}, {p_phrase(p.p_holm)}" for name, p in named)
    caption = (
        f"Each neural model minus {simple}, in {results.deciding}, over the same {results.unit}s. Right of the line: better. "
        f"Filled: significant at {ALPHA} after the Holm correction; hollow: not. Lines are {LEVEL} intervals."
    )

    def draw(name: str, width: float) -> Markup:
        return drawing(differences(results, named, width), name, f"{progress.sentence} Differences: {said}.")

    return Figure("progress", progress.sentence, draw("progress-wide", 640), caption, draw("progress-narrow", 132))
