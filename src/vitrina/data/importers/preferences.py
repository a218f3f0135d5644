"""People who rated artworks from 1 to 7: ``ratings.csv`` (person, artwork, rating) and ``artworks.csv``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from vitrina.data.dataset import DatasetInfo
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.numbered import from_numbers
from vitrina.data.importers.reading import read_table, require_values
from vitrina.errors import DataError

#: Ratings go from 1 to 7; the two highest say that somebody likes a work.
POSITIVE = "value >= 6"

_MAKERS = {"0": "person", "1": "computer", "2": "animal"}


def recognises(folder: Path) -> bool:
    """Whether ``folder`` holds the two tables."""
    return (folder / "ratings.csv").is_file() and (folder / "artworks.csv").is_file()


def read(folder: Path) -> Imported:
    """Read the ratings as ``value``; a work has ``title``, ``artist``, ``style`` (a list), ``year`` and ``maker``.

    Raises ``DataError`` for files that are missing or cut, and for ratings outside 1 to 7.
    """
    path = folder / "ratings.csv"
    names = {"person": "user", "artwork": "item", "rating": "value"}
    events = read_table(path, dict.fromkeys(names, pl.Int32), header=True, separator=",").rename(names).select(*names.values())
    require_values(path, events, list(names.values()))
    ratings = events["value"].to_numpy()
    if ratings.min() < 1 or ratings.max() > 7:
        raise DataError(f"{path}: ratings must lie between 1 and 7; got {ratings.min()} to {ratings.max()}.")
    info = DatasetInfo(name=folder.name, positive=POSITIVE)
    return Imported(from_numbers(events, info, items=_works(folder / "artworks.csv")))


def _works(path: Path) -> pl.DataFrame:
    types = {"artwork": pl.Int32, "title": pl.String, "artist": pl.String, "style": pl.String, "year": pl.Int32}
    works = read_table(path, types, header=True, separator=",", quoted=True, text=True)
    styles = pl.col("style").str.split("/").list.eval(pl.element().str.strip_chars())
    columns = [
        pl.col("artwork").alias("id"),
        pl.col("title").str.strip_chars(),
        pl.col("artist").str.strip_chars(),
        styles.alias("style"),
        "year",
    ]
    if "maker" in works.columns:
        columns.append(pl.col("maker").replace(_MAKERS))
    return works.select(columns)
