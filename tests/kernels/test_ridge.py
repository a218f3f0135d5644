import numpy as np
import pytest

from tests.kernels.test_gram import STORAGES, binary
from vitrina.errors import VitrinaError
from vitrina.kernels.gram import gram_matrix
from vitrina.kernels.ridge import ridge_regressions


def some_sources(n: int, k: int, seed: int = 0) -> np.ndarray:
    """``k`` other columns for each of ``n``."""
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(np.delete(np.arange(n), j))[:k] for j in range(n)], np.int32).reshape(n, k)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize(("n", "k"), [(2, 1), (40, 1), (40, 17), (40, 39), (150, 80)])
def test_against_numpy(storage, n, k):
    x = binary(90, n, 0.3)
    sources = some_sources(n, k)
    ours = ridge_regressions(gram_matrix(x, storage), sources, 3.0)
    dense = x.toarray().astype(float)
    for j in range(n):
        a = dense[:, sources[j]]
        right = np.linalg.solve(a.T @ a + 3.0 * np.eye(k), a.T @ dense[:, j])
        np.testing.assert_allclose(ours[j], right, atol=1e-4)


def test_nothing_is_read_after_it_was_freed(overwrites_what_is_freed):
    """LAPACK gets addresses, which keep nothing alive."""
    x, sources = binary(90, 30, 0.3), some_sources(30, 29)
    ours, dense = ridge_regressions(gram_matrix(x, "dense"), sources, 3.0), x.toarray().astype(float)
    for j in range(30):
        a = dense[:, sources[j]]
        np.testing.assert_allclose(ours[j], np.linalg.solve(a.T @ a + 3.0 * np.eye(29), a.T @ dense[:, j]), atol=1e-4)


def test_number_of_threads_changes_nothing(monkeypatch):
    gram, sources = gram_matrix(binary(90, 120, 0.3), "dense"), some_sources(120, 30)
    solutions = []
    for threads in ("1", "4"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        solutions.append(ridge_regressions(gram, sources, 1.0))
    np.testing.assert_array_equal(*solutions)


def test_singular_system():
    with pytest.raises(VitrinaError, match="larger penalty"):
        ridge_regressions(gram_matrix(binary(3, 20, 0.5), "dense"), some_sources(20, 10), 0.0)


def test_nothing_to_predict_from():
    assert ridge_regressions(gram_matrix(binary(3, 2, 0.5), "dense"), np.empty((2, 0), np.int32), 1.0).shape == (2, 0)


@pytest.mark.parametrize("sources", [[[1], [2]], [[1], [-1]], [[1]]])
def test_refuses_to_read_out_of_bounds(sources):
    with pytest.raises(ValueError, match=r"columns 0\.\.1, one row for each"):
        ridge_regressions(gram_matrix(binary(3, 2, 0.5), "dense"), np.array(sources, np.int32), 1.0)
