import os

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.models.logs import random_log
from vitrina.errors import VitrinaError
from vitrina.models.base import Shape
from vitrina.models.linear import pairs
from vitrina.models.linear.ease import EASE
from vitrina.models.linear.ease_sparse import SparseEASE, most_correlated


@pytest.mark.parametrize("l2", [0.5, 20.0, 500.0])
@pytest.mark.parametrize("neighbours", [29, 1000])
def test_is_ease_when_all_items_are_neighbours(l2, neighbours):
    toy = random_log(80, 30, 700)
    sparse, exact = SparseEASE(l2=l2, neighbours=neighbours).fit(toy), EASE(l2=l2).fit(toy)
    np.testing.assert_allclose(sparse.weights_.toarray(), exact.weights_, atol=2e-5)


def test_is_ease_on_its_pattern():
    toy = random_log(80, 30, 700)
    x = toy.matrix().toarray().astype(float)
    weights = SparseEASE(l2=5, neighbours=6).fit(toy).weights_.toarray()
    for target in range(30):
        sources = np.flatnonzero(weights[:, target])
        assert len(sources) <= 6
        block = x[:, [target, *sources]]
        inverse = np.linalg.inv(block.T @ block + 5 * np.eye(len(sources) + 1))
        np.testing.assert_allclose(weights[sources, target], -inverse[1:, 0] / inverse[0, 0], atol=1e-5)


def test_neighbours_are_the_most_correlated():
    toy = random_log(90, 25, 600)
    x = toy.matrix()
    right = np.abs(np.corrcoef(x.toarray().astype(float), rowvar=False))
    np.fill_diagonal(right, -1)
    found = most_correlated(x, 7, toy.items.keys)
    assert found.shape == (25, 7)
    for target in range(25):
        assert target not in found[target]
        assert len(set(found[target])) == 7
        np.testing.assert_allclose(right[target, found[target]], np.sort(right[target])[::-1][:7], atol=1e-5)


def test_constant_items_have_no_correlation():
    """One item everybody has, one that nobody has: no division by zero, and they come last."""
    toy = random_log(90, 25, 600)
    x = toy.matrix().toarray()
    x[:, 3], x[:, 4] = 1, 0
    found = most_correlated(csr_matrix(x), 24, toy.items.keys)
    assert (np.sort(found[0]) == np.arange(1, 25)).all()
    assert set(found[7, -2:]) == {3, 4}


def test_the_way_pairs_are_kept_changes_nothing(monkeypatch):
    toy = random_log(60, 25, 500)
    dense = SparseEASE(neighbours=9).fit(toy).weights_
    monkeypatch.setattr(pairs, "total_memory", lambda: 0)
    assert pairs.storage(Shape.of(toy))[0] == "log"
    assert (SparseEASE(neighbours=9).fit(toy).weights_ != dense).nnz == 0


def test_without_penalty():
    with pytest.raises(VitrinaError, match="larger penalty"):
        SparseEASE(l2=0).fit(random_log(3, 20, 40))


@pytest.mark.needs_data
@pytest.mark.skipif(
    not os.path.isdir(os.path.join(os.environ.get("VITRINA_DATA", ""), "ml-1m-ncf")),
    reason="VITRINA_DATA does not hold ml-1m-ncf",
)
def test_one_weight_in_twenty_is_nearly_as_good():
    """MovieLens-1M: 5 % of the weights, 97 % of the accuracy of all (tuned for all)."""
    from vitrina.data.known import open_split
    from vitrina.evaluation.evaluate import evaluate

    split = open_split("ml-1m-ncf", "published")
    train, test = split.train_and_validation, split.open_test()
    models = EASE(l2=1320).fit(train), SparseEASE(l2=1320, neighbours=185).fit(train)
    assert models[1].weights_.nnz <= 0.05 * train.n_items**2
    exact, sparse = (evaluate(m, test, train, ["ndcg@10"], seed=0).metrics["ndcg@10"] for m in models)
    assert sparse >= 0.97 * exact
