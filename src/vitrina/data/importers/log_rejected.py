"""The rows that an import refuses: each with its line, the reason and its raw columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.importers.log_table import RawTable
from vitrina.data.importers.log_values import Faults, Mask

_OWN = ("file", "line", "reason")


class Rejections:
    """Collects faults of the rows of a table; the first fault of a row is its reason."""

    def __init__(self, table: RawTable, faults: Faults | None = None) -> None:
        self.table = table
        self._reasons: list[str] = [""]
        self._code: NDArray[np.uint8] = np.zeros(table.frame.height, np.uint8)
        self._noted: list[pl.DataFrame] = []
        for mask, reason in faults or []:
            self.mark(mask, reason)

    @property
    def kept(self) -> Mask:
        """Rows without fault so far."""
        kept: Mask = self._code == 0
        return kept

    def mark(self, mask: Mask, reason: str) -> None:
        """Give ``reason`` to the rows of ``mask`` that have none yet."""
        fresh = mask & self.kept
        if fresh.any():
            self._reasons.append(reason)
            self._code[fresh] = len(self._reasons) - 1

    def note_kept(self, mask: pl.Series, reason: str) -> None:
        """Report kept rows (``mask`` over the rows kept so far) of which a part was refused."""
        rows = np.flatnonzero(self.kept)[mask.to_numpy()]
        self._noted.append(self._rows(rows, pl.Series([reason], dtype=pl.String).new_from_index(0, len(rows))))

    def counts(self) -> dict[str, int]:
        """Number of rows refused for each reason, unreadable lines included, most frequent first."""
        bad = self.table.bad["reason"].value_counts().rows()
        found = dict(zip(self._reasons[1:], np.bincount(self._code, minlength=len(self._reasons))[1:].tolist(), strict=True))
        for reason, count in bad:
            found[reason] = found.get(reason, 0) + count
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    def frame(self) -> pl.DataFrame:
        """Return the refused rows: ``file``, ``line``, ``reason``, then the raw columns as text, by line."""
        rows = np.flatnonzero(~self.kept)
        reasons = pl.Series(self._reasons, dtype=pl.String).gather(self._code[rows])
        bad = self.table.bad.with_columns(file=pl.lit(self.table.name)).rename({"text": _raw_name("raw line", self.table)})
        parts = [self._rows(rows, reasons), *self._noted, *([bad] if bad.height else [])]
        return pl.concat(parts, how="diagonal").sort("line", maintain_order=True)

    def _rows(self, rows: NDArray[np.intp], reasons: pl.Series) -> pl.DataFrame:
        raw = self.table.frame[rows]
        texts = [_shown(raw[name]).alias(_raw_name(name, None)) for name in raw.columns]
        own = [
            pl.Series("file", [self.table.name], dtype=pl.String).new_from_index(0, len(rows)),
            pl.Series("line", self.table.lines[rows]),
        ]
        return pl.DataFrame([*own, reasons.alias("reason"), *texts])


def summarise(counts: Mapping[str, int]) -> str:
    """Say counts of reasons in words."""
    return "; ".join(f"{count:,} x {reason}" for reason, count in counts.items()) or "nothing was refused"


def _raw_name(name: str, table: RawTable | None) -> str:
    while name in _OWN or (table is not None and name in table.frame.columns):
        name = f"raw_{name}"
    return name


def _shown(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.List):
        return column.cast(pl.List(pl.String)).list.join("|")
    if column.dtype.is_nested():
        return column.to_frame().select(pl.col(column.name).struct.json_encode()).to_series()
    if column.dtype == pl.Binary:
        return column.bin.encode("base64")
    return column.cast(pl.String)
