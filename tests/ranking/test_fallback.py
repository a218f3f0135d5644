import numpy as np

from tests.ranking.scorers import item_keys
from vitrina.data.ragged import Ragged
from vitrina.ranking.fallback import fill_from

POPULARITY = np.array([5, 1, 9, 7, 3], np.float32)
ALL = np.arange(5, dtype=np.int32)


def fill(items, *, replace=None, candidates=ALL, hidden=(), popularity=POPULARITY):
    items = np.array(items, np.int32)
    scores = np.where(items < 0, np.nan, 0.5).astype(np.float32)
    rows = Ragged.group(np.array([r for r, _ in hidden], np.int64), np.array([i for _, i in hidden], np.int64), len(items))
    marked = np.zeros(len(items), bool) if replace is None else np.array(replace)
    return fill_from(popularity, item_keys(5), items, scores, marked, candidates, rows)


def test_full_lists_stay():
    items, scores, filled = fill([[1, 4], [0, 2]])
    assert items.tolist() == [[1, 4], [0, 2]]
    assert (scores == 0.5).all()
    assert not filled.any()


def test_gaps_get_the_most_popular_that_are_new():
    items, scores, filled = fill([[3, -1, -1], [-1, -1, -1]], hidden=[(0, 2), (1, 0)])
    assert items.tolist() == [[3, 0, 4], [2, 3, 4]]
    assert scores.tolist() == [[0.5, 5, 3], [9, 7, 3]]
    assert filled.tolist() == [[False, True, True], [True, True, True]]


def test_whole_rows_are_replaced():
    items, _, filled = fill([[1, 4], [1, 4]], replace=[True, False])
    assert items.tolist() == [[2, 3], [1, 4]]
    assert filled.tolist() == [[True, True], [False, False]]


def test_only_candidates_and_gaps_where_they_run_out():
    items, scores, filled = fill([[-1, -1, -1]], candidates=np.array([1, 3], np.int32), hidden=[(0, 3)])
    assert items.tolist() == [[1, -1, -1]]
    assert filled.tolist() == [[True, False, False]]
    assert np.isnan(scores[0, 1:]).all()


def test_equal_popularity_is_ordered_by_hash():
    items, _, _ = fill([[-1] * 5], popularity=np.ones(5, np.float32))
    assert items[0].tolist() == np.argsort(item_keys(5)).tolist()
    assert items[0].tolist() != ALL.tolist()
