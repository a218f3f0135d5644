"""Were the epochs enough? One small panel a method that trains in epochs: the chosen trial's validation and loss by epoch."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
from markupsafe import Markup

from vitrina.report.charts.svg import Drawable, drawing, inline
from vitrina.report.contract import Results
from vitrina.report.numbers import counted, listed, number, plain_decimals, seconds
from vitrina.report.records import Curve, Trial
from vitrina.report.theme import colours

_WIDTH, _HIGH, _LOW = 172.0, 72.0, 40.0


@dataclass(frozen=True)
class Panel:
    """The training of one method: its curves and, in words, how long it was."""

    label: str
    length: str
    drawing: Markup


@dataclass(frozen=True)
class Training:
    """The message over all methods, and the panels; ``losses`` says whether any of them has a loss."""

    message: str
    panels: list[Panel]
    losses: bool


@dataclass(frozen=True)
class _Run:
    """The curve of a method's chosen trial as points (epoch from 1, or 0 for the start where that counts; value)."""

    label: str
    curve: Curve
    loss: list[tuple[int, float]]
    metric: list[tuple[int, float]]
    best: tuple[int, float] | None  # of the metric, the earliest among equals

    @property
    def unfinished(self) -> bool:
        """Whether the last validation was the best: training ended because its epochs ran out."""
        return self.best is not None and len(self.metric) > 1 and self.best[0] == self.metric[-1][0]


def training_panels(results: Results) -> Training | None:
    """Draw a panel for each method whose chosen trial kept a curve of at least two points; ``None`` if there is none."""
    runs = [run for m in results.ranked if (run := _run(results, m.name)) is not None]
    if not runs:
        return None
    panels = [Panel(run.label, _length(run), _panel(results, run, f"training-{i}")) for i, run in enumerate(runs)]
    return Training(_message(runs), panels, any(run.loss for run in runs))


def _run(results: Results, name: str) -> _Run | None:
    trial = _chosen(results, name)
    if trial is None or trial.curve is None:
        return None
    loss, metric = _points(trial.curve.loss), _points(trial.curve.metric)
    if max(len(loss), len(metric)) < 2:
        return None
    if trial.curve.start is not None:
        metric.insert(0, (0, trial.curve.start))
    better = min if _lower_is_better(results) else max
    best = better(metric, key=lambda point: point[1]) if metric else None
    return _Run(results.label(name), trial.curve, loss, metric, best)


def _chosen(results: Results, name: str) -> Trial | None:
    """The trial whose settings were taken: the best, the earliest among equals."""
    finished = [(t.value, t) for t in results.tuning.get(name, []) if t.value is not None]
    better = min if _lower_is_better(results) else max
    return better(finished, key=lambda pair: pair[0])[1] if finished else None


def _lower_is_better(results: Results) -> bool:
    return results.higher_is_better.get(results.deciding) is False


def _points(values: list[float | None]) -> list[tuple[int, float]]:
    return [(epoch, value) for epoch, value in enumerate(values, 1) if value is not None]


def _message(runs: list[_Run]) -> str:
    rising = [run.label for run in runs if run.unfinished]
    if not rising:
        return "Every training had stopped gaining on validation before it ended: more epochs would change little"
    verb, their = ("was", "its") if len(rising) == 1 else ("were", "their")
    return f"{listed(rising)} {verb} still gaining on validation when {their} epochs ran out: more of them might help"


def _n_epochs(run: _Run) -> int:
    return max(len(run.curve.loss), len(run.curve.metric))


def _length(run: _Run) -> str:
    parts = [counted(_n_epochs(run), "epoch")]
    if run.best is not None:
        parts.append(f"best after {run.best[0]}" if run.best[0] else "best before the first")
    known = [s for s in run.curve.seconds if s is not None]
    if known:
        parts.append(seconds(sum(known)))
    return ", ".join(parts)


def _panel(results: Results, run: _Run, svg_id: str) -> Markup:
    charts: list[Drawable] = []
    if run.metric:
        charts.append(_curve(run, run.metric, run.best, _HIGH, last=not run.loss))
    if run.loss:
        charts.append(_curve(run, run.loss, None, _LOW if run.metric else _HIGH, last=True))
    said = f"{run.label}, training by epoch:"
    if run.best is not None:
        places = plain_decimals([run.best[1]])
        when = f"after epoch {run.best[0]}" if run.best[0] else "before the first epoch"
        said += f" best {results.deciding} on validation {number(run.best[1], places)} {when};"
    if run.loss:
        places = plain_decimals([run.loss[0][1]])
        said += f" loss from {number(run.loss[0][1], places)} to {number(run.loss[-1][1], places)};"
    chart: Drawable = charts[0] if len(charts) == 1 else alt.vconcat(*charts, spacing=10)
    return drawing(chart, svg_id, said.rstrip(";:") + ".")


def _curve(run: _Run, points: list[tuple[int, float]], best: tuple[int, float] | None, height: float, *, last: bool) -> Drawable:
    """One line by epoch, its lowest and highest value at the side; epochs are numbered below the ``last`` chart only."""
    c, n_epochs, first = colours(), _n_epochs(run), 1 if run.curve.start is None else 0
    values = [value for _, value in points]
    low, high = min(values), max(values)
    pad = 0.1 * (high - low or abs(high) or 1.0)
    places = plain_decimals(values)
    x_axis = alt.Axis(values=sorted({first, n_epochs}) if last else [], format="d", titlePadding=-8, domain=last, ticks=last)
    x_scale = alt.Scale(domain=[first - 0.5, n_epochs + 0.5], nice=False, zero=False)
    x = alt.X("epoch:Q", scale=x_scale, title="epoch" if last else None, axis=x_axis)
    y_axis = alt.Axis(values=[low, high] if high > low else [high], format=f".{places}f", title=None, grid=True, minExtent=40)
    y = alt.Y("value:Q", scale=alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False), axis=y_axis)
    line = alt.Chart(inline(_rows(points))).mark_line(color=c["ink" if best else "quiet"]).encode(x=x, y=y)
    layers = [line]
    if best is not None:
        layers.append(alt.Chart(inline(_rows([best]))).mark_circle(size=56, color=c["accent"], opacity=1).encode(x=x, y=y))
    return alt.layer(*layers).properties(width=_WIDTH, height=height)


def _rows(points: list[tuple[int, float]]) -> list[dict[str, float]]:
    return [{"epoch": epoch, "value": value} for epoch, value in points]
