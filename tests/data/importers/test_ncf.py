from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.importers import ncf
from vitrina.data.splits.split import Label
from vitrina.errors import DataError


def write(folder: Path, *, name: str = "toy") -> Path:
    """Three users; item 6 is only a negative, user 2's list names its own test item, the users are out of order."""
    (folder / f"{name}.train.rating").write_text("0\t3\t5\t100\n0\t1\t4\t0\n1\t3\t2\t300\n2\t0\t1\t400\n")
    (folder / f"{name}.test.rating").write_text("1\t2\t3\t500\n0\t2\t5\t600\n2\t4\t5\t700\n")
    (folder / f"{name}.test.negative").write_text("(1,2)\t5\t0\n(0,2)\t6\t4\n(2,4)\t4\t5\n")
    return folder


def test_reads_the_published_split(tmp_path: Path) -> None:
    imported = ncf.read(write(tmp_path))
    data, split = imported.dataset, imported.splits["published"]
    assert data.items.ids.to_list() == [str(i) for i in range(7)]
    assert data.users.ids.to_list() == ["0", "1", "2"]
    assert split.dataset is data
    assert split.protocol == "ncf-leave-one-out"
    assert split.labels.tolist() == [Label.TRAIN] * 4 + [Label.TEST] * 3
    assert data.info.positive == ""
    assert data.interactions["timestamp"].null_count() == 1
    part = split.open_test()
    assert part.users.tolist() == [0, 1, 2]
    assert [part.candidates.row(r).tolist() for r in range(3)] == [[2, 4, 6], [0, 2, 5], [4, 5]]  # by user, ascending, each once
    assert [part.targets.row(r).tolist() for r in range(3)] == [[2], [2], [4]]
    assert "1 of 3 candidate lists name the user's own test item as a negative; it is kept once" in imported.notes


def test_test_users_may_be_a_few_of_all(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "toy.test.rating").write_text("2\t4\t5\t700\n")
    (tmp_path / "toy.test.negative").write_text("(2,4)\t0\t5\n")
    part = ncf.read(tmp_path).splits["published"].open_test()
    assert part.users.tolist() == [2]
    assert len(part.candidates) == len(part) == 1


def test_files_without_times_are_read(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "toy.train.rating").write_text("0\t3\t1\n1\t3\t1\n2\t0\t1\n")
    (tmp_path / "toy.test.rating").write_text("1\t2\t1\n0\t2\t1\n2\t4\t1\n")
    assert "timestamp" not in ncf.read(tmp_path).dataset.interactions.columns


def test_two_splits_in_a_folder_need_a_name(tmp_path: Path) -> None:
    write(write(tmp_path), name="other")
    with pytest.raises(DataError, match="found other, toy"):
        ncf.read(tmp_path)
    assert len(ncf.read(tmp_path, "other").dataset) == 7


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("toy.test.negative", "(1,2)\t5\n(0,2)\t6\n", "must name the same users"),
        ("toy.test.negative", "(1,2)\t5\n(0,2)\t6\n(2,3)\t4\n", "must name the same users"),
        ("toy.test.negative", "1,2\t5\n", "have no user"),
        ("toy.test.negative", "(1,2)\n(0,2)\t6\n(2,4)\t4\n", "have no item|the same users"),
        ("toy.test.negative", "(1,2)\tx\n(0,2)\t6\n(2,4)\t4\n", "item numbers"),
        ("toy.test.negative", "(1,2)\t-5\n(0,2)\t6\n(2,4)\t4\n", "from 0"),
        ("toy.train.rating", "0\t3\t5\t100\n0\t1\n", "may be cut"),
        ("toy.train.rating", "0\t-3\t5\t100\n", "from 0"),
        ("toy.train.rating", "0 3 5 100\n", "columns"),
        ("toy.test.rating", "", "empty"),
    ],
)
def test_faulty_files_are_refused(tmp_path: Path, file: str, text: str, reason: str) -> None:
    write(tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(DataError, match=reason):
        ncf.read(tmp_path)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_candidates_are_exactly_the_test_item_and_the_negatives(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    users = data.draw(st.permutations(range(data.draw(st.integers(1, 6)))))
    tested = {u: data.draw(st.integers(0, 20)) for u in users}
    sampled = {u: data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=8)) for u in users}
    folder = tmp_path_factory.mktemp("ncf")
    (folder / "x.train.rating").write_text("".join(f"{u}\t{u}\t1\n" for u in users))
    (folder / "x.test.rating").write_text("".join(f"{u}\t{tested[u]}\t1\n" for u in users))
    lines = ["\t".join([f"({u},{tested[u]})", *map(str, sampled[u])]) for u in users]
    (folder / "x.test.negative").write_text("\n".join(lines) + "\n")
    part = ncf.read(folder).splits["published"].open_test()
    assert part.users.tolist() == sorted(users)
    for row, user in enumerate(part.users.tolist()):
        assert part.candidates.row(row).tolist() == sorted({tested[user], *sampled[user]})


@pytest.mark.needs_data
def test_the_split_of_movielens_1m(real) -> None:
    imported = ncf.read(real("ml-1m-ncf"))
    data, split = imported.dataset, imported.splits["published"]
    assert (len(data), data.n_users, data.n_items) == (1_000_209, 6_040, 3_706)
    assert data.items.ids.to_list() == [str(i) for i in range(3_706)]
    assert np.bincount(split.labels, minlength=4).tolist() == [0, 994_169, 0, 6_040]
    part = split.open_test()
    assert np.bincount(part.candidates.lengths).tolist() == [0] * 99 + [156, 5_884]
    assert any(note.startswith("156 of 6,040 candidate lists") for note in imported.notes)
    rows = np.repeat(np.arange(len(part)), part.candidates.lengths)
    is_target = part.candidates.values == part.targets.values[rows]
    assert is_target.sum() == 6_040  # every list holds the test item once
    ascending = np.diff(part.candidates.values) > 0
    assert ascending[np.diff(rows) == 0].all()
