import numpy as np
import pytest

from vitrina.kernels.sgd import bpr_epoch, logistic_epoch


def one_pair() -> tuple:
    """One user, one consumed item, one other: every BPR step is the same pair."""
    offsets, columns, row_of = np.array([0, 1], np.int32), np.array([0], np.int32), np.array([0], np.int32)
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(1, 3)).astype(np.float32), rng.normal(size=(2, 3)).astype(np.float32)
    return offsets, columns, row_of, users, items, np.array([0.2, -0.1], np.float32)


def test_a_bpr_step_by_hand():
    offsets, columns, row_of, users, items, biases = one_pair()
    w, hi, hj, b = users[0].astype(float), items[0].astype(float), items[1].astype(float), biases.astype(float)
    x = b[0] - b[1] + w @ (hi - hj)
    g = 1 / (1 + np.exp(x))
    loss = bpr_epoch(
        offsets, columns, row_of, users, items, biases, lr=0.1, reg_user=0.01, reg_positive=0.02, reg_negative=0.03, seed=1
    )
    assert loss == pytest.approx(-np.log(1 / (1 + np.exp(-x))), rel=1e-5)
    assert users[0] == pytest.approx(w + 0.1 * (g * (hi - hj) - 0.01 * w), rel=1e-5)
    assert items[0] == pytest.approx(hi + 0.1 * (g * w - 0.02 * hi), rel=1e-5)
    assert items[1] == pytest.approx(hj + 0.1 * (-g * w - 0.03 * hj), rel=1e-5)
    assert biases == pytest.approx([b[0] + 0.1 * (g - 0.02 * b[0]), b[1] + 0.1 * (-g - 0.03 * b[1])], rel=1e-5)


def test_bpr_never_draws_a_consumed_item_and_draws_others_alike():
    """With a frozen user vector of ones and no regularisation, an item's bias falls with each draw."""
    n_items, n_events = 10, 20_000
    offsets, columns = np.array([0, 4], np.int32), np.arange(4, dtype=np.int32)
    biases = np.zeros(n_items, np.float32)
    for seed in range(n_events // 4):
        bpr_epoch(
            offsets, columns, np.zeros(4, np.int32), np.zeros((1, 1), np.float32), np.zeros((n_items, 1), np.float32), biases,
            lr=1e-4, reg_user=0, reg_positive=0, reg_negative=0, seed=seed,
        )  # fmt: skip
    assert (biases[:4] > 0).all()
    assert (biases[4:] < 0).all()
    assert biases[4:] == pytest.approx(biases[4:].mean(), rel=0.06)


def test_a_user_who_has_everything_is_passed_over():
    offsets, columns = np.array([0, 2], np.int32), np.arange(2, dtype=np.int32)
    users, items = np.ones((1, 2), np.float32), np.ones((2, 2), np.float32)
    rates = {"lr": 0.1, "reg_user": 0.1, "reg_positive": 0.1, "reg_negative": 0.1, "seed": 0}
    bpr_epoch(offsets, columns, np.zeros(2, np.int32), users, items, np.zeros(2, np.float32), **rates)
    assert (users == 1).all()


def test_a_logistic_step_by_hand():
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(1, 3)).astype(np.float32), rng.normal(size=(1, 3)).astype(np.float32)
    w, h = users[0].astype(float), items[0].astype(float)
    bu, bi, b = np.array([0.1], np.float32), np.array([0.2], np.float32), np.array([0.3], np.float32)
    x = 0.6 + w @ h
    error = 1 - 1 / (1 + np.exp(-x))
    only_the_event = np.array([0])
    loss = logistic_epoch(
        np.array([0], np.int32), np.array([0], np.int32), only_the_event, users, items, bu, bi, b,
        negatives=1, lr=0.1, reg=0.01, seed=0,
    )  # fmt: skip
    assert loss == pytest.approx(np.log(1 + np.exp(-x)), rel=1e-5)
    assert users[0] == pytest.approx(w + 0.1 * (error * h - 0.01 * w), rel=1e-5)
    assert items[0] == pytest.approx(h + 0.1 * (error * w - 0.01 * h), rel=1e-5)
    assert [bu[0], bi[0], b[0]] == pytest.approx([v + 0.1 * (error - 0.01 * v) for v in (0.1, 0.2, 0.3)], rel=1e-5)


def test_the_same_seed_gives_the_same_epoch():
    results = []
    for seed in (3, 3, 4):
        offsets, columns, row_of, users, items, _ = one_pair()
        items = np.vstack([items, items])
        rates = {"lr": 0.1, "reg_user": 0, "reg_positive": 0, "reg_negative": 0, "seed": seed}
        for _ in range(5):
            bpr_epoch(offsets, columns, row_of, users, items, np.zeros(4, np.float32), **rates)
            rates["seed"] += 10
        results.append(items.copy())
    assert (results[0] == results[1]).all()
    assert (results[0] != results[2]).any()
