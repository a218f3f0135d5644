import numpy as np
import pytest

from tests.models.logs import random_log, shuffled
from vitrina.errors import VitrinaError
from vitrina.models.linear.ease import EASE


def ridge_regressions(x: np.ndarray, l2: float) -> np.ndarray:
    """Predict each column from the others: one regression per item, in float64, with its own column removed."""
    weights = np.zeros((x.shape[1], x.shape[1]))
    for target in range(x.shape[1]):
        others = np.delete(np.arange(x.shape[1]), target)
        a = x[:, others]
        weights[others, target] = np.linalg.solve(a.T @ a + l2 * np.eye(len(others)), a.T @ x[:, target])
    return weights


@pytest.mark.parametrize("l2", [0.5, 20.0, 500.0])
def test_equals_one_ridge_regression_per_item(l2):
    toy = random_log(80, 30, 700)
    model = EASE(l2=l2).fit(toy)
    assert (np.diag(model.weights_) == 0).all()
    np.testing.assert_allclose(model.weights_, ridge_regressions(toy.matrix().toarray().astype(float), l2), atol=1e-5)


def test_scores_are_histories_times_weights():
    toy = random_log(50, 20, 300)
    model = EASE(l2=10).fit(toy)
    right = toy.matrix().toarray() @ model.weights_
    np.testing.assert_allclose(model.score(toy.histories()), right, rtol=1e-5, atol=1e-6)


def test_order_of_users_does_not_matter():
    toy = random_log(60, 25, 500)
    permuted = shuffled(toy)
    items = permuted.items.encode(toy.items.ids)
    there = EASE(l2=10).fit(permuted).weights_[np.ix_(items, items)]
    np.testing.assert_allclose(there, EASE(l2=10).fit(toy).weights_, atol=1e-6)


def test_more_items_than_users_without_penalty():
    with pytest.raises(VitrinaError, match="larger penalty"):
        EASE(l2=0).fit(random_log(3, 20, 40))
