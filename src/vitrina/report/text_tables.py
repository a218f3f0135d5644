"""The tables for papers and notes: Markdown and LaTeX (booktabs). All names come from user data and are escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vitrina.report.charts.profiles import profile_rows
from vitrina.report.contract import Results, parse_results
from vitrina.report.gallery.study_tables import StudyCell, StudyTable, remark, study_tables
from vitrina.report.numbers import LEVEL, NONE, count, number, p_value, percent
from vitrina.report.table import ALL_COSTS, Cell, Column, Table, all_metrics, group_legend, results_table
from vitrina.report.verdict import difference, opening, pair_interval

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "−": r"$-$",
    "±": r"$\pm$",
    "▼": r"$\blacktriangledown$",
    "♦": r"$\blacklozenge$",
    "□": r"$\square$",
    "†": r"\dag{}",
    "‡": r"\ddag{}",
    "–": "--",
    "\N{NO-BREAK SPACE}": "~",
}


def escape_markdown(text: str) -> str:
    """Escape text so that Markdown (and the HTML inside it) shows it as it is, on one line, also within a table."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]#!|~$])", r"\\\1", flat)


def _paragraph(text: str) -> str:
    """Escape text that begins a line, where a dash or a number with a dot would also begin a list."""
    escaped = escape_markdown(text)
    return re.sub(r"^(\d*)([-+.)])", r"\1\\\2", escaped)


def escape_latex(text: str) -> str:
    """Escape text so that LaTeX typesets it as it is, on one line."""
    flat = re.sub(r"[^\S\N{NO-BREAK SPACE}]+", " ", text).strip()
    return "".join(_LATEX.get(character, character) for character in flat)


def _results(results: Results | Mapping[str, Any]) -> Results:
    return results if isinstance(results, Results) else parse_results(results)


def markdown_tables(results: Results | Mapping[str, Any]) -> str:
    """Write the verdict, the table of results, the paired differences and the definitions as Markdown.

    ``results`` is the content of ``results.json``. Raises ``VitrinaError`` if it is not the results of a comparison.
    """
    results = _results(results)
    top = opening(results)
    grave = [f"**{escape_markdown(n.title)}** {escape_markdown(n.text)}" for n in top.notices]
    parts = [f"# {escape_markdown(results.name or 'Comparison')}", *grave, _paragraph(top.headline)]
    if results.methods:
        table = results_table(results, all_metrics(results), costs=ALL_COSTS)
        spans = f"In brackets: {LEVEL} intervals over {'people' if results.replays else 'users'}." if table.has_intervals else ""
        notes = [group_legend(results), spans, *table.notes]
        parts += ["## Results", _markdown_results(table), *(_paragraph(n) for n in notes if n)]
    tables = study_tables(results)
    if tables:
        parts += ["## The tables of the UGallery study", _paragraph(remark(results))]
        parts += [text for table in tables for text in (f"### {table.title}", _markdown_study(table))]
    if results.profile_sizes:
        parts += [f"## {escape_markdown(results.deciding)} by works bought before", _markdown_profiles(results)]
    if results.pairs:
        parts += [f"## Paired differences in {escape_markdown(results.deciding)}", _markdown_pairs(results)]
    if results.definitions:
        lines = [f"- {escape_markdown(metric)}: {escape_markdown(text)}" for metric, text in results.definitions.items()]
        parts += ["## Definitions", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _markdown_grid(header: list[str], rows: list[list[str]], left: int) -> str:
    """Lay out a grid whose first ``left`` columns are words, the others numbers."""
    rule = [":--" if i < left else "--:" for i in range(len(header))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def _title(column: Column) -> str:
    return column.title + (f", {column.unit}" if column.unit else "") + (f" {column.arrow}" if column.arrow else "")


def _markdown_results(table: Table) -> str:
    def cell(c: Cell) -> str:
        text = f"**{c.text}**" if c.best else escape_markdown(c.text)
        return f"{text} ({escape_markdown(c.interval)})" if c.interval else text

    header = ["Method", "Group", *(escape_markdown(_title(c)) for c in table.columns)]
    rows = [[escape_markdown(r.label), escape_markdown(r.group), *map(cell, r.cells)] for r in table.rows]
    return _markdown_grid(header, rows, left=2)


def _markdown_pairs(results: Results) -> str:
    header = ["A", "B", "A − B", f"{LEVEL} interval", "p", "p (Holm)", "p (Bonferroni)", "d", "A better", "B better"]
    header.append("people" if results.replays else "users")
    rows = [
        [
            *(escape_markdown(results.label(name)) for name in (pair.a, pair.b)),
            difference(pair),
            pair_interval(pair) or NONE,
            *(escape_markdown(p_value(p)) for p in (pair.p_value, pair.p_holm, pair.p_bonferroni)),
            number(pair.effect_size, 2),
            percent(pair.share_better),
            percent(pair.share_worse),
            count(pair.n),
        ]
        for pair in results.ordered_pairs
    ]
    return _markdown_grid(header, rows, left=2)


def _markdown_study(table: StudyTable) -> str:
    """One of the study's tables: a line for each method, and below it the study's own numbers in italics."""

    def cell(c: StudyCell) -> str:
        return f"**{c.text}**{c.signs}" if c.best else f"{c.text}{c.signs}"

    rows = []
    for row in table.rows:
        if row.group:
            rows.append([f"*{escape_markdown(row.group)}*", *("" for _ in row.cells)])
        rows.append([escape_markdown(row.label), *map(cell, row.cells)])
        if row.published is not None:
            rows.append(["UGallery", *(f"*{text}*" for text in row.published)])
    return _markdown_grid(["Method", *map(escape_markdown, table.columns)], rows, left=1)


def _markdown_profiles(results: Results) -> str:
    header = ["Method", *(f"{escape_markdown(part.size)}, {count(part.n_sessions)} sessions" for part in results.profile_sizes)]
    rows = [[escape_markdown(label), *map(escape_markdown, texts)] for label, texts in profile_rows(results)]
    return _markdown_grid(header, rows, left=1)


def latex_table(results: Results | Mapping[str, Any]) -> str:
    """Write the tables in LaTeX (booktabs): the main one, best in bold, groups as superscripts, intervals in small type; after a
    replay of a gallery also those of the UGallery study.

    ``results`` is the content of ``results.json``. Raises ``VitrinaError`` if it is not the results of a comparison.
    """
    results = _results(results)
    table = results_table(results)
    columns = "l" + "r" * len(table.columns)
    header = " & ".join(["Method", *(escape_latex(_title(c)) for c in table.columns)])
    lines = [
        r"% Needs \usepackage{booktabs} and \usepackage[T1]{fontenc}; the tables of the study also \usepackage{amssymb}.",
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{escape_latex(_caption(results, table))}}}",
        f"  \\begin{{tabular}}{{{columns}}}",
        r"    \toprule",
        f"    {header} \\\\",
        r"    \midrule",
    ]
    for row in table.rows:
        group = f"\\textsuperscript{{{escape_latex(row.group)}}}" if row.group else ""
        lines.append(f"    {' & '.join([escape_latex(row.label) + group, *map(_latex_value, row.cells)])} \\\\")
        if any(cell.interval for cell in row.cells):
            spans = [f"{{\\scriptsize {escape_latex(c.interval)}}}" if c.interval else "" for c in row.cells]
            lines.append(f"    {' & '.join(['', *spans])} \\\\")
    lines += [r"    \bottomrule", r"  \end{tabular}", r"\end{table}"]
    for study in study_tables(results):
        lines += ["", *_latex_study(results, study)]
    return "\n".join(lines) + "\n"


def _latex_study(results: Results, table: StudyTable) -> list[str]:
    """One of the study's tables, the study's own numbers in small type below ours."""
    width = len(table.columns) + 1
    lines = [
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{escape_latex(f'{table.title}. {remark(results)}')}}}",
        f"  \\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        r"    \toprule",
        f"    {' & '.join(['Method', *map(escape_latex, table.columns)])} \\\\",
        r"    \midrule",
    ]
    for row in table.rows:
        if row.group:
            lines.append(f"    \\multicolumn{{{width}}}{{l}}{{\\emph{{{escape_latex(row.group)}}}}} \\\\")
        cells = [(f"\\textbf{{{c.text}}}" if c.best else escape_latex(c.text)) + escape_latex(c.signs) for c in row.cells]
        lines.append(f"    {' & '.join([escape_latex(row.label), *cells])} \\\\")
        if row.published is not None:
            small = [f"{{\\scriptsize {text}}}" for text in ("UGallery", *row.published)]
            lines.append(f"    {' & '.join(small)} \\\\")
    return [*lines, r"    \bottomrule", r"  \end{tabular}", r"\end{table}"]


def _latex_value(cell: Cell) -> str:
    text = escape_latex(cell.text)
    return f"\\textbf{{{text}}}" if cell.best else text


def _caption(results: Results, table: Table) -> str:
    parts = [opening(results).headline]
    if results.dataset.title or results.dataset.name:
        simulated = " (simulated)" if results.dataset.simulated else ""
        parts.append(f"Data: {results.dataset.title or results.dataset.name}{simulated}.")
    spans = f"Small type: {LEVEL} intervals over {'people' if results.replays else 'users'}." if table.has_intervals else ""
    parts += [group_legend(results), spans, *table.notes]
    metrics = [c.key for c in table.columns if c.is_metric and c.key in results.definitions]
    parts += ["; ".join(f"{m}: {results.definitions[m]}" for m in metrics) + "." if metrics else ""]
    return " ".join(part for part in parts if part)
