from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.importers import netflix
from vitrina.errors import DataError

PARTS = ["1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n", "3:\n1488844,4,1999-12-31\n", "17770:\n6,1,2000-02-29\n"]
TITLES = "1,2003,Dinosaur Planet\n2,NULL,Nobody's\n3,1997,Character, or: Karakter\n17770,1999,Caf\xe9\n".encode("latin-1")


def write(folder: Path, *, apart: bool) -> Path:
    if apart:
        (folder / "training_set").mkdir()
        for part in PARTS:
            (folder / "training_set" / f"mv_{int(part.split(':')[0]):07d}.txt").write_text(part)
        (folder / "movie_titles.txt").write_bytes(TITLES)
    else:
        (folder / "combined_data_1.txt").write_text("".join(PARTS[:2]))
        (folder / "combined_data_2.txt").write_bytes(PARTS[2].replace("\n", "\r\n").encode())
        (folder / "movie_titles.csv").write_bytes(TITLES)
    return folder


@pytest.mark.parametrize("apart", [True, False])
def test_both_editions_hold_the_same(tmp_path: Path, apart: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netflix, "_FILMS", 2)
    assert netflix.recognises(write(tmp_path, apart=apart))
    imported = netflix.read(tmp_path)
    data = imported.dataset
    assert data.users.ids.to_list() == ["6", "822109", "1488844"]
    assert data.items.ids.to_list() == ["1", "3", "17770"]
    assert data.interactions.rows() == [
        (2, 0, 3.0, 1125964800),
        (1, 0, 5.0, 1115942400),
        (2, 1, 4.0, 946598400),
        (0, 2, 1.0, 951782400),
    ]
    assert data.catalogue.table.rows() == [("Dinosaur Planet", 2003), ("Character, or: Karakter", 1997), ("Café", 1999)]
    assert len(data.positives()) == 2
    assert "1 of 4 listed items have no event and are left out" in imported.notes


def test_titles_are_optional(tmp_path: Path) -> None:
    write(tmp_path, apart=False)
    (tmp_path / "movie_titles.csv").unlink()
    assert netflix.read(tmp_path).dataset.catalogue.attributes == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1:\n5,3,2005-09-06\n6,3\n", "no timestamp; the file may be cut"),
        ("5,3,2005-09-06\n1:\n", "no item; the file may be cut"),
        ("1:\n2:\n", "no rows"),
        ("1:\n5,8,2005-09-06\n", "between 1 and 5 stars"),
        ("1:\n5,x,2005-09-06\n", "not in the layout"),
        ("1:\nfive,3,2005-09-06\n", "not in the layout"),
        ("one:\n5,3,2005-09-06\n", "not in the layout"),
        ("1:\n5,3,06/09/2005\n", "not in the layout"),
        ("1:\n5,3,2005-09-06,7\n", "not in the layout"),
        ("", "no rows"),
    ],
)
def test_faulty_files_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "combined_data_1.txt").write_text(text)
    with pytest.raises(DataError, match=reason):
        netflix.read(tmp_path)


def test_an_empty_folder_of_ratings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "training_set").mkdir()
    with pytest.raises(DataError, match="holds no file"):
        netflix.read(tmp_path)


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(st.integers(1, 17770), st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 5)), max_size=5), min_size=1)
)
def test_every_rating_is_read_with_its_film(films: dict[int, list[tuple[int, int]]]) -> None:
    text = "".join(f"{film}:\n" + "".join(f"{user},{value},2004-01-01\n" for user, value in rows) for film, rows in films.items())
    rated = [(user, film, float(value)) for film, rows in films.items() for user, value in rows]
    if rated:
        assert netflix._ratings(Path("a.txt"), text.encode()).select("user", "item", "value").rows() == rated
    else:
        with pytest.raises(DataError, match="no rows"):
            netflix._ratings(Path("a.txt"), text.encode())
