import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.kernels.grouping import group, room


@given(st.lists(st.lists(st.integers(0, 9) | st.integers(0, 2**40), max_size=40), max_size=3))
@settings(max_examples=100)
def test_groups_hold_every_place_once(lists):
    """Also where the room is larger than the list and held another one before."""
    groups = room(max(map(len, lists), default=0))
    for listed in (np.array(numbers, np.int64) for numbers in lists):
        m, n = group(listed, groups), listed.size
        numbers, ends = groups.numbers[:m], groups.ends[: m + 1]
        assert list(numbers) == list(dict.fromkeys(listed.tolist()))
        np.testing.assert_array_equal(numbers[groups.of[:n]], listed)
        for number, start, stop in zip(numbers, ends[:-1], ends[1:], strict=True):
            np.testing.assert_array_equal(groups.places[start:stop], np.flatnonzero(listed == number))
