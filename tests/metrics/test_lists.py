import numpy as np
import pytest

from vitrina.metrics import Context, RankedLists, mean

ITEMS = np.array([[0, 1], [2, -1]], dtype=np.int32)
HITS = np.array([[True, False], [False, False]])
RELEVANT = np.array([1, 2], dtype=np.int32)


def test_shape():
    lists = RankedLists(ITEMS, HITS, RELEVANT)
    assert (lists.n, lists.depth) == (2, 2)
    np.testing.assert_array_equal(lists.item_counts(2, 4), [1, 1, 1, 0])
    np.testing.assert_array_equal(lists.item_counts(1, 4), [1, 0, 1, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"items": ITEMS.astype(float)}, "items must hold integer item ids, but its dtype is float64"),
        ({"hits": HITS.astype(int)}, "hits must hold booleans"),
        ({"hits": HITS[:, :1]}, r"one shape \[users, K\]"),
        ({"n_relevant": RELEVANT[:1]}, "n_relevant must have one entry for each of 2 users"),
        ({"n_relevant": RELEVANT.astype(float)}, "n_relevant must hold integer counts"),
        ({"auc": np.zeros(3)}, "auc must have one entry"),
        ({"first_rank": np.zeros(3)}, "first_rank must have one entry"),
        ({"hits": np.array([[True, False], [False, True]])}, "empty slot"),
        ({"n_relevant": np.array([0, 2], dtype=np.int32)}, "row 0 has more hits than relevant items"),
    ],
)
def test_lists_that_contradict_themselves(arguments: dict[str, np.ndarray], message: str):
    with pytest.raises(ValueError, match=message):
        RankedLists(**({"items": ITEMS, "hits": HITS, "n_relevant": RELEVANT} | arguments))


def test_contexts_that_contradict_themselves():
    with pytest.raises(ValueError, match=r"popularity must have shape \(3,\)"):
        Context(3, np.zeros(2, dtype=np.int64), 5)
    with pytest.raises(ValueError, match="count each user once per item"):
        Context(2, np.array([6, 1]), 5)
    with pytest.raises(ValueError, match="one row for each of 2 items, but has 3"):
        Context(2, np.array([1, 1]), 5, np.zeros((3, 4)))


def test_mean_leaves_out_who_cannot_be_judged():
    assert mean(np.array([1.0, np.nan, 3.0])) == 2
    assert mean(0.25) == 0.25
    assert np.isnan(mean(np.array([np.nan])))
    assert np.isnan(mean(np.array([])))


def test_lists_of_no_slots():
    lists = RankedLists(np.zeros((2, 0), np.int32), np.zeros((2, 0), bool), np.ones(2, np.int32))
    assert lists.first_hit.tolist() == [np.inf, np.inf]
    assert lists.item_counts(0, 3).tolist() == [0, 0, 0]
