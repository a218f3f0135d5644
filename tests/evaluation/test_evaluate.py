import resource
import sys
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.data.splits.protocols import make_split
from vitrina.data.splits.split import Label, Part, Split
from vitrina.errors import DataError
from vitrina.evaluation.evaluate import evaluate
from vitrina.kernels import topk
from vitrina.models.registry import make
from vitrina.ranking.memory import parse_bytes
from vitrina.ranking.scorer import Items, Scores


class Table:
    """A scorer that knows the score of every (user, item) pair."""

    def __init__(self, scores: Scores) -> None:
        self.scores = scores

    def score(self, queries: Queries, items: Items = None) -> Scores:
        assert queries.users is not None
        rows = self.scores[queries.users]
        if items is None:
            return rows.copy()
        return rows[:, items] if items.ndim == 1 else np.take_along_axis(rows, items.astype(np.int64), axis=1)


def log(n_users: int = 80, n_items: int = 30, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    pairs = np.argwhere(rng.random((n_users, n_items)) < 0.4)
    frame = pl.DataFrame({"user": pairs[:, 0].astype(str), "item": pairs[:, 1].astype(str)})
    return Dataset.from_frame(frame)


@pytest.fixture(scope="module")
def split() -> Split:
    return make_split(log(), "per-user-ratio", seed=0)


def by_hand(scores: Scores, part: Part, k: int) -> list[float]:
    """Recall of each user, by sorting."""
    found = []
    for row, user in enumerate(part.users):
        mine = scores[user].copy()
        mine[part.queries.histories.row(row)] = -np.inf
        best = np.argsort(-mine)[:k]
        targets = part.targets.row(row)
        found.append(np.isin(best, targets).sum() / len(targets))
    return found


def test_equals_a_ranking_by_hand(split: Split):
    scores = np.random.default_rng(1).random((split.dataset.n_users, split.dataset.n_items), dtype=np.float32)
    part = split.open_test()
    result = evaluate(Table(scores), part, split.train_and_validation, ["recall@5"])
    assert result.per_user["recall@5"].to_list() == pytest.approx(by_hand(scores, part, 5))
    assert result.metrics["recall@5"] == pytest.approx(np.mean(by_hand(scores, part, 5)))
    assert result.per_user["user"].to_list() == split.dataset.users.decode(part.users).to_list()
    assert result.per_user["history_length"].to_list() == part.queries.histories.lengths.tolist()


def test_an_oracle_is_perfect_and_chance_is_chance(split: Split):
    part = split.open_test()
    scores = np.zeros((split.dataset.n_users, split.dataset.n_items), np.float32)
    scores[np.repeat(part.users, part.targets.lengths), part.targets.values] = 1
    names = ["ndcg@10", "mrr", "auc", "hr@1"]
    assert evaluate(Table(scores), part, split.train, names).metrics == pytest.approx(dict.fromkeys(names, 1.0))
    constant = evaluate(Table(np.zeros_like(scores)), part, split.train, ["auc"]).metrics
    assert constant["auc"] == pytest.approx(0.5)


def test_a_constant_scorer_hits_one_candidate_in_ten():
    """Ties are broken at random, never by the place of the positive."""
    n_users, n_items = 4000, 400
    rng = np.random.default_rng(0)
    items = np.array([rng.choice(n_items, 100, replace=False) for _ in range(n_users)])
    targets = items[:, 99]  # always last before sorting
    users = np.repeat(np.arange(n_users), 2)
    history = (targets + 1) % n_items
    frame = pl.DataFrame({"user": users.astype(str), "item": np.stack([history, targets], axis=1).ravel().astype(str)})
    catalogue = pl.DataFrame({"id": [str(i) for i in range(n_items)]})
    dataset = Dataset.from_frame(frame, items=catalogue)
    labels = np.tile(np.array([Label.TRAIN, Label.TEST], np.uint8), n_users)
    candidates = Ragged.sets(np.repeat(np.arange(n_users), 100), items.ravel(), n_users)
    part = Split(dataset, labels, "sampled", candidates={"test": candidates}).open_test()
    constant = Table(np.ones((n_users, n_items), np.float32))
    result = evaluate(constant, part, dataset, ["hr@10"])
    hidden = np.isin(history, items).mean() / 100  # some lists lose one candidate that is in the history
    assert result.metrics["hr@10"] == pytest.approx(0.10 + hidden, abs=3 * np.sqrt(0.09 / n_users))


def test_missing_scores_never_help_and_are_counted(split: Split):
    part = split.open_test()
    scores = np.full((split.dataset.n_users, split.dataset.n_items), np.nan, np.float32)
    result = evaluate(Table(scores), part, split.train, ["recall@10", "auc", "mrr", "user_coverage@10"])
    assert result.metrics["recall@10"] == result.metrics["mrr"] == result.metrics["user_coverage@10"] == 0
    assert result.missing_scores == len(part) * split.dataset.n_items


def test_lists_longer_than_the_catalogue(split: Split):
    model = make("popular").fit(split.train)
    result = evaluate(model, split.open_test(), split.train, ["recall@100", "precision@100"])
    assert result.metrics["recall@100"] == 1


@settings(max_examples=15, deadline=None)
@given(budget=st.integers(1, 200_000), seed=st.integers(0, 3))
def test_the_memory_budget_changes_nothing(budget: int, seed: int):
    split = make_split(log(seed=seed), "per-user-ratio", seed=0)
    model = make("itemknn", neighbours=5).fit(split.train)
    names = ["ndcg@10", "coverage@5", "auc", "diversity@5"]
    whole = evaluate(model, split.open_test(), split.train, names)
    parts = evaluate(model, split.open_test(), split.train, names, budget=budget)
    assert whole.metrics == pytest.approx(parts.metrics)
    assert np.array_equal(whole.lists.items, parts.lists.items)


def test_histories_are_not_hidden_where_people_repeat():
    dataset = log()
    repeating = Dataset(dataset.interactions, dataset.users, dataset.catalogue, dataset.info.model_copy(update={"repeats": True}))
    split = make_split(repeating, "per-user-ratio", seed=0)
    part = split.open_test()
    result = evaluate(make("itemknn").fit(split.train), part, split.train, ["recall@30"])
    assert (result.lists.items >= 0).all()


def test_an_empty_part_is_refused(split: Split):
    empty = Split(split.dataset, np.full(len(split.dataset), Label.TRAIN, np.uint8), "none")
    with pytest.raises(DataError, match="empty"):
        evaluate(make("popular").fit(split.train), empty.open_test(), split.train, ["ndcg@10"])


#: Twelve metrics at three cut-offs.
MANY = [
    f"{name}@{k}{variant}"
    for name, variant in (
        ("recall", ""), ("recall", ":capped"), ("precision", ""), ("f1", ""), ("hr", ""), ("hr", ":count"),
        ("ndcg", ""), ("ndcg", ":full"), ("ndcg", ":hits"), ("map", ""), ("map", ":k"), ("mrr", ""),
    )
    for k in (10, 20, 100)
]  # fmt: skip


@pytest.mark.slow
def test_metrics_cost_little_beside_scoring():
    """All of evaluation within 1.5 times scoring and exact top-100 alone, at the size of MovieLens-1M."""
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, 6040, 1_100_000), (3706 * rng.power(0.4, 1_100_000)).astype(int)
    dataset = Dataset.from_frame(pl.DataFrame({"user": users.astype(str), "item": items.astype(str)}))
    split = make_split(dataset, "per-user-ratio", seed=0)
    part, train = split.open_test(), split.train_and_validation
    model = make("ials", factors=64, epochs=1).fit(train)
    hidden = part.queries.sets
    columns = np.arange(dataset.n_items, dtype=np.int32)

    def bare() -> float:
        started = time.perf_counter()
        for start, batch in part.queries.batches(4000):
            scores = model.score(batch)
            seen = hidden.rows(start, start + len(batch))
            topk.hide(scores, seen.offsets, seen.values, columns)
            topk.top_k(scores, 100, row_keys=batch.keys, column_keys=dataset.items.keys)
        return time.perf_counter() - started

    def whole() -> float:
        started = time.perf_counter()
        evaluate(model, part, train, MANY)
        return time.perf_counter() - started

    bare(), whole()
    ratios = [whole() / bare() for _ in range(7)]
    assert np.median(ratios) < 1.5, ratios


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read in Linux units")
def test_two_hundred_thousand_users_fit_two_gigabytes():
    rng = np.random.default_rng(0)
    n = 1_000_000
    users, items = rng.integers(0, 200_000, n), rng.integers(0, 50_000, n)
    dataset = Dataset.from_frame(
        pl.DataFrame({"user": users.astype(str), "item": items.astype(str)}),
        items=pl.DataFrame({"id": [str(i) for i in range(50_000)]}),
        users=pl.DataFrame({"id": [str(u) for u in range(200_000)]}),
    )
    split = make_split(dataset, "per-user-ratio", seed=0, min_events=1)
    part = split.open_test()
    model = make("random").fit(split.train)
    names = ["ndcg@10", "ndcg@100", "recall@100", "coverage@10", "novelty@10"]
    evaluate(model, part, split.train, names, budget=parse_bytes("2GB"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < parse_bytes("2GB")
