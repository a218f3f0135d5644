"""The data set and its catalogue."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import SCHEMA, Dataset, DatasetInfo
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError, UnknownNameError

log = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz"), st.integers(1, 50), st.sampled_from([1.0, 3.0, 5.0])), max_size=25
)


def build(rows: list[tuple], **info) -> Dataset:
    schema = {"user": pl.String, "item": pl.String, "timestamp": pl.Int64, "value": pl.Float32}
    return Dataset.from_frame(pl.DataFrame(rows, schema=schema, orient="row"), info=DatasetInfo(**info))


@given(log)
def test_external_ids_survive(rows: list[tuple]) -> None:
    dataset = build(rows)
    users, items = dataset.users.decode(dataset.user_codes), dataset.items.decode(dataset.item_codes)
    times, values = (dataset.interactions[name].to_list() for name in ("timestamp", "value"))
    assert list(zip(users, items, times, values, strict=True)) == rows
    assert dataset.users.ids.to_list() == list(dict.fromkeys(row[0] for row in rows))
    assert dict(dataset.interactions.schema) == {name: SCHEMA[name] for name in ("user", "item", "value", "timestamp")}


@given(log)
def test_histories_are_sorted_by_time_and_stable(rows: list[tuple]) -> None:
    dataset = build(rows)
    queries = dataset.histories()
    for code, name in enumerate(dataset.users.ids):
        mine = sorted((row for row in rows if row[0] == name), key=lambda row: row[2])
        part = queries.rows(code, code + 1)
        assert dataset.items.decode(part.items).to_list() == [row[1] for row in mine]
        assert part.times.tolist() == [row[2] for row in mine]
        assert part.values.tolist() == [row[3] for row in mine]
        assert part.users.tolist() == [code]
    np.testing.assert_array_equal(queries.keys, dataset.users.keys)


@given(log, st.data())
def test_histories_of_some_users(rows: list[tuple], data) -> None:
    dataset = build(rows)
    wanted = np.array(
        data.draw(st.lists(st.integers(0, max(dataset.n_users - 1, 0)), max_size=5 if dataset.n_users else 0)), np.int64
    )
    queries = dataset.histories(wanted)
    assert len(queries) == wanted.size
    for row, code in enumerate(wanted):
        assert queries.histories.row(row).tolist() == dataset.histories().histories.row(code).tolist()


def test_without_complete_times_the_order_of_the_source_is_kept() -> None:
    dataset = build([("a", "x", 9, 1.0), ("a", "y", None, 1.0), ("a", "z", 1, 1.0)])
    assert not dataset.has_times
    queries = dataset.histories()
    assert queries.items.tolist() == [0, 1, 2]
    assert queries.times is None


@given(log)
def test_matrix_and_popularity_count_pairs_once(rows: list[tuple]) -> None:
    dataset = build(rows)
    pairs = {(row[0], row[1]) for row in rows}
    matrix = dataset.matrix()
    assert matrix.dtype == np.float32
    assert matrix.shape == (dataset.n_users, dataset.n_items)
    assert matrix.sum() == matrix.nnz == len(pairs)
    assert dataset.popularity.tolist() == [sum(item == pair[1] for pair in pairs) for item in dataset.items.ids]


@given(log)
def test_keep_and_positives_drop_rows_only(rows: list[tuple]) -> None:
    dataset = build(rows, positive="value >= 3")
    positives = dataset.positives()
    assert positives.interactions["value"].to_list() == [row[3] for row in rows if row[3] >= 3]
    assert positives.users is dataset.users
    assert positives.info.positive == ""
    assert positives.positives() is positives
    mask = np.arange(len(rows)) % 2 == 0
    assert dataset.keep(mask).interactions["timestamp"].to_list() == [row[2] for row in rows[::2]]


@pytest.mark.parametrize(
    "condition", ["stars >= 4", "value >=", "value", "value >= 'a'", "DROP TABLE x", "1", "value > 1; value < 2"]
)
def test_conditions_that_make_no_sense_teach(condition: str) -> None:
    with pytest.raises(DataError, match=r"^positive = .* cannot be applied: .*such as \"value >= 4\" or \"kind = 'like'\"\.$"):
        build([("a", "x", 1, 1.0)], positive=condition).positives()


def test_tables_name_further_users_and_items() -> None:
    frame = pl.DataFrame({"user": ["b", "a"], "item": [7, 9]})
    items = pl.DataFrame({"id": [8, 7], "title": ["eight", "seven"]})
    dataset = Dataset.from_frame(frame, items=items, users=pl.DataFrame({"id": ["z"], "town": ["Talca"]}))
    assert dataset.items.ids.to_list() == ["8", "7", "9"]
    assert dataset.catalogue.titles.to_list() == ["eight", "seven", "9"]
    assert dataset.users.ids.to_list() == ["z", "b", "a"]
    assert dataset.user_table["town"].to_list() == ["Talca", None, None]
    assert repr(dataset) == "Dataset(unnamed: 2 events, 3 users, 3 items)"


def test_impossible_data_sets_are_refused() -> None:
    users, catalogue = Vocabulary(["a"], "user"), Catalogue(Vocabulary(["x"], "item"))
    with pytest.raises(DataError, match=r"user codes must lie in 0\.\.0"):
        Dataset(pl.DataFrame({"user": [1], "item": [0]}), users, catalogue)
    with pytest.raises(DataError, match=r"item codes must lie in 0\.\.0"):
        Dataset(pl.DataFrame({"user": [0], "item": [-1]}), users, catalogue)
    with pytest.raises(DataError, match=r"must have user, item and at most .*got \['item', 'mood', 'user'\]"):
        Dataset(pl.DataFrame({"user": [0], "item": [0], "mood": [1]}), users, catalogue)
    with pytest.raises(DataError, match="the catalogue has 2 rows for 1 items"):
        Catalogue(Vocabulary(["x"]), pl.DataFrame({"title": ["a", "b"]}))
    with pytest.raises(DataError, match="feature 'evf' has 3 rows for 1 items"):
        Catalogue(Vocabulary(["x"]), features={"evf": np.zeros((3, 2), np.float32)})


def test_data_sets_do_not_change() -> None:
    dataset = build([("a", "x", 1, 1.0)])
    with pytest.raises(FrozenInstanceError):
        dataset.users = Vocabulary([])  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        dataset.info.name = "other"


def test_fingerprint_is_of_the_content() -> None:
    rows = [("a", "x", 1, 1.0), ("b", "y", 2, 5.0)]
    base = build(rows)
    assert base.fingerprint == build(rows, name="renamed").fingerprint
    other_codes = Dataset.from_frame(
        pl.DataFrame(rows, schema=["user", "item", "timestamp", "value"], orient="row"),
        items=pl.DataFrame({"id": ["y", "q", "x"]}),
    )
    assert other_codes.fingerprint == base.fingerprint, "codes are not content"
    changed = [
        [("a", "x", 1, 1.0), ("b", "y", 2, 4.0)],
        [("a", "x", 1, 1.0), ("b", "x", 2, 5.0)],
        [("a", "x", 1, 1.0), ("b", "y", 3, 5.0)],
        rows[::-1],
        rows[:1],
    ]
    prints = {build(other).fingerprint for other in changed} | {build(rows, positive="value > 1").fingerprint, base.fingerprint}
    assert len(prints) == 7


def test_columns_that_are_not_there() -> None:
    dataset = Dataset.from_frame(pl.DataFrame({"user": ["a"], "item": ["x"]}))
    assert dataset.column("value") is None
    assert not dataset.has_times
    assert dataset.histories().values is None
    with pytest.raises(UnknownNameError, match="unknown attribute 'colour'"):
        dataset.catalogue.attribute("colour")


def test_availability() -> None:
    table = pl.DataFrame({"stock": [1, 0, None, 3], "available_from": [None, 5, 10, 10], "available_until": [20, None, None, 15]})
    catalogue = Catalogue(Vocabulary(list("abcd")), table)
    assert catalogue.available().tolist() == [True, False, True, True]
    assert catalogue.available(at=9).tolist() == [True, False, False, False]
    assert catalogue.available(at=10).tolist() == [True, False, True, True]
    assert catalogue.available(at=15).tolist() == [True, False, True, False]
    assert catalogue.available(at=20).tolist() == [False, False, True, False]
    assert catalogue.attributes == []
    assert replace(catalogue, table=pl.DataFrame()).available(at=1).all()


def test_rows_that_lie_by_user_are_taken_as_they_are_only_where_times_ascend_too() -> None:
    for times in ([1, 2, 3, 1, 2], [2, 1, 3, 1, 2]):
        dataset = build([("a", f"i{n}", time, 1.0) if n < 3 else ("b", f"i{n}", time, 1.0) for n, time in enumerate(times)])
        queries = dataset.histories()
        assert queries.times.tolist() == [1, 2, 3, 1, 2]
        first = dataset.items.decode(queries.items[:2]).to_list()
        assert first == (["i0", "i1"] if times[0] == 1 else ["i1", "i0"])
        assert dataset.histories(np.array([1, 0])).times.tolist() == [1, 2, 1, 2, 3]


def test_features_side_by_side():
    from scipy.sparse import csr_matrix

    from vitrina.data.catalogue import Catalogue
    from vitrina.data.vocabulary import Vocabulary

    a, b = np.array([[1, 2], [3, 4]], np.float32), np.array([[5], [6]], np.float32)
    catalogue = Catalogue(Vocabulary(["x", "y"]), features={"a": a, "b": b, "c": csr_matrix(b)})
    assert catalogue.feature("a+b").tolist() == [[1, 2, 5], [3, 4, 6]]
    assert catalogue.feature("a+c").toarray().tolist() == [[1, 2, 5], [3, 4, 6]]
    assert catalogue.feature_name("a+z") is None
