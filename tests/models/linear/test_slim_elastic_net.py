import numpy as np
import pytest

from tests.models.logs import log, random_log
from vitrina.models.base import Shape
from vitrina.models.linear import pairs
from vitrina.models.linear.pairs import storage
from vitrina.models.linear.slim_elastic_net import SLIMElasticNet


def objective(x: np.ndarray, target: int, w: np.ndarray, alpha: float, l1_ratio: float) -> float:
    """The objective as scikit-learn writes it."""
    fit = ((x[:, target] - x @ w) ** 2).sum() / (2 * len(x))
    return fit + alpha * l1_ratio * np.abs(w).sum() + 0.5 * alpha * (1 - l1_ratio) * (w**2).sum()


@pytest.mark.parametrize(("alpha", "l1_ratio"), [(0.05, 0.1), (0.3, 0.0), (0.02, 1.0)])
def test_no_feasible_weights_are_better(alpha, l1_ratio):
    toy = random_log(60, 20, 400)
    x = toy.matrix().toarray().astype(float)
    weights = SLIMElasticNet(alpha=alpha, l1_ratio=l1_ratio, neighbours=20).fit(toy).weights_.toarray().astype(float)
    assert (weights >= 0).all()
    assert (np.diag(weights) == 0).all()
    rng = np.random.default_rng(0)
    for target in range(20):
        mine = weights[:, target]
        best = objective(x, target, mine, alpha, l1_ratio)
        for size in (1e-3, 1e-2, 0.1):
            for _ in range(20):
                other = np.maximum(0, mine + size * rng.normal(size=20) * (rng.random(20) < 0.3))
                other[target] = 0
                assert objective(x, target, other, alpha, l1_ratio) >= best - 1e-7


def test_keeps_exactly_the_largest():
    toy = random_log(60, 25, 500)
    whole = SLIMElasticNet(neighbours=25).fit(toy).weights_.toarray()
    few = SLIMElasticNet(neighbours=4).fit(toy).weights_.toarray()
    assert ((whole > 0).sum(axis=0) > 5).all()
    for target in range(25):
        kept = np.flatnonzero(few[:, target])
        np.testing.assert_array_equal(np.sort(kept), np.sort(np.argsort(-whole[:, target])[:4]))
        np.testing.assert_array_equal(few[kept, target], whole[kept, target])


def test_as_published_drops_one_weight_unless_there_are_more_than_are_kept():
    toy = random_log(60, 25, 500)
    whole = SLIMElasticNet(neighbours=25).fit(toy).weights_.toarray()
    dropped = SLIMElasticNet(neighbours=25, as_published=True).fit(toy).weights_.toarray()
    for target in range(25):
        smallest = np.where(whole[:, target] > 0, whole[:, target], np.inf).argmin()
        np.testing.assert_array_equal(np.flatnonzero(whole[:, target] != dropped[:, target]), [smallest])
        assert dropped[smallest, target] == 0
    few, few_published = (SLIMElasticNet(neighbours=4, as_published=p).fit(toy).weights_ for p in (False, True))
    assert (few != few_published).nnz == 0


def test_as_published_with_a_single_weight_or_none():
    toy = log([("u", "a"), ("u", "b"), ("v", "c")])
    weights = SLIMElasticNet(as_published=True).fit(toy).weights_
    assert weights.nnz == 0
    assert SLIMElasticNet().fit(toy).weights_.nnz == 2


def test_scores_are_histories_times_weights():
    toy = random_log(50, 20, 300)
    model = SLIMElasticNet().fit(toy)
    right = toy.matrix().toarray() @ model.weights_.toarray()
    np.testing.assert_allclose(model.score(toy.histories()), right, rtol=1e-5, atol=1e-6)


def test_the_way_pairs_are_kept_depends_on_their_size(monkeypatch):
    monkeypatch.setattr(pairs, "total_memory", lambda: 16 * 10**9)
    assert storage(Shape(6000, 3700, 10**6, 3 * 10**8)) == ("dense", 2 * 3700**2)
    assert storage(Shape(10**6, 3700, 10**7, 3 * 10**8)) == ("dense", 4 * 3700**2)
    way, needed = storage(Shape(5500, 17_000, 55_000, 550_000))  # citeulike: few pairs occur
    assert way == "sparse"
    assert needed == pytest.approx(8 * 550_000, rel=0.01)
    assert storage(Shape(10**6, 10**6, 10**8, 10**11)) == ("log", 0)
    assert storage(Shape(1, 0, 0, 0)) == ("dense", 0)


def test_the_way_pairs_are_kept_changes_only_rounding(monkeypatch):
    toy = random_log(60, 25, 500)
    dense = SLIMElasticNet().fit(toy).weights_.toarray()
    monkeypatch.setattr(pairs, "total_memory", lambda: 0)
    assert storage(Shape.of(toy))[0] == "log"
    np.testing.assert_allclose(SLIMElasticNet().fit(toy).weights_.toarray(), dense, atol=1e-6)
