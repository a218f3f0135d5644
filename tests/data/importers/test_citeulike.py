from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.importers import citeulike
from vitrina.data.importers.reading import read_number_lists
from vitrina.data.splits.split import Label
from vitrina.errors import DataError


def write(folder: Path, *, by_item: bool = True) -> Path:
    """Three people, five papers (the last one liked by nobody), two words."""
    (folder / "users.dat").write_text("2 0 3\n1 1\n3 2 0 1")
    if by_item:
        (folder / "item-tag.dat").write_text("2 1 0\n0\n1 2\n0\n1 0\n")
    else:
        (folder / "tag-item.dat").write_text("2 0 4\n1 0\n1 2\n")
    (folder / "tags.dat").write_text("red\nblue\ngreen\n")
    (folder / "mult.dat").write_text("2 1:3 0:1\n0\n1 0:2\n1 1:1\n0")
    (folder / "vocabulary.dat").write_text("xylem\nwritings\n")
    splits = folder / "cvae-splits"
    splits.mkdir()
    (splits / "cf-train-1-users.dat").write_text("1 3\n1 1\n1 0\n")
    (splits / "cf-test-1-users.dat").write_text("1 0\n0 \n2 1 2\n")
    return folder


@pytest.mark.parametrize("by_item", [True, False])
def test_reads_likes_tags_and_words(tmp_path: Path, by_item: bool) -> None:
    imported = citeulike.read(write(tmp_path, by_item=by_item))
    data = imported.dataset
    assert data.users.ids.to_list() == ["0", "1", "2"]
    assert data.items.ids.to_list() == ["0", "1", "2", "3", "4"]
    assert data.interactions.rows() == [(0, 0), (0, 3), (1, 1), (2, 2), (2, 0), (2, 1)]
    tags = [None if t is None else sorted(t) for t in data.catalogue.table["tags"].to_list()]
    assert tags == [["blue", "red"], None, ["green"], None, ["red"]]
    words = data.catalogue.features["words"]
    assert words.dtype == np.float32
    assert words.toarray().tolist() == [[1, 3], [0, 0], [2, 0], [0, 1], [0, 0]]
    assert list(imported.splits) == ["cvae-p1"]
    split = imported.splits["cvae-p1"]
    assert split.labels.tolist() == [Label.TEST, Label.TRAIN, Label.TRAIN, Label.TEST, Label.TRAIN, Label.TEST]
    assert split.open_test().users.tolist() == [0, 2]
    assert split.settings == {"train_items_per_user": 1}


@pytest.mark.parametrize("first_id", [0, 1])
def test_titles_and_words_of_the_first_papers(tmp_path: Path, first_id: int) -> None:
    write(tmp_path)
    (tmp_path / "mult.dat").unlink()
    text = tmp_path / "text-subset"
    text.mkdir()
    (text / "mult.first1929.dat").write_text("1 1:5\n1 0:1\n")
    (text / "raw-data.first1929.csv").write_bytes(
        b'"doc.id","title","citeulike.id","raw.title","raw.abstract"\n'
        + f'{first_id},"a",42,"The {{E}}. coli, a world","An ""abstract"""\n'.encode()
        + f'{first_id + 1},"b",43,"Caf\xe9","Two"\n'.encode("latin-1")
    )
    imported = citeulike.read(tmp_path)
    table = imported.dataset.catalogue.table
    assert table["title"].to_list() == ["The E. coli, a world", "Café", None, None, None]
    assert table["abstract"].to_list() == ['An "abstract"', "Two", None, None, None]
    assert imported.dataset.catalogue.features["words"].toarray().tolist() == [[0, 5], [1, 0], [0, 0], [0, 0], [0, 0]]
    assert "words are at hand for 2 of 5 papers" in imported.notes


def test_tags_words_and_splits_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "users.dat").write_text("2 0 3\n")
    (tmp_path / "item-tag.dat").write_text("1 1\n0\n")
    imported = citeulike.read(tmp_path)
    assert imported.dataset.catalogue.attributes == []
    assert imported.dataset.catalogue.features == {}
    assert imported.splits == {}
    assert imported.dataset.n_items == 4


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("users.dat", "2 0 3\n3 1 2\n", "line 2: 3 numbers announced, 2 found"),
        ("users.dat", "2 0 x\n", "whole numbers"),
        ("users.dat", "1 -4\n", "negative"),
        ("users.dat", "0\n0\n", "no likes"),
        ("tags.dat", "red\n", "tag 2 is used"),
        ("mult.dat", "2 1:3\n", "line 1: not as many"),
        ("mult.dat", "1 1\n", "not as many"),
        ("mult.dat", "1 a:3\n", "must hold lines"),
        ("vocabulary.dat", "xylem\n", "uses word 1"),
        ("cvae-splits/cf-train-1-users.dat", "1 3\n1 1\n", "does not fit"),
        ("cvae-splits/cf-train-1-users.dat", "1 4\n1 1\n1 0\n", "does not fit"),
        ("cvae-splits/cf-test-1-users.dat", "1 3\n0 \n2 1 2\n", "does not fit"),
    ],
)
def test_faulty_files_are_refused(tmp_path: Path, file: str, text: str, reason: str) -> None:
    write(tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(DataError, match=reason):
        citeulike.read(tmp_path)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=6), min_size=1, max_size=12))
def test_lists_of_numbers_come_back(tmp_path_factory: pytest.TempPathFactory, lists: list[list[int]]) -> None:
    path = tmp_path_factory.mktemp("lists") / "users.dat"
    path.write_text("\n".join(" ".join(map(str, [len(row), *row])) for row in lists) + "\n")
    pairs, n_lines = read_number_lists(path)
    assert n_lines == len(lists)
    assert pairs.rows() == [(r, value) for r, row in enumerate(lists) for value in row]


@pytest.mark.needs_data
@pytest.mark.parametrize(
    ("letter", "counts", "p1", "p10", "p10_users", "words", "untagged"),
    [
        ("a", (204_986, 5_551, 16_980), (5_551, 199_435), (55_510, 149_476), 5_139, (16_980, 8_000), 3_461),
        ("t", (134_860, 7_947, 25_975), (7_947, 126_913), (53_399, 81_461), 2_598, (25_975, 20_000), 0),
    ],
)
def test_the_real_sets(real, letter: str, counts, p1, p10, p10_users: int, words: tuple[int, int], untagged: int) -> None:
    imported = citeulike.read(real(f"citeulike-{letter}"))
    data = imported.dataset
    assert (len(data), data.n_users, data.n_items) == counts
    for name, (train, test) in (("cvae-p1", p1), ("cvae-p10", p10)):
        assert np.bincount(imported.splits[name].labels, minlength=4).tolist() == [0, train, 0, test]
    assert len(imported.splits["cvae-p10"].open_test()) == p10_users
    assert data.catalogue.features["words"].shape == words
    tags = data.catalogue.table["tags"]
    assert tags.drop_nulls().list.n_unique().sum() == tags.drop_nulls().list.len().sum()
    assert tags.null_count() == untagged


@pytest.mark.needs_data
def test_citeulike_a_has_text_for_its_first_papers(real) -> None:
    data = citeulike.read(real("citeulike-a")).dataset
    table = data.catalogue.table
    assert table["title"].count() == 1_929
    assert table["title"][0] == "The metabolic world of Escherichia coli is not small"
    with_text = np.flatnonzero(np.diff(data.catalogue.features["words"].indptr))
    assert with_text.max() < 1_929
    on_text = data.item_codes < 1_929
    assert on_text.sum() == 35_298
    assert np.unique(data.user_codes[on_text]).size == 4_702
