"""RecBole's atomic files: ``NAME.inter``, ``NAME.item``, ``NAME.user``, tab-separated under typed column names.

A column is named ``field:type``, the type being ``token`` (a word), ``token_seq`` (words), ``float`` or ``float_seq``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.catalogue import TITLE, Catalogue, FeatureMatrix
from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.numbered import known_times, note_unused
from vitrina.data.importers.reading import first_line, read_table, require_values
from vitrina.errors import DataError

#: RecBole's names for what Vitrina, and the official layouts of the same data, call otherwise.
RENAMED = {"movie_title": TITLE, "name": TITLE, "release_year": "year", "class": "genres", "genre": "genres"}

_VALUES = ("rating", "weight", "count", "play_count")
_TYPES = {"token": pl.String, "token_seq": pl.String, "float": pl.Float64, "float_seq": pl.String}
_VECTOR = pl.List(pl.Float32)


def recognises(folder: Path) -> bool:
    """Whether ``folder`` holds a ``.inter`` file."""
    return any(folder.glob("*.inter"))


def read(folder: Path) -> Imported:
    """Read the atomic files of a folder: ids, ``rating`` (or ``weight``) as value, ``timestamp``, and all attributes.

    Items are those with an event. A ``float_seq`` of the items becomes a feature of its name. Raises ``DataError`` for
    files that are missing, cut or whose header is not typed.
    """
    path = _only(folder)
    events, notes = _events(path)
    items, users = _attributes(path.with_suffix(".item"), "item_id"), _attributes(path.with_suffix(".user"), "user_id")
    if items is not None:
        notes += note_unused(items["id"], events["item"].unique())
        items = items.filter(pl.col("id").is_in(events["item"].unique().implode()))
    if users is not None:
        users = users.select(pl.exclude(_VECTOR)).filter(pl.col("id").is_in(events["user"].unique().implode()))
    info = DatasetInfo(name=folder.name, notes=notes)
    return Imported(_with_features(Dataset.from_frame(events, items=items, users=users, info=info)))


def _events(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Return the events in Vitrina's columns, and notes on times that are missing and columns that are not used."""
    log, kinds = _read(path)
    user, item = _id_column(path, kinds, "user_id", "session_id"), _id_column(path, kinds, "item_id")
    require_values(path, log, [user, item])
    columns = {"user": pl.col(user), "item": pl.col(item)}
    value = next((name for name in _VALUES if kinds.get(name) == "float"), None)
    if value:
        columns["value"] = pl.col(value).cast(pl.Float32)
    if kinds.get("timestamp") == "float":
        columns["timestamp"] = pl.col("timestamp").fill_null(0)
    events = log.select(**columns)
    for name in events.columns[2:]:
        if not events[name].drop_nulls().is_finite().all():
            raise DataError(f"{path}: some {name}s are not finite numbers. Correct or remove these rows.")
    unused = [name for name in kinds if name not in {user, item, value, "timestamp"}]
    notes = [f"columns of {path.name} not used: {', '.join(unused)}"] if unused else []
    if "timestamp" not in columns:
        return events, notes
    events, missing = known_times(events.with_columns(pl.col("timestamp").cast(pl.Int64)))
    return events, missing + notes


def _only(folder: Path) -> Path:
    paths = sorted(folder.glob("*.inter"))
    if len(paths) != 1:
        found = ", ".join(p.name for p in paths) or "none"
        raise DataError(f"{folder} must hold one NAME.inter file; found {found}. Keep one data set a folder.")
    return paths[0]


def _read(path: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return the table with plain column names, and the type of each column as its header gives it."""
    header = first_line(path).split("\t")
    kinds = dict(name.rpartition(":")[::2] for name in header)
    if "" in kinds or not set(kinds.values()) <= set(_TYPES):
        raise DataError(f"{path} must start with typed columns such as user_id:token, rating:float; it starts with {header}.")
    types = {f"{name}:{kind}": _TYPES[kind] for name, kind in kinds.items()}
    return read_table(path, types, header=True, text=True).rename({f"{n}:{k}": n for n, k in kinds.items()}), kinds


def _id_column(path: Path, kinds: dict[str, str], *names: str) -> str:
    """Return the column of ids: one of ``names``, else a ``token`` column named for another kind of user or item."""
    for name in names:
        if kinds.get(name) == "token":
            return name
    place = 0 if "user_id" in names else 1
    tokens = [name for name, kind in kinds.items() if kind == "token"]
    if len(tokens) <= place:
        raise DataError(f"{path} has no column {names[0]}:token; it has {', '.join(kinds)}.")
    return tokens[place]


def _attributes(path: Path, id_name: str) -> pl.DataFrame | None:
    """Return ``id`` and the attributes of items or users; lists of words are split, lists of numbers parsed."""
    if not path.is_file():
        return None
    table, kinds = _read(path)
    id_column = id_name if id_name in kinds else next(iter(kinds))
    require_values(path, table, [id_column])
    names = {name: RENAMED.get(name, name) for name in kinds if RENAMED.get(name) not in kinds} | {id_column: "id"}
    columns = []
    for name, kind in kinds.items():
        column = pl.col(name)
        if kind == "float_seq":
            column = column.str.split(" ").cast(_VECTOR)
        elif kind == "token_seq" and names.get(name) != TITLE:
            column = column.str.split(" ")
        elif names.get(name) == "year":
            column = column.cast(pl.Int32, strict=False)
        columns.append(column.alias(names.get(name, name)))
    try:
        return table.select(columns)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} does not fit its typed header: {str(error).splitlines()[0]}.") from None


def _with_features(dataset: Dataset) -> Dataset:
    """Move the vectors of the items from the table to the features."""
    table = dataset.catalogue.table
    features: dict[str, FeatureMatrix] = {name: _matrix(table[name]) for name, dtype in table.schema.items() if dtype == _VECTOR}
    return replace(dataset, catalogue=Catalogue(dataset.items, table.drop(features), features)) if features else dataset


def _matrix(vectors: pl.Series) -> NDArray[np.float32]:
    widths = vectors.list.len().drop_nulls().unique()
    if len(widths) != 1:
        raise DataError(f"feature {vectors.name!r} must have vectors of one length; got lengths {widths.sort().to_list()[:5]}.")
    matrix = np.zeros((len(vectors), widths[0]), np.float32)
    matrix[vectors.is_not_null().to_numpy()] = vectors.drop_nulls().explode().to_numpy().reshape(-1, widths[0])
    return matrix
