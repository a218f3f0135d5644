import tracemalloc

import numpy as np
import pytest

from vitrina.errors import VitrinaError
from vitrina.kernels.dense import gram, inverse_in_place, row_products


def positive_definite(n: int) -> np.ndarray:
    x = np.random.default_rng(n).normal(size=(n + 5, n)) / np.sqrt(n + 5)
    return x.T @ x + np.eye(n)


@pytest.mark.parametrize("n", [1, 2, 37, 511, 512, 513, 1030])
def test_against_numpy(n):
    matrix = positive_definite(n)
    ours = inverse_in_place(matrix.astype(np.float32))
    assert ours.dtype == np.float32
    assert ours.flags.c_contiguous
    np.testing.assert_array_equal(ours, ours.T)
    np.testing.assert_allclose(ours, np.linalg.inv(matrix), atol=2e-5)


def test_reuses_the_memory():
    matrix = positive_definite(1500).astype(np.float32)
    tracemalloc.start()
    inverse = inverse_in_place(matrix)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.shares_memory(inverse, matrix)
    assert peak < matrix.nbytes / 2


def test_not_positive_definite():
    with pytest.raises(VitrinaError, match="larger penalty"):
        inverse_in_place(np.array([[1, 2], [2, 1]], np.float32))
    with pytest.raises(VitrinaError, match="larger penalty"):
        inverse_in_place(np.zeros((3, 3), np.float32))


def test_empty():
    assert inverse_in_place(np.empty((0, 0), np.float32)).shape == (0, 0)


@pytest.mark.parametrize("n", [0, 1, 63, 64, 200, 5000])
def test_products_of_rows(monkeypatch, n):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(n, 7)).astype(np.float32), rng.normal(size=(30, 7)).astype(np.float32)
    np.testing.assert_allclose(row_products(a, b), a @ b.T, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gram(a), a.T @ a, rtol=1e-4, atol=1e-3)
    products, squares = row_products(a, b), gram(a)
    monkeypatch.setenv("VITRINA_THREADS", "3")
    np.testing.assert_array_equal(row_products(a, b), products)
    np.testing.assert_array_equal(gram(a), squares)
