import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vitrina.data.splits import Label, global_time
from vitrina.errors import DataError

from .logs import dense_log, log, logs, movielens_100k

DAY = 86_400


def ranges(split):
    times = split.dataset.interactions["timestamp"].to_numpy()
    return [times[split.labels == label] for label in (Label.TRAIN, Label.VALIDATION, Label.TEST)]


@given(data=logs(), test=st.floats(0.02, 0.6), validation=st.floats(0.02, 0.35))
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_part_begins_before_the_previous_one_has_ended(data, test, validation):
    try:
        split = global_time(data, validation=validation, test=test)
    except DataError:
        return
    train, held, tested = ranges(split)
    assert train.max() < held.min()  # strict: ties never straddle
    assert held.max() < tested.min()


def test_shares_are_met_where_times_are_distinct():
    train, held, tested = ranges(global_time(dense_log(n_users=100, n_events=10), validation=0.15, test=0.25))
    assert (train.size, held.size, tested.size) == (600, 150, 250)


def test_the_nearer_of_two_boundaries_is_taken_where_times_tie():
    events = [
        (f"u{n}", "i", day * DAY) for day, size in ((1, 50), (2, 24), (3, 20), (4, 6)) for n in range(day * 100, day * 100 + size)
    ]
    train, _, tested = ranges(global_time(log(events), validation=0, test=0.1))
    assert (train.size, tested.size) == (94, 6)
    train, held, tested = ranges(global_time(log(events), validation=0.2, test=0.2))
    assert (train.size, held.size, tested.size) == (50, 24, 26)


@pytest.mark.parametrize("boundary", ["1970-01-04", "1970-01-04T00:00:00", "1970-01-04T02:00:00+02:00", 3 * DAY, str(3 * DAY)])
def test_dates(boundary):
    events = [("ab"[day % 2], f"i{day}", day * DAY) for day in range(1, 6)]
    split = global_time(log(events), validation="1970-01-03", test=boundary)
    assert [list(part // DAY) for part in ranges(split)] == [[1], [2], [3, 4, 5]]
    assert split.settings["test_from"] == "1970-01-04T00:00:00Z"
    assert split.settings["validation_from"] == "1970-01-03T00:00:00Z"


def test_a_repeat_of_a_known_pair_is_no_target():
    events = [("a", "1", 1), ("b", "1", 2), ("a", "2", 3), ("b", "2", 4), ("a", "1", 9), ("b", "3", 10)]
    split = global_time(log(events), validation=0, test=9)
    assert split.labels.tolist() == [1, 1, 1, 1, Label.UNUSED, Label.TEST]
    split = global_time(log(events, repeats=True), validation=0, test=9)
    assert split.labels.tolist() == [1, 1, 1, 1, Label.TEST, Label.TEST]


@pytest.mark.parametrize("missing", [None, 0])
def test_missing_times_are_refused_and_counted(missing):
    with pytest.raises(DataError, match=r"lacks the timestamp of 1 of 3 events.*per-user-ratio"):
        global_time(log([("a", "1", 5), ("b", "1", missing), ("b", "2", 6)]))


def test_no_timestamps_at_all():
    data = log([("a", "1", 5), ("b", "1", 7)])
    without = type(data)(data.interactions.drop("timestamp"), data.users, data.catalogue, data.info)
    with pytest.raises(DataError, match="has no timestamps"):
        global_time(without)


def test_one_moment_cannot_be_cut():
    with pytest.raises(DataError, match="1 distinct moments"):
        global_time(log([(u, i, 5) for u in "abc" for i in "123"]))


def test_validation_must_begin_before_test():
    with pytest.raises(DataError, match="validation='1970-01-05' leaves nothing after it"):
        global_time(log([("ab"[d % 2], f"i{d}", d * DAY) for d in range(1, 6)]), validation="1970-01-05", test="1970-01-04")


@pytest.mark.needs_data
def test_movielens():
    split = global_time(movielens_100k(""))
    train, held, tested = ranges(split)
    assert train.max() < held.min() <= held.max() < tested.min()
    assert tested.size == 10_000
    assert np.abs(held.size - 10_000) <= 5
