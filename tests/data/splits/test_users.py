import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from vitrina.data.splits import Label, strong_generalisation
from vitrina.errors import DataError

from .logs import dense_log, log, logs, movielens_100k

HELD = (Label.VALIDATION, Label.VALIDATION_HISTORY, Label.TEST, Label.TEST_HISTORY)


def check(split, min_events, fold_in):
    users = split.dataset.user_codes
    trained = np.unique(users[split.labels == Label.TRAIN])
    seen = np.unique(split.dataset.item_codes[split.labels == Label.TRAIN])
    for target, history in ((Label.VALIDATION, Label.VALIDATION_HISTORY), (Label.TEST, Label.TEST_HISTORY)):
        held = np.unique(users[np.isin(split.labels, (target, history))])
        assert not np.isin(held, trained).any()
        for user in held:
            mine = split.labels[users == user]
            n_targets, n_history = np.sum(mine == target), np.sum(mine == history)
            n = n_targets + n_history
            assert n_targets == (max(1, int(n * (1 - fold_in) + 1e-9)) if n >= min_events else 0)
            assert not np.isin(mine, [label for label in Label if label not in (target, history, Label.UNUSED)]).any()
    assert np.isin(split.dataset.item_codes[np.isin(split.labels, HELD)], seen).all()


@given(data=logs())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_held_out_users_never_train_and_give_a_fifth(data):
    try:
        split = strong_generalisation(data, test_users=2, validation_users=1, min_events=3)
    except DataError:
        return
    check(split, 3, 0.8)


def test_counts_and_shares_of_users():
    data = dense_log(n_users=50)
    by_count = strong_generalisation(data, test_users=7, validation_users=4)
    by_share = strong_generalisation(data, test_users=0.14, validation_users=0.08)
    assert (by_count.labels == by_share.labels).all()
    assert len(by_count.open_test()) == 7
    assert len(by_count.validation) == 4
    assert strong_generalisation(data, validation_users=0).has_validation is False


def test_items_nobody_trains_on_are_dropped_or_kept():
    data = log([(f"u{u}", f"own-{u}" if i == 5 else f"i{i}", u + i + 1) for u in range(20) for i in range(6)])
    dropped = strong_generalisation(data, test_users=5, validation_users=5)
    own = np.array([str(name).startswith("own") for name in data.items.decode(data.item_codes)])
    held = np.isin(data.user_codes, np.unique(data.user_codes[np.isin(dropped.labels, HELD)]))
    assert (dropped.labels[own & held] == Label.UNUSED).all()
    assert (dropped.labels[~own] != Label.UNUSED).all()
    kept = strong_generalisation(data, test_users=5, validation_users=5, unseen_items="keep")
    assert (kept.labels != Label.UNUSED).all()


def test_more_users_than_there_are_is_refused():
    with pytest.raises(DataError, match="40 test and 20 validation users asked for, but only 50 of 50"):
        strong_generalisation(dense_log(n_users=50), test_users=40, validation_users=20)


@pytest.mark.needs_data
def test_movielens_follows_the_paper():
    split = strong_generalisation(movielens_100k(), test_users=100, validation_users=100)
    check(split, 5, 0.8)
    assert len(split.open_test()) == len(split.validation) == 100
