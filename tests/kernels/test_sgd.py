import numpy as np
import pytest

from vitrina.kernels.sgd import bpr_epoch, logistic_epoch
from vitrina.kernels.strata import Strata


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def one_user(n_consumed: int, n_items: int) -> Strata:
    """One user who consumed the first items."""
    return Strata(np.array([0, n_consumed], np.int32), np.arange(n_consumed, dtype=np.int32), n_items)


def vectors(n_users: int, n_items: int) -> tuple:
    return rng().normal(size=(n_users, 3)).astype(np.float32), rng(1).normal(size=(n_items, 3)).astype(np.float32)


def test_a_bpr_step_by_hand():
    """With one consumed item and one other, every step is the same pair."""
    users, items = vectors(1, 2)
    biases = np.array([0.2, -0.1], np.float32)
    w, hi, hj, b = users[0].astype(float), items[0].astype(float), items[1].astype(float), biases.astype(float)
    x = b[0] - b[1] + w @ (hi - hj)
    g = 1 / (1 + np.exp(x))
    loss = bpr_epoch(one_user(1, 2), users, items, biases, lr=0.1, reg_user=0.01, reg_positive=0.02, reg_negative=0.03, rng=rng())
    assert loss == pytest.approx(-np.log(1 / (1 + np.exp(-x))), rel=1e-5)
    assert users[0] == pytest.approx(w + 0.1 * (g * (hi - hj) - 0.01 * w), rel=1e-5)
    assert items[0] == pytest.approx(hi + 0.1 * (g * w - 0.02 * hi), rel=1e-5)
    assert items[1] == pytest.approx(hj + 0.1 * (-g * w - 0.03 * hj), rel=1e-5)
    assert biases == pytest.approx([b[0] + 0.1 * (g - 0.02 * b[0]), b[1] + 0.1 * (-g - 0.03 * b[1])], rel=1e-5)


def draws_of(strata: Strata, n_users: int, n_items: int, epochs: int) -> np.ndarray:
    """Return how much more often each item was drawn as consumed than as not: vectors of zeros, tiny steps of biases."""
    lr, total = 1e-6, np.zeros(n_items)
    for seed in range(epochs):
        biases = np.zeros(n_items, np.float32)
        users, items = np.zeros((n_users, 1), np.float32), np.zeros((n_items, 1), np.float32)
        bpr_epoch(strata, users, items, biases, lr=lr, reg_user=0, reg_positive=0, reg_negative=0, rng=rng(seed))
        total += biases / (0.5 * lr)
    return total


def test_bpr_never_draws_a_consumed_item_and_draws_others_alike():
    epochs = 3000
    drawn = draws_of(one_user(4, 10), 1, 10, epochs)
    assert drawn[:4] == pytest.approx(np.full(4, epochs), rel=0.1)
    assert drawn[4:] == pytest.approx(np.full(6, -epochs * 4 / 6), rel=0.1)


def test_bpr_draws_alike_across_strata():
    """Everybody consumed item 0 and one other: events are drawn alike, and so are the items against them."""
    n_users, n_items, epochs = 512, 512, 100
    offsets = 2 * np.arange(n_users + 1, dtype=np.int32)
    others = rng().permutation(n_items - 1)[np.arange(n_users) % (n_items - 1)] + 1
    strata = Strata(offsets, np.stack([0 * others, others], axis=1).astype(np.int32).ravel(), n_items)
    assert strata.n_blocks == 8
    drawn = draws_of(strata, n_users, n_items, epochs)
    assert drawn[0] == pytest.approx(epochs * n_users, rel=0.02)  # as often as it has events, never against them
    assert drawn.sum() == pytest.approx(0, abs=1)
    # An epoch's draws against an item: 9 where it is dealt to the block of item 0, which has half of all events, else 1.
    assert drawn[1:].std() < 1.2 * np.sqrt((7 + 3) * epochs)


def test_a_user_who_has_everything_is_passed_over():
    users, items = np.ones((1, 2), np.float32), np.ones((2, 2), np.float32)
    rates = {"lr": 0.1, "reg_user": 0.1, "reg_positive": 0.1, "reg_negative": 0.1, "rng": rng()}
    bpr_epoch(one_user(2, 2), users, items, np.zeros(2, np.float32), **rates)
    assert (users == 1).all()


def test_a_logistic_step_by_hand():
    users, items = vectors(1, 1)
    w, h = users[0].astype(float), items[0].astype(float)
    bu, bi, b = np.array([0.1], np.float32), np.array([0.2], np.float32), np.array([0.3], np.float32)
    x = 0.6 + w @ h
    error = 1 - 1 / (1 + np.exp(-x))
    loss = logistic_epoch(one_user(1, 1), users, items, bu, bi, b, negatives=0, lr=0.1, reg=0.01, rng=rng())
    assert loss == pytest.approx(np.log(1 + np.exp(-x)), rel=1e-5)
    assert users[0] == pytest.approx(w + 0.1 * (error * h - 0.01 * w), rel=1e-5)
    assert items[0] == pytest.approx(h + 0.1 * (error * w - 0.01 * h), rel=1e-5)
    assert [bu[0], bi[0], b[0]] == pytest.approx([v + 0.1 * (error - 0.01 * v) for v in (0.1, 0.2, 0.3)], rel=1e-5)


def test_logistic_samples_each_event_once_and_all_items_alike():
    """With nothing learned but item biases, and tiny steps, a bias counts events minus draws."""
    n_users, n_items = 200, 130
    rows = rng().random((n_users, n_items)) < 0.2
    offsets = np.concatenate([[0], np.cumsum(rows.sum(axis=1))]).astype(np.int32)
    strata = Strata(offsets, np.nonzero(rows)[1].astype(np.int32), n_items)
    assert strata.n_blocks == 2
    total, epochs, negatives, lr = np.zeros(n_items), 40, 3, 1e-6
    for seed in range(epochs):
        item_biases = np.zeros(n_items, np.float32)
        others = np.zeros((n_users, 1), np.float32), np.zeros((n_items, 1), np.float32), np.zeros(n_users, np.float32)
        logistic_epoch(strata, *others, item_biases, np.zeros(2, np.float32), negatives=negatives, lr=lr, reg=0, rng=rng(seed))
        total += item_biases / (0.5 * lr)
    draws = rows.sum(axis=0) - total / epochs
    assert draws.sum() == pytest.approx(negatives * rows.sum(), rel=1e-3)
    expected = negatives * rows.sum() / n_items
    assert draws.std() < 1.5 * np.sqrt(expected / epochs)
    assert abs(np.corrcoef(draws, rows.sum(axis=0))[0, 1]) < 0.3  # popular items are not drawn more often


def both_epochs(strata: Strata, n_users: int, n_items: int, seed: int) -> list[np.ndarray]:
    users, items = vectors(n_users, n_items)
    biases = np.zeros(n_items, np.float32)
    draws = rng(seed)
    for _ in range(3):
        bpr_epoch(strata, users, items, biases, lr=0.1, reg_user=0, reg_positive=0, reg_negative=0, rng=draws)
    logistic_epoch(
        strata, users, items, np.zeros(n_users, np.float32), biases, np.zeros(strata.n_blocks, np.float32),
        negatives=2, lr=0.1, reg=0.01, rng=draws,
    )  # fmt: skip
    return [users, items, biases]


def test_the_same_seed_gives_the_same_epoch_whatever_the_threads(monkeypatch):
    n_users, n_items = 300, 300
    rows = rng().random((n_users, n_items)) < 0.1
    offsets = np.concatenate([[0], np.cumsum(rows.sum(axis=1))]).astype(np.int32)
    strata = Strata(offsets, np.nonzero(rows)[1].astype(np.int32), n_items)
    assert strata.n_blocks == 4
    results = []
    for threads, seed in (("1", 3), ("4", 3), ("4", 4)):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        results.append(both_epochs(strata, n_users, n_items, seed))
    for one, same, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, same)
        assert (one != other).any()
