"""Data sets whose ids are whole numbers: codes by look-up table, far cheaper than through strings."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import SCHEMA, Dataset, DatasetInfo
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError


def compact(ids: NDArray[np.integer], kind: str) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return (codes int32 ``[n]``, the distinct ids in ascending order), so that ``distinct[codes] == ids``."""
    if ids.size == 0:
        raise DataError(f"there are no {kind}s: the log is empty.")
    low, high = int(ids.min()), int(ids.max())
    if low < 0:
        raise DataError(f"{kind} ids must be whole numbers from 0; got {low}.")
    if high > 2**16 + 4 * ids.size:  # so sparse that the look-up table would be larger than the log
        distinct, codes = np.unique(ids, return_inverse=True)
        return codes.astype(np.int32), distinct.astype(np.int64)
    distinct = np.flatnonzero(np.bincount(ids))
    code_of = np.zeros(high + 1, np.int32)
    code_of[distinct] = np.arange(distinct.size, dtype=np.int32)
    return code_of[ids], distinct


def numbered(n: int, kind: str) -> Vocabulary:
    """Return the vocabulary ``"0", "1", ..., str(n - 1)``."""
    return Vocabulary(pl.Series(np.arange(n)).cast(pl.String), kind)


def from_numbers(
    events: pl.DataFrame, info: DatasetInfo, *, items: pl.DataFrame | None = None, users: pl.DataFrame | None = None
) -> Dataset:
    """Build a data set from whole-number ids, of the users and items that occur in ``events``.

    ``events`` has integer columns ``user`` and ``item`` and any of the other columns of ``SCHEMA``; ``items`` and
    ``users`` have an integer column ``id`` and attributes. Codes follow ascending ids. Items without an event are left
    out, and a note says how many.
    """
    columns: dict[str, NDArray[np.int32]] = {}
    vocabularies: dict[str, Vocabulary] = {}
    tables: dict[str, pl.DataFrame] = {}
    for kind, table in (("user", users), ("item", items)):
        columns[kind], ids = compact(events[kind].to_numpy(), kind)
        id_column = pl.Series("id", ids)
        vocabularies[kind] = Vocabulary(id_column.cast(pl.String), kind)
        tables[kind] = pl.DataFrame() if table is None else _aligned(table, id_column)
    if items is not None:
        info = info.model_copy(update={"notes": [*info.notes, *note_unused(items["id"], vocabularies["item"].ids)]})
    interactions = events.select(
        pl.Series("user", columns["user"]),
        pl.Series("item", columns["item"]),
        *[pl.col(name).cast(SCHEMA[name]) for name in list(SCHEMA)[2:] if name in events.columns],
    )
    catalogue = Catalogue(vocabularies["item"], tables["item"])
    return Dataset(interactions, vocabularies["user"], catalogue, info, tables["user"])


def note_unused(listed: pl.Series, used: pl.Series) -> list[str]:
    """Return a note on the listed items that no event mentions; empty where there are none."""
    unused = int((~listed.cast(pl.String).is_in(used.implode())).sum())
    return [f"{unused:,} of {len(listed):,} listed items have no event and are left out"] if unused else []


def known_times(events: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Turn timestamps of 0 into null (dropping the column where none is known); return a note where there were any."""
    times = events["timestamp"]
    known = int((times != 0).sum())
    if known == len(times):
        return events, []
    if known == 0:
        return events.drop("timestamp"), ["no timestamp is known"]
    note = f"timestamps are known for {known:,} of {len(times):,} events (0 means unknown)"
    return events.with_columns(pl.when(times != 0).then(times).alias("timestamp")), [note]


def _aligned(table: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    repeated = len(table) - table["id"].n_unique()
    if repeated:
        raise DataError(f"{repeated} ids repeat an earlier one in the table of {', '.join(table.columns)}.")
    table = table.with_columns(pl.col("id").cast(pl.Int64))
    return ids.to_frame().join(table, on="id", how="left", maintain_order="left").drop("id")
