import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.kernels.ncf import _grouped


@given(st.lists(st.integers(0, 9) | st.integers(0, 2**40), max_size=40))
@settings(max_examples=100)
def test_groups_hold_every_place_once(listed):
    listed = np.array(listed, np.int64)
    numbers, of, offsets, places = _grouped(listed)
    assert list(numbers) == list(dict.fromkeys(listed.tolist()))
    np.testing.assert_array_equal(numbers[of], listed)
    for number, start, stop in zip(numbers, offsets[:-1], offsets[1:], strict=True):
        np.testing.assert_array_equal(places[start:stop], np.flatnonzero(listed == number))
