"""Small readers that the importers share: text, tables, and lines that hold a list of numbers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from vitrina.errors import DataError

_AGAIN = "Copy or download it again."


def read_text(path: Path) -> str:
    """Return the text of a file, in UTF-8 or, where its bytes are not UTF-8, in Latin-1.

    Raises ``DataError`` for a missing, unreadable or empty file.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    if not raw.strip():
        raise DataError(f"{path} is empty. {_AGAIN}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read_lines(path: Path) -> pl.Series:
    """Return the lines of a text file, without their ends."""
    text = read_text(path).replace("\r\n", "\n")
    return pl.Series("line", text.removesuffix("\n").split("\n"), dtype=pl.String)


def first_line(path: Path) -> str:
    """Return the first line that is not blank; raises ``DataError`` for a missing, unreadable or empty file."""
    try:
        with path.open("rb") as file:
            line = next(islice((line for line in file if line.strip()), 1), b"")
    except OSError as error:
        raise _unreadable(path, error) from None
    if not line:
        raise DataError(f"{path} is empty. {_AGAIN}")
    return line.decode("utf-8-sig", errors="replace").rstrip("\r\n")


def read_table(
    path: Path,
    types: Mapping[str, Any],
    *,
    header: bool,
    separator: str = "\t",
    quoted: bool = False,
    text: bool = False,
) -> pl.DataFrame:
    """Read a separated table.

    ``types`` gives the columns that must be there: by name with a ``header``, else the leading ones in order. Further
    columns are kept as text under a header and dropped without one. ``text`` is for tables of words, whose bytes may be
    Latin-1. Raises ``DataError`` for a missing, empty or cut file and for values that do not fit.
    """
    first = [name.strip('"') for name in first_line(path).split(separator)]
    if header:
        require_columns(path, first, types)
    elif len(first) < len(types):
        raise DataError(f"{path} has {len(first)} columns in its first line; expected {len(types)}: {', '.join(types)}.")
    spare = {f"_spare{n}": pl.String for n in range(len(first) - len(types))}
    source = io.BytesIO(read_text(path).encode()) if text else path
    try:
        frame = pl.read_csv(
            source,
            separator=separator,
            has_header=header,
            schema=None if header else {**types, **spare},
            schema_overrides=types if header else None,
            infer_schema=False,
            quote_char='"' if quoted else None,
            encoding="utf8-lossy",
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} cannot be read as a table of {', '.join(types)}: {reason}. {_AGAIN}") from None
    return frame.drop(spare, strict=False)


def require_columns(path: Path, found: Sequence[str], wanted: Iterable[str]) -> None:
    """Raise ``DataError`` when a table lacks one of the ``wanted`` columns."""
    lacking = [name for name in wanted if name not in found]
    if lacking:
        raise DataError(f"{path} has no column {', '.join(lacking)}; it has {', '.join(found)}.")


def require_values(path: Path, frame: pl.DataFrame, columns: list[str]) -> None:
    """Raise ``DataError`` for a table without rows, and for rows without one of ``columns``, as where a file was cut."""
    if not frame.height:
        raise DataError(f"{path} has no rows. {_AGAIN}")
    for name in columns:
        missing = frame[name].null_count()
        if missing:
            raise DataError(f"{path}: {missing} of {frame.height} rows have no {name}; the file may be cut. {_AGAIN}")


def read_number_lists(path: Path) -> tuple[pl.DataFrame, int]:
    """Read lines ``count number number ...`` as (columns ``row`` and ``value``, Int32, in file order; number of lines).

    Raises ``DataError`` where a line does not hold as many numbers as its first one says.
    """
    lines = read_lines(path).str.strip_chars()
    frame = lines.to_frame().with_row_index("row").with_columns(pl.col("line").str.split(" ").alias("parts"))
    try:
        counts = frame["parts"].list.first().cast(pl.Int64)
        lists = frame.select(pl.col("row").cast(pl.Int32), pl.col("parts").list.slice(1).cast(pl.List(pl.Int32)).alias("value"))
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} must hold lines of whole numbers, the first saying how many follow: {reason}") from None
    wrong = (counts != lists["value"].list.len()).arg_true()
    if len(wrong):
        raise DataError(
            f"{path}, line {wrong[0] + 1}: {counts[wrong[0]]} numbers announced, {lists['value'].list.len()[wrong[0]]} found; "
            f"the file may be cut. {_AGAIN}"
        )
    flat = lists.filter(pl.col("value").list.len() > 0).explode("value")
    if flat.height and int(flat["value"].to_numpy().min()) < 0:
        raise DataError(f"{path} holds negative numbers; expected ids counted from 0. {_AGAIN}")
    return flat, len(lines)


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path} cannot be read: {error.strerror or error}. It belongs beside the other files of the data set.")
