from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.report.map.cases import gallery
from vitrina.errors import DataError, UnknownNameError, VitrinaError
from vitrina.report.map.marks import CORNERS, MOST, SHAPES, Marks, grouped, read_marks, styles

NONE = np.empty(0, np.int32)


def test_no_two_sets_look_alike():
    found = styles([Marks(str(i), NONE, "history" if i == 0 else "picks") for i in range(MOST)])
    assert len(set(found)) == MOST
    assert found[0].shape == "circle"
    assert found[0].colour == "ink"
    assert all(set(a) <= set("#0123456789abcdef") for a in (s.colour for s in found[1:]))
    assert {"circle", *SHAPES} == set(CORNERS)


def test_the_first_sets_differ_in_shape_and_in_colour():
    found = styles([Marks(str(i), NONE) for i in range(6)])
    assert len({s.shape for s in found}) == len({s.colour for s in found}) == 6


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ([Marks(str(i), NONE) for i in range(MOST + 1)], "13 marks were given; a map can tell 12 apart"),
        ([Marks("a", NONE), Marks("a", NONE)], "two marks have the same name: 'a'"),
        ([Marks("a", NONE, "history"), Marks("b", NONE, "history")], "one history"),
    ],
)
def test_marks_that_cannot_be_told_apart(marks: list[Marks], message: str):
    with pytest.raises(VitrinaError, match=re.escape(message)):
        styles(marks)


def test_a_file_of_marks(folder: Path):
    items = gallery(folder, 8, pictures=False).items
    path = folder / "marks.csv"
    path.write_text("mark,item,note\nHistory,w001,x\ndnn,w002,\nHistory,w004,\ndnn,w002,twice\n")
    found = read_marks(path, items)
    assert [(m.name, m.codes.tolist(), m.role) for m in found] == [("History", [1, 4], "history"), ("dnn", [2], "picks")]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("item,label\nw001,a\n", DataError, "has the columns item, label; mark is missing"),
        ("item,mark\nw01,a\n", UnknownNameError, "Did you mean 'w001'?"),
        ("item,mark\nw001,\n", DataError, "rows without an item or a mark"),
        ("", DataError, "Expected a CSV with the columns item,mark"),
    ],
)
def test_a_file_that_is_no_good_says_why(folder: Path, text: str, error: type[Exception], message: str):
    path = folder / "marks.csv"
    path.write_text(text)
    with pytest.raises(error, match=re.escape(message)):
        read_marks(path, gallery(folder, 8, pictures=False).items)
    with pytest.raises(DataError, match="cannot be read"):
        read_marks(folder / "nowhere.csv", gallery(folder, 8, pictures=False).items)


def test_groups_are_the_most_frequent_values(folder: Path):
    catalogue = gallery(folder, 40, pictures=False).catalogue
    sets, left_out = grouped(catalogue, "style", np.arange(10, 40), most=3)
    column = catalogue.table["style"].to_list()
    counts = {v: column[10:].count(v) for v in set(column[10:])}
    assert [len(m.codes) for m in sets] == sorted(counts.values(), reverse=True)[:3]
    assert all(column[c] == m.name and c >= 10 for m in sets for c in m.codes)
    assert left_out == len(counts) - 3
    with pytest.raises(UnknownNameError, match="Did you mean 'style'"):
        grouped(catalogue, "styles", np.arange(10))
