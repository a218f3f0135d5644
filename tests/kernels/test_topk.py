import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import chisquare

from vitrina.kernels.topk import find_members, hide, target_ranks, top_k

from . import slow

#: Few values, so that ties abound; all that float32 can hold at its ends.
SCORES = st.sampled_from([np.nan, -np.inf, -1.0, -0.0, 0.0, 1e-30, 0.5, 1.0, np.inf])
KEYS = st.integers(0, 2**64 - 1)


@st.composite
def scored(draw, max_rows: int = 20, max_columns: int = 12):
    """Scores, row keys, and column keys: shared or one list per row."""
    n, m = draw(st.integers(0, max_rows)), draw(st.integers(0, max_columns))
    scores = draw(hnp.arrays(np.float32, (n, m), elements=SCORES))
    rows = draw(hnp.arrays(np.uint64, n, elements=KEYS))
    columns = draw(hnp.arrays(np.uint64, (n, m) if draw(st.booleans()) else m, elements=KEYS, unique=True))
    return scores, rows, columns


def keys_of(columns: np.ndarray, row: int) -> np.ndarray:
    return columns[row] if columns.ndim == 2 else columns


@given(scored(), st.integers(0, 15))
@settings(max_examples=200)
def test_top_k_against_sorting(case, k):
    scores, rows, columns = case
    best, best_scores = top_k(scores, k, row_keys=rows, column_keys=columns)
    assert best.shape == best_scores.shape == (len(scores), k)
    for row in range(len(scores)):
        expected = slow.ranking(scores[row], rows[row], keys_of(columns, row))[:k]
        assert best[row].tolist() == expected + [-1] * (k - len(expected))
        np.testing.assert_array_equal(best_scores[row, : len(expected)], scores[row, expected])
        assert np.isnan(best_scores[row, len(expected) :]).all()


def test_top_k_of_long_rows(monkeypatch):
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 50, (100, 2000)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.1] = np.nan
    rows, columns = rng.integers(0, 2**63, 100).astype(np.uint64), rng.integers(0, 2**63, 2000).astype(np.uint64)
    best, _ = top_k(scores, 100, row_keys=rows, column_keys=columns)
    for row in (0, 57, 99):
        assert best[row].tolist() == slow.ranking(scores[row], rows[row], columns)[:100]
    monkeypatch.setenv("VITRINA_THREADS", "1")
    np.testing.assert_array_equal(best, top_k(scores, 100, row_keys=rows, column_keys=columns)[0])


def test_top_k_where_the_sampled_columns_mislead():
    """Scores stand out in every sixteenth column alone, which are those that are sampled: the bar is far too high."""
    rng = np.random.default_rng(0)
    scores = rng.random((20, 2000)).astype(np.float32)
    scores[:, ::16] += 100
    keys = rng.integers(0, 2**63, 2000).astype(np.uint64)
    for k in (50, 100, 400):
        best, _ = top_k(scores, k, row_keys=np.zeros(20, np.uint64), column_keys=keys)
        np.testing.assert_array_equal(np.take_along_axis(scores, best, 1), -np.sort(-scores, axis=1)[:, :k])


def test_ties_list_every_item_equally_often():
    rng = np.random.default_rng(1)
    rows, columns = rng.integers(0, 2**63, 8000).astype(np.uint64), np.arange(20, dtype=np.uint64)
    best, _ = top_k(np.zeros((8000, 20), np.float32), 5, row_keys=rows, column_keys=columns)
    assert chisquare(np.bincount(best.ravel(), minlength=20)).pvalue > 0.001
    assert chisquare(np.bincount(best[:, 0], minlength=20)).pvalue > 0.001


def test_ties_do_not_depend_on_column_order():
    rng = np.random.default_rng(2)
    scores = rng.integers(0, 3, (50, 30)).astype(np.float32)
    rows, columns = rng.integers(0, 2**63, 50).astype(np.uint64), rng.integers(0, 2**63, 30).astype(np.uint64)
    order = rng.permutation(30)
    best, _ = top_k(scores, 10, row_keys=rows, column_keys=columns)
    permuted, _ = top_k(np.ascontiguousarray(scores[:, order]), 10, row_keys=rows, column_keys=columns[order])
    np.testing.assert_array_equal(best, order[permuted])


@st.composite
def sets_of_rows(draw, n_rows: int, size: int):
    """A sorted set per row, as offsets and values."""
    rows = [sorted(draw(st.sets(st.integers(0, size - 1)))) if size else [] for _ in range(n_rows)]
    return rows, np.cumsum([0, *map(len, rows)]).astype(np.int64), np.array([v for r in rows for v in r], np.int32)


@given(st.data())
def test_hide(data):
    scores, _, _ = data.draw(scored())
    n, m = scores.shape
    n_items = m + 3
    rows, offsets, items = data.draw(sets_of_rows(n, n_items))
    item_of = np.random.default_rng(0).permutation(n_items)[:m]  # the candidates; three items are none
    column_of = np.full(n_items, -1, np.int32)
    column_of[item_of] = np.arange(m)
    hidden = scores.copy()
    missing = hide(hidden, offsets, items, column_of)
    for row in range(n):
        assert missing[row] == np.isnan(scores[row]).sum()
        expected = np.where(np.isin(item_of, rows[row]), np.nan, scores[row])
        np.testing.assert_array_equal(hidden[row], expected)


@given(st.data(), st.integers(0, 30), st.integers(0, 6))
def test_find_members(data, n, k):
    rows, offsets, members = data.draw(sets_of_rows(n, 8))
    listed = data.draw(hnp.arrays(np.int32, (n, k), elements=st.integers(-1, 9)))
    found = find_members(listed, offsets, members)
    assert found.tolist() == [[item >= 0 and item in rows[r] for item in listed[r].tolist()] for r in range(n)]


@given(scored(), st.data())
@settings(max_examples=200)
def test_target_ranks_against_counting_pairs(case, data):
    scores, rows, columns = case
    n, m = scores.shape
    targets, offsets, values = data.draw(sets_of_rows(n, m))
    if values.size and data.draw(st.booleans()):  # a target that is not a candidate
        values[-1] = -1
        targets[max(r for r in range(n) if targets[r])][-1] = -1
    auc, first = target_ranks(scores, offsets, values, row_keys=rows, column_keys=columns)
    for row in range(n):
        assert auc[row] == pytest.approx(slow.auc(scores[row], targets[row]), nan_ok=True)
        assert first[row] == slow.first_rank(scores[row], targets[row], rows[row], keys_of(columns, row))
