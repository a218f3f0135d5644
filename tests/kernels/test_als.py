import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from vitrina.errors import VitrinaError
from vitrina.kernels.als import solve_rows


@pytest.mark.parametrize(("n", "m", "d"), [(2, 1, 1), (40, 30, 8), (70, 700, 33)])
def test_against_numpy(n, m, d):
    """With 700 columns and a density of one half, rows are longer than the block in which vectors are gathered."""
    rng = np.random.default_rng(0)
    dense = (rng.random((n, m)) < 0.5).astype(np.float32)
    dense[n // 2] = 0
    x = csr_matrix(dense)
    factors = rng.normal(size=(m, d)).astype(np.float32)
    gram = (0.1 * factors.T @ factors).astype(np.float32)
    ridge = rng.uniform(1, 3, n).astype(np.float32)
    ours = solve_rows(x, factors, gram, ridge)
    assert ours.dtype == np.float32
    for row in range(n):
        mine = factors[x[row].indices].astype(np.float64)
        system = gram.astype(np.float64) + ridge[row] * np.eye(d) + mine.T @ mine
        np.testing.assert_allclose(ours[row], np.linalg.solve(system, mine.sum(axis=0)), atol=2e-4)
    assert (ours[n // 2] == 0).all()


def test_nothing_is_read_after_it_was_freed(overwrites_what_is_freed):
    """BLAS and LAPACK get addresses, which keep nothing alive."""
    test_against_numpy(40, 30, 8)


def test_singular_system():
    x = csr_matrix(np.ones((1, 1), np.float32))
    with pytest.raises(VitrinaError, match="larger regularisation"):
        solve_rows(x, np.ones((1, 2), np.float32), np.zeros((2, 2), np.float32), np.zeros(1, np.float32))


def test_refuses_to_read_out_of_bounds():
    with pytest.raises(ValueError, match="3 columns for 2 vectors"):
        solve_rows(
            csr_matrix((1, 3), dtype=np.float32), np.ones((2, 2), np.float32), np.eye(2, dtype=np.float32), np.ones(1, np.float32)
        )


def test_is_the_first_kernel_of_a_process():
    """Compiled functions as arguments need a part of numba that other kernels happen to load."""
    code = (
        "import numpy as np; from scipy.sparse import csr_matrix; from vitrina.kernels.als import solve_rows; "
        "one = np.ones((1, 1), np.float32); print(float(solve_rows(csr_matrix(one), one, one, one[0])[0, 0]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert float(done.stdout or "nan") == pytest.approx(1 / 3), done.stderr
