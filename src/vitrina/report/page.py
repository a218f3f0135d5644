"""From the results of a comparison to one page that needs nothing else: no network, no JavaScript, no second file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from vitrina.data.dataset import Dataset
from vitrina.data.files import write_text
from vitrina.report.charts.pairs import forest_figure
from vitrina.report.charts.profiles import profile_figure, profile_rows
from vitrina.report.charts.progress import progress_figure
from vitrina.report.charts.segments import segment_figures, segment_rows
from vitrina.report.charts.tail import tail_figure
from vitrina.report.charts.tradeoff import beyond_figures, time_figure
from vitrina.report.charts.training import training_panels
from vitrina.report.charts.tuning import tuning_panels
from vitrina.report.contract import Results, parse_results, read_results
from vitrina.report.gallery.sections import gallery
from vitrina.report.progress import progress_of
from vitrina.report.table import ALL_COSTS, all_metrics, group_legend, results_table
from vitrina.report.templating import environment, source
from vitrina.report.text_tables import latex_table, markdown_tables
from vitrina.report.theme import chart_css, theme_css
from vitrina.report.verdict import difference, opening, pair_interval, significant


def write_report(run: Path, out: Path | None = None, dataset: Dataset | None = None) -> Path:
    """Write the report of the comparison in the folder ``run``, and return its path.

    Reads ``run/results.json``, and the pictures and features of ``dataset`` where that is given. Writes ``out`` (default
    ``run/report.html``) and, beside it, ``tables.md`` and ``tables.tex``. Raises ``VitrinaError`` if the results are missing or
    damaged, or a file cannot be written.
    """
    run = Path(run)
    results = read_results(run)
    target = run / "report.html" if out is None else Path(out)
    write_text(target, report_html(results, dataset))
    write_text(target.with_name("tables.md"), markdown_tables(results))
    write_text(target.with_name("tables.tex"), latex_table(results))
    return target


def report_html(results: Results | dict[str, Any], dataset: Dataset | None = None) -> str:
    """Return the page for the content of ``results.json``. Raises ``VitrinaError`` if that is not a comparison's results.

    With the ``dataset`` that was compared, works are shown by their pictures and features are explained.
    """
    parsed = results if isinstance(results, Results) else parse_results(results)
    return environment().get_template("report.html.j2").render(_context(parsed, dataset))


def _css() -> Markup:
    return Markup(f"{theme_css()}\n{chart_css()}\n{source('report.css')}")


def _context(results: Results, dataset: Dataset | None) -> dict[str, Any]:
    metrics, table = all_metrics(results), results_table(results)
    defined = [(m, results.definitions[m]) for m in metrics if m in results.definitions]
    shown = {column.key for column in table.columns}
    context: dict[str, Any] = {
        "results": results,
        "css": _css(),
        "opening": opening(results),
        "table": table,
        "everything": results_table(results, metrics, costs=ALL_COSTS),
        "definitions": [(m, text) for m, text in defined if m in shown],
        "more_definitions": [(m, text) for m, text in defined if m not in shown],
        "legend": group_legend(results),
        "time": time_figure(results),
        "beyond": beyond_figures(results),
        "forest": forest_figure(results),
        "progress": (progress := progress_of(results)),
        "progress_figure": progress_figure(results, progress) if progress else None,
        "progress_rows": [(step, difference(step.pair)) for step in progress.steps] if progress else [],
        "pairs": [(p, difference(p), pair_interval(p), significant(p)) for p in results.ordered_pairs],
        "tuning": tuning_panels(results),
        "training": training_panels(results),
        "segments": [(figure, parts, segment_rows(results, parts)) for figure, parts in segment_figures(results)],
        "profiles": (profiles := profile_figure(results)),
        "profile_rows": profile_rows(results) if profiles else [],
        "tail": tail_figure(results),
        **gallery(results, dataset),
    }
    context["contents"] = [(anchor, title) for anchor, title, present in _sections(results, context) if present]
    return context


def _sections(results: Results, context: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """The sections of the page in their order; those without content are left out of page and contents alike."""
    data, split = results.dataset, results.split
    return [
        ("table", "Results", bool(results.methods or results.failures or results.skipped)),
        ("progress", "Are the neural models better?", context["progress"] is not None),
        ("study", "The tables of the UGallery study", bool(context["study_tables"])),
        ("examples", "Sessions, with their pictures", bool(context["examples"])),
        ("map", "The map of the works", context["map"] is not None),
        ("explained", "What the network sees", bool(context["explained"])),
        ("profiles", "How well a person must be known", context["profiles"] is not None),
        ("worth", "Accuracy and its price", bool(context["time"] or context["beyond"])),
        ("differences", "Differences", bool(results.pairs)),
        ("tuning", "Tuning", context["tuning"] is not None),
        ("training", "Training", context["training"] is not None),
        ("segments", "Who is served well", bool(context["segments"])),
        ("audit", "The split and its audit", results.audit is not None or bool(split.protocol)),
        ("data", "The data", bool(data.events or data.name or data.title)),
        ("repeat", "To repeat it", True),
    ]
