from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.importers import recbole
from vitrina.errors import DataError


def write(folder: Path) -> Path:
    (folder / "toy.inter").write_text(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\treview:token_seq\n"
        "u2\tb\t4.5\t881250949\tso good\nu1\ta\t3\t0\tmeh\nu1\tz\t1\t881250950\t\n"
    )
    (folder / "toy.item").write_text(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tprice:float\tvector:float_seq\n"
        'a\tThe "A" Team\t1995\tDrama War\t9.5\t0.5 1\nb\tBé\tV\t\t\t2 3\nc\tUnsold\t1990\tWar\t1\t4 5\n'
    )
    (folder / "toy.user").write_text("user_id:token\tage:float\tlikes:token_seq\nu1\t24\tred blue\nu9\t3\t\n")
    return folder


def test_reads_typed_columns(tmp_path: Path) -> None:
    imported = recbole.read(write(tmp_path))
    data = imported.dataset
    assert data.items.ids.to_list() == ["a", "b", "z"]  # c was never consumed, z is in the log only
    assert data.catalogue.table.drop("price").rows() == [
        ('The "A" Team', 1995, ["Drama", "War"]),
        ("Bé", None, None),
        (None, None, None),
    ]
    assert data.catalogue.table["price"].to_list() == [9.5, None, None]
    assert data.catalogue.features["vector"].tolist() == [[0.5, 1.0], [2.0, 3.0], [0.0, 0.0]]
    assert data.users.ids.to_list() == ["u1", "u2"]
    assert data.user_table["likes"].to_list() == [["red", "blue"], None]
    assert data.interactions["value"].to_list() == [4.5, 3.0, 1.0]
    assert data.interactions["timestamp"].to_list() == [881250949, None, 881250950]
    assert "columns of toy.inter not used: review" in imported.notes
    assert "1 of 3 listed items have no event and are left out" in imported.notes


def test_the_log_alone_is_enough_and_its_ids_may_be_named_otherwise(tmp_path: Path) -> None:
    (tmp_path / "x.inter").write_text("user_id:token\tartist_id:token\tweight:float\n2\t51\t13883\n")
    data = recbole.read(tmp_path).dataset
    assert (data.users.ids.to_list(), data.items.ids.to_list()) == (["2"], ["51"])
    assert data.interactions["value"].to_list() == [13883.0]
    assert not data.has_times


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("user_id\titem_id\n1\t2\n", "typed columns"),
        ("user_id:token\titem_id:word\n1\t2\n", "typed columns"),
        ("user_id:token\trating:float\n1\t2\n", "no column item_id:token"),
        ("user_id:token\titem_id:token\trating:float\n1\t2\tgood\n", "cannot be read"),
        ("user_id:token\titem_id:token\n1\n", "may be cut"),
        ("user_id:token\titem_id:token\trating:float\n1\t2\tNaN\n", "not finite"),
        ("user_id:token\titem_id:token\ttimestamp:float\n1\t2\tinf\n", "not finite"),
        ("user_id:token\titem_id:token\n", "no rows"),
        ("", "empty"),
    ],
)
def test_faulty_logs_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "x.inter").write_text(text)
    with pytest.raises(DataError, match=reason):
        recbole.read(tmp_path)


def test_vectors_of_several_lengths_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "toy.item").write_text("item_id:token\tvector:float_seq\na\t1 2\nb\t1\n")
    with pytest.raises(DataError, match="one length"):
        recbole.read(tmp_path)
    (tmp_path / "toy.item").write_text("item_id:token\tvector:float_seq\na\t1 x\n")
    with pytest.raises(DataError, match="typed header"):
        recbole.read(tmp_path)


def test_two_logs_in_a_folder_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "other.inter").write_text("user_id:token\titem_id:token\n1\t2\n")
    with pytest.raises(DataError, match=r"found other\.inter, toy\.inter"):
        recbole.read(tmp_path)


words = st.text(
    st.characters(exclude_characters='\t\r\n\x85\u2028\u2029"', exclude_categories=["Cs", "Cc", "Zs"]), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(words, words, st.floats(-1e6, 1e6, width=32)), min_size=1, max_size=20))
def test_every_event_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, float]]) -> None:
    folder = tmp_path_factory.mktemp("recbole")
    lines = ["user_id:token\titem_id:token\trating:float", *(f"{u}\t{i}\t{v!r}" for u, i, v in rows)]
    (folder / "x.inter").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
    data = recbole.read(folder).dataset
    assert data.users.decode(data.user_codes).to_list() == [u for u, _, _ in rows]
    assert data.items.decode(data.item_codes).to_list() == [i for _, i, _ in rows]
    assert np.array_equal(data.column("value"), np.array([v for _, _, v in rows], np.float32))


@pytest.mark.needs_data
def test_movielens_100k(real) -> None:
    imported = recbole.read(real("ml-100k"))
    data = imported.dataset
    assert (len(data), data.n_users, data.n_items) == (100_000, 943, 1_682)
    assert data.has_times
    assert imported.notes == []
    assert data.catalogue.table.row(data.items.code("1")) == ("Toy Story", 1995, ["Animation", "Children's", "Comedy"])
    assert data.user_table.columns == ["age", "gender", "occupation", "zip_code"]
