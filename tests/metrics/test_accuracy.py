import numpy as np
import pytest
from hypothesis import given, settings

from vitrina.metrics import RankedLists, mean, parse

from . import reference
from .cases import Case, cases, one_user, spelled


def value(name: str, hit_ranks: tuple[int, ...], n_relevant: int, depth: int = 5) -> float:
    return mean(parse(name).compute(one_user(hit_ranks, n_relevant, depth)))


@given(case=cases())
@settings(max_examples=500, deadline=None)
def test_every_variant_equals_the_slow_reference(case: Case):
    lists = case.lists()
    for name, formula in reference.ACCURACY.items():
        for k in range(1, case.depth + 1):
            got = parse(spelled(name, k)).compute(lists)
            want = [formula(row, t, k) if t else np.nan for row, t in zip(case.listed, case.held_out, strict=True)]
            assert got.dtype == np.float64
            np.testing.assert_allclose(got, want, rtol=0, atol=1e-9, err_msg=f"{name} at {k}")
    want = [reference.full_mrr(r, t) if t else np.nan for r, t in zip(case.rankings, case.held_out, strict=True)]
    np.testing.assert_allclose(parse("mrr").compute(lists), want, atol=1e-12)


# Hits at ranks 1 and 4 of a list of 5: the same list scored under the definitions that libraries use.
@pytest.mark.parametrize(
    ("name", "with_3_relevant", "with_30_relevant"),
    [
        ("ndcg@5", 0.671, 0.485),
        ("ndcg@5:full", 0.671, 0.156),
        ("ndcg@5:hits", 0.877, 0.877),
        ("precision@5", 0.400, 0.400),
        ("recall@5:capped", 0.667, 0.400),
        ("recall@5", 0.667, 0.067),
        ("map@5", 0.500, 0.300),
        ("map@5:k", 0.300, 0.300),
        ("map@5:all", 0.500, 0.050),
        ("f1@5", 0.500, 0.114),
        ("hr@5", 1.0, 1.0),
        ("hr@5:count", 2.0, 2.0),
        ("hr@5:inverse_k", 0.2, 0.2),
        ("mrr@5", 1.0, 1.0),
    ],
)
def test_one_list_under_many_definitions(name: str, with_3_relevant: float, with_30_relevant: float):
    assert value(name, (1, 4), 3) == pytest.approx(with_3_relevant, abs=5e-4)
    assert value(name, (1, 4), 30) == pytest.approx(with_30_relevant, abs=5e-4)


@pytest.mark.parametrize("rank", range(1, 11))
def test_leave_one_out_ndcg_is_that_of_ncf(rank: int):
    assert value("ndcg@10", (rank,), 1, depth=10) == pytest.approx(np.log(2) / np.log(rank + 1), abs=1e-12)
    assert value("ndcg@5", (rank,), 1, depth=10) == (pytest.approx(np.log(2) / np.log(rank + 1), abs=1e-12) if rank <= 5 else 0.0)


def test_a_perfect_list_scores_one():
    for name in ("recall@3", "recall@3:capped", "precision@3", "f1@3", "ndcg@3", "ndcg@3:full", "map@3", "mrr@3"):
        assert value(name, (1, 2, 3), 3) == pytest.approx(1.0, abs=1e-12)


@given(case=cases())
@settings(max_examples=100, deadline=None)
def test_relations_between_variants(case: Case):
    lists, k = case.lists(), case.depth
    judged = lists.n_relevant > 0

    def get(name: str) -> np.ndarray:
        return parse(spelled(name, k)).compute(lists)[judged]

    assert (get("recall:capped") >= get("recall")).all()
    for name in ("ndcg", "ndcg:full", "ndcg:hits", "map", "f1", "mrr", "recall:capped"):
        assert ((get(name) >= 0) & (get(name) <= 1 + 1e-12)).all(), name
    assert (get("ndcg:full") <= get("ndcg") + 1e-12).all()
    assert (get("ndcg") <= get("ndcg:hits") + 1e-12).all()
    assert (get("map:all") <= get("map") + 1e-12).all()


def test_users_can_come_in_any_order():
    rng = np.random.default_rng(3)
    hits = rng.random((40, 10)) < 0.2
    items = np.argsort(rng.random((40, 50)), axis=1)[:, :10].astype(np.int32)
    n_relevant = (hits.sum(axis=1) + rng.integers(0, 3, 40)).astype(np.int32)
    order = rng.permutation(40)
    straight = RankedLists(items, hits, n_relevant)
    shuffled = RankedLists(items[order], hits[order], n_relevant[order])
    for name in reference.ACCURACY:
        metric = parse(spelled(name, 7))
        np.testing.assert_array_equal(metric.compute(straight)[order], metric.compute(shuffled))


def test_users_without_relevant_items_are_not_judged():
    hits = np.array([[True, False], [False, False]])
    lists = RankedLists(
        np.array([[0, 1], [0, 1]], dtype=np.int32),
        hits,
        np.array([1, 0], dtype=np.int32),
        auc=np.array([0.7, 0.5]),
        first_rank=np.array([1.0, np.inf]),
    )
    for name in [*(spelled(name, 2) for name in reference.ACCURACY), "mrr", "auc"]:
        values = parse(name).compute(lists)
        assert np.isfinite(values[0])
        assert np.isnan(values[1])
        assert mean(values) == values[0]


def test_a_relevant_item_that_is_never_ranked_scores_zero():
    lists = RankedLists(
        np.array([[-1, -1]], dtype=np.int32),
        np.zeros((1, 2), dtype=bool),
        np.array([1], dtype=np.int32),
        first_rank=np.array([np.inf]),
    )
    assert parse("mrr").compute(lists)[0] == 0
    assert parse("ndcg@2").compute(lists)[0] == 0


def test_the_full_ranking_must_be_there_when_it_is_needed():
    lists = one_user((1,), 1)
    with pytest.raises(ValueError, match=r"RankedLists\.first_rank"):
        parse("mrr").compute(lists)
    with pytest.raises(ValueError, match=r"RankedLists\.auc"):
        parse("auc").compute(lists)


@pytest.mark.parametrize("name", [*reference.ACCURACY])
def test_lists_shorter_than_the_cutoff_are_refused(name: str):
    with pytest.raises(ValueError, match="needs lists of at least 6 items, but these hold 5"):
        parse(spelled(name, 6)).compute(one_user((1,), 1))


def test_no_users_at_all():
    lists = RankedLists(np.zeros((0, 5), np.int32), np.zeros((0, 5), bool), np.zeros(0, np.int32))
    for name in reference.ACCURACY:
        assert parse(spelled(name, 5)).compute(lists).shape == (0,)
    assert np.isnan(mean(parse("ndcg@5").compute(lists)))
