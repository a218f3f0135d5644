"""Last.fm of HetRec 2011: how often people listened to artists, and the tags they gave.

Cantador, Brusilovsky and Kuflik (2011), Second Workshop on Information Heterogeneity and Fusion in Recommender Systems.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from vitrina.data.dataset import DatasetInfo
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.numbered import from_numbers
from vitrina.data.importers.reading import read_table, require_values


def recognises(folder: Path) -> bool:
    """Whether ``folder`` holds Last.fm of HetRec 2011."""
    return (folder / "user_artists.dat").is_file()


def read(folder: Path) -> Imported:
    """Read Last.fm of HetRec 2011: the listening count is the ``value``, each artist has ``title``, ``url`` and ``tags``.

    The tags of an artist are those anybody gave, the most frequent first. There is no time of listening, only of tagging;
    that is not taken for it. Raises ``DataError`` for files that are missing, cut or not in the layout.
    """
    path = folder / "user_artists.dat"
    names = {"userID": "user", "artistID": "item", "weight": "value"}
    events = read_table(path, dict.fromkeys(names, pl.Int32), header=True).rename(names).select(*names.values())
    require_values(path, events, list(names.values()))
    artists = read_table(
        folder / "artists.dat", {"id": pl.Int32, "name": pl.String, "url": pl.String}, header=True, text=True
    ).select("id", pl.col("name").alias("title"), "url")
    notes = ["times are those of tagging, not of listening, so events have none"]
    if (folder / "tags.dat").is_file():
        artists = artists.join(_tags(folder), on="id", how="left", maintain_order="left")
    return Imported(from_numbers(events, DatasetInfo(name=folder.name, notes=notes), items=artists))


def _tags(folder: Path) -> pl.DataFrame:
    given_path = folder / "user_taggedartists-timestamps.dat"
    given = read_table(given_path, {"artistID": pl.Int32, "tagID": pl.Int32}, header=True)
    names = read_table(folder / "tags.dat", {"tagID": pl.Int32, "tagValue": pl.String}, header=True, text=True)
    counted = (
        given.join(names, on="tagID")
        .group_by(pl.col("artistID").alias("id"), pl.col("tagValue").alias("tags"))
        .len()
        .sort(["id", "len", "tags"], descending=[False, True, False])
    )
    return counted.group_by("id", maintain_order=True).agg("tags")
