"""A user's own log and catalogue -> a data set: nothing is guessed in silence, nothing is dropped in silence."""

from __future__ import annotations

import time
import warnings as python_warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.importers.columns import ColumnUse
from vitrina.data.importers.log_catalogue import KnownThings, read_known
from vitrina.data.importers.log_reading import from_frame, read_raw
from vitrina.data.importers.log_rejected import Rejections, summarise
from vitrina.data.importers.log_result import ImportResult, MappedColumn, mapped, save_import
from vitrina.data.importers.log_roles import assign_roles
from vitrina.data.importers.log_table import RawTable
from vitrina.data.importers.log_times import clean_times
from vitrina.data.importers.log_values import Coded, as_text, clean_ids, clean_numbers, clean_sessions
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError

_MANY_REJECTED = 0.1

__all__ = ["ImportResult", "MappedColumn", "dataset_from", "import_frames", "import_log", "save_import"]


def import_log(
    log: Path,
    *,
    items: Path | None = None,
    users: Path | None = None,
    columns: Mapping[str, str] | None = None,
    item_columns: Mapping[str, str] | None = None,
    user_columns: Mapping[str, str] | None = None,
    name: str | None = None,
    positive: str = "",
    repeats: bool = False,
    currency: str = "",
    delimiter: str | None = None,
    item_delimiter: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    timestamp_format: str | None = None,
    lists: Mapping[str, str] | None = None,
    now: int | None = None,
) -> ImportResult:
    """Import a log (CSV, TSV, other separated text, JSON lines, Parquet), with a catalogue and a table of users if given.

    ``columns`` maps roles (user, item, value, timestamp, kind, session) to columns of the log where the guess is wrong
    (``""``: no such column); ``item_columns`` and ``user_columns`` do so for the catalogue (id, title, price, ...) and the
    users (id). ``delimiter``, ``header``, ``encoding`` and ``timestamp_format`` (strftime) settle how the log is read,
    ``item_delimiter`` how the catalogue is. ``lists`` maps attributes to the mark that separates their texts. ``now``
    (seconds since 1970) is the clock against which events lie in the future.

    Raises ``DataError`` for files that cannot be read or understood; faulty rows are refused one by one and returned.
    """
    return _import(
        read_raw(Path(log), delimiter=delimiter, header=header, encoding=encoding, least=2),
        None if items is None else read_raw(Path(items), delimiter=item_delimiter),
        None if users is None else read_raw(Path(users)),
        columns=(columns or {}, item_columns or {}, user_columns or {}),
        info=DatasetInfo(
            name=name or Path(log).stem, positive=positive, repeats=repeats, currency=currency, source=Path(log).name
        ),
        pattern=timestamp_format,
        lists=lists or {},
        now=int(time.time()) if now is None else now,
    )


def import_frames(
    interactions: Any,
    items: Any = None,
    users: Any = None,
    *,
    columns: Mapping[str, str] | None = None,
    item_columns: Mapping[str, str] | None = None,
    user_columns: Mapping[str, str] | None = None,
    name: str = "unnamed",
    positive: str = "",
    repeats: bool = False,
    currency: str = "",
    timestamp_format: str | None = None,
    lists: Mapping[str, str] | None = None,
    now: int | None = None,
) -> ImportResult:
    """Do what ``import_log`` does for tables in memory: Polars, pandas or PyArrow. Lines are row numbers from 1."""
    return _import(
        from_frame(interactions, "interactions"),
        None if items is None else from_frame(items, "items"),
        None if users is None else from_frame(users, "users"),
        columns=(columns or {}, item_columns or {}, user_columns or {}),
        info=DatasetInfo(name=name, positive=positive, repeats=repeats, currency=currency),
        pattern=timestamp_format,
        lists=lists or {},
        now=int(time.time()) if now is None else now,
    )


def dataset_from(interactions: Any, items: Any = None, users: Any = None, **options: Any) -> Dataset:
    """Build a data set from Polars, pandas or PyArrow tables; ``options`` are those of ``import_frames``.

    Rows that had to be refused are counted in a Python warning; ``import_frames`` returns them.
    """
    result = import_frames(interactions, items, users, **options)
    if result.n_rejected:
        reasons = "; ".join(f"{n:,} x {reason}" for found in result.counts.values() for reason, n in found.items())
        python_warnings.warn(
            f"{result.n_rejected:,} row(s) were refused ({reasons}); import_frames() returns them.", stacklevel=2
        )
    return result.dataset


def _import(
    log: RawTable,
    items: RawTable | None,
    users: RawTable | None,
    *,
    columns: tuple[Mapping[str, str], ...],
    info: DatasetInfo,
    pattern: str | None,
    lists: Mapping[str, str],
    now: int,
) -> ImportResult:
    mapping, guessed = assign_roles(log, columns[0], now)
    warnings = [*log.warnings, *guessed]
    events = _Events(log, mapping, now, pattern, repeats=info.repeats)
    warnings += events.warnings
    known: dict[str, KnownThings] = {}
    for kind, table, overrides in (("item", items, columns[1]), ("user", users, columns[2])):
        if table is not None:
            coded = events.ids[kind]
            seen = coded.texts.gather(_in_order(coded.codes[events.kept]))
            separators = lists if kind == "item" else {}
            known[kind] = read_known(table, kind, seen, overrides=overrides, separators=separators, now=now, pattern=pattern)
            warnings += [*table.warnings, *known[kind].warnings]
    dataset = _assemble(events, known, info, warnings)
    warnings += _doubts(dataset)
    files = {name: table for name, table in (("log", log), ("items", items), ("users", users)) if table is not None}
    read = {name: table.frame.height + table.bad.height for name, table in files.items()}
    counts = {"log": events.rejections.counts(), **{f"{kind}s": k.counts for kind, k in known.items()}}
    counts = {name: found for name, found in counts.items() if found}
    warnings += [_refused(files[name].name, found, read[name]) for name, found in counts.items()]
    return ImportResult(
        dataset,
        [*mapped(log.name, mapping), *(use for k in known.values() for use in mapped(k.source, k.mapping))],
        pl.concat([events.rejections.frame(), *(k.rejected for k in known.values())], how="diagonal"),
        counts,
        read,
        warnings,
    )


class _Events:
    """The cleaned columns of a log over all its rows, and which of them are kept."""

    def __init__(self, log: RawTable, mapping: Mapping[str, ColumnUse], now: int, pattern: str | None, *, repeats: bool) -> None:
        raw = {role: log.frame[use.column] for role, use in mapping.items() if use.column is not None}
        self.warnings: list[str] = []
        self.ids: dict[str, Coded] = {role: clean_ids(raw[role], role) for role in ("user", "item")}
        self.rejections = Rejections(log)
        self.columns: dict[str, pl.Series] = {}
        self._sessions = pl.Series([], dtype=pl.Int64)  # as given, with nulls
        for coded in self.ids.values():
            self._mark(coded.faults, coded.note)
        if "value" in raw:
            self.columns["value"], faults, note = clean_numbers(raw["value"], "value")
            self._mark(faults, note)
        if "timestamp" in raw:
            times = clean_times(raw["timestamp"], now=now, pattern=pattern)
            self.columns["timestamp"] = times.seconds
            self._mark(times.faults, "")
            self.warnings += times.warnings
        if "kind" in raw:
            text = as_text(raw["kind"], "kind")
            self.columns["kind"] = text.set(text == "", None)
        if "session" in raw:
            self.columns["session"], self._sessions = clean_sessions(raw["session"])
        self.rejections.mark(self._duplicates(repeats=repeats), "exact duplicate of an earlier row")
        self.kept = self.rejections.kept
        self.rows = np.flatnonzero(self.kept)
        if not self.rows.size:
            raise DataError(
                f"no row of {log.name} can be used: {summarise(self.rejections.counts())}. Check which column is which."
            )

    def _mark(self, faults: list[tuple[NDArray[np.bool_], str]], note: str) -> None:
        for mask, reason in faults:
            self.rejections.mark(mask, reason)
        if note:
            self.warnings.append(f"{self.rejections.table.name}: {note}.")

    def _duplicates(self, *, repeats: bool) -> NDArray[np.bool_]:
        """Mark rows equal to an earlier one. Where people repeat themselves, rows without a time are not called equal."""
        keys = {role: coded.codes for role, coded in self.ids.items()}
        times = self.columns.get("timestamp")
        if repeats and times is None:
            return np.zeros(len(keys["user"]), bool)
        others = {**self.columns, "session": self._sessions} if "session" in self.columns else self.columns
        frame = pl.DataFrame({**keys, **others}).with_row_index("row").filter(pl.Series(self.rejections.kept))
        if repeats:
            frame = frame.filter(pl.col("timestamp").is_not_null())
        marks = np.zeros(len(keys["user"]), bool)
        marks[_repeated_rows(frame).to_numpy()] = True
        return marks


def _repeated_rows(frame: pl.DataFrame) -> pl.Series:
    """Return the ``row`` of each row that equals an earlier one: hashes find the few suspects, comparison decides."""
    hashes = frame.drop("row").hash_rows()
    later = hashes.filter(~hashes.is_first_distinct())
    suspects = frame.filter(hashes.is_in(later.unique().implode())) if len(later) else frame.clear()
    new = suspects.select(pl.struct(pl.exclude("row")).is_first_distinct()).to_series()
    return suspects["row"].filter(~new)


def _in_order(codes: NDArray[np.int32]) -> pl.Series:
    return pl.Series(codes).unique(maintain_order=True)


def _assemble(events: _Events, known: Mapping[str, KnownThings], info: DatasetInfo, warnings: list[str]) -> Dataset:
    """Give users and items their final codes: in the order of their table, then of first appearance."""
    final: dict[str, pl.Series] = {}
    vocabularies: dict[str, Vocabulary] = {}
    tables: dict[str, pl.DataFrame] = {}
    for kind, coded in events.ids.items():
        codes = coded.codes[events.rows]
        used = _in_order(codes)
        seen = coded.texts.gather(used).alias("id")
        tables[kind], ids = pl.DataFrame(), seen
        if kind in known:
            listed = known[kind].frame
            new = seen.filter(~seen.is_in(listed["id"].implode()))
            whole = pl.concat([listed, new.to_frame()], how="diagonal") if len(new) else listed
            ids, tables[kind] = whole["id"], whole.drop("id")
            if len(new):
                source = known[kind].source
                warnings.append(
                    f"{len(new):,} of {len(seen):,} {kind}s of the log are not in {source} (first {new[0]!r}); they are kept "
                    "with empty attributes."
                )
        vocabularies[kind] = Vocabulary(ids, kind)
        lookup = np.zeros(len(coded.texts), np.int32)
        lookup[used.to_numpy()] = vocabularies[kind].encode(seen)
        final[kind] = pl.Series(kind, lookup[codes])
    columns = [*final.values(), *(column.gather(events.rows).alias(role) for role, column in events.columns.items())]
    catalogue = Catalogue(vocabularies["item"], tables["item"])
    return Dataset(pl.DataFrame(columns), vocabularies["user"], catalogue, info, tables["user"])


def _refused(file: str, counts: Mapping[str, int], read: int) -> str:
    refused = sum(counts.values())
    advice = " Check which column is which." if refused > _MANY_REJECTED * read else ""
    return f"{file}: {refused:,} of {read:,} rows were refused ({summarise(counts)}).{advice}"


def _doubts(dataset: Dataset) -> list[str]:
    """Say what a person should look at before trusting the data set."""
    doubts: list[str] = []
    for role in ("value", "timestamp", "kind"):
        if role in dataset.interactions.columns:
            missing = dataset.interactions[role].null_count()
            if missing:
                doubts.append(f"{missing:,} of {len(dataset):,} events have no {role}.")
    for what, codes in (("user", dataset.user_codes), ("item", dataset.item_codes)):
        if codes.min() == codes.max():
            doubts.append(f"the log has a single {what}: a model can be fitted, but nothing can be compared.")
    if not len(dataset.positives()):
        doubts.append(f"no event is positive with positive = {dataset.info.positive!r}: nothing can be learned from it.")
    return doubts
