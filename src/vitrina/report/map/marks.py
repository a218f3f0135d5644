"""Sets of works that a map points out, and how each is told apart: a shape and a colour, never a colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.catalogue import Catalogue
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError, VitrinaError

MOST = 12
"""Sets that can be told apart on one map."""

HISTORY = "history"

#: Okabe and Ito, "Color Universal Design" (2008), those that show on white and on black. The history is drawn in ink.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
INK = "ink"
SHAPES = ("square", "triangle", "diamond", "down", "star", "pentagon", "cross")

#: Corners of each shape in a box from -1 to 1, y down; a circle has none.
CORNERS: dict[str, tuple[tuple[float, float], ...]] = {
    "circle": (),
    "square": ((-0.82, -0.82), (0.82, -0.82), (0.82, 0.82), (-0.82, 0.82)),
    "triangle": ((0.0, -1.0), (1.0, 0.8), (-1.0, 0.8)),
    "diamond": ((0.0, -1.05), (1.05, 0.0), (0.0, 1.05), (-1.05, 0.0)),
    "down": ((0.0, 1.0), (-1.0, -0.8), (1.0, -0.8)),
    "star": tuple(
        (round(r * np.sin(np.pi * i / 5), 3), round(-r * np.cos(np.pi * i / 5), 3))
        for i, r in enumerate((1.1, 0.46) * 5)
    ),
    "pentagon": tuple((round(np.sin(2 * np.pi * i / 5), 3), round(-np.cos(2 * np.pi * i / 5), 3)) for i in range(5)),
    "cross": tuple(
        (x, y)
        for x, y in (
            *((-0.35, -1.0), (0.35, -1.0), (0.35, -0.35), (1.0, -0.35), (1.0, 0.35), (0.35, 0.35)),
            *((0.35, 1.0), (-0.35, 1.0), (-0.35, 0.35), (-1.0, 0.35), (-1.0, -0.35), (-0.35, -0.35)),
        )
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Marks:
    """A named set of works: item ``codes [n]``, in the order in which they are listed.

    ``role`` is ``history`` (what a person has liked or bought; at most one set), ``picks`` (what a method recommends), or
    ``group`` (works that share a value of an attribute: thin frames, nothing is faded).
    """

    name: str
    codes: NDArray[np.int32]
    role: Literal["history", "picks", "group"] = "picks"


@dataclass(frozen=True)
class Style:
    """How a set is drawn: ``colour`` is ``#rrggbb`` or ``ink``."""

    shape: str
    colour: str


def styles(marks: Sequence[Marks]) -> list[Style]:
    """Return how each set is drawn; raises ``VitrinaError`` for more sets than can be told apart, or two of one name."""
    if len(marks) > MOST:
        raise VitrinaError(f"{len(marks)} marks were given; a map can tell {MOST} apart. Leave some out.")
    names = [m.name for m in marks]
    if len(set(names)) < len(names):
        raise VitrinaError(f"two marks have the same name: {next(n for n in names if names.count(n) > 1)!r}.")
    if sum(m.role == HISTORY for m in marks) > 1:
        raise VitrinaError("a map shows one history; give the others as picks.")
    others = iter([Style(SHAPES[i % len(SHAPES)], COLOURS[i % len(COLOURS)]) for i in range(len(marks))])
    return [Style("circle", INK) if m.role == HISTORY else next(others) for m in marks]


def read_marks(path: Path, items: Vocabulary) -> list[Marks]:
    """Read sets of works from a CSV with the columns ``item`` and ``mark``; the one called ``history`` is the history.

    Raises ``DataError`` for a file that cannot be read or lacks a column, ``UnknownNameError`` for an item that is not in
    the catalogue, ``VitrinaError`` for too many sets.
    """
    try:
        table = pl.read_csv(path, infer_schema_length=0)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(
            f"{path} cannot be read: {str(error).splitlines()[0]}. Expected a CSV with the columns item,mark."
        ) from None
    if missing := {"item", "mark"} - set(table.columns):
        raise DataError(f"{path} has the columns {', '.join(table.columns)}; {' and '.join(sorted(missing))} is missing.")
    table = table.select("item", "mark").unique(maintain_order=True)
    if table.null_count().sum_horizontal().item():
        raise DataError(f"{path} has rows without an item or a mark. Fill them in, or remove them.")
    sets = [
        Marks(str(name), items.encode(part["item"]), "history" if str(name).strip().lower() == HISTORY else "picks")
        for (name,), part in table.group_by("mark", maintain_order=True)
    ]
    styles(sets)
    return sets


def grouped(catalogue: Catalogue, attribute: str, codes: NDArray[np.int64], most: int = len(COLOURS)) -> tuple[list[Marks], int]:
    """Return the ``most`` frequent values of an attribute among the works ``codes`` as sets, and how many values are left out.

    Raises ``UnknownNameError`` when the catalogue has no such attribute, ``DataError`` when no work has a value.
    """
    column = catalogue.attribute(attribute)
    table = pl.DataFrame({"code": pl.Series(codes, dtype=pl.Int32), "value": column.gather(codes)})
    if isinstance(column.dtype, pl.List):
        table = table.explode("value", empty_as_null=True, keep_nulls=True)
    table = table.drop_nulls().with_columns(pl.col("value").cast(pl.String))
    if table.is_empty():
        raise DataError(f"no work on the map has a value of {attribute!r}. Choose another attribute for --by.")
    counts = table.group_by("value").len().sort(["len", "value"], descending=[True, False])
    shown = counts["value"][:most].to_list()
    members = table.unique(maintain_order=True)
    sets = [Marks(v, members.filter(pl.col("value") == v)["code"].to_numpy(), "group") for v in shown]
    return sets, len(counts) - len(shown)
