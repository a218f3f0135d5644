import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from vitrina.metrics import Context, RankedLists, parse
from vitrina.metrics import beyond as beyond_module

from . import reference
from .cases import Case, cases


def lists_of(*rows: list[int]) -> RankedLists:
    items = np.array(rows, dtype=np.int32)
    return RankedLists(items, np.zeros(items.shape, dtype=bool), np.ones(len(items), dtype=np.int32))


@given(case=cases(), data=st.data())
@settings(max_examples=300, deadline=None)
def test_every_metric_equals_the_slow_reference(case: Case, data: st.DataObject):
    n_users = data.draw(st.integers(1, 20))
    counts = data.draw(st.lists(st.integers(0, n_users), min_size=case.n_items, max_size=case.n_items))
    cells = st.integers(-3, 3)
    rows = data.draw(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=case.n_items, max_size=case.n_items))
    vectors = np.array(rows, dtype=np.float64)
    lists = case.lists()
    for item_vectors in (vectors, sparse.csr_array(vectors), sparse.csr_matrix(vectors)):
        context = Context(case.n_items, np.array(counts, dtype=np.int64), n_users, item_vectors)
        for k in {1, case.depth}:
            want = {
                "novelty": [reference.novelty(row, k, counts, n_users) for row in case.listed],
                "popularity": [reference.popularity_of(row, k, counts) for row in case.listed],
                "diversity": [reference.diversity(row, k, rows) for row in case.listed],
            }
            for name, values in want.items():
                got = parse(f"{name}@{k}").compute(lists, context)
                assert got.dtype == np.float64
                np.testing.assert_allclose(got, values, rtol=0, atol=1e-9, err_msg=f"{name} at {k}")


def test_hand_computed_values():
    context = Context(3, np.array([3, 1, 0]), 3, np.array([[1, 0], [1, 1], [0, 0]]))
    lists = lists_of([0, 1], [1, 2], [2, -1], [-1, -1])
    np.testing.assert_allclose(parse("novelty@2").compute(lists, context), [0.5, 1.5, 2.0, np.nan])
    np.testing.assert_allclose(parse("popularity@2").compute(lists, context), [2.0, 0.5, 0.0, np.nan])
    np.testing.assert_allclose(parse("diversity@2").compute(lists, context), [1 - np.sqrt(0.5), 1.0, np.nan, np.nan], atol=1e-12)


def test_diversity_does_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    lists = lists_of(*np.argsort(rng.random((50, 30)), axis=1)[:, :6].tolist())
    vectors = rng.normal(size=(30, 4))
    for item_vectors in (vectors, sparse.csr_array(vectors)):
        context = Context(30, np.zeros(30, dtype=np.int64), 1, item_vectors)
        whole = parse("diversity@6").compute(lists, context)
        monkeypatch.setattr(beyond_module, "_BLOCK_ENTRIES", 28)
        np.testing.assert_allclose(parse("diversity@6").compute(lists, context), whole, atol=1e-12)
        monkeypatch.undo()


def test_single_precision_and_integer_vectors():
    lists = lists_of([0, 1, 2])
    vectors = np.array([[1, 0], [1, 1], [0, 2]])
    want = reference.diversity([0, 1, 2], 3, vectors.tolist())
    for item_vectors in (vectors.astype(np.float32), vectors, sparse.csr_array(vectors), sparse.csr_array(vectors > 0)):
        context = Context(3, np.zeros(3, dtype=np.int64), 1, item_vectors)
        assert parse("diversity@3").compute(lists, context)[0] == pytest.approx(want, abs=1e-6)


def test_what_is_missing_is_said():
    lists = lists_of([0, 1])
    bare = Context(2, np.zeros(2, dtype=np.int64), 1)
    with pytest.raises(ValueError, match="novelty@2 needs a Context"):
        parse("novelty@2").compute(lists)
    with pytest.raises(ValueError, match=r"give Context\.item_vectors"):
        parse("diversity@2").compute(lists, bare)
    with pytest.raises(ValueError, match="item 1 is listed, but the catalogue has items 0 to 0"):
        parse("popularity@2").compute(lists, Context(1, np.zeros(1, dtype=np.int64), 1))
    broken = Context(2, np.zeros(2, dtype=np.int64), 1, np.array([[1.0, 0.0], [np.nan, 0.0]]))
    with pytest.raises(ValueError, match="the vector of item 1 holds NaN"):
        parse("diversity@2").compute(lists, broken)
