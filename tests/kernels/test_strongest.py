import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tests.kernels import slow
from vitrina.kernels.strongest import (
    Measure,
    admitted_products,
    plain,
    strongest_entries,
    strongest_of_dense,
    strongest_products,
    weakest_kept,
)


def keys(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**63, n).astype(np.uint64)


def whole_numbers(shape: tuple[int, int], density: float, seed: int, low: int = 1) -> np.ndarray:
    """Small whole numbers: their products are exact and tie often."""
    rng = np.random.default_rng(seed)
    return rng.integers(low, 3, shape) * (rng.random(shape) < density)


def strongest(similarities: np.ndarray, k: int, row_keys: np.ndarray, column_keys: np.ndarray, excluded: list[int]) -> np.ndarray:
    """Keep the k strongest positive entries of each row, the rest zero."""
    out = np.zeros_like(similarities)
    for row, values in enumerate(similarities):
        allowed = [c for c in slow.ranking(values, row_keys[row], column_keys) if values[c] > 0 and c != excluded[row]]
        out[row, allowed[:k]] = values[allowed[:k]]
    return out


sizes = st.tuples(st.integers(1, 12), st.integers(1, 6), st.integers(1, 40))


@given(sizes, st.integers(1, 45), st.sampled_from([0.03, 0.3, 1.0]), st.sampled_from([1, -2]), st.integers(0, 10**6))
def test_strongest_products(shape, k, density, low, seed):
    """Rows with few products (gathered) and with many (scanned); with signs, products may cancel out."""
    n, m, p = shape
    a, b = whole_numbers((n, m), density, seed, low), whole_numbers((m, p), density, seed + 1, low)
    excluded = np.random.default_rng(seed).integers(-1, p, n).astype(np.int32)
    row_keys, column_keys = keys(n, seed), keys(p, seed + 1)
    right = strongest((a @ b).astype(np.float32), k, row_keys, column_keys, excluded.tolist())
    names = {"measure": plain(n, p), "excluded": excluded, "row_keys": row_keys, "column_keys": column_keys}
    found = strongest_products(csr_matrix(a, dtype=np.float32), csr_matrix(b, dtype=np.float32), k, **names)
    assert found.dtype == np.float32
    assert found.nnz == np.count_nonzero(right)
    np.testing.assert_array_equal(found.toarray(), right)
    dense = strongest_of_dense((a @ b).astype(np.float32), k, **names)
    np.testing.assert_array_equal(dense.toarray(), right)


@given(st.integers(1, 20), st.integers(1, 30), st.integers(1, 30), st.integers(0, 10**6))
def test_strongest_entries(n, m, k, seed):
    x = whole_numbers((n, m), 0.6, seed).astype(np.float32)
    row_keys, column_keys = keys(n, seed), keys(m, seed + 1)
    found = strongest_entries(csr_matrix(x), k, row_keys=row_keys, column_keys=column_keys)
    np.testing.assert_array_equal(found.toarray(), strongest(x, k, row_keys, column_keys, [-1] * n))


def test_values_far_apart_and_close_together():
    """Selection goes by the bits of numbers: all magnitudes, and neighbours that differ in the last bit."""
    rng = np.random.default_rng(0)
    close = np.nextafter(np.float32(1), np.float32(2), dtype=np.float32)
    row = np.concatenate([10.0 ** rng.uniform(-37, 37, 3000), [1, close] * 20]).astype(np.float32)
    x = csr_matrix(rng.permutation(row)[None])
    for k in (1, 7, 1500, 3039, 3040):
        found = strongest_entries(x, k, row_keys=keys(1, 0), column_keys=keys(row.size, 1))
        np.testing.assert_array_equal(np.sort(found.data), np.sort(row)[-k:])


@given(st.integers(1, 15), st.integers(1, 20), st.integers(0, 10**6))
def test_the_measure(n, p, seed):
    rng = np.random.default_rng(seed)
    a, b = whole_numbers((n, 5), 0.5, seed), whole_numbers((5, p), 0.5, seed + 1)
    rows, columns, own, added = rng.random((3, n)), rng.random((3, p)), rng.random(), 0.5
    right = np.zeros((n, p))
    for r in range(n):
        for s in range(p):
            c = float(a[r] @ b[:, s])
            value = (c - rows[0, r] * columns[0, s]) / (own * c + rows[1, r] * columns[1, s] + rows[2, r] + columns[2, s] + added)
            right[r, s] = max(value, 0) if c else 0
    found = strongest_products(
        csr_matrix(a, dtype=np.float32),
        csr_matrix(b, dtype=np.float32),
        p,
        measure=Measure(rows, columns, own, added),
        excluded=np.full(n, -1, np.int32),
        row_keys=keys(n, 0),
        column_keys=keys(p, 1),
    )
    np.testing.assert_allclose(found.toarray(), right, rtol=1e-6)


@given(st.integers(1, 25), st.integers(1, 30), st.sampled_from([0.1, 0.5]), st.integers(0, 10**6))
def test_admission_is_being_among_the_strongest(n, k, density, seed):
    """Who asks to be among the strongest of each column is admitted exactly where it was kept."""
    x = whole_numbers((n, 6), density, seed)
    a, b, mine = csr_matrix(x, dtype=np.float32), csr_matrix(x.T, dtype=np.float32), keys(n, seed)
    itself = np.arange(n, dtype=np.int32)
    weakest, lowest = weakest_kept(a, b, k, measure=plain(n, n), keys=mine)
    admitted = admitted_products(
        a, b, measure=plain(n, n), excluded=itself, weakest=weakest, lowest=lowest, row_keys=mine, column_keys=mine
    )
    kept = strongest((x @ x.T).astype(np.float32), k, mine, mine, itself.tolist())
    np.testing.assert_array_equal(admitted.toarray().T, kept)


def test_the_number_of_threads_changes_nothing(monkeypatch):
    x = csr_matrix(whole_numbers((300, 40), 0.2, 0), dtype=np.float32)
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        found.append(
            strongest_products(
                x,
                x.T.tocsr(),
                9,
                measure=plain(300, 300),
                excluded=np.arange(300, dtype=np.int32),
                row_keys=keys(300, 0),
                column_keys=keys(300, 0),
            )
        )
    for part in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(found[0], part), getattr(found[1], part))


def test_sizes_that_do_not_fit_are_refused():
    x = csr_matrix(np.ones((3, 2), np.float32))
    none = np.full(3, -1, np.int32)
    with pytest.raises(ValueError, match="a product"):
        strongest_products(x, x, 1, measure=plain(3, 2), excluded=none, row_keys=keys(3, 0), column_keys=keys(2, 0))
    with pytest.raises(ValueError, match="keys of 2, 2"):
        weakest_kept(x, x.T.tocsr(), 1, measure=plain(3, 2), keys=keys(3, 0)[:2])
    with pytest.raises(ValueError, match="ask for 2 similarities"):
        admitted_products(
            x,
            x.T.tocsr(),
            measure=plain(3, 3),
            excluded=none,
            weakest=np.zeros(2, np.float32),
            lowest=keys(3, 0),
            row_keys=keys(3, 0),
            column_keys=keys(3, 0),
        )
