import numpy as np
import pytest
from hypothesis import given, settings

from vitrina.data.splits import Label, leave_one_out
from vitrina.data.splits.events import Events, complete_times, random_keys
from vitrina.errors import DataError
from vitrina.kernels import hashing
from vitrina.kernels.topk import top_k

from .logs import dense_log, log, logs


def test_first_event_of_a_pair_is_the_earliest_not_the_first_row():
    data = log([("a", "1", 9), ("a", "1", 3), ("b", "2", 5), ("a", "1", 4)])
    assert Events.of(data, 0).rows.tolist() == [1, 2]


def test_first_event_of_a_pair_without_times_is_the_first_row():
    data = log([("a", "1", 9), ("a", "1", None), ("b", "2", 5)])
    assert Events.of(data, 0).rows.tolist() == [0, 2]


def test_repeats_keep_all_events():
    data = log([("a", "1", 9), ("a", "1", 3), ("b", "2", 5)], repeats=True)
    assert Events.of(data, 0).rows.tolist() == [0, 1, 2]


def test_zero_is_a_missing_time():
    assert complete_times(log([("a", "1", 0), ("b", "1", 5)])) is None
    assert complete_times(log([("a", "1", 1), ("b", "1", 5)]).keep(np.array([True, True]))) is not None


def test_positions_count_the_later_events_of_the_same_user():
    events = Events.of(log([("a", "1", 9), ("b", "1", 1), ("a", "2", 3), ("a", "3", 9), ("b", "4", 7)]), 0)
    assert events.from_end(events.times).tolist() == [1, 1, 2, 0, 0]  # the tie at 9 keeps the order of rows


@given(logs(timed=False))
@settings(max_examples=50)
def test_random_order_ranks_every_user_completely(data):
    try:
        events = Events.of(data, 3)
    except DataError:
        return
    position = events.from_end(events.event_keys("x"))
    for user in range(data.n_users):
        assert sorted(position[events.users == user]) == list(range(events.counts[user]))


def test_positive_events_only():
    data = log([("a", "1", 1), ("a", "2", 2), ("b", "1", 3)], values=[5, 1, 4], positive="value >= 4")
    assert len(Events.of(data, 0).dataset) == 2


@pytest.mark.parametrize("events", [[], [("a", "1", 1)], [("a", "1", 1), ("a", "2", 2)]])
def test_too_little_data_is_refused(events):
    with pytest.raises(DataError, match="at least 2 users"):
        Events.of(log(events), 0)


def test_the_message_names_a_condition_that_leaves_too_little():
    data = log([("a", "1", 1), ("b", "1", 3)], values=[5, 1], positive="value >= 4")
    with pytest.raises(DataError, match="2 events before keeping 'value >= 4'"):
        Events.of(data, 0)


def test_keys_of_seeds_and_purposes_are_unrelated():
    keys = dense_log(n_users=2000, n_events=3).users.keys
    base = random_keys(keys, 0, "one") > 2**63
    for other in (random_keys(keys, 1, "one"), random_keys(keys, 0, "two"), random_keys(keys, -5, "one")):
        assert abs(np.mean(base == (other > 2**63)) - 0.5) < 0.05


def test_a_constant_scorer_scores_at_chance_with_the_seed_of_the_split():
    """The randomness that chooses test events must not be that which breaks ties in rankings."""
    data = dense_log(n_users=3000, n_items=100, n_events=4)
    split = leave_one_out(data, seed=11)
    chosen = split.labels == Label.TEST
    keys = hashing.seeded(data.users.keys, 11)
    listed, _ = top_k(np.zeros((3000, 100), np.float32), 10, row_keys=keys, column_keys=data.items.keys)
    hits = (listed[data.user_codes[chosen]] == data.item_codes[chosen][:, None]).any(axis=1)
    assert abs(hits.mean() - 0.1) < 4 * np.sqrt(0.09 / 3000)
