"""Printing: tables for people, ``--json`` and ``--csv`` for programs; messages go to standard error."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from vitrina.training.processes import Processes

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV and nothing else.")]


def say(message: str) -> None:
    """Print a message to standard error; of several processes the first one does."""
    if Processes.here().first:
        print(message, file=sys.stderr, flush=True)


def as_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def as_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as CSV with a header."""
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def table(rows: Sequence[Mapping[str, Any]], *, title: str = "", json: bool = False, csv: bool = False) -> None:
    """Print rows (all with the same keys) as a table, or as JSON or CSV; raises ``BadParameter`` for both at once."""
    if json and csv:
        raise typer.BadParameter("give --json or --csv, not both")
    if json:
        as_json(list(rows))
    elif csv:
        as_csv(rows)
    else:
        _rich_table(rows, title)


def _rich_table(rows: Sequence[Mapping[str, Any]], title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = Table(title=title or None, box=SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    names = list(rows[0]) if rows else []
    for name in names:
        numeric = all(isinstance(row[name], int | float | None) for row in rows)
        shown.add_column(escape(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        shown.add_row(*[escape(_text(row[name])) for name in names])
    # Without a terminal there is no width to fit: lines are never folded.
    Console(width=None if sys.stdout.isatty() else 250).print(shown)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4f}" if not 0 < value < 0.00005 else "< 0.0001"  # what is tiny must not read as nothing
    return str(value)


def duration(seconds: float) -> str:
    """Write a time for people."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 0.1 else "< 0.1 s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size(n_bytes: float) -> str:
    """Write an amount of memory for people."""
    for unit in ("B", "KB", "MB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} GB"
