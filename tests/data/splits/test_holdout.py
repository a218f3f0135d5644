import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vitrina.data.ragged import Ragged
from vitrina.data.splits import Label, Split, k_fold, leave_last_out, leave_one_out, make_split, per_user_ratio, with_validation
from vitrina.errors import DataError

from .logs import dense_log, events_of, labelled, log, logs, shuffled

many = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
TINY = [("a", "1", 5), ("a", "2", 4), ("a", "3", 9), ("b", "1", 1), ("b", "2", 2), ("c", "1", 1), ("c", "9", 8), ("c", "4", 7)]


class TestLeaveLastOut:
    def test_last_is_test_and_the_one_before_validation(self):
        split = leave_last_out(log(TINY))
        assert events_of(split, Label.TEST) == {("a", "3"), ("c", "9")}
        assert events_of(split, Label.VALIDATION) == {("a", "1"), ("c", "4")}
        assert events_of(split, Label.TRAIN) == {("a", "2"), ("b", "1"), ("b", "2"), ("c", "1")}  # b is too short
        assert split.settings["order"] == "time"

    def test_without_validation_users_of_two_events_are_tested(self):
        split = leave_last_out(log(TINY), validation=False, min_events=2)
        assert events_of(split, Label.TEST) == {("a", "3"), ("b", "2"), ("c", "9")}
        assert not split.has_validation

    def test_incomplete_times_use_the_order_of_the_source_and_say_so(self):
        split = leave_last_out(log([*TINY, ("b", "7", None)]))
        assert ("b", "7") in events_of(split, Label.TEST)
        assert ("a", "3") in events_of(split, Label.TEST)
        assert ("c", "4") in events_of(split, Label.TEST)  # the last row, not the latest time
        assert split.settings["order"] == "source"

    def test_ties_keep_the_order_of_the_source(self):
        events = [(u, i, 5) for u in "ab" for i in "123456"]
        assert events_of(leave_last_out(log(events)), Label.TEST) == {("a", "6"), ("b", "6")}

    def test_seeded_ties_depend_on_the_seed_only(self):
        data = log([(u, i, 5) for u in "abcdefgh" for i in "123456"])
        first = events_of(leave_last_out(data, ties="seeded", seed=1), Label.TEST)
        assert first == events_of(leave_last_out(shuffled(data, 3), ties="seeded", seed=1), Label.TEST)
        assert first != events_of(leave_last_out(data, ties="seeded", seed=2), Label.TEST)

    @given(data=logs())
    @many
    def test_order_in_time_holds_for_each_user(self, data):
        try:
            split = leave_last_out(data)
        except DataError:
            return
        times = split.dataset.interactions["timestamp"].to_numpy()
        for user in range(data.n_users):
            mine = split.dataset.user_codes == user
            train, held, test = (times[mine & (split.labels == label)] for label in (Label.TRAIN, Label.VALIDATION, Label.TEST))
            assert len(test) == len(held) <= 1
            assert train.max(initial=0) <= held.min(initial=99)
            assert held.max(initial=0) <= test.min(initial=99)


def test_leave_one_out_takes_one_event_of_each_long_user_uniformly():
    split = leave_one_out(log(TINY))
    assert {user for user, _ in events_of(split, Label.TEST)} == {"a", "c"}
    assert {user for user, _ in events_of(split, Label.VALIDATION)} == {"a", "c"}
    # Each of 4 events is chosen about equally often.
    data = log([(f"u{u}", str(i), i + 1) for u in range(2000) for i in range(4)])
    split = leave_one_out(data)
    counts = np.bincount(split.dataset.item_codes[split.labels == Label.TEST], minlength=4)
    assert np.abs(counts - 500).max() < 4 * np.sqrt(2000 * 0.25 * 0.75)


class TestRatio:
    @given(test=st.floats(0.05, 0.8), validation=st.one_of(st.just(0.0), st.floats(0.05, 0.19)), n=st.integers(3, 40))
    @many
    def test_sizes(self, test, validation, n):
        data = log([(u, str(i), i + 1) for u in "ab" for i in range(n)])
        split = per_user_ratio(data, test=test, validation=validation, min_events=3)
        for user in (0, 1):
            mine = split.labels[data.user_codes == user]
            n_test, n_validation = np.sum(mine == Label.TEST), np.sum(mine == Label.VALIDATION)
            assert n_test == max(1, int(test * n + 1e-9))
            wanted = max(1, int(validation * n + 1e-9)) if validation else 0
            assert n_validation == min(wanted, n - n_test - 1)  # one event is left to learn from
            assert n_test + n_validation < n

    def test_a_fifth_of_five_is_one_in_spite_of_rounding(self):
        data = log([(u, str(i), i + 1) for u in "ab" for i in range(15)])
        assert (per_user_ratio(data, test=0.2, validation=0).labels == Label.TEST).sum() == 6

    def test_by_time_takes_the_latest(self):
        data = dense_log()
        split = per_user_ratio(data, by="time")
        times = split.dataset.interactions["timestamp"].to_numpy()
        for user in range(data.n_users):
            mine = split.dataset.user_codes == user
            assert times[mine & (split.labels == Label.TRAIN)].max() < times[mine & (split.labels == Label.VALIDATION)].min()
            assert times[mine & (split.labels == Label.VALIDATION)].max() < times[mine & (split.labels == Label.TEST)].min()

    def test_short_users_stay_in_train(self):
        split = per_user_ratio(log(TINY), min_events=3)
        assert {user for user, _ in events_of(split, Label.TEST)} == {"a", "c"}

    def test_nobody_long_enough_is_an_error_that_says_so(self):
        with pytest.raises(DataError, match=r"no test event.*most active with 3.*Lower min_events"):
            per_user_ratio(log(TINY))


class TestKFold:
    @given(data=logs(), k=st.integers(2, 6))
    @many
    def test_every_event_is_tested_once(self, data, k):
        try:
            splits = k_fold(data, k=k, min_events=k)
        except DataError:
            return
        tested = np.sum([split.labels == Label.TEST for split in splits], axis=0)
        counts = np.bincount(data.user_codes[splits[0].labels != Label.UNUSED], minlength=data.n_users)
        usable = splits[0].labels != Label.UNUSED
        assert (tested[usable] == (counts[data.user_codes] >= max(2, k))[usable]).all()

    def test_folds_are_even_within_each_user_and_over_all(self):
        splits = k_fold(dense_log(n_users=300, n_events=7), k=5)
        for split in splits:
            per_user = np.bincount(split.dataset.user_codes[split.labels == Label.TEST], minlength=300)
            assert set(per_user) <= {1, 2}
            assert abs(per_user.sum() - 420) < 60
            assert (np.bincount(split.dataset.user_codes[split.labels == Label.VALIDATION], minlength=300) == 1).all()

    def test_one_fold_by_name_is_the_same(self):
        data = dense_log()
        for fold, split in enumerate(k_fold(data, k=4, seed=3)):
            again = make_split(data, "k-fold", k=4, fold=fold, seed=3)
            assert again.hash == split.hash


class TestWithValidation:
    @pytest.fixture
    def published(self):
        data = dense_log()
        labels = leave_last_out(data, validation=False).labels
        lists = Ragged.group(np.repeat(np.arange(60), 5), np.tile(np.arange(5), 60), 60)
        return Split(data, labels, "published", {"name": "p"}, candidates={"test": lists})

    @pytest.mark.parametrize("how", ["leave-last-out", "leave-one-out", "per-user-ratio"])
    def test_test_stays_and_validation_comes_from_train(self, published, how):
        split = with_validation(published, how, share=0.2, seed=5)
        assert ((split.labels == Label.TEST) == (published.labels == Label.TEST)).all()
        held = split.labels == Label.VALIDATION
        assert (published.labels[held] == Label.TRAIN).all()
        per_user = np.bincount(split.dataset.user_codes[held])
        assert (per_user == (2 if how == "per-user-ratio" else 1)).all()
        assert split.protocol == "published"
        assert split.settings["validation"]["how"] == how
        assert split.validation.candidates is None  # all items
        assert split.open_test().candidates is published.candidates["test"]
        assert split.hash != published.hash

    def test_sampled_candidates_are_the_target_and_items_without_a_training_event(self, published):
        split = with_validation(published, "leave-last-out", sampled=4, seed=3)
        part, known = split.validation, split.rows(Label.TRAIN).matrix()
        assert (part.candidates.lengths == 5).all()
        for row, user in enumerate(part.users):
            candidates, target = set(part.candidates.row(row)), set(part.targets.row(row))
            assert len(candidates) == 5
            assert target < candidates
            assert not candidates & set(known[user].indices)
        assert split.open_test().candidates is published.candidates["test"]
        assert split.hash != with_validation(published, "leave-last-out", sampled=4, seed=4).hash

    def test_every_other_item_is_drawn_equally_often(self, published):
        drawn = np.zeros(published.dataset.n_items)
        possible = drawn.copy()
        for seed in range(30):
            split = with_validation(published, "leave-last-out", sampled=3, seed=seed)
            x = split.rows(Label.TRAIN, Label.VALIDATION).matrix()
            drawn += np.bincount(split.validation.candidates.values, minlength=drawn.size)
            drawn -= np.bincount(split.validation.targets.values, minlength=drawn.size)
            free = 1 - x.toarray()[split.validation.users]
            possible += (free * 3 / free.sum(axis=1, keepdims=True)).sum(axis=0)
        assert np.abs(drawn - possible).max() < 4 * np.sqrt(possible.max())

    def test_more_sampled_items_than_there_are_are_refused(self, published):
        with pytest.raises(DataError, match="cannot be drawn for everybody"):
            with_validation(published, sampled=published.dataset.n_items)

    def test_last_out_takes_the_last_training_event(self, published):
        split = with_validation(published, "leave-last-out")
        whole = leave_last_out(published.dataset)
        assert (split.labels == whole.labels).all()

    def test_copies_of_a_pair_in_train_do_not_straddle(self):
        data = log([("a", "1", 1), ("a", "1", 2), ("a", "2", 3), ("a", "3", 4), ("b", "1", 1), ("b", "2", 2), ("b", "3", 3)])
        split = Split(data, np.array([1, 1, 1, 3, 1, 1, 3], np.uint8), "published")
        for seed in range(8):
            labels = with_validation(split, seed=seed).labels
            assert sorted(labels[:2]) in ([0, 1], [0, 2])

    def test_row_and_code_order_do_not_matter(self, published):
        other = shuffled(published.dataset, 1)
        labels = leave_last_out(other, validation=False).labels
        assert labelled(with_validation(published, seed=2)) == labelled(with_validation(Split(other, labels, "p"), seed=2))

    def test_refused_where_there_is_one_or_nothing_to_take(self, published):
        with pytest.raises(DataError, match="already"):
            with_validation(with_validation(published))
        data = log([("a", "1", 1), ("a", "2", 2), ("b", "1", 1), ("b", "2", 2)])
        short = leave_last_out(data, validation=False, min_events=2)
        with pytest.raises(DataError, match="no user has 2 training events"):
            with_validation(short)
