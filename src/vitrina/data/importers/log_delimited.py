"""Text tables: comma, tab, semicolon, pipe, ``::`` or any other separator, with or without a header line."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from vitrina.data.importers.log_table import Lines, RawTable, attempt, bad_lines, salvage
from vitrina.errors import DataError

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe", "::": "'::'"}
_MOST_COLUMNS = 2_000
_SAMPLE_LINES, _SAMPLE_BYTES = 200, 1 << 20
_BLANK_LINES = re.compile(rb"(?:[ \t\r\x0b\x0c]*\n)*")
_UNIT = "\x1f"  # stands in for separators of several characters, which the parser does not know
_EXTRA = "__extra__"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}.*")


def read_delimited(data: bytes, path: Path, *, delimiter: str | None, header: bool | None, least: int = 1) -> RawTable:
    """Read UTF-8 text as a table of strings.

    ``least`` is the number of columns that a table of this kind must have. Raises ``DataError`` when the separator gives
    fewer, or when there is nothing below the header.
    """
    blank = _BLANK_LINES.match(data).end()  # type: ignore[union-attr]
    skipped = data.count(b"\n", 0, blank)
    sample = _sample(data[blank : blank + _SAMPLE_BYTES])
    if not sample:
        raise DataError(f"{path} holds nothing but blanks. Expected one event or item a line.")
    separator = delimiter if delimiter is not None else guess_separator(sample)
    _check_separator(path, sample, delimiter, separator, least)
    rows = [_fields(line, separator) for line in sample]
    has_header = looks_like_header(rows) if header is None else header
    width = max(len(rows[0]), *(len(row) for row in rows)) if not has_header else len(rows[0])
    if width > _MOST_COLUMNS:
        raise DataError(f"{path} has {width:,} columns; at most {_MOST_COLUMNS:,} are read. Is it really a table?")
    names = _unique_names(rows[0]) if has_header else [f"column_{n + 1}" for n in range(width)]
    start = blank
    if has_header:
        end = data.find(b"\n", blank)
        start = end + 1 if end >= 0 else len(data)
        skipped += 1
    body = memoryview(data)[start:]  # no copy: logs are large
    if not bytes(body[:4096]).strip() and not bytes(body).strip():
        raise DataError(f"{path} has a header ({', '.join(names[:8])}) but no rows below it. Expected one event or item a line.")
    table = _parse(body, path, separator, names, skipped)
    return RawTable(path.name, table.frame, table.lines, has_header, table.bad, table.warnings)


def guess_separator(sample: list[str]) -> str:
    """Return the separator that cuts the sample into the most even table of at least two columns; "," when none does."""
    best, found = (0.0, 0), ","
    for separator in SEPARATORS:
        widths = [len(_fields(line, separator)) for line in sample]
        width = widths[0]  # the header, where there is one, has no lists or decimal commas that could mislead
        evenness = (round(widths.count(width) / len(sample), 1), width)
        if width > 1 and evenness > best:
            best, found = evenness, separator
    return found


def looks_like_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: no cell of it is a number or a date, or occurs again in its column."""
    first, rest = rows[0], rows[1:]
    if any(_is_data(cell) for cell in first):
        return False
    columns = [[row[n] for row in rest if n < len(row)] for n in range(len(first))]
    return not any(cell and cell in column for cell, column in zip(first, columns, strict=True))


def _is_data(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell.strip()) or _DATE.fullmatch(cell.strip()))


def _sample(data: bytes) -> list[str]:
    lines = [line for line in data.split(b"\n", _SAMPLE_LINES)[:_SAMPLE_LINES] if line.strip()]
    return [line.rstrip(b"\r").decode("utf-8", errors="replace") for line in lines]


def _fields(line: str, separator: str) -> list[str]:
    if len(separator) == 1 and '"' in line:
        try:
            return next(csv.reader([line], delimiter=separator), [])
        except csv.Error:
            pass
    return line.split(separator)


def _check_separator(path: Path, sample: list[str], delimiter: str | None, separator: str, least: int) -> None:
    if delimiter is not None and (not delimiter or set(delimiter) & set('"\r\n')):
        known = ", ".join(map(repr, SEPARATORS))
        raise DataError(f"{delimiter!r} cannot separate columns. Use one of {known}, or another character.")
    if least < 2 or max(len(_fields(line, separator)) for line in sample) > 1:
        return
    line = sample[0][:60]
    other = guess_separator(sample)
    if len(_fields(sample[0], other)) > 1:
        raise DataError(
            f"separated by {separator!r}, every line of {path} is one single column ({line!r}). It looks separated by "
            f"{SEPARATORS[other]}: pass --delimiter {_shown(other)}, or leave --delimiter out."
        )
    likely, even = _likely_separator(sample)
    if likely and not even:
        advice = f"It looks like lists of different lengths separated by {likely!r}; write one event a line instead."
    else:
        advice = f"It looks separated by {likely!r}: pass --delimiter {_shown(likely)}." if likely else "Pass --delimiter."
    raise DataError(
        f"every line of {path} is one single column ({line!r}); expected a user and an item at least, separated by comma, tab, "
        f"semicolon, pipe or '::'. {advice}"
    )


def _shown(separator: str) -> str:
    return "'\\t'" if separator == "\t" else f"'{separator}'"


def _likely_separator(sample: list[str]) -> tuple[str | None, bool]:
    """Return the mark that occurs in every line, and whether equally often in each."""
    counts = [Counter(c for c in line.strip() if not c.isalnum() and c not in "\"'._-") for line in sample]
    shared = [mark for mark in counts[0] if all(c[mark] for c in counts)]
    even = [mark for mark in shared if all(c[mark] == counts[0][mark] for c in counts)]
    best = max(even or shared, key=lambda mark: (mark != " ", counts[0][mark]), default=None)
    return best, best in even


def _unique_names(cells: list[str]) -> list[str]:
    names: list[str] = []
    for n, cell in enumerate(cells):
        name = cell.strip() or f"column_{n + 1}"
        while name in names or name == _EXTRA:
            name += "_2"
        names.append(name)
    return names


def _parse(body: bytes | memoryview, path: Path, separator: str, names: list[str], skipped: int) -> RawTable:
    """Parse the rows below the header; ``skipped`` lines came before them."""
    quote = '"' if len(separator) == 1 else None
    if len(separator.encode()) > 1:
        body, separator = bytes(body).replace(separator.encode(), _UNIT.encode()), _UNIT

    def parse(block: bytes | memoryview, quote_char: str | None = quote) -> pl.DataFrame:
        columns = [f"{n}" for n in range(len(names))] + [_EXTRA]
        frame = pl.read_csv(
            b"".join((separator.join(columns).encode(), b"\n", block)),
            separator=separator,
            quote_char=quote_char,
            infer_schema=False,
            truncate_ragged_lines=True,
        )
        return frame.rename(dict(zip(columns, names, strict=False)))

    warnings: list[str] = []
    bad = bad_lines([], [])
    frame: pl.DataFrame | None = attempt(parse, body)
    lines = None if frame is None else _line_numbers(frame, bytes(body), skipped, path, warnings)
    if frame is None or lines is None:
        frame, lines, bad = _parse_by_lines(bytes(body), parse, separator, len(names), skipped, path, warnings)
    extra = frame[_EXTRA].is_not_null()
    if extra.any():
        texts = frame.filter(extra).select(pl.concat_str(pl.all().fill_null(""), separator=separator)).to_series().to_list()
        reason = f"more fields than the {len(names)} columns"
        bad = pl.concat([bad, bad_lines(lines[extra.to_numpy()], texts, reason)])
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    keep = ~(extra | empty)
    lines = lines[keep.to_numpy()]
    blank = int(empty.sum())
    if blank:
        warnings.append(f"{path.name}: {blank:,} empty line(s) were skipped.")
    return RawTable(path.name, frame.filter(keep).drop(_EXTRA), lines, bad=bad, warnings=warnings)


def _line_numbers(frame: pl.DataFrame, body: bytes, skipped: int, path: Path, warnings: list[str]) -> Lines | None:
    """Number the rows by the line they begin at; None where rows and lines do not add up (an open mark swallowed some)."""
    lines = np.arange(frame.height, dtype=np.int64) + skipped + 1
    n_lines = body.count(b"\n") + (not body.endswith(b"\n"))
    if frame.height == n_lines:
        return lines
    breaks = frame.select(pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).fill_null(0))).to_series().to_numpy()
    if frame.height + int(breaks.sum()) != n_lines:
        return None
    several = np.flatnonzero(breaks)
    lines += np.concatenate([[0], np.cumsum(breaks)[:-1]]).astype(np.int64)
    warnings.append(
        f"{path.name}: {several.size:,} row(s) contain line breaks inside quotation marks (the first at line "
        f"{lines[several[0]]}); check that no mark is left open."
    )
    return lines


def _parse_by_lines(
    body: bytes, parse: Callable[..., pl.DataFrame], separator: str, width: int, skipped: int, path: Path, warnings: list[str]
) -> tuple[pl.DataFrame, Lines, pl.DataFrame]:
    """Read a table with misplaced quotation marks: line by line where needed, the marks as ordinary characters there."""
    rows = body.removesuffix(b"\n").split(b"\n")
    result = salvage(rows, parse)
    if result is None:
        warnings.append(f"{path.name}: quotation marks are not balanced; they were read as ordinary characters.")
        frame = attempt(parse, body, None)
        if frame is None:
            raise DataError(f"{path} cannot be read as a table. Expected text with one event or item a line.")
        return frame, np.arange(frame.height, dtype=np.int64) + skipped + 1, bad_lines([], [])
    frames, good, odd = result
    whole = [n for n in odd if rows[n].count(separator.encode()) == width - 1]
    lost = sorted(set(odd) - set(whole))
    frame = pl.concat([*frames, parse(b"".join(rows[n] + b"\n" for n in whole), None)])
    if odd:
        warnings.append(
            f"{path.name}: {len(odd):,} line(s) have misplaced quotation marks, the first is line {odd[0] + skipped + 1}; in "
            f"{len(whole):,} of them the marks were kept as they are."
        )
    lines = np.array([*good, *whole], np.int64)
    order = np.argsort(lines)
    texts = [rows[n].decode("utf-8", errors="replace") for n in lost]
    bad = bad_lines([n + skipped + 1 for n in lost], texts, "quotation marks are not balanced")
    return frame[order], lines[order] + skipped + 1, bad
