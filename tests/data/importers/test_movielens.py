from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.importers import movielens
from vitrina.errors import DataError

RATINGS_1M = "1::1193::5::978300760\n1::661::3::0\n20::1193::4::978302268\n"


def write_1m(folder: Path) -> Path:
    (folder / "ratings.dat").write_text(RATINGS_1M)
    (folder / "movies.dat").write_bytes(
        "661::Amélie: a tale::with colons (2001)::Comedy|Romance\n7::Unrated (1990)::Drama\n1193::One Flew (1975)::Drama\n".replace(
            "tale::with", "tale: with"
        ).encode("latin-1")
    )
    (folder / "users.dat").write_text("1::F::1::10::48067\n20::M::56::16::02460\n")
    return folder


def write_100k(folder: Path) -> Path:
    (folder / "u.data").write_text("196\t242\t3\t881250949\n22\t377\t1\t878887116\n")
    flags = ["0"] * 19
    comedy, none = flags.copy(), flags.copy()
    comedy[5] = comedy[14] = "1"
    rows = [["242", "Kolya (1996)", "24-Jan-1997", "", "http://a", *comedy], ["377", "unknown", "", "", "", *none]]
    (folder / "u.item").write_text("".join("|".join(r) + "\n" for r in rows))
    (folder / "u.user").write_text("22|25|M|writer|40206\n196|49|M|writer|55105\n")
    return folder


def write_csv(folder: Path) -> Path:
    (folder / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,2,3.5,1112486027\n1,29,0.5,1112484676\n3,2,5.0,944919407\n"
    )
    (folder / "movies.csv").write_text(
        'movieId,title,genres\n2,"Jumanji, or ""the game"" (1995)",Adventure|Children\n5,Cold (2000),Drama\n'
        "29,Série (2009–2012),(no genres listed)\n"
    )
    (folder / "links.csv").write_text("movieId,imdbId,tmdbId\n2,113497,8844\n29,0112682,902\n")
    (folder / "tags.csv").write_text("userId,movieId,tag,timestamp\n1,2,Dark,1\n3,2,dark ,2\n3,2,board game,3\n1,5,cold,4\n")
    return folder


def test_reads_the_layout_of_1m(tmp_path: Path) -> None:
    imported = movielens.read(write_1m(tmp_path))
    data = imported.dataset
    assert data.users.ids.to_list() == ["1", "20"]
    assert data.items.ids.to_list() == ["661", "1193"]  # rated films only, in numeric order
    assert data.catalogue.table.rows() == [
        ("Amélie: a tale: with colons", 2001, ["Comedy", "Romance"]),
        ("One Flew", 1975, ["Drama"]),
    ]
    assert data.interactions.rows() == [(0, 1, 5.0, 978300760), (0, 0, 3.0, None), (1, 1, 4.0, 978302268)]
    assert data.user_table["gender"].to_list() == ["F", "M"]
    assert data.user_table["zip_code"].to_list() == ["48067", "02460"]  # a leading zero stays
    assert "timestamps are known for 2 of 3 events (0 means unknown)" in imported.notes
    assert "1 of 3 listed items have no event and are left out" in imported.notes
    assert data.info.positive == "value >= 4"
    assert len(data.positives()) == 2


def test_reads_the_layout_of_100k(tmp_path: Path) -> None:
    data = movielens.read(write_100k(tmp_path)).dataset
    assert data.items.ids.to_list() == ["242", "377"]
    assert data.catalogue.table.rows() == [("Kolya", 1996, ["Comedy", "Romance"]), ("unknown", None, [])]
    assert data.users.ids.to_list() == ["22", "196"]
    assert data.user_table["age"].to_list() == [25, 49]
    assert data.has_times


def test_reads_the_layout_of_20m(tmp_path: Path) -> None:
    data = movielens.read(write_csv(tmp_path)).dataset
    table = data.catalogue.table
    assert data.items.ids.to_list() == ["2", "29"]
    assert table["title"].to_list() == ['Jumanji, or "the game"', "Série"]
    assert table["year"].to_list() == [1995, 2009]
    assert table["genres"].to_list() == [["Adventure", "Children"], None]
    assert table["tags"].to_list() == [["dark", "board game"], None]  # the most frequent first, spelling joined
    assert table["url"].to_list() == ["https://www.imdb.com/title/tt0113497/", "https://www.imdb.com/title/tt0112682/"]
    assert data.interactions["value"].to_list() == [3.5, 0.5, 5.0]


def test_links_and_tags_are_optional(tmp_path: Path) -> None:
    write_csv(tmp_path)
    (tmp_path / "links.csv").unlink()
    (tmp_path / "tags.csv").unlink()
    assert movielens.read(tmp_path).dataset.catalogue.table.columns == ["title", "year", "genres"]


def test_only_unknown_times_leave_no_times(tmp_path: Path) -> None:
    write_1m(tmp_path)
    (tmp_path / "ratings.dat").write_text("1::1193::5::0\n")
    data = movielens.read(tmp_path).dataset
    assert "timestamp" not in data.interactions.columns


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        ("", "empty"),
        ("1::1193::5::978300760\n1::661::3\n", "may be cut"),
        ("1,1193,5,978300760\n", "1 columns"),
        ("1::x::5::978300760\n", "cannot be read"),
        ("-1::1193::5::978300760\n", "whole numbers from 0"),
        ("1::1193::9::978300760\n", "between 0.5 and 5"),
        ("1::1193::NaN::978300760\n", "between 0.5 and 5"),
    ],
)
def test_faulty_ratings_are_refused(tmp_path: Path, ratings: str, reason: str) -> None:
    write_1m(tmp_path)
    (tmp_path / "ratings.dat").write_text(ratings)
    with pytest.raises(DataError, match=reason):
        movielens.read(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_1m(tmp_path)
    (tmp_path / "movies.dat").unlink()
    with pytest.raises(DataError, match=r"movies\.dat"):
        movielens.read(tmp_path)


def test_a_film_listed_twice_is_refused(tmp_path: Path) -> None:
    write_1m(tmp_path)
    with (tmp_path / "movies.dat").open("a") as file:
        file.write("661::Again (2001)::Drama\n")
    with pytest.raises(DataError, match="repeat"):
        movielens.read(tmp_path)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 9_999), st.integers(0, 9_999), st.integers(1, 5), st.integers(0, 2**31)), min_size=1, max_size=30
    )
)
def test_every_rating_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int, int]]) -> None:
    folder = tmp_path_factory.mktemp("ml")
    (folder / "ratings.dat").write_text("".join("::".join(map(str, row)) + "\n" for row in rows))
    (folder / "movies.dat").write_text("".join(f"{i}::Film (1999)::Drama\n" for i in sorted({row[1] for row in rows})))
    data = movielens.read(folder).dataset
    back = zip(
        data.users.decode(data.user_codes).to_list(),
        data.items.decode(data.item_codes).to_list(),
        data.interactions["value"].to_list(),
        data.interactions["timestamp"].fill_null(0).to_list() if "timestamp" in data.interactions.columns else [0] * len(rows),
        strict=True,
    )
    assert list(back) == [(str(u), str(i), float(v), t) for u, i, v, t in rows]


@pytest.mark.needs_data
def test_movielens_1m(real) -> None:
    imported = movielens.read(real("ml-1m"))
    data = imported.dataset
    assert (len(data), data.n_users, data.n_items) == (1_000_209, 6_040, 3_706)
    assert data.interactions["timestamp"].count() == 392_520
    assert any("392,520 of 1,000,209" in note for note in imported.notes)
    toy_story = data.items.code("1")
    assert data.catalogue.titles[toy_story] == "Toy Story"
    assert data.catalogue.table.row(toy_story) == ("Toy Story", 1995, ["Animation", "Children's", "Comedy"])
    assert data.catalogue.table.null_count().sum_horizontal().item() == 0
    assert data.user_table.height == 6_040
    assert np.isclose(data.interactions["value"].mean(), 3.5816, atol=1e-4)
    assert data.catalogue.table.schema["genres"] == pl.List(pl.String)
