import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from vitrina.kernels.gram import add_product, add_row, gram_matrix, small_gram

STORAGES = ["dense", "sparse", "log"]


def binary(n_rows: int, n: int, density: float, seed: int = 0) -> csr_matrix:
    x = csr_matrix(random_array((n_rows, n), density=density, rng=np.random.default_rng(seed), dtype=np.float32))
    x.data[:] = 1
    return x


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize(("n_rows", "n", "density"), [(1, 1, 1.0), (30, 20, 0.3), (5, 600, 0.02), (40, 10, 0.0)])
def test_rows_and_products(storage, n_rows, n, density):
    x = binary(n_rows, n, density)
    right = (x.T @ x).toarray()
    gram = gram_matrix(x, storage)
    np.testing.assert_array_equal(gram.totals, np.diag(right))
    rng = np.random.default_rng(1)
    weights = rng.random(n).astype(np.float32)
    rows = rng.permutation(n)[: max(1, n // 2)].astype(np.int32)
    weights[rows[0]] = 0
    out = np.ones(n, np.float32)
    add_product(gram, rows, weights, out)
    np.testing.assert_allclose(out, 1 + weights[rows] @ right[rows], rtol=1e-5)
    for row in (0, n - 1):
        out = np.ones(n, np.float32)
        add_row(gram, row, np.float32(2.5), out)
        np.testing.assert_allclose(out, 1 + 2.5 * right[row], rtol=1e-6)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("known", [0, 1, 90, 150])
def test_a_part_of_it(storage, known):
    """More columns than a tile, some of them known from before."""
    x = binary(60, 170, 0.2)
    right = (x.T @ x).toarray()
    chosen = np.random.default_rng(2).permutation(170)[:150].astype(np.int32)
    place = np.full(170, -1, np.int32)
    place[chosen] = np.arange(150)
    gram = gram_matrix(x, storage)
    old = np.ascontiguousarray(right[np.ix_(chosen[:known], chosen[:known])])
    np.testing.assert_array_equal(small_gram(gram, chosen, place, old), right[np.ix_(chosen, chosen)])


@pytest.mark.parametrize(("n_rows", "dtype"), [(65_535, np.uint16), (65_536, np.float32)])
def test_counts_too_large_for_two_bytes(n_rows, dtype):
    x = csr_matrix(np.ones((n_rows, 2), np.float32))
    gram = gram_matrix(x, "dense")
    assert gram.dense.dtype == dtype
    assert (gram.dense == n_rows).all()
