import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.data.vocabulary import Vocabulary


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=8), st.data())
def test_take(rows, data):
    row_of = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    whole = Ragged.group(row_of, np.array([v for r in rows for v in r], np.int64), len(rows))
    wanted = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=9)) if rows else []
    taken = whole.take(np.array(wanted, np.int32))
    assert (taken.offsets.dtype, taken.values.dtype) == (np.int64, np.int32)
    assert [taken.row(r).tolist() for r in range(len(taken))] == [rows[r] for r in wanted]


def test_queries_refuse_items_that_are_not_there():
    """Compiled code would read beyond its arrays."""
    histories = Queries.from_lists([[0, 2], []], Vocabulary(["a", "b", "c"]).keys)
    assert histories.matrix(3).toarray().tolist() == [[1, 0, 1], [0, 0, 0]]
    with pytest.raises(ValueError, match="item code 2 among 2 items"):
        histories.matrix(2)
