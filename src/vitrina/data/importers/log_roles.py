"""The roles of a log's columns: settled by the user, told by names, or by what the columns hold."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from vitrina.data.importers.columns import ROLES, ColumnUse, ambiguous, by_name, listed, missing, overridden
from vitrina.data.importers.log_table import RawTable
from vitrina.data.importers.log_times import looks_like_times
from vitrina.data.importers.log_values import as_text
from vitrina.errors import DataError

OPTION = "--column"
_SAMPLE = 2_000
_MOST_GRADES = 20

#: What describes an item, and so is never mistaken for somebody's id.
_OF_ITEMS = ("title", "price", "stock", "image", "url")


def assign_roles(table: RawTable, overrides: Mapping[str, str], now: int) -> tuple[dict[str, ColumnUse], list[str]]:
    """Return the column of each role of a log, and warnings about guesses.

    Raises ``DataError`` when a user or item column is missing, or when several columns could play a role.
    """
    names = table.frame.columns
    uses = overridden(names, overrides, ROLES, table.name, OPTION)
    warnings: list[str] = []
    if not table.header and not {"user", "item"} <= set(uses):
        warnings.append(_by_position(table, uses, now))
    for role in ROLES:
        free = _free(names, uses)
        if role in uses or not table.header:
            continue
        rivals = by_name(free, role)
        if len(rivals) > 1:
            raise ambiguous(table.name, role, rivals, names, OPTION, optional=role not in ("user", "item"))
        if rivals:
            uses[role] = ColumnUse(rivals[0], "by its name")
    _by_content(table, uses, now)
    for role in ("user", "item"):
        if uses.get(role, ColumnUse(None, "")).column is None:
            raise missing(table.name, role, names, _free(names, uses), OPTION, header=table.header)
    unused = _free(names, uses)
    if unused:
        warnings.append(f"{table.name}: column(s) not used: {listed(unused)}. Give one a role with {OPTION} ROLE=COLUMN.")
    return {role: uses.get(role, ColumnUse(None, "no such column")) for role in ROLES}, warnings


def _free(names: list[str], uses: Mapping[str, ColumnUse]) -> list[str]:
    taken = {use.column for use in uses.values()}
    return [name for name in names if name not in taken]


def _by_position(table: RawTable, uses: dict[str, ColumnUse], now: int) -> str:
    """Read columns without names as user, item, then value and timestamp, if what they hold agrees."""
    sample = table.frame.head(_SAMPLE)
    names = sample.columns
    free = _free(names, uses)
    times = [name for name in free if looks_like_times(sample[name], now)]
    grades = [name for name in free if name not in times and _looks_like_grades(sample[name])]
    ids = [role for role in ("user", "item") if role not in uses]
    if len(free) < len(ids) or any(name in times for name in free[: len(ids)]):
        raise DataError(
            f"{table.name} has no header line, and its columns do not read as user, item, value, timestamp. Columns are "
            f"{listed(names)}. Say which is which: {OPTION} user=column_1 {OPTION} item=column_2."
        )
    why = "by its position, the file has no header line"
    for role, name in zip(ids, free, strict=False):
        uses[role] = ColumnUse(name, why)
    for role, fitting in (("value", grades), ("timestamp", times)):
        later = [name for name in fitting if name in free[len(ids) :]]
        if role not in uses and later:
            uses[role] = ColumnUse(later[0], f"{why}, and what it holds")
    found = ", ".join(f"{use.column} = {role}" for role, use in uses.items() if use.column)
    return f"{table.name} has no header line; its columns were read as {found}. Correct this with {OPTION} ROLE=column_N."


def _by_content(table: RawTable, uses: dict[str, ColumnUse], now: int) -> None:
    """Settle what names left open, where the content leaves one possibility only."""
    sample = table.frame.head(_SAMPLE)
    if table.header and "timestamp" not in uses:
        times = [name for name in _free(sample.columns, uses) if looks_like_times(sample[name], now)]
        if len(times) == 1:
            uses["timestamp"] = ColumnUse(times[0], "it holds dates")
    lacking = [role for role in ("user", "item") if role not in uses]
    if len(lacking) == 1:
        ids = [name for name in _free(sample.columns, uses) if _looks_like_ids(sample[name], now)]
        if len(ids) == 1 and not any(by_name(ids, role) for role in _OF_ITEMS):
            uses[lacking[0]] = ColumnUse(ids[0], "the only column left that holds ids")


def _looks_like_grades(column: pl.Series) -> bool:
    """Whether a sample holds few different small numbers."""
    if column.dtype.is_nested() or column.dtype.is_temporal():
        return False
    known = column.drop_nulls()
    numbers = known.cast(pl.Float64) if column.dtype.is_numeric() else as_text(known, "value").cast(pl.Float64, strict=False)
    if not len(known) or numbers.null_count() > len(known) // 20:
        return False
    return numbers.n_unique() <= _MOST_GRADES and bool(numbers.is_between(-100, 100).fill_null(True).all())


def _looks_like_ids(column: pl.Series, now: int) -> bool:
    """Whether a sample could be ids: present, not fractions, not dates, and repeating neither always nor hardly."""
    if column.dtype.is_nested() or not column.drop_nulls().len() or looks_like_times(column, now):
        return False
    text = as_text(column, "id").drop_nulls()
    fractions = text.str.contains(r"^[+-]?\d*\.\d*[1-9]\d*$|^-").any()
    return not fractions and column.null_count() < len(column) / 2
