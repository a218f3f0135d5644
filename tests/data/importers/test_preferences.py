from __future__ import annotations

from pathlib import Path

import pytest

from vitrina.data.importers import preferences
from vitrina.errors import DataError

WORKS = (
    "artwork,artist,title,style,year,source,maker,intent\n"
    '2,Mondrian,"Composition with Red, Blue ",Neo-Plasticism,1930,2,0,1\n1,Computer,Flower,Abstract / Pop ,2017,3,1,0\n'
)


def write(folder: Path, ratings: str = "person,artwork,rating\n1,1,7\n1,2,5\n9,2,6\n", works: str = WORKS) -> Path:
    (folder / "ratings.csv").write_text(ratings)
    (folder / "artworks.csv").write_text(works)
    return folder


def test_reads_ratings_and_works(tmp_path: Path) -> None:
    data = preferences.read(write(tmp_path)).dataset
    assert data.users.ids.to_list() == ["1", "9"]
    assert data.catalogue.table.rows() == [
        ("Flower", "Computer", ["Abstract", "Pop"], 2017, "computer"),
        ("Composition with Red, Blue", "Mondrian", ["Neo-Plasticism"], 1930, "person"),
    ]
    assert data.info.positive == "value >= 6"
    assert data.positives().interactions["value"].to_list() == [7.0, 6.0]


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        ("person,artwork,rating\n1,1,8\n", "between 1 and 7"),
        ("person,artwork,rating\n1,1\n", "may be cut"),
        ("person,work,rating\n1,1,3\n", "no column artwork"),
    ],
)
def test_faulty_ratings_are_refused(tmp_path: Path, ratings: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        preferences.read(write(tmp_path, ratings))


@pytest.mark.needs_data
def test_the_real_set(real) -> None:
    data = preferences.read(real("art-preferences")).dataset
    assert (len(data), data.n_users, data.n_items) == (27_300, 300, 91)
    table = data.catalogue.table
    assert table.null_count().sum_horizontal().item() == 0
    assert table["maker"].value_counts().sort("maker").rows() == [("animal", 7), ("computer", 14), ("person", 70)]
    assert 0.2 < len(data.positives()) / len(data) < 0.3
