import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.kernels.profiles import mean_of_largest, mean_of_largest_at


@given(st.integers(1, 6), st.integers(1, 5), st.lists(st.integers(0, 7), max_size=5), st.integers(0, 5), st.integers(0, 10**6))
def test_mean_of_the_largest_equals_sorting(k, m, lengths, most, seed):
    rng = np.random.default_rng(seed)
    similarities = rng.standard_normal((k, m)).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    members = rng.integers(0, k, offsets[-1]).astype(np.int32)
    out = np.empty((len(lengths), m), np.float32)
    mean_of_largest(similarities, offsets, members, most, out)
    for row, length in enumerate(lengths):
        mine = np.sort(similarities[members[offsets[row] : offsets[row + 1]]], axis=0)[::-1][: most or length]
        np.testing.assert_allclose(out[row], mine.mean(axis=0) if length else np.nan, rtol=1e-5, atol=1e-6)
    if lengths:
        queries, columns = rng.integers(0, len(lengths), 9), rng.integers(0, m, 9)
        pairs = mean_of_largest_at(similarities, offsets, members, most, queries, columns)
        np.testing.assert_allclose(pairs, out[queries, columns], rtol=1e-5, atol=1e-6)


def test_what_would_be_read_out_of_bounds_is_refused():
    similarities, offsets = np.zeros((2, 3), np.float32), np.array([0, 1])
    inside, outside = np.zeros(1, np.int32), np.full(1, 2, np.int32)
    with pytest.raises(ValueError, match="beyond the 2 similarities"):
        mean_of_largest(similarities, offsets, outside, 1, np.empty((1, 3), np.float32))
    with pytest.raises(ValueError, match="do not fill"):
        mean_of_largest(similarities, offsets, inside, 1, np.empty((2, 3), np.float32))
    with pytest.raises(ValueError, match="do not fill"):
        mean_of_largest(similarities, np.array([0, 2]), inside, 1, np.empty((1, 3), np.float32))
    zero = np.zeros(1, np.int64)
    for members, queries, columns in ((outside, zero, zero), (inside, zero + 1, zero), (inside, zero, zero + 3)):
        with pytest.raises(ValueError, match="beyond"):
            mean_of_largest_at(similarities, offsets, members, 1, queries, columns)
