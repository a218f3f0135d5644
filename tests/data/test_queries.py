"""Queries and the ragged rows under them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.data.vocabulary import Vocabulary

N_ITEMS = 12
histories = st.lists(st.lists(st.integers(0, N_ITEMS - 1), max_size=6), min_size=1, max_size=8)
KEYS = Vocabulary([f"item-{n}" for n in range(N_ITEMS)]).keys


def full(lists: list[list[int]]) -> Queries:
    """Queries with every optional array present, each filled with recognisable numbers."""
    plain = Queries.from_lists(lists, KEYS)
    events, n = plain.items.size, len(lists)
    return Queries(
        plain.offsets,
        plain.items,
        plain.keys,
        values=np.arange(events, dtype=np.float32),
        times=np.arange(events, dtype=np.int64) + 100,
        sessions=np.arange(events, dtype=np.int64) + 200,
        users=np.arange(n, dtype=np.int32),
        at=np.arange(n, dtype=np.int64) + 300,
        context={"text": np.arange(2 * n).reshape(n, 2)},
    )


@given(histories)
def test_lists_survive(lists: list[list[int]]) -> None:
    queries = Queries.from_lists(lists, KEYS)
    assert len(queries) == len(lists)
    assert [queries.histories.row(n).tolist() for n in range(len(lists))] == lists
    assert (queries.items.dtype, queries.offsets.dtype, queries.keys.dtype) == (np.int32, np.int64, np.uint64)


@given(histories, st.data())
def test_taken_rows_and_kept_events_cut_every_array_alike(lists: list[list[int]], data) -> None:
    queries = full(lists)
    rows = np.array(data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=6)), np.int64)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=queries.items.size, max_size=queries.items.size)), bool)
    events = [np.arange(queries.offsets[row], queries.offsets[row + 1]) for row in range(len(lists))]
    taken = queries.take(rows)
    check_events(queries, taken, [events[row] for row in rows])
    np.testing.assert_array_equal(taken.keys, queries.keys[rows])
    np.testing.assert_array_equal(taken.at, rows + 300)
    np.testing.assert_array_equal(taken.context["text"], queries.context["text"][rows])
    np.testing.assert_array_equal(taken.users, rows)
    shortened = queries.keep(kept)
    check_events(queries, shortened, [mine[kept[mine]] for mine in events])
    np.testing.assert_array_equal(shortened.users, queries.users)


def check_events(queries: Queries, part: Queries, events: list[np.ndarray]) -> None:
    """``part`` has these events of ``queries``, row by row."""
    flat = np.concatenate([np.empty(0, np.int64), *events]).astype(np.int64)
    assert part.histories.lengths.tolist() == [mine.size for mine in events]
    for name in ("items", "values", "times", "sessions"):
        np.testing.assert_array_equal(getattr(part, name), getattr(queries, name)[flat])


@given(histories, st.data())
def test_rows_cut_every_array_alike(lists: list[list[int]], data) -> None:
    queries = full(lists)
    start = data.draw(st.integers(0, len(lists)))
    stop = data.draw(st.integers(start, len(lists) + 2))
    part = queries.rows(start, stop)
    want = lists[start:stop]
    begin = sum(map(len, lists[:start]))
    events = np.arange(begin, begin + sum(map(len, want)))
    assert [part.histories.row(n).tolist() for n in range(len(part))] == want
    np.testing.assert_array_equal(part.values, events)
    np.testing.assert_array_equal(part.times, events + 100)
    np.testing.assert_array_equal(part.sessions, events + 200)
    np.testing.assert_array_equal(part.users, np.arange(start, start + len(want)))
    np.testing.assert_array_equal(part.at, part.users + 300)
    np.testing.assert_array_equal(part.keys, queries.keys[start : start + len(want)])
    np.testing.assert_array_equal(part.context["text"][:, 0], 2 * part.users)


def test_rows_are_views() -> None:
    queries = full([[1, 2], [3], [4, 5]])
    part = queries.rows(1, 3)
    assert np.shares_memory(part.items, queries.items)
    assert np.shares_memory(part.values, queries.values)


@given(histories, st.integers(1, 5))
def test_batches_cover_all_in_order(lists: list[list[int]], size: int) -> None:
    queries = Queries.from_lists(lists, KEYS)
    seen = []
    for start, batch in queries.batches(size):
        assert start == len(seen)
        assert 1 <= len(batch) <= size
        seen += [batch.histories.row(n).tolist() for n in range(len(batch))]
    assert seen == lists


@given(histories)
def test_matrix_holds_each_history_once(lists: list[list[int]]) -> None:
    matrix = Queries.from_lists(lists, KEYS).matrix(N_ITEMS)
    want = np.zeros((len(lists), N_ITEMS))
    for row, items in enumerate(lists):
        want[row, items] = 1
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix.toarray(), want)


@given(histories, st.randoms())
def test_keys_are_of_the_bag_of_items(lists: list[list[int]], random) -> None:
    keys = Queries.from_lists(lists, KEYS).keys
    shuffled = [random.sample(items, len(items)) for items in lists]
    np.testing.assert_array_equal(Queries.from_lists(shuffled, KEYS).keys, keys)
    bags = {tuple(sorted(items)): int(key) for items, key in zip(lists, keys, strict=True)}
    assert len(set(bags.values())) == len(bags)


@given(histories)
def test_padding(lists: list[list[int]]) -> None:
    padded = Queries.from_lists(lists, KEYS).histories.padded()
    longest = max(map(len, lists))
    assert padded.tolist() == [items + [-1] * (longest - len(items)) for items in lists]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=30))
def test_group_keeps_order_and_sets_sort(pairs: list[tuple[int, int]]) -> None:
    rows, values = (np.array([p[n] for p in pairs], np.int64) for n in (0, 1))
    grouped, sets = Ragged.group(rows, values, 6), Ragged.sets(rows, values, 6)
    for row in range(6):
        mine = [v for r, v in pairs if r == row]
        assert grouped.row(row).tolist() == mine
        assert sets.row(row).tolist() == sorted(set(mine))
    assert grouped.lengths.sum() == len(pairs)
    assert [grouped.rows(2, 5).row(n).tolist() for n in range(3)] == [grouped.row(n).tolist() for n in (2, 3, 4)]


@pytest.mark.parametrize("n", [0, 1, 3])
def test_no_events_at_all(n: int) -> None:
    queries = Queries.from_lists([[]] * n, KEYS)
    assert len(queries) == n
    assert queries.matrix(N_ITEMS).shape == (n, N_ITEMS)
    assert queries.histories.padded().shape == (n, 0)
