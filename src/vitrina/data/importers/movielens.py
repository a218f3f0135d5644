"""MovieLens, in the layouts of 100K (``u.data``), 1M and 10M (``ratings.dat``), 20M, 25M and 32M (``ratings.csv``).

Harper and Konstan (2015), The MovieLens Datasets: History and Context. ACM TiiS 5, 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from vitrina.data.dataset import DatasetInfo
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.numbered import from_numbers, known_times
from vitrina.data.importers.reading import read_lines, read_table, require_values
from vitrina.errors import DataError

#: A comparison of tastes counts a rating of 4 or more as liked; the NCF protocol counts every rating.
POSITIVE = "value >= 4"

_EVENTS = {"user": pl.Int32, "item": pl.Int32, "value": pl.Float32, "timestamp": pl.Int64}
_GENRES = ["unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy"]
_GENRES += ["Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"]
_YEAR = r"\((\d{4})[^()]*\)\s*$"  # "(1995)" and, for series, "(2009-2012)"


def recognises(folder: Path) -> bool:
    """Whether ``folder`` holds one of the layouts."""
    return (
        (folder / "u.data").is_file()
        or (folder / "ratings.dat").is_file()
        or ((folder / "ratings.csv").is_file() and (folder / "movies.csv").is_file())
    )


def read(folder: Path) -> Imported:
    """Read a MovieLens folder: ratings as ``value``, ``title``, ``year``, ``genres`` and, where given, ``tags``.

    Films are those with a rating. A timestamp of 0 is a missing one. Raises ``DataError`` for files that are missing,
    cut or not in the layout.
    """
    if (folder / "u.data").is_file():
        events, items, users = _read_100k(folder)
    elif (folder / "ratings.dat").is_file():
        events, items, users = _read_1m(folder)
    else:
        events, items, users = _read_csv(folder)
    events, notes = known_times(events)
    ratings = events["value"].to_numpy()
    if not ((ratings >= 0.5) & (ratings <= 5)).all():
        raise DataError(f"{folder}: ratings must lie between 0.5 and 5 stars; got {ratings.min()} to {ratings.max()}.")
    notes.append("a rating of 4 or more counts as liked; the NCF protocol counts every rating")
    info = DatasetInfo(name=folder.name, positive=POSITIVE, notes=notes)
    return Imported(from_numbers(events, info, items=_with_years(items), users=users))


def _read_100k(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame | None]:
    events = _checked(folder / "u.data", read_table(folder / "u.data", _EVENTS, header=False))
    head = {"id": pl.Int32, "title": pl.String, "released": pl.String, "video": pl.String, "url": pl.String}
    flags = dict.fromkeys(_GENRES, pl.Int32)
    films = read_table(folder / "u.item", {**head, **flags}, header=False, separator="|", text=True)
    genres = pl.concat_list(pl.when(pl.col(g) == 1).then(pl.lit(g)) for g in _GENRES).list.drop_nulls()
    users = None
    if (folder / "u.user").is_file():
        columns = {"id": pl.Int32, "age": pl.Int32, "gender": pl.String, "occupation": pl.String, "zip_code": pl.String}
        users = read_table(folder / "u.user", columns, header=False, separator="|", text=True)
    return events, films.select("id", "title", genres.alias("genres")), users


def _read_1m(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame | None]:
    events = _checked(folder / "ratings.dat", _read_double_colons(folder / "ratings.dat", _EVENTS))
    users = None
    if (folder / "users.dat").is_file():
        columns = {"id": pl.Int32, "gender": pl.String, "age": pl.Int32, "occupation": pl.String, "zip_code": pl.String}
        users = _read_double_colons(folder / "users.dat", columns)
    # Titles contain colons, so these few lines are split on the double colon itself.
    parts = read_lines(folder / "movies.dat").str.splitn("::", 3).struct.rename_fields(["id", "title", "genres"])
    films = parts.struct.unnest().with_columns(pl.col("id").cast(pl.Int32, strict=False), pl.col("genres").str.split("|"))
    require_values(folder / "movies.dat", films, ["id", "title", "genres"])
    return events, films, users


def _read_double_colons(path: Path, types: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """Read fields set apart by two colons as fields set apart by one, every second of which is empty."""
    spaced: dict[str, type[pl.DataType]] = {}
    for name, dtype in types.items():
        spaced |= {name: dtype, f"_after_{name}": pl.String}
    spaced.popitem()
    return read_table(path, spaced, header=False, separator=":").select(list(types))


def _read_csv(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, None]:
    names = dict(zip(("userId", "movieId", "rating", "timestamp"), _EVENTS, strict=True))
    path = folder / "ratings.csv"
    events = read_table(path, {old: _EVENTS[new] for old, new in names.items()}, header=True, separator=",")
    events = _checked(path, events.rename(names))
    films = read_table(
        folder / "movies.csv",
        {"movieId": pl.Int32, "title": pl.String, "genres": pl.String},
        header=True,
        separator=",",
        quoted=True,
        text=True,
    ).rename({"movieId": "id"})
    genres = pl.when(pl.col("genres") != "(no genres listed)").then(pl.col("genres").str.split("|"))
    films = films.select("id", "title", genres.alias("genres"))
    if (folder / "links.csv").is_file():
        links = read_table(folder / "links.csv", {"movieId": pl.Int32, "imdbId": pl.String}, header=True, separator=",")
        url = pl.format("https://www.imdb.com/title/tt{}/", pl.col("imdbId").str.zfill(7))
        films = films.join(links.select(pl.col("movieId").alias("id"), url.alias("url")), on="id", how="left")
    if (folder / "tags.csv").is_file():
        films = films.join(_tags(folder / "tags.csv"), on="id", how="left")
    return events, films, None


def _tags(path: Path) -> pl.DataFrame:
    """Collect the tags people gave to each film, in lower case, the most frequent first."""
    given = read_table(path, {"movieId": pl.Int32, "tag": pl.String}, header=True, separator=",", quoted=True, text=True)
    counted = (
        given.select(pl.col("movieId").alias("id"), pl.col("tag").str.strip_chars().str.to_lowercase().alias("tags"))
        .filter(pl.col("tags") != "")
        .group_by("id", "tags")
        .len()
        .sort(["id", "len", "tags"], descending=[False, True, False])
    )
    return counted.group_by("id", maintain_order=True).agg("tags")


def _with_years(films: pl.DataFrame) -> pl.DataFrame:
    """Move the year from the title into an attribute: ``Toy Story (1995)``."""
    title = pl.col("title").str.strip_chars()
    return films.with_columns(
        title.str.replace(_YEAR, "").str.strip_chars().alias("title"),
        title.str.extract(_YEAR).cast(pl.Int32).alias("year"),
    ).select("id", "title", "year", pl.exclude("id", "title", "year"))


def _checked(path: Path, events: pl.DataFrame) -> pl.DataFrame:
    events = events.select(list(_EVENTS))
    require_values(path, events, list(_EVENTS))
    return events
