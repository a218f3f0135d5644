from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tests.models.logs import random_log
from vitrina.data.catalogue import Catalogue
from vitrina.data.frequent import drop_absent, keep_frequent
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


def test_what_has_no_event_is_dropped_and_the_rest_stays_as_it_was():
    log = random_log(30, 20, 60)
    features = {"dense": np.arange(60.0, dtype=np.float32).reshape(20, 3), "sparse": csr_matrix(np.eye(20, dtype=np.float32))}
    table = pl.DataFrame({"title": [f"title {i}" for i in range(20)]})
    log = replace(
        log,
        catalogue=Catalogue(log.items, table, features),
        user_table=pl.DataFrame({"age": list(range(30))}),
    )
    kept = keep_frequent(log, users=3, items=2)
    small = drop_absent(kept)
    users, items = counts(kept)
    assert 0 < small.n_users == (users > 0).sum() < 30
    assert 0 < small.n_items == (items > 0).sum() < 20
    assert min(map(min, counts(small))) > 0
    assert small.fingerprint == kept.fingerprint  # the same events by external ids, in the same order
    np.testing.assert_array_equal(small.matrix().toarray(), kept.matrix().toarray()[users > 0][:, items > 0])
    assert small.catalogue.table["title"].to_list() == [f"title {i}" for i in np.flatnonzero(items)]
    assert small.user_table["age"].to_list() == np.flatnonzero(users).tolist()
    for name, matrix in features.items():
        found = small.catalogue.features[name]
        np.testing.assert_array_equal(
            np.asarray(found if name == "dense" else found.todense()),
            (matrix if name == "dense" else matrix.todense())[items > 0],
        )
    assert drop_absent(small).matrix().shape == small.matrix().shape


def test_only_positive_events_count():
    log = random_log(30, 20, 150)
    values = np.where(np.arange(len(log)) % 3 == 0, 5.0, 1.0).astype(np.float32)
    valued = log.interactions.with_columns(value=values)
    rated = replace(log, interactions=valued, info=log.info.model_copy(update={"positive": "value >= 4"}))
    assert len(keep_frequent(rated)) == (values >= 4).sum()
