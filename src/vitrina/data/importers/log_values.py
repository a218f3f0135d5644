"""Raw columns to clean ids and numbers; what is wrong with a row is said, not repaired in silence."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.errors import DataError

Mask = NDArray[np.bool_]
Faults = list[tuple[Mask, str]]

#: Texts by which programs write "nothing"; for ids the shorter list, because "NA" may be somebody's name.
MISSING = ("", "null", "NULL", "None", "<NA>", "\\N", "NA", "N/A")
_NO_ID = ("", "null", "NULL", "None", "<NA>", "\\N")
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_INFINITE = r"(?i)^[+-]?inf(inity)?$"
_MOSTLY = 0.95


@dataclass(frozen=True)
class Coded:
    """A column as codes ``[n]`` (int32, -1: faulty or missing) of its distinct clean texts, with the faults found."""

    codes: NDArray[np.int32]
    texts: pl.Series
    faults: Faults = field(default_factory=list)
    note: str = ""


def as_text(column: pl.Series, what: str) -> pl.Series:
    """Return a column as stripped text; raises ``DataError`` for types that have none (lists, bytes)."""
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        raise DataError(f"column {column.name!r} ({what}) holds {column.dtype}; expected plain text or numbers.")
    return column.cast(pl.String).str.strip_chars()


def factorise(column: pl.Series) -> tuple[NDArray[np.int32], pl.Series]:
    """Return the code of each entry (-1 for null), and the distinct entries in order of first appearance."""
    name = pl.Series("text", column)
    texts = name.drop_nulls().unique(maintain_order=True)
    table = texts.to_frame().with_row_index("code")
    codes = name.to_frame().join(table, on="text", how="left", maintain_order="left")["code"]
    return codes.cast(pl.Int32).fill_null(-1).to_numpy(), texts


def clean_ids(column: pl.Series, what: str) -> Coded:
    """Turn a column of ids into codes of clean ids.

    Where the column is numeric as a whole, negative and infinite ids are faults, and ``"12.0"`` (as programs write whole
    numbers after a missing one) becomes ``"12"`` when every id is whole.
    """
    raw_codes, raw = factorise(column if column.dtype == pl.String else as_text(column, what))
    text = raw.str.strip_chars()
    empty, nan = text.is_in(_NO_ID), text.str.contains(r"(?i)^[+-]?nan$")
    infinite = text.str.contains(_INFINITE)
    number = text.str.contains(_NUMBER)
    n_named = int((~(empty | nan | infinite)).sum())
    numeric = n_named > 0 and int(number.sum()) >= _MOSTLY * n_named
    faults = [
        (empty, f"{what} id is empty"),
        (nan, f"{what} id is NaN"),
        (raw.str.contains(r"[\n\r]"), f"{what} id contains a line break"),
    ]
    if numeric:
        faults += [(infinite, f"{what} id is infinite"), (number & text.str.starts_with("-"), f"{what} id is negative")]
    broken = np.logical_or.reduce([mask.to_numpy() for mask, _ in faults])
    note = ""
    sound = text.filter(~pl.Series(broken))
    pointed = sound.filter(sound.str.contains(".", literal=True))
    if numeric and len(pointed) and sound.str.contains(r"^\d+(\.0+)?$").all():
        text = text.str.replace(r"\.0+$", "")
        note = f"{what} ids such as {pointed[0]!r} were read as whole numbers"
    merged, texts = factorise(text)
    merged = np.append(np.where(broken, -1, merged), -1).astype(np.int32)  # the last serves code -1
    row_faults = [(np.append(mask.to_numpy(), False)[raw_codes], reason) for mask, reason in faults]
    row_faults[0] = (row_faults[0][0] | (raw_codes < 0), faults[0][1])
    return Coded(merged[raw_codes], texts, row_faults, note)


def clean_numbers(column: pl.Series, what: str) -> tuple[pl.Series, Faults, str]:
    """Turn a column into Float32 (null: missing) with its faults and a note on how it was read."""
    note = ""
    if column.dtype == pl.Boolean or column.dtype.is_numeric():
        numbers = column.cast(pl.Float64)
        unread = pl.Series([False]).new_from_index(0, len(column))
    else:
        text = as_text(column, what)
        text = text.set(text.is_in(MISSING), None)
        numbers = text.cast(pl.Float64, strict=False)
        unread = text.is_not_null() & numbers.is_null()
        if unread.any():
            words = text.str.to_lowercase().replace_strict({"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}, default=None)
            commas = text.filter(unread)
            if commas.str.contains(r"^[+-]?\d+,\d+$").all():
                numbers = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
                note = f"decimal commas in {column.name!r} were read as points"
            elif words.null_count() == text.null_count():
                numbers = words.cast(pl.Float64)
                note = f"{column.name!r} was read as true = 1, false = 0"
            unread = text.is_not_null() & numbers.is_null()
    single = numbers.cast(pl.Float32, strict=False)
    infinite = numbers.is_not_null() & ~single.is_finite().fill_null(False)
    faults = [(unread.to_numpy(), f"{what} is not a number"), (infinite.to_numpy(), f"{what} is NaN or infinite")]
    return single, faults, note


def clean_sessions(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Turn session ids into Int64: themselves where all are whole numbers, else codes.

    Returns them twice: with a session of its own for each event that has none, and with nulls there.
    """
    text = as_text(column, "session")
    text = text.set(text.is_in(_NO_ID), None)
    numbers = text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    if numbers.null_count() > text.null_count() or (len(numbers) and (numbers.min() or 0) < 0):  # type: ignore[operator]
        codes, _ = factorise(text)
        numbers = pl.Series(codes.astype(np.int64))
        numbers = numbers.set(numbers < 0, None)
    alone = numbers.is_null()
    next_free = int(numbers.max() or 0) + 1  # type: ignore[arg-type]
    fresh = pl.Series(np.cumsum(alone.to_numpy()) - 1 + next_free)
    return fresh.zip_with(alone, numbers), numbers
