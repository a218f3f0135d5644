"""The Netflix Prize: ratings of films in ``training_set/mv_0000001.txt`` and so on, or in ``combined_data_1.txt`` to ``_4``.

Bennett and Lanning (2007), The Netflix Prize. KDD Cup and Workshop. Both editions hold the same text: a line ``film:``, then
its ratings, ``customer,rating,date``.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from vitrina.data.dataset import DatasetInfo
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.numbered import from_numbers
from vitrina.data.importers.reading import read_lines, require_values
from vitrina.errors import DataError

#: The likes of Liang et al. (2018) and of most work since.
POSITIVE = "value >= 4"

_TITLES = ("movie_titles.txt", "movie_titles.csv")
_FILMS = 1000  # files of one film that are read at a time
_COLUMNS = {"user": pl.String, "value": pl.Float32, "day": pl.String}


def recognises(folder: Path) -> bool:
    """Whether ``folder`` holds one of the two editions."""
    return bool(_combined(folder)) or (folder / "training_set").is_dir()


def read(folder: Path) -> Imported:
    """Read the ratings as ``value`` with their day as ``timestamp``, midnight; a film has ``title`` and ``year``.

    The table of titles may be missing. Raises ``DataError`` for files that are missing, cut or not in the layout, and for
    ratings outside 1 to 5.
    """
    events = pl.concat([_ratings(path, text) for path, text in _texts(folder)])
    ratings = events["value"].to_numpy()
    if not ((ratings >= 1) & (ratings <= 5)).all():
        raise DataError(f"{folder}: ratings must lie between 1 and 5 stars; got {ratings.min()} to {ratings.max()}.")
    info = DatasetInfo(name=folder.name, positive=POSITIVE, notes=["of the time of a rating only the day is known"])
    titles = next((folder / name for name in _TITLES if (folder / name).is_file()), None)
    return Imported(from_numbers(events, info, items=None if titles is None else _films(titles)))


def _combined(folder: Path) -> list[Path]:
    return sorted(folder.glob("combined_data_*.txt"))


def _texts(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the text of the ratings, in parts that begin with a film, and where each is from."""
    if combined := _combined(folder):
        for path in combined:
            yield path, path.read_bytes()
        return
    files = sorted((folder / "training_set").glob("mv_*.txt"))
    if not files:
        raise DataError(f"{folder / 'training_set'} holds no file mv_0000001.txt. Copy or download it again.")
    for start in range(0, len(files), _FILMS):
        yield files[0].parent, b"".join(path.read_bytes() for path in files[start : start + _FILMS])


def _ratings(path: Path, text: bytes) -> pl.DataFrame:
    """Return user, item, value and timestamp of one part; of a line ``film:`` only the first column is there."""
    try:
        headed = ",".join(_COLUMNS).encode() + b"\n" + text.replace(b"\r", b"")  # else a first line tells how many columns
        lines = pl.read_csv(io.BytesIO(headed), schema=_COLUMNS, quote_char=None)
        film = pl.when(pl.col("user").str.ends_with(":")).then(pl.col("user").str.strip_suffix(":")).cast(pl.Int32)
        rated = lines.with_columns(film.forward_fill().alias("item")).filter(~pl.col("user").str.ends_with(":"))
        events = rated.select(
            pl.col("user").cast(pl.Int32),
            "item",
            "value",
            pl.col("day").str.to_date("%Y-%m-%d").cast(pl.Datetime("ms")).dt.epoch("s").alias("timestamp"),
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} is not in the layout of the Netflix Prize: {str(error).splitlines()[0]}.") from None
    require_values(path, events, events.columns)
    return events


def _films(path: Path) -> pl.DataFrame:
    """Return id, title and year of lines ``1,2003,Dinosaur Planet``, whose titles may have commas."""
    parts = read_lines(path).str.splitn(",", 3).struct.rename_fields(["id", "year", "title"]).struct.unnest()
    films = parts.select(
        pl.col("id").cast(pl.Int32, strict=False),
        pl.col("title").str.strip_chars(),
        pl.col("year").cast(pl.Int32, strict=False),  # "NULL" for a few
    )
    require_values(path, films, ["id", "title"])
    return films
