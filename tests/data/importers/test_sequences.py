from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.importers import sequences
from vitrina.errors import DataError


def write(folder: Path, text: str = "1 3 1 2\n2 2 1\n", attributes: object = None) -> Path:
    (folder / "Toy.txt").write_text(text)
    made = {"1": [5, 6, 5], "2": [], "3": [7], "4": [5]} if attributes is None else attributes
    (folder / "Toy_item2attributes.json").write_text(json.dumps(made))
    return folder


def test_order_is_kept_and_attributes_are_listed_once(tmp_path: Path) -> None:
    imported = sequences.read(write(tmp_path))
    data = imported.dataset
    assert data.interactions.rows() == [(0, 2), (0, 0), (0, 1), (1, 1), (1, 0)]
    assert data.interactions.columns == ["user", "item"]
    assert data.catalogue.table["attributes"].to_list() == [["5", "6"], [], ["7"]]
    assert data.histories().histories.row(0).tolist() == [2, 0, 1]
    assert "1 items repeat attributes; each is kept once" in imported.notes
    assert "1 of 4 listed items have no event and are left out" in imported.notes
    assert not data.has_times


@pytest.mark.parametrize(
    ("text", "attributes", "reason"),
    [
        ("1 3 x\n", None, "of numbers"),
        ("1 3\n2\n", None, "line 2: a user without items"),
        ("", None, "empty"),
        ("1 3\n", [1, 2], "one JSON object"),
        ("1 3\n", {"3": "red"}, "one JSON object"),
        ("1 3\n", {"three": [1]}, "one JSON object"),
    ],
)
def test_faulty_files_are_refused(tmp_path: Path, text: str, attributes: object, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        sequences.read(write(tmp_path, text, attributes))


def test_cut_json_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "Toy_item2attributes.json").write_text('{"1": [5')
    with pytest.raises(DataError, match="one JSON object"):
        sequences.read(tmp_path)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.integers(0, 999), st.lists(st.integers(0, 99), min_size=1, max_size=9), min_size=1, max_size=9))
def test_every_sequence_comes_back(tmp_path_factory: pytest.TempPathFactory, people: dict[int, list[int]]) -> None:
    folder = tmp_path_factory.mktemp("sequences")
    lines = [" ".join(map(str, [user, *items])) for user, items in people.items()]
    data = sequences.read(write(folder, "\n".join(lines) + "\n", {})).dataset
    histories = data.histories().histories
    for row, user in enumerate(data.users.ids.to_list()):
        assert data.items.decode(histories.row(row)).to_list() == [str(i) for i in people[int(user)]]


@pytest.mark.needs_data
@pytest.mark.parametrize(
    ("name", "counts", "attributes"),
    [("amazon-beauty", (198_502, 22_363, 12_101), 637), ("lastfm-sequences", (52_551, 1_090, 3_646), 388)],
)
def test_the_real_sets(real, name: str, counts: tuple[int, int, int], attributes: int) -> None:
    data = sequences.read(real(name)).dataset
    assert (len(data), data.n_users, data.n_items) == counts
    listed = data.catalogue.table["attributes"]
    assert listed.explode().n_unique() == attributes
    assert (listed.list.len() == listed.list.n_unique()).all()
    assert data.histories().histories.row(0).tolist() == list(range(int(data.histories().histories.lengths[0])))
