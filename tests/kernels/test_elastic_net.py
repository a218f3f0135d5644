import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tests.kernels.test_gram import STORAGES, binary
from vitrina.kernels.elastic_net import _screen, _take_largest, elastic_nets
from vitrina.kernels.gram import gram_matrix


def descent(x: np.ndarray, target: int, l1: float, l2: float) -> np.ndarray:
    """Coordinate descent on the residual in float64: every coordinate in turn, none left out, until nothing moves."""
    w, residual = np.zeros(x.shape[1]), x[:, target].copy()
    for _ in range(100_000):
        moved = 0.0
        for k in range(x.shape[1]):
            if k == target or not x[:, k].any():
                continue
            new = max(0.0, (x[:, k] @ residual + x[:, k].sum() * w[k] - l1) / (x[:, k].sum() + l2))
            residual -= (new - w[k]) * x[:, k]
            moved = max(moved, abs(new - w[k]))
            w[k] = new
        if moved < 1e-11:
            return w
    raise AssertionError("the reference did not settle")


def all_nets(x, storage="dense", l1=1.0, l2=1.0, tolerance=1e-6):
    return elastic_nets(gram_matrix(x, storage), slice(0, x.shape[1]), l1, l2, tolerance)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize(("l1", "l2"), [(0.0, 1.0), (0.5, 2.0), (2.0, 0.5), (5.0, 0.0), (1e6, 1.0)])
def test_against_plain_descent(storage, l1, l2):
    x = binary(60, 25, 0.3)
    ours = all_nets(x, storage, l1, l2)
    right = np.array([descent(x.toarray().astype(float), j, l1, l2) for j in range(25)])
    np.testing.assert_allclose(ours, right, atol=2e-5)
    assert (ours >= 0).all()
    assert (np.diag(ours) == 0).all()


@pytest.mark.parametrize("storage", STORAGES)
def test_more_coordinates_than_it_begins_with(storage):
    """Some 570 non-zero weights a target: they are found in several rounds."""
    x = binary(200, 400, 0.3)
    ours = all_nets(x, storage, 0.01, 2000.0, 1e-5)
    assert (ours > 0).sum(axis=1).mean() > 250
    worst_violation(x, ours, 0.01, 2000.0, within=1.01e-5)


def worst_violation(x, solutions, l1, l2, within):
    """Check the optimality conditions in float64: zero slope where positive, no upward slope where zero."""
    gram = (x.T @ x).toarray().astype(float)
    w = solutions.T.astype(float)
    slope = gram - gram @ w - l2 * w - l1
    violated = np.where(w > 0, np.abs(slope), np.maximum(slope, 0))
    np.fill_diagonal(violated, 0)
    np.fill_diagonal(gram, 0)
    assert (violated <= within * gram.max(axis=0) + 1e-4).all()


@given(
    st.integers(2, 40), st.integers(2, 30), st.floats(0.05, 0.9), st.integers(0, 10**6),
    st.floats(0, 10), st.floats(0.01, 50), st.sampled_from(STORAGES),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_optimality_conditions(n_rows, n, density, seed, l1, l2, storage):
    x = binary(n_rows, n, density, seed)
    worst_violation(x, all_nets(x, storage, l1, l2, 1e-5), np.float32(l1), np.float32(l2), within=1.1e-5)


@given(st.integers(5, 40), st.integers(2, 15), st.floats(0.1, 0.8), st.integers(0, 10**6), st.floats(0, 8))
@settings(max_examples=25, deadline=None)
def test_what_is_screened_out_is_zero_in_the_solution(n_rows, n, density, seed, l1):
    x = binary(n_rows, n, density, seed)
    linear = (x.T @ x).toarray()[0]
    linear[0] = 0
    kept = np.full(n, -1, np.int32)
    size = _screen(linear, np.float32(l1), kept)
    solution = descent(x.toarray().astype(float), 0, l1, 0.5)
    assert set(np.flatnonzero(solution)) <= set(kept[:size])
    assert set(kept[:size]) == set(np.flatnonzero(linear > np.float32(l1)))


def test_a_part_of_the_targets():
    x = binary(60, 40, 0.3)
    np.testing.assert_array_equal(elastic_nets(gram_matrix(x, "dense"), slice(7, 19), 1, 1), all_nets(x, tolerance=1e-4)[7:19])


def test_number_of_threads_changes_nothing(monkeypatch):
    x = binary(90, 120, 0.3)
    solutions = []
    for threads in ("1", "4"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        solutions.append(all_nets(x))
    np.testing.assert_array_equal(*solutions)


def test_equal_columns_share_their_weight():
    """With an L2 penalty the solution is unique: three copies of the target's twin get a third each."""
    column = (np.arange(50) % 3 == 0).astype(np.float32)
    x = csr_matrix(np.tile(column[:, None], (1, 4)))
    n = column.sum()
    right = np.full((4, 4), (n - 0.5) / (3 * n + 2), np.float32)
    np.fill_diagonal(right, 0)
    np.testing.assert_allclose(all_nets(x, l1=0.5, l2=2.0), right, rtol=1e-4)


@given(st.lists(st.integers(-5, 5), max_size=40), st.integers(0, 45), st.booleans())
def test_the_largest_values(values, k, distinct):
    values = np.array(values, np.float32) + np.float32(distinct) * np.arange(len(values), dtype=np.float32) / 64
    names = (np.arange(values.size) * 10).astype(np.int32)
    out = np.full(50, -1, np.int32)
    size = _take_largest(values, names, values.size, k, out)
    assert size == min(k, values.size)
    taken = out[:size] // 10
    assert (np.diff(taken) > 0).all()
    np.testing.assert_array_equal(np.sort(values[taken]), np.sort(values)[values.size - size :])
