import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from vitrina.data.queries import Queries
from vitrina.models.combine.normalise import affine, normalised, offered, ranks

NAN = np.nan


def queries(n, **context):
    return Queries(np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.arange(n, dtype=np.uint64), context=context)


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("minmax", [0, 0.25, 1, 0, 1.5]),
        ("zscore", [-0.980581, -0.392232, 1.372813, -0.980581, 2.549510]),
        ("rank", [0, 0.5, 1, 0, 0]),
        ("none", [2, 3, 6, 2, 8]),
    ],
)
def test_is_over_what_is_on_offer(kind, right):
    """The last item is not on offer: it does not decide. What is missing counts as the lowest."""
    scores = np.array([[2, 3, 6, NAN, 8]], np.float32)
    asked = queries(1, on_offer=np.array([[1, 1, 1, 1, 0]], bool))
    found, known = normalised(kind, scores, asked, None)
    np.testing.assert_allclose(found[0], right, rtol=1e-5)
    assert known[0].tolist() == [True, True, True, False, True]


@pytest.mark.parametrize("kind", ["minmax", "zscore", "rank", "none"])
def test_where_all_are_equal_or_unknown(kind):
    found, known = normalised(kind, np.array([[3, 3, NAN], [NAN] * 3, [0.1, 0.1 + 1e-8, 0.1]], np.float32), queries(3), None)
    assert np.isfinite(found).all()
    assert not known[1].any()
    assert not found[1].any()
    if kind in ("minmax", "zscore"):
        assert not found.any()


@given(st.lists(st.one_of(st.just(NAN), st.integers(-3, 3).map(float)), min_size=1, max_size=9), st.data())
def test_ranks_equal_those_of_scipy(row, data):
    scores = np.array([row], np.float32)
    there = np.array([data.draw(st.lists(st.booleans(), min_size=len(row), max_size=len(row)))])
    left = offered(queries(1, on_offer=there), scores)
    over = ~np.isnan(left)
    right = np.zeros(len(row))
    if over.any():
        right[over[0]] = (rankdata(scores[over]) - 1) / max(1, over.sum() - 1)
    np.testing.assert_allclose(ranks(left)[0], right, rtol=1e-6)


@given(st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=9), st.sampled_from(["minmax", "zscore"]))
def test_scales_are_affine(row, kind):
    scores = np.array([row], np.float32)
    scale = affine(kind, scores)
    found = scale(scores)[0].astype(float)
    if scale.slope[0]:
        assert (np.diff(found[np.argsort(row, kind="stable")]) >= 0).all()
        if kind == "minmax":
            assert (found.min(), round(found.max(), 4)) == (0, 1)
        elif np.ptp(row) > 1e-2 * np.abs(row).max():
            np.testing.assert_allclose([found.mean(), found.std()], [0, 1], atol=1e-3)


@pytest.mark.parametrize("kind", ["minmax", "zscore"])
def test_a_spread_too_small_to_divide_by_counts_as_equal(kind):
    scale = affine(kind, np.array([[0, 1e-45], [0, 1e-37]], np.float32))
    assert scale.slope[0] == 0
    assert np.isfinite(scale.slope[1])
    assert scale.slope[1] > 0


def test_wanted_items_are_columns():
    scores = np.array([[1, 2, 5], [0, 4, NAN]], np.float32)
    whole = normalised("minmax", scores, queries(2), None)[0]
    shared, each = np.array([2, 0], np.int32), np.array([[1], [2]], np.int32)
    for items, right in ((shared, whole[:, shared]), (each, np.take_along_axis(whole, each.astype(np.int64), 1))):
        found, there = normalised("minmax", scores, queries(2), items)
        np.testing.assert_array_equal(found, right)
        assert there.shape == right.shape
