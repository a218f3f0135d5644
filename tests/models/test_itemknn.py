import math

import numpy as np
import pytest

from tests.kernels import slow
from tests.models.logs import random_log, shuffled
from vitrina.models.neighbours.itemknn import ItemKNN

K1, B = 1.2, 0.75


def weights_of(x: np.ndarray, weighting: str) -> np.ndarray:
    """Weight each non-zero of ``x [n_users, n_items]``, entry by entry."""
    n_users, n_items = x.shape
    mean_length = x.sum() / n_items
    out = np.zeros((n_users, n_items))
    for u in range(n_users):
        idf = math.log(n_items / (1 + x[u].sum()))
        for i in np.flatnonzero(x[u]):
            length = (1 - B) + B * x[:, i].sum() / mean_length
            out[u, i] = {"none": 1, "tf-idf": math.sqrt(1) * idf, "bm25": (K1 + 1) / (K1 * length + 1) * idf}[weighting]
    return out


def similarities(x: np.ndarray, weighting: str, shrink: float, normalise: bool) -> np.ndarray:
    """Compare all pairs of items, one by one."""
    x = weights_of(x, weighting)
    n = x.shape[1]
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            product = sum(x[u, i] * x[u, j] for u in range(len(x)))
            if normalise:
                product /= math.sqrt((x[:, i] ** 2).sum()) * math.sqrt((x[:, j] ** 2).sum()) + shrink + 1e-6
            elif shrink > 0:
                product /= shrink
            out[i, j] = product
    return out


@pytest.mark.parametrize("weighting", ["none", "tf-idf", "bm25"])
@pytest.mark.parametrize(("normalise", "shrink"), [(True, 0.0), (True, 20.0), (False, 0.0), (False, 20.0)])
def test_similarities_against_loops(weighting, normalise, shrink):
    toy = random_log(40, 25, 260)
    x = toy.matrix().toarray()
    right = similarities(x, weighting, shrink, normalise)
    model = ItemKNN(neighbours=25, weighting=weighting, normalise=normalise, shrink=shrink).fit(toy)
    np.testing.assert_allclose(model.weights_.toarray(), right, rtol=1e-5, atol=1e-6)
    # The history stays binary, whatever the weighting.
    np.testing.assert_allclose(model.score(toy.histories()), x @ right, rtol=1e-4, atol=1e-5)

    few = ItemKNN(neighbours=4, weighting=weighting, normalise=normalise, shrink=shrink).fit(toy).weights_.toarray()
    for target in range(25):
        kept = np.sort(few[:, target][few[:, target] != 0])[::-1]
        best = np.sort(right[:, target][right[:, target] != 0])[::-1][:4]
        np.testing.assert_allclose(kept, best, rtol=1e-5)


def test_equal_similarities_are_chosen_by_hash():
    """Plain co-occurrence counts tie all the time, and exactly."""
    toy = random_log(30, 20, 150)
    counts = similarities(toy.matrix().toarray(), "none", 0, False)
    weights = ItemKNN(neighbours=3, normalise=False, shrink=0).fit(toy).weights_.toarray()
    keys = toy.items.keys
    ties = 0
    for target in range(20):
        order = [i for i in slow.ranking(counts[:, target], keys[target], keys) if counts[i, target] != 0]
        assert sorted(np.flatnonzero(weights[:, target])) == sorted(order[:3])
        ties += len(order) > 3 and counts[order[2], target] == counts[order[3], target]
    assert ties > 5


def test_blocks_of_targets():
    """More items than one block of targets; a pair of items bought together by everybody stays together."""
    toy = random_log(60, 1100, 4000)
    weights = ItemKNN(neighbours=10, shrink=0).fit(toy).weights_
    dense = toy.matrix().toarray().astype(float)
    norms = np.linalg.norm(dense, axis=0)
    cosines = dense.T @ dense / (np.outer(norms, norms) + 1e-6)
    np.fill_diagonal(cosines, 0)
    for target in (0, 511, 512, 1023, 1024, 1099):
        column = weights[:, [target]].toarray().ravel()
        best = np.sort(cosines[:, target])[::-1][:10]
        np.testing.assert_allclose(np.sort(column)[::-1][:10], best, atol=1e-6)
        assert np.count_nonzero(column) == np.count_nonzero(best)


def test_equal_similarities_do_not_depend_on_the_order_of_items():
    """Counts are exact, so that the choice among ties must be the same in every block of targets."""
    toy = random_log(60, 1100, 4000)
    permuted = shuffled(toy)
    items = permuted.items.encode(toy.items.ids)
    settings = {"neighbours": 3, "normalise": False, "shrink": 0}
    there = ItemKNN(**settings).fit(permuted).weights_[items][:, items]
    assert (there != ItemKNN(**settings).fit(toy).weights_).nnz == 0
