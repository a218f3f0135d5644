"""Item sequences with attributes, as S3-Rec publishes them: ``NAME.txt`` and ``NAME_item2attributes.json``.

Each line is a user and the items consumed, oldest first. Zhou et al. (2020), S3-Rec, CIKM.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from vitrina.data.dataset import DatasetInfo
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.numbered import from_numbers
from vitrina.data.importers.reading import read_lines, read_text
from vitrina.errors import DataError

_ATTRIBUTES = "_item2attributes.json"


def recognises(folder: Path) -> bool:
    """Whether ``folder`` holds one sequence file with its attributes."""
    return len(_names(folder)) == 1


def read(folder: Path) -> Imported:
    """Read the sequences: events in order, without times; ``attributes`` of an item are the published ids, each once.

    Raises ``DataError`` for files that are missing, cut or hold other things than numbers.
    """
    names = _names(folder)
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise DataError(f"{folder} must hold one NAME.txt with NAME{_ATTRIBUTES}; found {found}. Keep one data set a folder.")
    path = folder / f"{names[0]}.txt"
    lines = read_lines(path).str.strip_chars().str.split(" ")
    try:
        numbers = lines.cast(pl.List(pl.Int32))
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} must hold lines 'user item item ...' of numbers: {str(error).splitlines()[0]}.") from None
    short = (numbers.list.len() < 2).arg_true()
    if len(short):
        raise DataError(f"{path}, line {short[0] + 1}: a user without items; the file may be cut. Copy or download it again.")
    events = pl.DataFrame({"user": numbers.list.first(), "item": numbers.list.slice(1)}).explode("item")
    items, notes = _attributes(folder / f"{names[0]}{_ATTRIBUTES}")
    info = DatasetInfo(name=folder.name, notes=["events are in order but have no times", *notes])
    return Imported(from_numbers(events, info, items=items))


def _names(folder: Path) -> list[str]:
    names = (path.name.removesuffix(_ATTRIBUTES) for path in folder.glob(f"*{_ATTRIBUTES}"))
    return sorted(name for name in names if (folder / f"{name}.txt").is_file())


def _attributes(path: Path) -> tuple[pl.DataFrame, list[str]]:
    try:
        lists = json.loads(read_text(path))
        table = pl.DataFrame(
            {"id": pl.Series(list(lists), dtype=pl.String), "attributes": list(lists.values())},
            schema_overrides={"attributes": pl.List(pl.Int32)},
        ).with_columns(pl.col("id").cast(pl.Int32))
    except (ValueError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} must hold one JSON object of item: [attribute, ...]: {reason}. Copy it again.") from None
    once = table.with_columns(pl.col("attributes").list.unique(maintain_order=True))
    changed = int((once["attributes"].list.len() != table["attributes"].list.len()).sum())
    notes = [f"{changed:,} items repeat attributes; each is kept once"] if changed else []
    return once.with_columns(pl.col("attributes").cast(pl.List(pl.String))), notes
