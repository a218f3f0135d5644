"""The leave-one-out split of Neural Collaborative Filtering: the latest event of each user among 99 sampled items.

He, Liao, Zhang, Nie, Hu and Chua (2017), Neural Collaborative Filtering, WWW. Files: ``NAME.train.rating``,
``NAME.test.rating`` (user, item, rating and perhaps time) and ``NAME.test.negative`` (``(user,item)`` and 99 items).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import SCHEMA, Dataset, DatasetInfo
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.numbered import known_times, numbered
from vitrina.data.importers.reading import first_line, read_lines, read_table, require_values
from vitrina.data.ragged import Ragged
from vitrina.data.splits.split import Label, Split
from vitrina.errors import DataError

PROTOCOL, SPLIT = "ncf-leave-one-out", "published"

_EVENTS = {"user": pl.Int32, "item": pl.Int32, "value": pl.Float32, "timestamp": pl.Int64}
_TRAIN, _TEST, _NEGATIVE = ".train.rating", ".test.rating", ".test.negative"


def recognises(folder: Path) -> bool:
    """Whether ``folder`` holds the three files of one split."""
    return any(_is_complete(folder, path.name.removesuffix(_TRAIN)) for path in folder.glob(f"*{_TRAIN}"))


def read(folder: Path, name: str = "") -> Imported:
    """Read the split called ``name``, which may be left out when the folder holds only one.

    The data set has all events, those of the test last, and all ids from 0 to the largest; ``splits["published"]``
    ranks each test item among its sampled items, ascending, each item once. Every event is positive. Raises
    ``DataError`` for files that are missing, cut or that contradict each other.
    """
    name = name or _only_name(folder)
    train, test = (_events(folder / f"{name}{end}") for end in (_TRAIN, _TEST))
    negatives = _negatives(folder / f"{name}{_NEGATIVE}")
    asked = negatives.select("user", item="test_item").unique().sort("user", "item")
    if not asked.equals(test.select("user", "item").unique().sort("user", "item")):
        raise DataError(f"{folder}: {name}{_NEGATIVE} and {name}{_TEST} must name the same users with the same test items.")
    events = pl.concat([train, test])
    labels = np.repeat([Label.TRAIN, Label.TEST], [train.height, test.height]).astype(np.uint8)
    candidates, notes = _candidates(negatives)
    if "timestamp" in events.columns:
        events, missing = known_times(events)
        notes += missing
    n_users = 1 + max(int(frame["user"].to_numpy().max()) for frame in (events, negatives))
    n_items = 1 + max(int(column.to_numpy().max()) for column in (events["item"], negatives["item"]))
    dataset = Dataset(
        events.cast({c: SCHEMA[c] for c in events.columns}),
        numbered(n_users, "user"),
        Catalogue(numbered(n_items, "item")),
        DatasetInfo(name=folder.name, notes=notes),
    )
    return Imported(dataset, {SPLIT: Split(dataset, labels, PROTOCOL, candidates={"test": candidates})})


def _is_complete(folder: Path, name: str) -> bool:
    return all((folder / f"{name}{end}").is_file() for end in (_TRAIN, _TEST, _NEGATIVE))


def _only_name(folder: Path) -> str:
    names = sorted(path.name.removesuffix(_TRAIN) for path in folder.glob(f"*{_TRAIN}"))
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise DataError(f"{folder} must hold one NAME{_TRAIN}; found {found}. Keep one split, or give its name.")
    return names[0]


def _events(path: Path) -> pl.DataFrame:
    with_times = first_line(path).count("\t") >= 3
    types = _EVENTS if with_times else {c: _EVENTS[c] for c in ("user", "item", "value")}
    events = read_table(path, types, header=False)
    require_values(path, events, list(types))
    _require_ids(path, events, ["user", "item"])
    return events


def _negatives(path: Path) -> pl.DataFrame:
    """Return one row a sampled item: ``user``, ``test_item``, ``item``."""
    lines = (
        read_lines(path)
        .to_frame()
        .select(
            pl.col("line").str.extract(r"^\((\d+),\s*\d+\)").cast(pl.Int32).alias("user"),
            pl.col("line").str.extract(r"^\(\d+,\s*(\d+)\)").cast(pl.Int32).alias("test_item"),
            pl.col("line").str.strip_chars().str.split("\t").list.slice(1).alias("item"),
        )
    )
    require_values(path, lines, ["user", "test_item"])
    try:
        negatives = lines.explode("item").with_columns(pl.col("item").cast(pl.Int32))
    except pl.exceptions.PolarsError:
        raise DataError(f"{path} must hold lines (user,item) and item numbers, set apart by tabs.") from None
    require_values(path, negatives, ["item"])
    _require_ids(path, negatives, ["item"])
    return negatives


def _candidates(negatives: pl.DataFrame) -> tuple[Ragged, list[str]]:
    """Return the distinct candidates of each test user, by ascending user and item, and what was repaired.

    Ascending order gives the test item no telling place; the published lists keep it apart, and some name it twice.
    """
    users, rows = np.unique(negatives["user"].to_numpy(), return_inverse=True)
    asked: NDArray[np.int32] = negatives["test_item"].to_numpy()
    sampled: NDArray[np.int32] = negatives["item"].to_numpy()
    candidates = Ragged.sets(np.concatenate([rows, rows]), np.concatenate([sampled, asked]), users.size)
    faulty = np.unique(rows[sampled == asked]).size
    repair = f"{faulty} of {users.size:,} candidate lists name the user's own test item as a negative; it is kept once"
    return candidates, [repair] if faulty else []


def _require_ids(path: Path, frame: pl.DataFrame, columns: list[str]) -> None:
    for name in columns:
        lowest = int(frame[name].to_numpy().min())
        if lowest < 0:
            raise DataError(f"{path}: {name} ids must be whole numbers from 0; got {lowest}.")
