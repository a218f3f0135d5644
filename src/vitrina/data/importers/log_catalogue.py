"""Catalogue and user files: an id and what is known of it, as text, lists of texts and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.catalogue import AVAILABLE_FROM, AVAILABLE_UNTIL, PRICE, RESERVED, STOCK
from vitrina.data.importers.columns import ColumnUse, ambiguous, by_name, listed, missing, overridden, untyped
from vitrina.data.importers.log_rejected import Rejections, summarise
from vitrina.data.importers.log_table import RawTable
from vitrina.data.importers.log_times import clean_times
from vitrina.data.importers.log_values import MISSING, Mask, as_text, clean_ids
from vitrina.data.storage import unsafe_paths
from vitrina.errors import DataError

_CURRENCY = r"^(?:[A-Z]{3}|[$€£¥₩₹])?\s*([+-]?[\d.,' ]*\d)\s*(?:[A-Z]{3}|[$€£¥₩₹])?$"
_LISTED = 1 / 3  # of MovieLens' films a little less than half have several genres


@dataclass(frozen=True)
class KnownThings:
    """One row an item (or user): ``id`` and clean columns; with the rows refused and what to know of the rest."""

    source: str
    frame: pl.DataFrame
    mapping: dict[str, ColumnUse]
    rejected: pl.DataFrame
    counts: dict[str, int]
    warnings: list[str] = field(default_factory=list)


def read_known(
    table: RawTable,
    kind: str,
    seen: pl.Series,
    *,
    overrides: Mapping[str, str],
    separators: Mapping[str, str],
    now: int,
    pattern: str | None = None,
) -> KnownThings:
    """Clean a catalogue (``kind`` "item") or a table of users ("user").

    ``seen`` are the ids in the log: they tell the id column where names do not. ``separators`` maps attributes to what
    separates their lists. The first row of a repeated id is kept. Raises ``DataError`` when no id column can be told, or
    none of its ids occurs in the log.
    """
    option = f"--{kind}-column"
    roles = ("id", *RESERVED) if kind == "item" else ("id",)
    names = table.frame.columns
    uses = overridden(names, overrides, roles, table.name, option)
    if uses.get("id", ColumnUse(None, "")).column is None:
        uses["id"] = _id_column(table, kind, seen, names, option)
    taken = {use.column for use in uses.values()}
    for role in roles[1:]:
        rivals = by_name([name for name in names if name not in taken], role)
        if role not in uses and rivals:
            uses[role] = ColumnUse(rivals[0], "by its name")
            taken.add(rivals[0])
    ids = clean_ids(table.frame[str(uses["id"].column)], kind)
    rejections = Rejections(table, ids.faults)
    rejections.mark(_repeats(ids.codes), f"{kind} id repeats an earlier row, which is kept")
    kept = rejections.kept
    clean = ids.texts.gather(ids.codes[kept]).alias("id")
    if not len(clean):
        raise DataError(f"no row of {table.name} can be used: {summarise(rejections.counts())}.")
    if not clean.is_in(seen.implode()).any():
        raise DataError(
            f"none of the {len(seen):,} {kind}s in the log is in {table.name}: the log has {seen[0]!r}, column "
            f"{uses['id'].column!r} has {clean[0]!r}. If another column holds the ids, pass {option} id=COLUMN."
        )
    warnings = [ids.note + f" ({table.name})."] if ids.note else []
    rows = table.frame.filter(pl.Series(kept))
    columns = [clean, *_reserved(rows, uses, table, rejections, warnings, now, pattern)]
    unknown_lists = set(separators) - set(names)
    if unknown_lists:
        raise DataError(f"{table.name} has no column {sorted(unknown_lists)[0]!r} to split. Columns are {listed(names)}.")
    for name in names:
        if name not in taken:
            column = _attribute(rows[name], separators.get(name), table.name, warnings)
            columns.append(column.alias(_free_name(untyped(name), [c.name for c in columns])))
    mapping = {role: uses[role] for role in roles if role in uses}
    return KnownThings(table.name, pl.DataFrame(columns), mapping, rejections.frame(), rejections.counts(), warnings)


def _id_column(table: RawTable, kind: str, seen: pl.Series, names: Sequence[str], option: str) -> ColumnUse:
    named = [name for role in ("id", kind) for name in by_name(names, role, only_strong=True)]
    rivals = list(dict.fromkeys(named)) if table.header else []
    for candidates in (rivals, names):
        shares = {name: _share_found(table.frame[name], seen, kind) for name in candidates}
        best = max(shares, key=lambda name: shares[name], default="")
        if best and shares[best] > 0 and list(shares.values()).count(shares[best]) == 1:
            why = (
                "by its name"
                if candidates == rivals and len(rivals) == 1
                else f"it holds {shares[best]:.0%} of the {kind}s in the log"
            )
            return ColumnUse(best, why)
    if len(rivals) == 1:
        return ColumnUse(rivals[0], "by its name")
    if rivals:
        raise ambiguous(table.name, "id", rivals, names, option, optional=False)
    raise missing(table.name, "id", names, names, option, header=table.header)


def _share_found(column: pl.Series, seen: pl.Series, kind: str) -> float:
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        return 0.0
    return float(seen.is_in(clean_ids(column, kind).texts.implode()).to_numpy().mean())


def _repeats(codes: NDArray[np.int32]) -> Mask:
    repeats: Mask = (~pl.Series(codes).is_first_distinct()).to_numpy()
    return repeats & (codes >= 0)


def _reserved(
    rows: pl.DataFrame,
    uses: Mapping[str, ColumnUse],
    table: RawTable,
    rejections: Rejections,
    warnings: list[str],
    now: int,
    pattern: str | None,
) -> list[pl.Series]:
    """Clean the columns with a meaning of their own; what cannot be read becomes null and is counted."""
    columns: list[pl.Series] = []
    for role in RESERVED:
        name = uses[role].column if role in uses else None
        if name is None:
            continue
        raw = rows[name]
        lost: pl.Series
        if role in (PRICE, STOCK):
            column, lost = _amounts(raw, whole=role == STOCK)
        elif role in (AVAILABLE_FROM, AVAILABLE_UNTIL):
            times = clean_times(raw, now=now, pattern=pattern, future=True)
            lost = pl.Series(np.logical_or.reduce([mask for mask, _ in times.faults]))
            column = times.seconds.set(lost, None)
        else:
            text = _text(raw)
            lost = unsafe_paths(text) if role == "image" else _unsafe_links(text) if role == "url" else text.is_null() & False
            column = text.set(lost, None)
        if lost.any():
            what = {"image": "path(s) leave the data folder", "url": "link(s) are not http(s)"}.get(
                role, "value(s) cannot be read"
            )
            example = as_text(raw.filter(lost), role)[0]
            warnings.append(f"{table.name}: {int(lost.sum()):,} {role} {what} and were left empty, for example {example!r}.")
            rejections.note_kept(lost, f"{role} {what}; the row is kept without it")
        columns.append(column.alias(role))
    return columns


def _text(column: pl.Series) -> pl.Series:
    if column.dtype.is_nested():
        return _joined(column)
    text = as_text(column, "attribute")
    return text.set(text.is_in((*MISSING, "NaN", "nan")), None)


def _joined(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.List):
        return column.cast(pl.List(pl.String)).list.join(", ")
    return column.to_frame().select(pl.struct(pl.all()).struct.json_encode()).to_series()


def _unsafe_links(text: pl.Series) -> pl.Series:
    return text.is_not_null() & ~text.str.contains(r"(?i)^(https?://|/?[\w.-]+(/|$))").fill_null(True)


def _amounts(column: pl.Series, *, whole: bool) -> tuple[pl.Series, pl.Series]:
    """Read prices and stocks, with or without currency signs, thousands separators and decimal commas."""
    if column.dtype == pl.Boolean or column.dtype.is_numeric():
        numbers = column.cast(pl.Float64)
        given = column.is_not_null()
    else:
        text = _text(column)
        given = text.is_not_null()
        bare = text.str.extract(_CURRENCY, 1).str.replace_all(r"[' ]", "")
        comma = bare.str.contains(r"^[+-]?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}$")
        bare = bare.str.replace_all(".", "", literal=True).str.replace(",", ".").zip_with(comma.fill_null(False), bare)
        words = text.str.to_lowercase().replace_strict({"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}, default=None)
        thousands = bare.str.contains(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$").fill_null(False)
        numbers = bare.str.replace_all(",", "", literal=True).zip_with(thousands, bare).cast(pl.Float64, strict=False)
        numbers = numbers.fill_null(words.cast(pl.Float64)) if words.null_count() < len(words) else numbers
    sound = numbers.is_finite().fill_null(False) & (numbers >= 0).fill_null(False)
    if whole:
        sound &= (numbers == numbers.floor()).fill_null(False) & (numbers < 2**31).fill_null(False)
    numbers = numbers.set(~sound, None)
    return numbers.cast(pl.Int64) if whole else numbers, given & ~sound


def _attribute(column: pl.Series, separator: str | None, where: str, warnings: list[str]) -> pl.Series:
    """Give an attribute its type: number where all are, list where a third and more hold ``|``, else text."""
    if isinstance(column.dtype, pl.List) and not column.dtype.inner.is_nested():
        return _tidy(column.cast(pl.List(pl.String)))
    if column.dtype.is_numeric():
        finite = column.is_finite() if column.dtype.is_float() else column.is_not_null()
        lost = int((~finite.fill_null(True)).sum())
        if lost:
            warnings.append(f"{where}: {lost:,} value(s) of {column.name!r} are NaN or infinite and were left empty.")
        return column.set(~finite.fill_null(True), None)
    text = _text(column)
    known = text.drop_nulls()
    if separator is None and len(known) and float(known.str.contains("|", literal=True).to_numpy().mean()) >= _LISTED:
        separator = "|"
        warnings.append(f"{where}: {column.name!r} was split at '|' into lists.")
    if separator is not None:
        return _tidy(text.str.split(separator))
    coded = known.str.contains(r"^0\d").any()  # a leading zero belongs to a code, not to a number
    for dtype in (pl.Int64(), pl.Float64()):
        numbers = known.cast(dtype, strict=False)
        if len(known) and not coded and not numbers.null_count() and (dtype.is_integer() or numbers.is_finite().all()):
            return text.cast(dtype)
    return text


def _tidy(lists: pl.Series) -> pl.Series:
    """Strip the texts of lists, drop empty ones and repeats; an empty list is a missing one."""
    element = pl.element().str.strip_chars()
    tidy = lists.list.eval(element.filter(element.str.len_bytes() > 0).unique(maintain_order=True))
    return tidy.set((tidy.list.len() == 0).fill_null(False), None)


def _free_name(name: str, taken: Sequence[str]) -> str:
    while name in taken or name in ("id", *RESERVED):
        name += "_2"
    return name
