"""What must hold for every protocol, on any log; and the registry by name."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vitrina.data.splits import PROTOCOLS, Label, default_split, make_split
from vitrina.errors import DataError, UnknownNameError

from .logs import dense_log, labelled, log, logs, shuffled

NAMES = list(PROTOCOLS)
# Order in the source counts where events of one user share a second, unless ties are seeded.
SEEDED_TIES = {"leave-last-out": {"ties": "seeded"}}
# Sessions that reach into the next part lose their late events.
MAY_LOSE = ("strong-generalisation", "purchase-sessions")
NOT_RANDOM = ("default", "global-time", "leave-last-out", "purchase-sessions")
# Events of the logs here are seconds apart.
NEEDED = {"purchase-sessions": {"gap": 1}}
many = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def split_or_none(data, name, seed=0, **chosen):
    try:
        return make_split(data, name, seed=seed, **chosen)
    except DataError:  # a small log may be impossible to split; any other error is a crash
        return None


@pytest.mark.parametrize("name", NAMES)
@given(data=logs(timed=False))
@many
def test_parts_are_disjoint_and_complete(name, data):
    split = split_or_none(data, name)
    if split is None:
        return
    assert split.labels.dtype == np.uint8
    assert len(split.labels) == len(split.dataset)
    assert split.labels.max() <= max(Label)
    assert (split.labels == Label.TRAIN).any()
    assert (split.labels == Label.TEST).any()
    pairs = split.dataset.user_codes.astype(np.int64) * data.n_items + split.dataset.item_codes
    used = split.labels != Label.UNUSED
    if data.info.repeats:
        assert used.all() or name in MAY_LOSE
    else:
        assert np.unique(pairs[used]).size == used.sum()  # no pair in two parts, none twice
        if name not in MAY_LOSE:
            assert np.unique(pairs).size == used.sum()  # and no pair is lost
    assert {"repeats"} <= set(split.settings)


@pytest.mark.parametrize("name", NAMES)
@given(data=logs(), seed=st.integers(0, 2**31), order=st.integers(0, 99))
@many
def test_labels_do_not_depend_on_the_order_of_rows_or_codes(name, data, seed, order):
    chosen = SEEDED_TIES.get(name, {})
    split = split_or_none(data, name, seed, **chosen)
    # The default may order ties by source; shuffle its codes only.
    again = split_or_none(shuffled(data, order, rows=name != "default"), name, seed, **chosen)
    assert (split is None) == (again is None)
    if split is not None:
        assert labelled(split) == labelled(again)
        assert split.settings == again.settings


@given(data=logs(timed=False), seed=st.integers(-5, 5), order=st.integers(0, 99))
@many
def test_random_protocols_do_not_need_times_to_be_independent_of_the_order(data, seed, order):
    for name in ("leave-one-out", "per-user-ratio", "k-fold", "strong-generalisation", "cold-items"):
        split, again = split_or_none(data, name, seed), split_or_none(shuffled(data, order), name, seed)
        assert (split is None) == (again is None)
        if split is not None and not data.info.repeats:
            assert events(split) == events(again)


def events(split):
    return sorted((user, item, label) for user, item, _, label in labelled(split) if label)


@pytest.mark.parametrize("name", NAMES)
def test_every_protocol_works_on_a_good_log_and_its_parts_can_be_asked(name):
    data = dense_log(n_users=150)
    split = make_split(data, name, seed=4, **NEEDED.get(name, {}))
    assert split.protocol == (name if name != "default" else "global-time")
    assert split.seed == 4
    assert split.has_validation
    for part in (split.validation, split.open_test()):
        assert len(part) == part.targets.lengths.size == part.users.size > 0
        assert part.targets.lengths.min() >= 1
        for row in range(len(part)):
            assert not set(part.targets.row(row)) & set(part.queries.histories.row(row))
    assert split.hash == make_split(dense_log(n_users=150), name, seed=4, **NEEDED.get(name, {})).hash


@pytest.mark.parametrize("name", [n for n in NAMES if n not in NOT_RANDOM])
def test_seeds_give_other_splits(name):
    first, second = (make_split(dense_log(), name, seed=seed) for seed in (0, 1))
    assert (first.labels != second.labels).any()


def test_unknown_protocol_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'global-time'"):
        make_split(dense_log(), "global-tme")


def test_unknown_setting_names_the_nearest_and_all_valid_ones():
    with pytest.raises(DataError, match=r"setting of per-user-ratio 'tset'.*'test'.*test=0\.2, validation=0\.1, by='random'"):
        make_split(dense_log(), "per-user-ratio", tset=0.3)


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("per-user-ratio", {"test": "much"}),
        ("per-user-ratio", {"by": "mood"}),
        ("per-user-ratio", {"test": 1.5}),
        ("per-user-ratio", {"test": 0.6, "validation": 0.4}),
        ("leave-last-out", {"ties": "rows"}),
        ("k-fold", {"k": 1}),
        ("k-fold", {"k": 3, "fold": 3}),
        ("cold-items-k-fold", {"fold": -1}),
        ("cold-items", {"share": 0.0}),
        ("cold-items", {"candidates": "some"}),
        ("strong-generalisation", {"test_users": 0}),
        ("strong-generalisation", {"test_users": 60}),
        ("strong-generalisation", {"fold_in": 1.0}),
        ("global-time", {"test": "soon"}),
        ("global-time", {"test": 0.0}),
        ("global-time", {"test": float("inf")}),
        ("global-time", {"test": float("nan")}),
        ("global-time", {"test": "1970-01-01"}),
        ("global-time", {"test": "2999-01-01"}),
        ("leave-one-out", {"min_events": 13}),
    ],
)
def test_wrong_settings_are_refused_with_what_was_given(name, chosen):
    with pytest.raises(DataError) as caught:
        make_split(dense_log(), name, **chosen)
    assert str(next(iter(chosen.values()))) in str(caught.value) or "k-fold" in str(caught.value)


def test_settings_given_as_text_are_converted():
    split = make_split(dense_log(), "per-user-ratio", test="0.5", min_events="3")
    assert split.settings["test"] == 0.5
    assert make_split(dense_log(), "global-time", test="0.2").settings["test_from"]


def test_every_protocol_says_what_it_is():
    for protocol in PROTOCOLS.values():
        assert len(protocol.description) > 20
        assert protocol.settings.model_json_schema()["additionalProperties"] is False


class TestDefault:
    def test_global_time_when_times_are_complete(self):
        split = default_split(dense_log(n_users=120))
        assert split.protocol == "global-time"
        assert "timestamps are complete" in split.settings["chosen"]

    def test_ratio_when_times_are_missing(self):
        data = dense_log(n_users=120)
        split = default_split(log([(f"u{u}", f"i{i}", None) for u, i in zip(data.user_codes, data.item_codes, strict=True)]))
        assert (split.protocol, split.settings["by"]) == ("per-user-ratio", "random")
        assert "timestamps are missing" in split.settings["chosen"]

    def test_latest_events_of_each_user_when_most_late_users_are_new(self):
        # Each user comes once, in their own hour.
        events = [(f"u{u}", f"i{(u + 3 * e) % 40}", 1000 + 3600 * u + e) for u in range(200) for e in range(6)]
        split = default_split(log(events))
        assert (split.protocol, split.settings["by"]) == ("per-user-ratio", "time")
        assert "have a history" in split.settings["chosen"]

    def test_global_time_stays_when_users_are_too_short_to_hold_out_anything(self):
        events = [(f"u{u % 30}", f"i{u % 17}", 1000 + u) for u in range(60)]
        split = default_split(log(events))
        assert split.protocol == "global-time"
        assert "too few events" in split.settings["chosen"]

    def test_users_of_three_events_are_enough_where_there_are_no_longer_ones(self):
        events = [(f"u{u}", f"i{(u + e) % 17}", None) for u in range(30) for e in range(3)]
        assert default_split(log(events)).settings["min_events"] == 3
