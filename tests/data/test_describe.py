"""Descriptions: the numbers against independent counts, and each warning where it is due and nowhere else."""

import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.describe import describe

log = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"), st.sampled_from([1.0, 3.0, 5.0])), min_size=1, max_size=40
)


def build(rows: list[tuple], columns=("user", "item", "value"), items: pl.DataFrame | None = None, **info) -> Dataset:
    return Dataset.from_frame(pl.DataFrame(rows, schema=list(columns), orient="row"), items=items, info=DatasetInfo(**info))


def healthy(n_users: int = 60, n_items: int = 20, n_events: int = 6, **info) -> Dataset:
    """Enough of everything: nothing to warn of."""
    rows = [
        (f"u{u}", f"i{(u * 7 + k * 3) % n_items}", 1_600_000_000 + 86_400 * k + u)
        for u in range(n_users)
        for k in range(n_events)
    ]
    return build(rows, ("user", "item", "timestamp"), **info)


@given(log)
def test_counts(rows: list[tuple]) -> None:
    found = describe(build(rows, positive="value >= 3"))
    good = [row for row in rows if row[2] >= 3]
    pairs = {row[:2] for row in good}
    by_user, by_item = (Counter(row[n] for row in good) for n in (0, 1))
    assert (found.events, found.positive_events) == (len(rows), len(good))
    assert (found.users, found.active_users) == (len({row[0] for row in rows}), len(by_user))
    assert (found.items, found.active_items) == (len({row[1] for row in rows}), len(by_item))
    assert found.users_with_at_least == {k: sum(sum(p[0] == u for p in pairs) >= k for u in by_user) for k in (2, 3, 5, 10, 20)}
    assert [(bar.low, bar.count) for bar in found.values] == sorted(Counter(row[2] for row in rows).items())
    if not good:
        assert found.per_user is found.per_item is found.long_tail is None
        assert found.density == found.repeats == 0
        return
    assert found.density == pytest.approx(len(pairs) / (len(by_user) * len(by_item)))
    assert found.repeats == pytest.approx(1 - len(pairs) / len(good))
    counts = np.array(list(by_item.values()))
    assert (found.per_item.min, found.per_item.max) == (counts.min(), counts.max())
    assert found.per_item.median == np.median(counts)
    assert found.per_user.mean == pytest.approx(len(good) / len(by_user))
    # the Gini coefficient from its definition: half the relative mean difference
    assert found.long_tail.gini == pytest.approx(np.abs(counts[:, None] - counts).mean() / (2 * counts.mean()))
    falling = sorted(counts, reverse=True)
    assert found.long_tail.top[20] == pytest.approx(sum(falling[: max(1, round(0.2 * len(falling)))]) / len(good))
    assert found.long_tail.single_event_items == sum(counts == 1)


@given(log)
def test_it_is_plain_json(rows: list[tuple]) -> None:
    found = describe(build(rows)).to_dict()
    assert json.loads(json.dumps(found))["events"] == len(rows)


def test_times() -> None:
    rows = [("a", "x", 86_400), ("a", "y", None), ("b", "x", 0), ("b", "y", 3 * 86_400), ("b", "z", 86_400)]
    found = describe(build(rows, ("user", "item", "timestamp")))
    times = found.times
    assert (times.first, times.last, times.days) == ("1970-01-02T00:00:00Z", "1970-01-04T00:00:00Z", 2.0)
    assert (times.missing, times.zeros, times.distinct) == (2, 1, 2)
    assert any("2 of 5 events have no timestamp, 1 of them 0: a split by time needs all" in w for w in found.warnings)
    unknown = describe(build([("a", "x", None), ("b", "y", 0)], ("user", "item", "timestamp"))).times
    assert (unknown.first, unknown.missing, unknown.zeros) == (None, 2, 1)


def test_kinds_and_sessions() -> None:
    rows = [("a", "x", "like", 1), ("a", "y", "like", 1), ("b", "x", "view", 1), ("b", "y", None, 2)]
    found = describe(build(rows, ("user", "item", "kind", "session")))
    assert found.kinds == {"like": 2, "view": 1, "": 1}
    assert found.sessions.count == 3, "session 1 of two users is two sessions"
    assert found.sessions.events.max == 2
    assert any("Events of all kinds count as positive ('like'" in w for w in found.warnings)


def test_many_values_become_bars_of_equal_width() -> None:
    rows = [("a", f"i{n}", n / 2) for n in range(101)]
    bars = describe(build(rows)).values
    assert len(bars) == 20
    assert sum(bar.count for bar in bars) == 101
    assert (bars[0].low, bars[-1].high) == (0, 50)
    missing = describe(build([("a", "x", None), ("b", "x", 2.0)]))
    assert (missing.values_missing, len(missing.values)) == (1, 1)


def test_attributes_present_and_absent() -> None:
    items = pl.DataFrame(
        {
            "id": ["x", "y", "z", "w"],
            "style": ["pop", None, "pop", "op"],
            "tags": [["a", "b"], [], None, ["b"]],
            "year": [1999, None, None, None],
            "price": [10.0, None, 30.0, 20.0],
        }
    )
    found = describe(build([("a", "x", 1.0), ("b", "q", 1.0)], items=items, currency="CLP"))
    table = {a.name: (a.type, a.present, a.absent, round(a.share, 2), a.distinct) for a in found.attributes}
    assert table == {
        "style": ("text", 3, 2, 0.6, 2),
        "tags": ("list", 2, 3, 0.4, 2),
        "year": ("number", 1, 4, 0.2, 1),
        "price": ("number", 3, 2, 0.6, 3),
    }
    assert (found.prices.min, found.prices.median, found.prices.max, found.prices.currency) == (10, 20, 30, "CLP")
    assert describe(build([("a", "x", 1.0)])).prices is None


def test_a_healthy_data_set_has_no_warning() -> None:
    assert describe(healthy()).warnings == []


@pytest.mark.parametrize(
    ("dataset", "warning"),
    [
        (healthy(n_users=49), "Only 49 users have 3 or more positive items"),
        (build([("a", "x", 1.0), ("a", "y", 1.0)]), "There is a single user"),
        (build([("a", "x", 1.0), ("b", "x", 1.0)]), "All positive events are of one item"),
        (build([(f"u{n}", "x" if n % 4 else "y", 1.0) for n in range(80)]), "One item has 75% of all positive events"),
        (build([(f"u{n}", f"i{n % 30}", 1.0) for n in range(80)]), "100% of the users have one positive item only"),
        (build([("a", f"i{n}", 1.0) for n in range(9)]), "Half of the items have 1 event(s) or fewer"),
        (build([("a", "x", 1.0)] * 3 + [("b", "y", 1.0)]), "50% of the events repeat a user and item seen before"),
        (build([("a", "x", 1.0), ("b", "y", 1.0)]), "There are no timestamps"),
        (healthy(n_events=1), "All events lie within one day"),
        (healthy(positive="timestamp < 0"), "There is no positive event"),
        (build([("a", "x", v) for v in (1.0, 2.0, 3.0, 4.0, 5.0)]), 'set positive = "value >= 4"'),
        (
            build([("a", "x", 1.0), ("b", "y", 1.0)], items=pl.DataFrame({"id": list("xypqrstu")})),
            "75% of the catalogue has no positive event",
        ),
        (
            build([("a", "x", 1.0)], items=pl.DataFrame({"id": list("xbcdefghijkl"), "school": ["s", *[None] * 11]})),
            "Known for fewer than one item in ten: school",
        ),
    ],
)
def test_each_doubt_is_said(dataset: Dataset, warning: str) -> None:
    assert [w for w in describe(dataset).warnings if warning in w], describe(dataset).warnings


def test_what_was_settled_is_not_doubted() -> None:
    repeated = [("a", "x", 1.0)] * 3 + [("b", "y", 1.0)]
    assert not any("repeat" in w for w in describe(build(repeated, repeats=True)).warnings)
    rated = [("a", f"i{n}", float(n)) for n in range(1, 6)]
    assert not any("ratings" in w for w in describe(build(rated, positive="value >= 4")).warnings)


def test_empty_data_set_is_described() -> None:
    found = describe(
        Dataset.from_frame(
            pl.DataFrame(schema={"user": pl.String, "item": pl.String, "timestamp": pl.Int64, "session": pl.Int64})
        )
    )
    assert (found.events, found.users, found.sessions) == (0, 0, None)
    assert found.warnings == ["There is no positive event, so nothing can be learned or tested. Check the condition `positive`."]


@pytest.mark.needs_data
def test_real_ratings_of_artworks() -> None:
    folder = Path(os.environ.get("VITRINA_DATA", "")) / "art-preferences"
    if not os.environ.get("VITRINA_DATA") or not folder.is_dir():
        pytest.skip("needs VITRINA_DATA with art-preferences")
    from vitrina.data.importers.log import import_log

    found = describe(import_log(folder / "ratings.csv", items=folder / "artworks.csv").dataset)
    assert (found.events, found.users, found.items, found.density) == (27_300, 300, 91, 1.0)
    assert found.long_tail.gini == 0
    assert [bar.low for bar in found.values] == [1, 2, 3, 4, 5, 6, 7]
