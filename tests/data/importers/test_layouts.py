from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vitrina.data.dataset import Dataset
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.layouts import LAYOUTS, read_layout, recognise
from vitrina.data.importers.numbered import compact, known_times
from vitrina.data.importers.reading import read_lines, read_text
from vitrina.data.splits.split import Split
from vitrina.errors import DataError

FILES = {
    "movielens": ["u.data"],
    "ncf": ["a.train.rating", "a.test.rating", "a.test.negative"],
    "recbole": ["a.inter"],
    "citeulike": ["users.dat", "tag-item.dat"],
    "hetrec": ["user_artists.dat"],
    "sequences": ["a.txt", "a_item2attributes.json"],
    "baskets": ["transactions.parquet", "products.parquet"],
    "preferences": ["ratings.csv", "artworks.csv"],
    "netflix": ["combined_data_1.txt"],
    "taste-profile": ["train_triplets.txt"],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_recognised_by_its_files(tmp_path: Path, layout: str) -> None:
    for name in FILES[layout]:
        assert recognise(tmp_path) is None
        (tmp_path / name).touch()
    assert recognise(tmp_path) == layout


@pytest.mark.parametrize("files", [["ratings.dat"], ["ratings.csv", "movies.csv"]])
def test_all_layouts_of_movielens_are_recognised(tmp_path: Path, files: list[str]) -> None:
    for name in files:
        (tmp_path / name).touch()
    assert recognise(tmp_path) == "movielens"


def test_an_unknown_folder_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(DataError, match="vitrina data import"):
        read_layout(tmp_path)


def test_text_is_read_in_utf8_or_latin1(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("\ufeffcafé\r\nx".encode())
    assert read_lines(path).to_list() == ["café", "x"]
    path.write_bytes("café".encode("latin-1"))
    assert read_text(path) == "café"
    path.write_bytes(b" \n")
    with pytest.raises(DataError, match="empty"):
        read_text(path)
    with pytest.raises(DataError, match="belongs beside"):
        read_text(tmp_path / "absent")


@settings(deadline=None, max_examples=50)
@given(hnp.arrays(np.int64, st.integers(1, 40), elements=st.one_of(st.integers(0, 50), st.integers(0, 2**40))))
def test_compact_codes_lead_back_to_the_ids(ids: np.ndarray) -> None:
    codes, distinct = compact(ids, "item")
    assert codes.dtype == np.int32
    assert np.array_equal(distinct[codes], ids)
    assert (np.diff(distinct) > 0).all()


def test_compact_refuses_negative_and_no_ids() -> None:
    with pytest.raises(DataError, match="from 0; got -3"):
        compact(np.array([1, -3]), "item")
    with pytest.raises(DataError, match="no items"):
        compact(np.array([], np.int64), "item")


def test_times_of_zero_are_unknown() -> None:
    frame = pl.DataFrame({"timestamp": [0, 5]})
    times, notes = known_times(frame)
    assert times["timestamp"].to_list() == [None, 5]
    assert notes == ["timestamps are known for 1 of 2 events (0 means unknown)"]
    assert known_times(frame.tail(1))[1] == []


def test_a_description_reaches_the_splits() -> None:
    data = Dataset.from_frame(pl.DataFrame({"user": ["a"], "item": ["x"]}))
    imported = Imported(data, {"s": Split(data, np.ones(1, np.uint8), "p")}).described(name="new", terms="free")
    assert imported.dataset.info.name == "new"
    assert imported.splits["s"].dataset is imported.dataset
