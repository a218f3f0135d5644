"""JSON lines: one object a line, its keys the columns."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from vitrina.data.importers.log_table import Lines, RawTable, attempt, bad_lines, salvage
from vitrina.errors import DataError


def read_json_lines(data: bytes, path: Path) -> RawTable:
    """Read UTF-8 JSON lines as text columns; keys that hold lists become lists of texts.

    Lines that are no JSON object are kept as bad lines. Raises ``DataError`` when there is no object at all.
    """
    if data.lstrip()[:1] == b"[":
        raise DataError(f"{path} is one JSON array; expected JSON lines, one object a line. Convert it: jq -c '.[]' {path.name}")
    schema = attempt(_schema, data)
    lines = None if schema is None else _numbers(data)
    frame: pl.DataFrame | None = None if not schema else attempt(_parser(schema), data)
    bad = bad_lines([], [])
    if frame is None or lines is None or frame.height != len(lines):
        frame, lines, bad = _by_lines(data, path)
    no_object = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    if no_object.any():
        numbers = lines[no_object.to_numpy()]
        rows = data.split(b"\n")
        texts = [rows[n - 1].decode("utf-8", errors="replace") for n in numbers.tolist()]
        bad = pl.concat([bad, bad_lines(numbers, texts, "no JSON object with any of the columns")])
        frame, lines = frame.filter(~no_object), lines[~no_object.to_numpy()]
    return RawTable(path.name, frame, lines, bad=bad)


def _schema(data: bytes) -> dict[str, pl.DataType]:
    inferred = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None).schema
    return {name: pl.List(pl.String()) if isinstance(dtype, pl.List) else pl.String() for name, dtype in inferred.items()}


def _parser(schema: dict[str, pl.DataType]) -> Callable[[bytes], pl.DataFrame]:
    """Make a parser to text columns, so that ids keep all their digits."""

    def parse(block: bytes) -> pl.DataFrame:
        return pl.read_ndjson(io.BytesIO(block), schema=schema) if block.strip() else pl.DataFrame(schema=schema)

    return parse


def _count(block: bytes) -> pl.DataFrame:
    """Return as many rows as there are readable lines; what is in them is asked later."""
    return pl.read_ndjson(io.BytesIO(block), infer_schema_length=None).select(pl.int_range(pl.len()))


def _numbers(data: bytes) -> Lines:
    """Numbers of the lines that are not blank."""
    n_lines = data.count(b"\n") + (not data.endswith(b"\n"))
    if not any(mark in data for mark in (b"\n\n", b"\r\n\r\n", b"\n ", b"\n\t")) and data[:1].strip():
        return np.arange(1, n_lines + 1, dtype=np.int64)
    return np.array([n for n, line in enumerate(data.split(b"\n"), start=1) if line.strip()], np.int64)


def _by_lines(data: bytes, path: Path) -> tuple[pl.DataFrame, Lines, pl.DataFrame]:
    numbers = _numbers(data)
    rows = data.split(b"\n")
    texts = [rows[n - 1] for n in numbers.tolist()]
    readable = salvage(texts, _count)
    if readable is None or not readable[1]:
        first = texts[0][:60].decode("utf-8", errors="replace")
        raise DataError(
            f"{path} is not JSON lines (one object a line); it starts with {first!r}. If it is a table, call it .csv."
        )
    _, good, bad = readable
    block = b"\n".join(texts[n] for n in good) + b"\n"
    schema = attempt(_schema, block)
    frame = attempt(_parser(schema), block) if schema else None
    if frame is None or frame.height != len(good):
        raise DataError(f"{path} cannot be read as JSON lines. Expected one object a line with the same keys, of plain values.")
    lost = [texts[n].decode("utf-8", errors="replace") for n in bad]
    return frame, numbers[good], bad_lines(numbers[bad], lost, "not a line of JSON")
