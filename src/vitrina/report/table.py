"""The table of results, once, as plain data: HTML, Markdown and LaTeX only dress it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vitrina.report.contract import Results
from vitrina.report.numbers import ALPHA, NONE, column_decimals, count, interval, number, plain_decimals
from vitrina.report.records import Method

_MOST = 5
_BEYOND = ("coverage", "novelty", "gini", "diversity", "popularity", "entropy", "herfindahl", "mil", "user_coverage")

MAIN_COSTS = ("tune", "fit", "memory", "trials")
"""Cost columns of the main table."""

ALL_COSTS = ("tune", "fit", "evaluate", "memory", "trials")
"""Every cost column."""


@dataclass(frozen=True)
class Column:
    """A column: its name, unit, the arrow that says which way is better, and its decimals."""

    key: str
    title: str
    unit: str = ""
    arrow: str = ""
    decimals: int = 0
    is_metric: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell as text; ``best`` is the best of its column."""

    text: str
    interval: str = ""
    best: bool = False


@dataclass(frozen=True)
class Strip:
    """Positions from 0 to 1 of a value and its interval, for the small drawing in the table."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Row:
    """A method's row; ``leading`` says that it belongs to the best group."""

    name: str
    label: str
    paper: str
    group: str
    leading: bool
    best: bool
    cells: list[Cell]
    strip: Strip | None


@dataclass(frozen=True)
class Table:
    """Columns and rows, best method first."""

    columns: list[Column]
    rows: list[Row]
    notes: list[str]

    @property
    def has_intervals(self) -> bool:
        """Whether any cell shows an interval."""
        return any(cell.interval for row in self.rows for cell in row.cells)


def all_metrics(results: Results) -> list[str]:
    """Return every metric that a method reports, the deciding one first, then in the order of the run."""
    seen = dict.fromkeys([results.deciding] if results.deciding else [])
    seen.update(dict.fromkeys(m for method in results.methods for m in method.metrics))
    return list(seen)


def _cutoff(metric: str) -> str:
    match = re.search(r"@(\d+)", metric)
    return match[1] if match else ""


def main_metrics(results: Results) -> list[str]:
    """Return the metrics of the main table: those at the cut-off of the deciding metric or without one, five at most.

    Where there are more: the deciding one, one more on accuracy, then coverage, novelty and what else looks beyond accuracy.
    """
    cutoff = _cutoff(results.deciding)
    metrics = [m for m in all_metrics(results) if _cutoff(m) in ("", cutoff)]
    if len(metrics) <= _MOST:
        return metrics
    by_family = {_family(m): m for m in reversed(metrics)}
    beyond = [by_family[family] for family in _BEYOND if family in by_family]
    accuracy = [m for m in metrics if _family(m) not in _BEYOND]
    return [*accuracy[: max(2, _MOST - len(beyond))], *beyond][:_MOST]


def _family(metric: str) -> str:
    return re.split("[@:]", metric)[0]


def _unit(metric: str, definition: str) -> str:
    return "bits" if re.search(r"\bbits?\b", definition) else "items" if metric.startswith("mean_rank") else ""


def _metric_column(results: Results, metric: str) -> Column:
    intervals = [m.interval(metric) for m in results.methods]
    if any(i is not None for i in intervals):
        decimals = column_decimals(intervals)
    else:
        decimals = plain_decimals(m.metrics.get(metric) for m in results.methods)
    arrow = {True: "↑", False: "↓"}.get(results.higher_is_better.get(metric, None), "")  # type: ignore[arg-type]
    return Column(metric, metric, _unit(metric, results.definitions.get(metric, "")), arrow, decimals, is_metric=True)


def _best_value(results: Results, metric: str) -> float | None:
    higher = results.higher_is_better.get(metric, True if metric == results.deciding else None)
    values = [v for m in results.methods if (v := m.metrics.get(metric)) is not None]
    return None if higher is None or len(values) < 2 else max(values) if higher else min(values)


def _metric_cells(results: Results, column: Column) -> list[Cell]:
    best = _best_value(results, column.key)
    shown_best = number(best, column.decimals)
    cells = []
    for method in results.ranked:
        value, span = method.metrics.get(column.key), method.interval(column.key)
        text = number(value, column.decimals)
        # Values that read the same are both best: bold must not claim more than the digits show.
        is_best = best is not None and value is not None and text == shown_best
        cells.append(Cell(text, _span(span, column.decimals), is_best))
    return cells


def _span(span: tuple[float, float] | None, decimals: int) -> str:
    """Write an interval; one that the column's decimals cannot show (a far smaller value) says so."""
    if span is None:
        return ""
    low, high = number(span[0], decimals), number(span[1], decimals)
    return f"± < {number(10.0**-decimals, decimals)}" if low == high and span[0] < span[1] else interval(*span, decimals)


def _cost_columns(results: Results, wanted: Sequence[str]) -> list[tuple[Column, list[Cell]]]:
    ranked = results.ranked
    found: list[tuple[Column, list[Cell]]] = []
    for key, title in (("tune", "tuning"), ("fit", "fit"), ("evaluate", "test")):
        values = [getattr(m.seconds, key) for m in ranked]
        if key in wanted and any(v is not None for v in values):
            decimals = _cost_decimals(values)
            found.append((Column(key, title, "s", decimals=decimals), [Cell(_measured(v, decimals)) for v in values]))
    if "memory" in wanted and any(m.memory_mb is not None for m in ranked):
        decimals = _cost_decimals([m.memory_mb for m in ranked])
        found.append(
            (Column("memory", "memory", "MB", decimals=decimals), [Cell(_measured(m.memory_mb, decimals)) for m in ranked])
        )
    if "trials" in wanted and any(m.trials is not None for m in ranked):
        found.append((Column("trials", "trials", "number"), [Cell(_trials(m)) for m in ranked]))
    return found


def _cost_decimals(values: Sequence[float | None]) -> int:
    """A measured cost deserves two digits at its largest, and three decimals at most."""
    largest = max((v for v in values if v is not None), default=0.0)
    return next((decimals for least, decimals in ((100, 0), (1, 1), (0.1, 2)) if largest >= least), 3)


def _measured(value: float | None, decimals: int) -> str:
    least = 10.0**-decimals
    if value is not None and 0 < value < least / 2:
        return f"< {number(least, decimals)}"
    return number(value, decimals)


def _trials(method: Method) -> str:
    text = NONE if method.trials is None else count(method.trials)
    return text + ("†" if method.capped else "") + ("‡" if method.failed_trials else "")


def _notes(results: Results) -> list[str]:
    notes = []
    capped = [results.label(m.name) for m in results.ranked if m.capped]
    if capped:
        notes.append(f"† Stopped by the time limit before all its trials: {', '.join(capped)}.")
    failed = [f"{results.label(m.name)} ({m.failed_trials})" for m in results.ranked if m.failed_trials]
    if failed:
        notes.append(f"‡ Some trials failed: {', '.join(failed)}.")
    silent = [f"{results.label(m.name)} ({count(m.missing_scores)})" for m in results.ranked if m.missing_scores]
    if silent:
        notes.append(f"Pairs that a method could not score, ranked last: {', '.join(silent)}.")
    return notes


def _strips(results: Results) -> list[Strip | None]:
    spans = [m.interval(results.deciding) for m in results.ranked]
    top = max((span[1] for span in spans if span is not None), default=0.0)
    strips: list[Strip | None] = []
    for method, span in zip(results.ranked, spans, strict=True):
        value = method.metrics.get(results.deciding)
        usable = span is not None and value is not None and top > 0 and span[0] >= 0
        strips.append(Strip(span[0] / top, value / top, span[1] / top) if usable and span and value is not None else None)
    return strips


def results_table(results: Results, metrics: Iterable[str] | None = None, *, costs: Sequence[str] = MAIN_COSTS) -> Table:
    """Lay out the table: one row a method, best first; ``metrics`` defaults to :func:`main_metrics`."""
    columns = [_metric_column(results, m) for m in (main_metrics(results) if metrics is None else metrics)]
    body = [(column, _metric_cells(results, column)) for column in columns]
    body += _cost_columns(results, costs)
    strips, leading, best = _strips(results), leading_names(results), results.best
    rows = [
        Row(
            name=method.name,
            label=results.label(method.name),
            paper=method.paper,
            group=method.group,
            leading=method.name in leading,
            best=best is not None and method.name == best.name,
            cells=[cells[i] for _, cells in body],
            strip=strips[i],
        )
        for i, method in enumerate(results.ranked)
    ]
    return Table([column for column, _ in body], rows, _notes(results) if costs else [])


def leading_names(results: Results) -> list[str]:
    """Return the best method and those that cannot be told apart from it, best first; empty if nothing was tested."""
    best = results.best
    if best is None or not (results.verdict.equal_to_best or best.group):
        return []
    named = set(results.verdict.equal_to_best) | {best.name}
    if not results.verdict.equal_to_best:
        named |= {m.name for m in results.methods if set(m.group) & set(best.group)}
    return [m.name for m in results.ranked if m.name in named]


def group_legend(results: Results) -> str:
    """Explain the letters of the groups in words; empty when the run has none."""
    if not any(m.group for m in results.methods):
        return ""
    letters = sorted({letter for m in results.methods for letter in m.group})
    members = [[results.label(m.name) for m in results.ranked if letter in m.group] for letter in letters]
    together = [f"{letter}: {', '.join(names)}" for letter, names in zip(letters, members, strict=True) if len(names) > 1]
    rule = f"Methods that share a letter cannot be told apart on {results.deciding} (paired tests, Holm-corrected, {ALPHA})."
    if not together:
        return f"{rule} Here no two methods do."
    return f"{rule} {'; '.join(together)}."
