import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from vitrina.data.splits import Label, cold_items, cold_items_k_fold, make_split
from vitrina.errors import DataError

from .logs import dense_log, log, logs


@given(data=logs(timed=False))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_all_events_of_an_item_fall_in_one_part(data):
    try:
        split = cold_items(data)
    except DataError:
        return
    parts = {label: set(data.item_codes[split.labels == label]) for label in (Label.TRAIN, Label.VALIDATION, Label.TEST)}
    assert not parts[Label.TRAIN] & parts[Label.TEST]
    assert not parts[Label.TRAIN] & parts[Label.VALIDATION]
    assert not parts[Label.VALIDATION] & parts[Label.TEST]
    assert set(split.candidates["test"]) == parts[Label.TEST]
    assert set(split.candidates["validation"]) == parts[Label.VALIDATION]
    assert (np.diff(split.candidates["test"]) > 0).all()


def test_shares_count_items():
    split = cold_items(dense_log(n_items=40), share=0.25, validation=0.1)
    assert split.candidates["test"].size == 10
    assert split.candidates["validation"].size == 3
    assert split.open_test().candidates.dtype == np.int32


def test_folds_test_every_item_once():
    data = dense_log(n_items=40)
    splits = cold_items_k_fold(data, k=5)
    assert sorted(np.concatenate([s.candidates["test"] for s in splits])) == list(range(40))
    assert [make_split(data, "cold-items-k-fold", fold=f).hash for f in range(5)] == [s.hash for s in splits]


def test_all_items_as_candidates_and_no_validation():
    split = cold_items(dense_log(), candidates="all", validation=0)
    assert split.candidates == {}
    assert not split.has_validation


def test_too_few_items():
    with pytest.raises(DataError, match="at least 3 items"):
        cold_items(log([("a", "1", 1), ("b", "1", 1), ("b", "2", 1)]))
