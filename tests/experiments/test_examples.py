import numpy as np
import polars as pl
import pytest

from vitrina.data.dataset import Dataset
from vitrina.data.splits.protocols import make_split
from vitrina.experiments.examples import HISTORY, PICKS, SESSIONS, examples, lists_table, works_shown


@pytest.fixture(scope="module")
def replay():
    """Twelve people who buy in turn, a work each time; the last quarter is the test part."""
    n = 240
    log = pl.DataFrame(
        {
            "user": [f"u{i % 12}" for i in range(n)],
            "item": [f"w{i}" for i in range(n)],
            "timestamp": [1_000_000 * (i + 1) for i in range(n)],
        }
    )
    items = pl.DataFrame({"id": [f"w{i}" for i in range(n)], "title": [None if i == 239 else f"Work {i}" for i in range(n)]})
    shop = Dataset.from_frame(log, items=items)
    return shop, make_split(shop, "purchase-sessions", test=0.25, validation=0.1).open_test()


def lists(part, found):
    """Ten picks a session, of which the third is what was bought where the session is in ``found``."""
    items = np.tile(np.arange(12, dtype=np.int32), (len(part), 1))
    for n in found:
        items[n, 2] = part.targets.row(n)[0]
    return lists_table(items)


def test_lists_keep_the_first_picks_and_their_gaps():
    table = lists_table(np.array([[3, 1, -1] + [7] * 20], np.int32))
    assert table["items"].to_list() == [[3, 1, -1, *[7] * (PICKS - 3)]]


def test_examples_are_sessions_of_different_people_in_which_something_was_found(replay):
    shop, part = replay
    found = range(5, 40)
    shown = examples(part, {"a": lists(part, found), "b": lists(part, [])}, shop.catalogue, shop.users.ids, seed=3)
    assert len(shown) == SESSIONS
    assert len({one["user"] for one in shown}) == SESSIONS
    for one in shown:
        assert one["picks"]["a"][2] == one["targets"][0]
        assert one["picks"]["b"][:3] == ["w0", "w1", "w2"]


def test_histories_are_what_the_person_had_bought_before_newest_last(replay):
    shop, part = replay
    (one, *_) = examples(part, {"a": lists(part, range(len(part)))}, shop.catalogue, shop.users.ids, seed=0)
    before = [f"w{i}" for i in range(240) if f"u{i % 12}" == one["user"] and 1_000_000 * (i + 1) < one["at"]]
    assert one["n_history"] == len(before)
    assert one["history"] == before[-HISTORY:]
    assert one["targets"] == [f"w{one['at'] // 1_000_000 - 1}"]


def test_the_same_seed_shows_the_same_sessions(replay):
    shop, part = replay
    given = ({"a": lists(part, range(len(part)))}, shop.catalogue, shop.users.ids)
    assert examples(part, *given, seed=1) == examples(part, *given, seed=1)
    assert examples(part, *given, seed=1) != examples(part, *given, seed=2)


def test_nothing_found_shows_nothing(replay):
    shop, part = replay
    assert examples(part, {"a": lists(part, [])}, shop.catalogue, shop.users.ids, seed=0) == []


def test_works_shown_are_those_named_once_each(replay):
    shop, _ = replay
    found = [{"history": ["w1", "w239"], "targets": ["w2"], "picks": {"a": ["w1", "w3"], "b": []}}]
    assert works_shown(found, shop.catalogue) == {
        "w1": {"title": "Work 1"},
        "w239": {},
        "w2": {"title": "Work 2"},
        "w3": {"title": "Work 3"},
    }
    bare = Dataset.from_frame(pl.DataFrame({"user": ["a", "b"], "item": ["x", "y"]}))
    assert works_shown([{"history": ["x"], "targets": [], "picks": {}}], bare.catalogue) == {"x": {}}
