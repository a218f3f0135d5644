import numpy as np
import pytest
from scipy.sparse import csr_matrix

from vitrina.kernels.als import solve_rows
from vitrina.kernels.als_steps import block_rows, conjugate_gradient_rows


@pytest.fixture
def problem() -> tuple[csr_matrix, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    events = rng.random((60, 40)) < 0.2
    events[7] = False
    x = csr_matrix(events.astype(np.float32))
    factors = rng.normal(size=(40, 12)).astype(np.float32)
    gram = (0.1 * factors.T @ factors).astype(np.float32)
    return x, factors, gram, np.full(60, 0.5, np.float32)


def test_enough_conjugate_gradient_steps_solve_exactly(problem):
    start = np.zeros((60, 12), np.float32)
    assert conjugate_gradient_rows(*problem, start, steps=40) == pytest.approx(solve_rows(*problem), abs=1e-4)


def test_one_block_of_all_dimensions_is_the_exact_solution(problem):
    start = np.random.default_rng(1).normal(size=(60, 12)).astype(np.float32)
    assert block_rows(*problem, start, size=12) == pytest.approx(solve_rows(*problem), abs=1e-4)


@pytest.mark.parametrize("size", [1, 5, 8])
def test_passes_over_small_blocks_converge_to_it(problem, size: int):
    solution = np.zeros((60, 12), np.float32)
    for _ in range(300):
        block_rows(*problem, solution, size=size)
    assert solution == pytest.approx(solve_rows(*problem), abs=1e-3)


@pytest.mark.parametrize("step", [conjugate_gradient_rows, block_rows])
def test_steps_never_leave_the_solution_and_empty_rows_are_zero(problem, step):
    exact = solve_rows(*problem)
    improved = step(*problem, exact.copy())
    assert improved == pytest.approx(exact, abs=1e-4)
    assert not improved[7].any()


@pytest.mark.parametrize("step", [conjugate_gradient_rows, block_rows])
def test_sizes_are_checked(problem, step):
    x, factors, gram, ridge = problem
    with pytest.raises(ValueError, match="40 columns"):
        step(x, factors[:-1], gram, ridge, np.zeros((60, 12), np.float32))
