"""The demo's point: popularity beats chance, a simple personal method beats popularity, for several hundred test users."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from vitrina.data.gallery import Tastes, simulate

from .sizes import MIDDLE

K = 10


def per_user_ndcg(scores, seen, targets):
    scores = np.where(seen, -np.inf, scores)
    top = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    gains = np.take_along_axis(targets, top, axis=1) / np.log2(np.arange(2, K + 2))
    ideal = np.cumsum(1 / np.log2(np.arange(2, K + 2)))
    return gains.sum(1) / ideal[np.minimum(targets.sum(1), K) - 1]


def item_knn(train):
    products = train.T @ train
    norms = np.sqrt(np.diag(products))
    similar = products / (norms[:, None] * norms + 10)
    np.fill_diagonal(similar, 0)
    least = np.partition(similar, -50, axis=1)[:, -50:].min(1)
    return train @ np.where(similar >= least[:, None], similar, 0)


def results(data):
    """nDCG@10 of each test user: trained on the first 90 % of the time, tested on the rest, all works ranked."""
    likes = data.positives()
    times = likes.interactions["timestamp"].to_numpy()
    late = times >= times.min() + 0.9 * (times.max() - times.min())
    train, test = (likes.keep(mask).matrix().toarray() for mask in (~late, late))
    tested = test.sum(1) > 0
    methods = {
        "random": np.random.default_rng(0).random(train.shape),
        "popular": np.broadcast_to(train.sum(0), train.shape),
        "item knn": item_knn(train),
    }
    seen, targets = train[tested] > 0, test[tested].astype(np.int64)
    return {name: per_user_ndcg(scores[tested], seen, targets) for name, scores in methods.items()}


@pytest.mark.parametrize("seed", [0, 1])
def test_personal_beats_popular_beats_random(seed):
    ndcg = results(simulate(seed, **MIDDLE))
    assert len(ndcg["random"]) > 300
    assert ttest_rel(ndcg["popular"], ndcg["random"]).statistic > 4
    assert ttest_rel(ndcg["item knn"], ndcg["popular"]).statistic > 5
    assert ndcg["item knn"].mean() > 1.5 * ndcg["popular"].mean()


def test_nothing_to_learn_when_all_tastes_are_off():
    ndcg = results(simulate(0, **MIDDLE, tastes=Tastes.only()))
    for name in ("popular", "item knn"):
        assert abs(ttest_rel(ndcg[name], ndcg["random"]).statistic) < 4
