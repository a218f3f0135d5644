import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ranking.scorers import Returns, Table, item_keys, people, queries
from vitrina.data.ragged import Ragged
from vitrina.errors import VitrinaError
from vitrina.ranking.rank import rank


def ragged(*rows: list[int]) -> Ragged:
    row_of = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    return Ragged.group(row_of, np.array([i for r in rows for i in r], np.int64), len(rows))


def listed(scorer, asked, k, **options):
    """All lists, scores and counts of missing scores in one piece."""
    batches = list(rank(scorer, asked, k, **options))
    assert [b.start for b in batches] == [0, *[b.stop for b in batches[:-1]]]
    return tuple(np.concatenate([getattr(b, name) for b in batches]) for name in ("items", "scores", "missing"))


TABLE = np.array([[0.1, 0.9, 0.5, 0.3], [0.4, 0.2, 0.8, 0.6]])


def test_best_first_with_hidden_items():
    items, scores, missing = listed(Table(TABLE), people(2), 3, item_keys=item_keys(4), hidden=ragged([1], [0, 2]))
    assert items.tolist() == [[2, 3, 0], [3, 1, -1]]
    np.testing.assert_array_equal(scores, np.array([[0.5, 0.3, 0.1], [0.6, 0.2, np.nan]], np.float32))
    assert missing.tolist() == [0, 0]


def test_shared_candidates():
    shared = np.array([0, 2, 3], np.int32)
    items, _, _ = listed(Table(TABLE), people(2), 3, item_keys=item_keys(4), candidates=shared, hidden=ragged([1, 2], []))
    assert items.tolist() == [[3, 0, -1], [2, 3, 0]]


def test_candidates_per_query_with_padding_and_hidden_items():
    candidates = ragged([3, 1], [2, 0, 1])
    items, scores, missing = listed(
        Table(TABLE), people(2), 3, item_keys=item_keys(4), candidates=candidates, hidden=ragged([], [2])
    )
    assert items.tolist() == [[1, 3, -1], [0, 1, -1]]
    assert np.isnan(scores[:, 2]).all()
    assert missing.tolist() == [0, 0]  # padding is no candidate


def test_more_asked_than_there_is():
    items, scores, _ = listed(Table(TABLE), people(2), 9, item_keys=item_keys(4))
    assert items.shape == scores.shape == (2, 9)
    assert (items[:, 4:] == -1).all()


@pytest.mark.parametrize("candidates", [np.empty(0, np.int32), ragged([], [])])
def test_nothing_on_offer(candidates):
    scorer = Table(TABLE)
    items, scores, missing = listed(scorer, people(2), 2, item_keys=item_keys(4), candidates=candidates, hidden=ragged([1], [2]))
    assert items.tolist() == [[-1, -1], [-1, -1]]
    assert np.isnan(scores).all()
    assert missing.tolist() == [0, 0]
    assert not scorer.asked


def test_some_queries_without_candidates():
    items, _, _ = listed(Table(TABLE), people(2), 2, item_keys=item_keys(4), candidates=ragged([], [1, 3]))
    assert items.tolist() == [[-1, -1], [3, 1]]


def test_no_queries():
    assert list(rank(Table(TABLE), people(0), 2, item_keys=item_keys(4))) == []


def test_missing_scores_are_counted_and_never_listed():
    table = TABLE.copy()
    table[0, [1, 2]] = np.nan
    for candidates in (None, np.arange(4, dtype=np.int32), ragged([0, 1, 2, 3], [0, 1, 2, 3])):
        items, _, missing = listed(
            Table(table), people(2), 4, item_keys=item_keys(4), candidates=candidates, hidden=ragged([1], [])
        )
        assert items.tolist() == [[3, 0, -1, -1], [2, 3, 0, 1]]
        assert missing.tolist() == [2, 0]


def test_a_model_without_scores_gets_nothing():
    items, scores, missing = listed(Table(np.full((2, 4), np.nan)), people(2), 4, item_keys=item_keys(4))
    assert (items == -1).all()
    assert np.isnan(scores).all()
    assert missing.tolist() == [4, 4]


@st.composite
def rankings(draw):
    """A table of scores with many ties and gaps, hidden items, and candidates of every kind."""
    n, m = draw(st.integers(1, 30)), draw(st.integers(1, 25))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    table = rng.integers(0, 4, (n, m)).astype(float)
    table[rng.random((n, m)) < 0.1] = np.nan

    def lists() -> Ragged:
        return ragged(*[np.sort(rng.permutation(m)[: rng.integers(0, m + 1)]).tolist() for _ in range(n)])

    kind = draw(st.sampled_from(["all", "shared", "per query"]))
    some = np.sort(rng.permutation(m)[: rng.integers(0, m + 1)]).astype(np.int32)
    candidates = {"all": None, "shared": some, "per query": lists()}[kind]
    return table, candidates, lists()


@given(rankings(), st.integers(1, 2000))
@settings(max_examples=150)
def test_budgets_do_not_change_results(case, budget):
    table, candidates, hidden = case
    n, m = table.shape
    options = {"item_keys": item_keys(m), "candidates": candidates, "hidden": hidden}
    small, large = Table(table), Table(table)
    piecewise = listed(small, people(n), 7, **options, budget=budget)
    whole = listed(large, people(n), 7, **options)
    for one, other in zip(piecewise, whole, strict=True):
        np.testing.assert_array_equal(one, other)
    assert all(rows == 1 or 3 * 4 * rows * columns <= budget for rows, columns in small.asked)
    items, scores, _ = whole
    for row in range(n):
        mine = items[row][items[row] >= 0]
        allowed = (
            set(range(m))
            if candidates is None
            else set(candidates.row(row).tolist() if isinstance(candidates, Ragged) else candidates.tolist())
        )
        allowed -= set(hidden.row(row).tolist()) | set(np.flatnonzero(np.isnan(table[row])).tolist())
        assert len(set(mine.tolist())) == len(mine) == min(7, len(allowed))
        assert set(mine.tolist()) <= allowed
        np.testing.assert_array_equal(scores[row, : len(mine)], np.sort(table[row, sorted(allowed)])[::-1][:7])


def test_seeds_change_ties_only():
    table = np.random.default_rng(0).integers(0, 3, (40, 30))
    one, other = (listed(Table(table), people(40), 5, item_keys=item_keys(30), seed=s) for s in (1, 2))
    np.testing.assert_array_equal(one[1], other[1])
    assert (one[0] != other[0]).any()
    np.testing.assert_array_equal(one[0], listed(Table(table), people(40), 5, item_keys=item_keys(30), seed=1)[0])


@pytest.mark.parametrize("per_query", [True, False])
def test_a_constant_scorer_scores_at_chance(per_query):
    """The target is always the first of the 100 candidates: any preference for positions would show."""
    n, n_items = 2000, 500
    rng = np.random.default_rng(0)
    if per_query:
        each = np.stack([rng.permutation(n_items)[:100] for _ in range(n)]).astype(np.int32)
        candidates = ragged(*each.tolist())
        target = each[:, :1]
    else:
        candidates = np.sort(rng.permutation(n_items)[:100]).astype(np.int32)
        target = candidates[0]
    items, _, _ = listed(Table(np.zeros((n, n_items))), people(n), 10, item_keys=item_keys(n_items), candidates=candidates)
    hits = (items == target).any(axis=1).mean()
    assert abs(hits - 0.1) < 3 * np.sqrt(0.1 * 0.9 / n)


@pytest.mark.parametrize(
    ("returned", "given_as"),
    [
        (np.zeros((2, 4)), r"float64 \[2, 4\]"),
        (np.zeros((2, 3), np.float32), r"float32 \[2, 3\]"),
        (np.zeros((4, 2), np.float32), r"float32 \[4, 2\]"),
        (np.zeros(8, np.float32), r"float32 \[8\]"),
        ([[0.0] * 4] * 2, "list"),
        (None, "NoneType"),
    ],
)
def test_a_wrong_model_is_named(returned, given_as):
    with pytest.raises(VitrinaError, match=rf"Returns\.score returned {given_as}; expected float32 \[2, 4\]"):
        list(rank(Returns(lambda q, i: returned), people(2), 2, item_keys=item_keys(4)))


def test_read_only_and_transposed_scores_are_taken():
    frozen = TABLE.astype(np.float32)
    frozen.flags.writeable = False
    for scores in (frozen, np.asfortranarray(TABLE.astype(np.float32))):
        before = scores.copy()
        items, _, _ = listed(Returns(lambda q, i, s=scores: s), people(2), 2, item_keys=item_keys(4), hidden=ragged([1], []))
        assert items.tolist() == [[2, 3], [2, 3]]
        np.testing.assert_array_equal(scores, before)


def test_lists_must_be_one_per_query():
    for name in ("candidates", "hidden"):
        with pytest.raises(VitrinaError, match=f"{name} has 1 rows for 2 queries"):
            list(rank(Table(TABLE), people(2), 2, item_keys=item_keys(4), **{name: ragged([0])}))


def test_histories_of_unknown_people_break_ties_alike_in_any_order():
    scorer = Returns(lambda q, i: np.zeros((len(q), 9), np.float32))
    first, second = listed(scorer, queries([0, 5], [5, 0], n_items=9), 9, item_keys=item_keys(9))[0]
    np.testing.assert_array_equal(first, second)
