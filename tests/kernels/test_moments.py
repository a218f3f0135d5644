import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.kernels.moments import running_counts


@given(st.lists(st.integers(0, 4), max_size=20), st.data())
def test_counts_at_moments_equal_counting(events, data):
    ends = np.array(sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=6))), np.int64)
    columns = np.array(events, np.int32)
    weights = np.array(data.draw(st.lists(st.floats(0, 2), min_size=len(events), max_size=len(events))))
    running = np.full(5, 2.0)
    found = running_counts(running, ends, columns, weights)
    for row, end in enumerate(ends):
        np.testing.assert_allclose(found[row], 2 + np.bincount(columns[:end], weights[:end], 5), rtol=1e-6)
    if ends.size:
        np.testing.assert_allclose(running, found[-1], rtol=1e-6)


def test_counts_fade_before_what_is_new():
    found = running_counts(np.array([8.0, 0.0]), np.array([0, 1]), np.array([1], np.int32), None, np.array([0.5, 0.25]))
    assert found.tolist() == [[4, 0], [1, 1]]


@pytest.mark.parametrize(("ends", "columns"), [([2, 1], [0, 1]), ([3], [0, 1]), ([1], [2, 0]), ([1], [-1, 0]), ([-1], [0])])
def test_what_would_be_read_out_of_bounds_is_refused(ends, columns):
    with pytest.raises(ValueError, match="ends must ascend"):
        running_counts(np.zeros(2), np.array(ends), np.array(columns, np.int32))
