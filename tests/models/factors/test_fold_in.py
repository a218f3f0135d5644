import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from vitrina.models.factors import fold_in as module
from vitrina.models.factors.fold_in import fold_in, shares

N_ITEMS, D = 40, 6


def made(seed: int = 0, ridge: float = 0.05):
    rng = np.random.default_rng(seed)
    vectors, biases = rng.normal(size=(N_ITEMS, D)).astype(np.float32), rng.normal(size=N_ITEMS).astype(np.float32)
    x = (rng.random((7, N_ITEMS)) < np.array([0.0, 0.02, 0.1, 0.3, 0.3, 0.5, 0.7])[:, None]).astype(np.float32)
    x[1, 5] = 1
    return csr_matrix(x), vectors, biases, np.arange(0, N_ITEMS, 2, dtype=np.int32), ridge


def objective(w, history, vectors, biases, sample, ridge):
    """The loss of the file's docstring, word by word."""
    others = [j for j in sample if j not in history]
    scores = biases.astype(np.float64) + vectors.astype(np.float64) @ w
    losses = [np.log1p(np.exp(-(scores[i] - scores[j]))) for i in history for j in others]
    return np.mean(losses) + ridge * w @ w


@pytest.mark.parametrize("ridge", [0.5, 0.01, 0.0005])
def test_the_vector_is_the_minimum(ridge):
    x, vectors, biases, sample, _ = made()
    found = fold_in(x, vectors, biases, sample, ridge)
    assert not found[0].any()
    for row in range(1, x.shape[0]):
        asked = x[row].indices, vectors, biases, sample, ridge
        best = minimize(objective, np.zeros(D), args=asked, method="BFGS", options={"gtol": 1e-9})
        assert found[row] == pytest.approx(best.x, rel=2e-3, abs=2e-3)


def test_shares_add_up_to_the_product():
    x, vectors, biases, sample, ridge = made()
    towards = np.random.default_rng(1).normal(size=(x.shape[0], D)).astype(np.float32)
    found = shares(x, vectors, biases, sample, ridge, towards)
    sums = np.bincount(np.repeat(np.arange(x.shape[0]), np.diff(x.indptr)), found, x.shape[0])
    right = (fold_in(x, vectors, biases, sample, ridge) * towards).sum(axis=1)
    assert sums == pytest.approx(right, rel=1e-4, abs=1e-4)


def test_blocks_and_threads_change_nothing(monkeypatch):
    x, *rest = made()
    whole = fold_in(x, *rest)
    monkeypatch.setattr(module, "_BLOCK", 1)
    monkeypatch.setenv("VITRINA_THREADS", "3")
    assert fold_in(x, *rest) == pytest.approx(whole, rel=1e-5, abs=1e-5)


def test_nothing_to_hold_a_history_against():
    x, vectors, biases, _, ridge = made()
    assert not fold_in(x, vectors, biases, np.zeros(0, np.int32), ridge).any()
    everything = csr_matrix(np.ones((1, N_ITEMS), np.float32))
    assert not fold_in(everything, vectors, biases, np.arange(5, dtype=np.int32), ridge).any()
