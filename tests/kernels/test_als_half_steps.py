"""Half-steps that improve the last solution, against the exact one."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from vitrina.kernels.als import solve_rows
from vitrina.kernels.als_blocks import block_rows
from vitrina.kernels.als_gradients import conjugate_gradient_rows, mean_square, principal_axes


def by_gradients(x, factors, gram, ridge, solution, **options):
    """Like ``block_rows``, in the basis where ``gram`` is diagonal: here it is the Gram matrix of ``factors``, times 0.1."""
    shared = principal_axes(0.1, factors, solution)
    spread = mean_square(factors, np.ones(len(factors), np.int64))
    conjugate_gradient_rows(x, factors, shared, spread, ridge, solution, **options)


def improved(step, problem, start, **options):
    """The scores of all pairs after ``step``, which may turn the vectors of both sides into another basis."""
    x, factors, gram, ridge = problem
    factors, solution = factors.copy(), start.copy()
    step(x, factors, gram, ridge, solution, **options)
    return solution @ factors.T


@pytest.fixture
def problem() -> tuple[csr_matrix, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    events = rng.random((60, 40)) < 0.2
    events[7] = False
    x = csr_matrix(events.astype(np.float32))
    factors = rng.normal(size=(40, 12)).astype(np.float32)
    gram = (0.1 * factors.T @ factors).astype(np.float32)
    return x, factors, gram, np.full(60, 0.5, np.float32)


@pytest.fixture
def exact(problem) -> np.ndarray:
    return solve_rows(*problem) @ problem[1].T


nothing = np.zeros((60, 12), np.float32)


def test_enough_gradient_steps_solve_exactly(problem, exact):
    assert improved(by_gradients, problem, nothing, steps=40) == pytest.approx(exact, abs=1e-4)


def test_gradient_steps_end_at_the_tolerance(problem, exact):
    loose = improved(by_gradients, problem, nothing, steps=40, tolerance=0.01)
    assert 1e-3 < np.linalg.norm(loose - exact) / np.linalg.norm(exact) < 0.2


def test_principal_axes():
    rng = np.random.default_rng(0)
    vectors, others = (rng.normal(size=(n, 5)).astype(np.float32) for n in (300, 700))
    products, gram = vectors @ others.T, 0.3 * vectors.T @ vectors
    diagonal = principal_axes(0.3, vectors, others)
    np.testing.assert_allclose(vectors @ others.T, products, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(0.3 * vectors.T @ vectors, np.diag(diagonal), atol=1e-3)
    assert np.trace(gram) == pytest.approx(diagonal.sum(), rel=1e-5)


def test_mean_square():
    vectors = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    assert mean_square(vectors, np.array([1, 0, 3])).tolist() == [(1 + 3 * 25) / 4, (4 + 3 * 36) / 4]


def test_gradient_steps_approach_the_solution_quickly(problem, exact):
    """Each step leaves a fraction of the error: the preconditioner knows all but how a row differs from the average."""
    errors = [np.linalg.norm(improved(by_gradients, problem, nothing, steps=n) - exact) for n in (1, 2, 3)]
    assert errors[0] < 0.6 * np.linalg.norm(exact)
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.6 * errors[1]


def test_gradient_steps_do_not_depend_on_threads(monkeypatch):
    rng = np.random.default_rng(0)
    x = csr_matrix((rng.random((1100, 300)) < 0.05).astype(np.float32))
    factors = rng.normal(size=(300, 17)).astype(np.float32)
    problem = x, factors, 0.1 * factors.T @ factors, np.ones(1100, np.float32)
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        results.append(improved(by_gradients, problem, np.zeros((1100, 17), np.float32)))
    np.testing.assert_array_equal(*results)


def test_one_block_of_all_dimensions_is_the_exact_solution(problem, exact):
    start = np.random.default_rng(1).normal(size=(60, 12)).astype(np.float32)
    assert improved(block_rows, problem, start, size=12) == pytest.approx(exact, abs=1e-4)


@pytest.mark.parametrize("size", [1, 5, 8])
def test_passes_over_small_blocks_converge_to_it(problem, size: int):
    solution = np.zeros((60, 12), np.float32)
    for _ in range(300):
        block_rows(*problem, solution, size=size)
    assert solution == pytest.approx(solve_rows(*problem), abs=1e-3)


@pytest.mark.parametrize("step", [by_gradients, block_rows])
def test_steps_never_leave_the_solution_and_empty_rows_are_zero(problem, exact, step):
    scores = improved(step, problem, solve_rows(*problem))
    assert scores == pytest.approx(exact, abs=1e-4)
    assert not scores[7].any()


@pytest.mark.parametrize("step", [by_gradients, block_rows])
def test_sizes_are_checked(problem, step):
    x, factors, gram, ridge = problem
    with pytest.raises(ValueError, match="39 columns"):
        step(csr_matrix(x[:, :39]), factors, gram, ridge, nothing.copy())
