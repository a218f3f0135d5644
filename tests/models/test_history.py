import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.models.logs import random_log
from vitrina.data.queries import Queries
from vitrina.models.history import explain_weights


@pytest.mark.parametrize("sparse", [False, True])
def test_the_weight_of_each_item_of_the_history(sparse):
    rng = np.random.default_rng(0)
    weights = rng.random((9, 9), np.float32) * (rng.random((9, 9)) < 0.5)
    kept = csr_matrix(weights) if sparse else weights
    if sparse:  # the columns of a row in any order
        kept.indices[: kept.indptr[1]], kept.data[: kept.indptr[1]] = (
            kept.indices[: kept.indptr[1]][::-1],
            kept.data[: kept.indptr[1]][::-1],
        )
        kept.has_sorted_indices = False
    lists, items = [[3, 0, 5], [], [0, 8]], np.array([1, 2, 3], np.int32)
    found = explain_weights(Queries.from_lists(lists, random_log(3, 9, 10).items.keys), kept, items)
    right = [weights[source, target] for history, target in zip(lists, items, strict=True) for source in history]
    np.testing.assert_array_equal(found.contributions, np.float32(right))
    assert found.exact
    assert not found.others
