"""Any table file to raw columns: the format is told by content first, then by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from polars.exceptions import PanicException

from vitrina.data.importers.log_delimited import read_delimited
from vitrina.data.importers.log_jsonlines import read_json_lines
from vitrina.data.importers.log_table import RawTable
from vitrina.data.importers.log_text import read_bytes, to_utf8
from vitrina.errors import DataError

_PARQUET = b"PAR1"


def read_raw(
    path: Path, *, delimiter: str | None = None, header: bool | None = None, encoding: str | None = None, least: int = 1
) -> RawTable:
    """Read CSV, TSV, other separated text, JSON lines or Parquet.

    ``delimiter``, ``header`` and ``encoding`` settle what is otherwise told from the content; ``least`` is the number of
    columns that must be found. Raises ``DataError`` for files that are missing, empty, or of another kind.
    """
    path = Path(path)
    data = read_bytes(path)
    if data[:4] == _PARQUET or path.suffix.lower() in (".parquet", ".pq"):
        table = _read_parquet(data, path)
    else:
        text, warnings = to_utf8(data, path, encoding)
        del data
        if not text.strip():
            raise DataError(f"{path} is empty. Expected one event a line, for example: user,item,timestamp")
        if delimiter is None and (text.lstrip()[:1] == b"{" or path.suffix.lower() in (".jsonl", ".ndjson", ".json")):
            table = read_json_lines(text, path)
        else:
            table = read_delimited(text, path, delimiter=delimiter, header=header, least=least)
        table.warnings[:0] = warnings
    if table.frame.width < least:
        raise DataError(f"{path} has the column {table.frame.columns[0]!r} alone; expected at least {least} columns.")
    return table


def from_frame(frame: Any, name: str) -> RawTable:
    """Take a Polars, pandas or PyArrow table as raw columns; the row numbers stand for line numbers."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, pl.DataFrame):
        module = type(frame).__module__.partition(".")[0]
        if module == "pandas":
            frame = pl.from_pandas(frame)
        elif module == "pyarrow":
            frame = pl.DataFrame(pl.from_arrow(frame))
        else:
            raise DataError(f"{name} is a {type(frame).__name__}; expected a Polars, pandas or PyArrow table.")
    return _typed(frame, name)


def _read_parquet(data: bytes, path: Path) -> RawTable:
    if data[:4] != _PARQUET or data[-4:] != _PARQUET or len(data) < 12:
        raise DataError(f"{path} is not a whole Parquet file: it is truncated, or of another format. Copy or export it again.")
    try:
        frame = pl.read_parquet(data)
    except (Exception, PanicException) as error:
        raise DataError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}. Copy or export it again.") from None
    return _typed(frame, path.name)


def _typed(frame: pl.DataFrame, name: str) -> RawTable:
    if frame.width == 0 or frame.height == 0:
        raise DataError(f"{name} has no rows. Expected one event or item a row.")
    plain = frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String), pl.col(pl.Decimal).cast(pl.Float64))
    return RawTable(name, plain, np.arange(1, frame.height + 1, dtype=np.int64))
