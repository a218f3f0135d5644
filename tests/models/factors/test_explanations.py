"""What the factor models say of their scores, against what their equations say."""

import numpy as np
import pytest

from tests.models.logs import random_log
from vitrina.models.explanation import REST, leave_one_out
from vitrina.models.factors import products, systems
from vitrina.models.registry import make


@pytest.fixture(scope="module")
def likes():
    return random_log(40, 25, 500)


@pytest.fixture(scope="module")
def targets():
    return np.arange(40, dtype=np.int32) % 25


def test_puresvd_is_the_product_of_the_two_items(likes, targets):
    model = make("puresvd", factors=4).fit(likes)
    found, known = model.explain(likes.histories(), targets), likes.histories()
    similar = model.item_vectors_ @ model.item_vectors_.T
    first = found.contributions != 0
    np.testing.assert_allclose(found.contributions[first], similar[known.items, targets[found.rows]][first], rtol=1e-4, atol=1e-6)


def test_nmf_divides_each_part_by_what_belongs_to_it(likes, targets):
    model, known = make("nmf", factors=5).fit(likes), likes.histories()
    found, h, weights = model.explain(known, targets), model.item_vectors_, model.query_vectors(known)
    x = likes.matrix().toarray()
    for row in range(40):
        mine = np.flatnonzero(x[row])
        parts = h[mine] / np.maximum(h[mine].sum(axis=0), 1e-30) @ (weights[row] * h[targets[row]])
        by_item = np.bincount(known.histories.row(row), found.contributions[found.rows == row], 25)
        np.testing.assert_allclose(by_item[mine], parts, rtol=1e-4, atol=1e-6)
    assert (found.contributions >= 0).all()


def test_nmf_agrees_with_leaving_out(likes, targets):
    model, known = make("nmf", factors=5).fit(likes), likes.histories()
    ours, left_out = model.explain(known, targets).contributions, leave_one_out(model, known, targets).contributions
    assert np.corrcoef(ours, left_out)[0, 1] > 0.7


@pytest.mark.parametrize("name", ["bpr-mf", "mf"])
def test_trained_users_are_a_ridge_regression_on_their_history(name, likes, targets):
    model, known = make(name, factors=4, lr=0.05, epochs=20).fit(likes), likes.histories()
    found, h, x = model.explain(known, targets), model.item_vectors_.astype(float), likes.matrix().toarray()
    for row in range(40):
        mine = np.flatnonzero(x[row])
        ridge = 0.1 * np.square(h[mine]).sum(axis=1).mean()
        weights = np.linalg.solve(h[mine] @ h[mine].T + ridge * np.eye(mine.size), h[mine] @ model.user_vectors_[row])
        by_item = np.bincount(known.histories.row(row), found.contributions[found.rows == row], 25)
        np.testing.assert_allclose(by_item[mine], weights * (h[mine] @ h[targets[row]]), rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(found.others["bias of the item"], model.item_biases_[targets])
    assert np.abs(found.others[REST]).sum() < np.abs(found.contributions).sum()


def test_trained_users_without_a_history_are_all_rest(likes, targets):
    model, known = make("bpr-mf", factors=4, epochs=2).fit(likes), likes.histories()
    nothing = known.keep(np.zeros(known.items.size, bool))
    found = model.explain(nothing, targets)
    np.testing.assert_allclose(found.totals, model.score(nothing, targets[:, None])[:, 0], rtol=1e-5)
    assert found.contributions.size == 0


def test_blocks_do_not_change_explanations(likes, targets, monkeypatch):
    """Histories of any length: one system at a time, a few products at a time."""
    model, known = make("ials", factors=8).fit(likes), likes.histories()
    whole = model.explain(known, targets).contributions
    monkeypatch.setattr(systems, "_BLOCK_BYTES", 1)
    monkeypatch.setattr(products, "_BLOCK_BYTES", 1000)
    np.testing.assert_allclose(model.explain(known, targets).contributions, whole, rtol=1e-4, atol=1e-7)
