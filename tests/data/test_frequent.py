from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.logs import random_log
from vitrina.data.frequent import keep_frequent
from vitrina.errors import DataError


def counts(dataset):
    x = dataset.matrix()
    return x.getnnz(axis=1), x.getnnz(axis=0)


@given(users=st.integers(0, 8), items=st.integers(0, 8), seed=st.integers(0, 5))
def test_a_core_holds_both_bounds_and_is_the_largest(users, items, seed):
    log = random_log(30, 20, 150, seed=seed)
    x = log.matrix().toarray() > 0
    while True:  # one at a time, as the definition of a core has it
        rare = np.flatnonzero((x.sum(axis=0) < items) & (x.sum(axis=0) > 0))
        lazy = np.flatnonzero((x.sum(axis=1) < users) & (x.sum(axis=1) > 0))
        if not rare.size and not lazy.size:
            break
        x[:, rare[:1]] = False
        x[lazy[:1]] = False
    if not x.any():
        with pytest.raises(DataError, match="Lower these bounds"):
            keep_frequent(log, users=users, items=items, core=True)
        return
    kept = keep_frequent(log, users=users, items=items, core=True)
    np.testing.assert_array_equal(kept.matrix().toarray() > 0, x)


def test_without_core_items_are_counted_once_and_then_people():
    log = random_log(30, 20, 250)
    x = log.matrix().toarray() > 0
    x[:, x.sum(axis=0) < 7] = False
    x[x.sum(axis=1) < 4] = False
    assert x.any()
    np.testing.assert_array_equal(keep_frequent(log, users=4, items=7).matrix().toarray() > 0, x)


def test_only_positive_events_count():
    log = random_log(30, 20, 150)
    values = np.where(np.arange(len(log)) % 3 == 0, 5.0, 1.0).astype(np.float32)
    valued = log.interactions.with_columns(value=values)
    rated = replace(log, interactions=valued, info=log.info.model_copy(update={"positive": "value >= 4"}))
    assert len(keep_frequent(rated)) == (values >= 4).sum()
