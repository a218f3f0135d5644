"""The Echo Nest Taste Profile of the Million Song Dataset: who played which song how often, in ``train_triplets.txt``.

Bertin-Mahieux, Ellis, Whitman and Lamere (2011), The Million Song Dataset. ISMIR.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.reading import read_lines, read_table, require_values
from vitrina.errors import DataError

_PLAYS, _TRACKS = "train_triplets.txt", "unique_tracks.txt"


def recognises(folder: Path) -> bool:
    """Whether ``folder`` holds the plays."""
    return (folder / _PLAYS).is_file()


def read(folder: Path) -> Imported:
    """Read how often a song was played as ``value``; with ``unique_tracks.txt`` beside it a song has ``artist`` and ``title``.

    There are no times. Raises ``DataError`` for files that are missing, cut or not in the layout.
    """
    path = folder / _PLAYS
    events = read_table(path, {"user": pl.String, "item": pl.String, "value": pl.Float32}, header=False)
    require_values(path, events, events.columns)
    if (fewest := float(events["value"].to_numpy().min())) < 1:
        raise DataError(f"{path}: a song is listed when it was played once or more; got {fewest:g}.")
    songs = None
    if (folder / _TRACKS).is_file():
        played = events["item"].unique(maintain_order=True).alias("id").to_frame()
        songs = played.join(_songs(folder / _TRACKS), on="id", how="left", maintain_order="left")
    return Imported(Dataset.from_frame(events, items=songs, info=DatasetInfo(name=folder.name, notes=["there are no times"])))


def _songs(path: Path) -> pl.DataFrame:
    """Return id, artist and title of lines ``track<SEP>song<SEP>artist<SEP>title``; of a song with several tracks the first."""
    parts = read_lines(path).str.splitn("<SEP>", 4).struct.rename_fields(["track", "id", "artist", "title"]).struct.unnest()
    require_values(path, parts, ["id", "artist", "title"])
    return parts.select("id", "artist", "title").unique("id", keep="first", maintain_order=True)
