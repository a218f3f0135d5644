import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, random_array

from vitrina.kernels import sparse


def matrix(n: int, m: int, density: float, seed: int) -> csr_matrix:
    sampled = random_array((n, m), density=density, rng=np.random.default_rng(seed), dtype=np.float32, format="csr")
    return csr_matrix(sampled)


@st.composite
def products(draw):
    """Two factors whose inner dimensions agree, and columns of the product."""
    n, m, p = draw(st.integers(0, 40)), draw(st.integers(1, 20)), draw(st.integers(1, 60))
    seed, density = draw(st.integers(0, 10**6)), draw(st.sampled_from([0.0, 0.1, 0.6, 1.0]))
    a, b = matrix(n, m, density, seed), matrix(m, p, density, seed + 1)
    width = draw(st.integers(0, p + 3))
    wanted = np.random.default_rng(seed).integers(0, p, (n, width) if draw(st.booleans()) else width).astype(np.int32)
    return a, b, wanted


@given(products())
@settings(max_examples=150)
def test_against_scipy(case):
    a, b, wanted = case
    expected = (a @ b).toarray()
    columns = np.broadcast_to(wanted, (a.shape[0], wanted.shape[-1]))
    at = np.take_along_axis(expected, columns.astype(np.int64), 1)
    for ours, right in [
        (sparse.sparse_sparse(a, b), expected),
        (sparse.sparse_dense(a, b.toarray()), expected),
        (sparse.sparse_sparse_at(a, b, wanted), at),
        (sparse.sparse_dense_at(a, b.toarray(), wanted), at),
    ]:
        assert ours.dtype == np.float32
        assert ours.flags.c_contiguous
        np.testing.assert_allclose(ours, right, rtol=1e-5, atol=1e-6)


@given(products())
@settings(max_examples=60)
def test_adds_to_what_is_there(case):
    a, b, _ = case
    dense = b.toarray()
    out = np.random.default_rng(0).random((a.shape[0], b.shape[1]), np.float32)
    rows = np.flatnonzero(np.arange(a.shape[0]) % 3 == 1)[::-1]
    some = out[rows]
    right = out + sparse.sparse_dense(a, dense)
    sparse.add_sparse_dense(a, dense, out)
    sparse.add_sparse_dense(a, dense, some, rows)
    np.testing.assert_allclose(out, right, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(some, out[rows])


@given(products())
def test_entries_of_a_dense_product(case):
    """Of each row as many as it has in a sparse matrix, repeats among them."""
    of_rows, b, _ = case
    a = np.random.default_rng(b.nnz).random((of_rows.shape[0], b.shape[1]), np.float32)
    offsets, columns = of_rows.indptr.astype(np.int64), of_rows.indices.astype(np.int64)
    columns[1::2] = columns[: 2 * (columns.size // 2) : 2]
    rows = np.repeat(np.arange(len(a)), np.diff(offsets))
    expected = (a @ b.toarray().T)[rows, columns]
    np.testing.assert_allclose(sparse.dense_dense_at(a, b.toarray(), offsets, columns), expected, rtol=1e-5, atol=1e-6)


def test_threads_do_not_change_a_bit(monkeypatch):
    a, b = matrix(300, 200, 0.2, 0), matrix(200, 250, 0.3, 1)
    wanted = np.arange(0, 250, 3, dtype=np.int32)

    def all_products():
        yield sparse.sparse_sparse(a, b)
        yield sparse.sparse_dense(a, b.toarray())
        yield sparse.sparse_sparse_at(a, b, wanted)
        yield sparse.sparse_dense_at(a, b.toarray(), wanted)
        yield sparse.dense_dense_at(a.toarray(), a.toarray(), a.indptr.astype(np.int64), a.indices.astype(np.int64))

    monkeypatch.setenv("VITRINA_THREADS", "1")
    alone = list(all_products())
    monkeypatch.setenv("VITRINA_THREADS", "4")
    for one, many in zip(alone, all_products(), strict=True):
        np.testing.assert_array_equal(one, many)


def test_refuses_to_read_out_of_bounds():
    a, b, wanted = matrix(3, 5, 0.5, 0), matrix(4, 6, 0.5, 1), np.zeros(1, np.int32)
    for product in (
        lambda: sparse.sparse_sparse(a, b),
        lambda: sparse.sparse_dense(a, b.toarray()),
        lambda: sparse.sparse_sparse_at(a, b, wanted),
        lambda: sparse.sparse_dense_at(a, b.toarray(), wanted),
    ):
        with pytest.raises(ValueError, match="inner dimensions of a product differ: 5 and 4"):
            product()
    for shape, message in [((2, 4), "differ: 3 and 2"), ((3, 6), "differ: 4 and 6")]:
        with pytest.raises(ValueError, match=message):
            sparse.add_sparse_dense(a, np.ones((5, 4), np.float32), np.ones(shape, np.float32))
