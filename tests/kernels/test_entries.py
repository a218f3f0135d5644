import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import random_array

from vitrina.kernels.entries import entries_of, kept_entries


def of(log, rows):
    return entries_of(log.indptr.astype(np.int64), log.indices.astype(np.int64), np.array(rows, np.int64))


@given(st.integers(0, 9), st.lists(st.integers(0, 7), max_size=12))
def test_entries_are_those_of_the_rows_in_their_order(seed, rows):
    log = random_array((8, 5), density=0.4, format="csr", rng=seed)
    row, column, lengths = of(log, rows)
    chosen = log[rows] if rows else log[:0]
    np.testing.assert_array_equal(column, chosen.indices)
    np.testing.assert_array_equal(lengths, np.diff(chosen.indptr))
    np.testing.assert_array_equal(row, np.repeat(np.arange(len(rows)), lengths))


@given(st.integers(0, 9), st.sampled_from([0.0, 0.3, 1.1]))
def test_an_entry_is_kept_where_its_point_is_at_least_the_least(seed, least):
    row, column, _ = of(random_array((8, 5), density=0.4, format="csr", rng=seed), range(8))
    points = np.random.default_rng(seed).random(len(row), np.float32)
    kept_row, kept_column, lengths = kept_entries(row, column, points, least, 8)
    np.testing.assert_array_equal(kept_row, row[points >= least])
    np.testing.assert_array_equal(kept_column, column[points >= least])
    np.testing.assert_array_equal(lengths, np.bincount(row[points >= least], minlength=8))


def test_the_point_itself_counts():
    one = np.array([0, 0]), np.array([3, 4]), np.array([0.5, 0.25], np.float32)
    assert [part.tolist() for part in kept_entries(*one, 0.5, 2)] == [[0], [3], [1, 0]]
