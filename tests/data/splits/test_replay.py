"""The replay of purchase sessions against a loop that a child could follow."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.splits.inventory import Inventory
from vitrina.data.splits.protocols import make_split
from vitrina.data.splits.replay import NAME, purchase_sessions
from vitrina.data.splits.split import Label
from vitrina.data.splits.storage import load_split, save_split
from vitrina.errors import DataError
from vitrina.evaluation.audit import audit
from vitrina.evaluation.evaluate import evaluate

GAP = 10
USERS, ITEMS = 5, 8


@st.composite
def shops(draw, sessions=False):
    """A log of sales with restocked works, and a catalogue with arrivals and stock that may be unknown."""
    events = draw(
        st.lists(
            st.tuples(
                st.integers(0, USERS - 1),
                st.integers(0, ITEMS - 1),
                st.integers(1, 120),
                st.sampled_from(["sale", "sale", "restock", "like"]),
            ),
            min_size=12,
            max_size=60,
        )
    )
    arrivals = draw(st.lists(st.one_of(st.none(), st.integers(0, 60)), min_size=ITEMS, max_size=ITEMS))
    stock = draw(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=ITEMS, max_size=ITEMS))
    log = pl.DataFrame(
        {
            "user": [f"u{u}" for u, *_ in events],
            "item": [f"i{i}" for _, i, *_ in events],
            "timestamp": [t for _, _, t, _ in events],
            "kind": [k for *_, k in events],
        }
    )
    if sessions:
        log = log.with_columns(session=pl.Series([t // 15 for _, _, t, _ in events]))
    items = pl.DataFrame(
        {
            "id": [f"i{i}" for i in range(ITEMS)],
            "available_from": pl.Series(arrivals, dtype=pl.Int64),
            "stock": pl.Series(stock, dtype=pl.Int32),
        }
    )
    return Dataset.from_frame(log, items=items, info=DatasetInfo(name="shop"))


def split_of(shop, **given_settings):
    try:
        return make_split(shop, NAME, gap=GAP, **given_settings)
    except DataError:
        return None  # too little left to split; that the message teaches is tested elsewhere


def rows(shop):
    return list(shop.interactions.select("user", "item", "timestamp", "kind").iter_rows())


def copies_at(shop, item, moment):
    """How many copies are there at a moment: those left at the end, sold ones put back, from the arrival on."""
    sales = [t for _, i, t, kind in rows(shop) if i == item and kind == "sale"]
    back = [t for _, i, t, kind in rows(shop) if i == item and kind == "restock"]
    left = shop.catalogue.table["stock"][item]
    if left is None:
        left = 0 if sales else 1
    arrival = shop.catalogue.table["available_from"][item]
    if arrival is not None and moment < arrival:
        return 0
    # A sale happens in its second and takes its copy away after it; what comes back in that moment is there first.
    changes = sorted([(t, 0, 1) for t in back] + [(t + 1, 1, -1) for t in sales])
    before = left + len(sales) - len(back)
    running = [before + sum(c for *_, c in changes[:n]) for n in range(len(changes) + 1)]
    return before + max(0, -min(running)) + sum(c for t, _, c in changes if t <= moment)


@given(shops())
def test_inventory_equals_a_count_of_copies(shop):
    sales = shop.keep((shop.interactions["kind"] == "sale").to_numpy())
    back = shop.interactions.filter(kind="restock")
    inventory = Inventory.of(
        shop.catalogue,
        sales.item_codes,
        sales.interactions["timestamp"].to_numpy(),
        back["item"].to_numpy(),
        back["timestamp"].to_numpy(),
    )
    moments = np.arange(-1, 125)
    there = inventory.on_offer(moments)
    expected = [[copies_at(shop, item, t) > 0 for item in range(shop.n_items)] for t in moments.tolist()]
    np.testing.assert_array_equal(there, expected)
    items, at = np.meshgrid(np.arange(shop.n_items, dtype=np.int32), moments)
    np.testing.assert_array_equal(inventory.has(items.ravel(), at.ravel()), there.ravel())


def test_a_work_that_was_sold_and_came_back_was_there_before():
    log = pl.DataFrame({"user": ["a", "b"], "item": ["x", "x"], "timestamp": [10, 20], "kind": ["sale", "restock"]})
    shop = Dataset.from_frame(log)
    sold = np.zeros(1, np.int32)
    inventory = Inventory.of(shop.catalogue, sold, np.array([10]), sold, np.array([20]))
    assert inventory.on_offer(np.array([0, 10, 11, 19, 20, 99]))[:, 0].tolist() == [True, True, False, False, True, True]


def played(shop, split, label, known, target="next", last=0):
    """Every session of a part as (user, start, history, targets), by a loop over the log."""
    used = [
        (u, i, t)
        for (u, i, t), lab in zip(
            split.dataset.interactions.select("user", "item", "timestamp").iter_rows(), split.labels, strict=True
        )
        if lab in (label, *known)
    ]
    labels = [lab for lab in split.labels if lab in (label, *known)]
    session_of = sessions_by_hand(split)
    numbers = [s for s, lab in zip(session_of, split.labels, strict=True) if lab in (label, *known)]
    start = {s: min(t for (_, _, t), n in zip(used, numbers, strict=True) if n == s) for s in set(numbers)}
    owner = {s: u for (u, _, _), s in zip(used, numbers, strict=True)}
    found = []
    for s in {n for n, lab in zip(numbers, labels, strict=True) if lab == label}:
        mine = sorted((n for n in start if owner[n] == owner[s]), key=lambda n: (start[n], n))
        place = mine.index(s)
        history = sorted((t, n, i) for (u, i, t), n in zip(used, numbers, strict=True) if u == owner[s] and t < start[s])
        if last > 0:
            history = [e for e in history if mine.index(e[1]) >= place - last]
        elif last < 0:
            history = [e for e in history if mine.index(e[1]) < -last]
        later = mine[place:] if target == "future" else [s]
        bought = {i for (_, i, _), n in zip(used, numbers, strict=True) if n in later}
        targets = sorted(i for i in bought if copies_at(shop, i, start[s]) > 0)
        if targets:
            found.append((owner[s], start[s], sorted(i for _, _, i in history), targets))
    return sorted(found)


def sessions_by_hand(split):
    events = split.dataset.interactions
    if "session" in events.columns:
        return list(events.select("user", "session").iter_rows())
    order = sorted(range(len(events)), key=lambda r: (events["user"][r], events["timestamp"][r], r))
    out, number = {}, -1
    for before, row in zip([None, *order], order, strict=False):
        same = before is not None and events["user"][before] == events["user"][row]
        if not (same and events["timestamp"][row] - events["timestamp"][before] < GAP):
            number += 1
        out[row] = number
    return [out[row] for row in range(len(events))]


def as_rows(part):
    every = []
    for p in (part, part.newcomers):
        every += [
            (int(u), int(at), sorted(h.tolist()), t.tolist())
            for u, at, h, t in zip(
                p.users, p.queries.at, map(p.queries.histories.row, range(len(p))), map(p.targets.row, range(len(p))), strict=True
            )
        ]
    return sorted(every)


@settings(max_examples=60)
@given(st.booleans().flatmap(lambda s: shops(sessions=s)), st.sampled_from(["next", "future"]))
def test_equals_a_loop_over_the_log(shop, target):
    split = split_of(shop, target=target, test=0.4, validation=0.2)
    if split is None:
        return
    known = (Label.TRAIN, Label.VALIDATION)
    assert as_rows(split.open_test()) == played(shop, split, Label.TEST, known, target)
    assert as_rows(split.validation) == played(shop, split, Label.VALIDATION, (Label.TRAIN,), target)


@settings(max_examples=60)
@given(shops())
def test_nothing_sold_is_on_offer_and_no_profile_knows_the_future(shop):
    split = split_of(shop, test=0.5, validation=0.0)
    if split is None:
        return
    part = split.open_test()
    newest_training = split.train_and_validation.interactions["timestamp"].max()
    for p in (part, part.newcomers):
        offered = p.candidates.on_offer(p.queries.at)
        for n, at in enumerate(p.queries.at.tolist()):
            assert at >= newest_training
            start, stop = p.queries.offsets[n : n + 2]
            assert (p.queries.times[start:stop] < at).all()
            for item in range(shop.n_items):
                assert offered[n, item] == (copies_at(shop, item, at) > 0)
            assert offered[n, p.targets.row(n)].all()
    assert (part.queries.histories.lengths > 0).all()
    assert (part.newcomers.queries.histories.lengths == 0).all()


@settings(max_examples=40)
@given(shops())
def test_reach_equals_a_count(shop):
    split = split_of(shop, test=0.5, validation=0.0)
    if split is None:
        return
    part = split.open_test()
    if not len(part):
        return
    found = evaluate(Shy(), part, split.train, ["hr@3"])
    lists = {(u, at): bool(set(h) & {0, 1, 2}) for u, at, h, _ in as_rows(part)}
    asked = [bool(set(h) & {0, 1, 2}) for _, _, h, _ in as_rows(part)]
    assert found.reach.sessions == pytest.approx(np.mean(asked))
    people = {u for u, *_ in as_rows(part)}
    assert found.reach.users == pytest.approx(len({u for (u, _), said in lists.items() if said}) / len(people))


class Shy:
    """Says something only to those who know one of the items 0, 1 and 2."""

    def score(self, queries, items=None):
        scores = np.full((len(queries), ITEMS), np.nan, np.float32)
        for n in range(len(queries)):
            if set(queries.histories.row(n).tolist()) & {0, 1, 2}:
                scores[n] = 0
        offered = queries.context["on_offer"]
        assert offered.shape == scores.shape
        return scores


def test_last_sessions_only():
    shop = Dataset.from_frame(
        pl.DataFrame({"user": ["a"] * 6 + ["b"] * 2, "item": list("pqrstuvw"), "timestamp": [1, 100, 105, 200, 300, 400, 5, 350]})
    )
    whole = as_rows(split_of(shop, test=0.2, validation=0.0).open_test())
    code = {name: shop.items.code(name) for name in "pqrstuvw"}

    def histories(last):
        return {at: set(h) for u, at, h, _ in as_rows(split_of(shop, test=0.2, validation=0.0, last=last).open_test()) if u == 0}

    assert {at: len(h) for u, at, h, _ in whole if u == 0}[400] == 5
    assert histories(1)[400] == {code["t"]}
    assert histories(2)[400] == {code["s"], code["t"]}
    assert histories(-2)[400] == {code["p"], code["q"], code["r"]}


def test_saves_and_loads_with_its_inventory(tmp_path):
    shop = next(s for s in (draw_shop(seed) for seed in range(20)) if split_of(s))
    split = split_of(shop)
    save_split(split, tmp_path / "split")
    loaded = load_split(tmp_path / "split", shop if not shop.info.positive else split.dataset)
    assert loaded.hash == split.hash
    assert as_rows(loaded.open_test()) == as_rows(split.open_test())


def draw_shop(seed):
    rng = np.random.default_rng(seed)
    n = 80
    log = pl.DataFrame(
        {
            "user": [f"u{u}" for u in rng.integers(0, 6, n)],
            "item": [f"i{i}" for i in rng.permutation(n)],
            "timestamp": np.sort(rng.integers(1, 5000, n)),
        }
    )
    return Dataset.from_frame(log, info=DatasetInfo(name="shop"))


def test_is_sound_for_the_audit():
    found = audit(split_of(draw_shop(3)))
    assert not found.fatal
    assert not {"future-leak-user", "future-leak-global", "target-not-candidate"} & found.codes


def test_a_constant_scorer_is_at_chance():
    class Constant:
        def score(self, queries, items=None):
            return np.zeros((len(queries), 400), np.float32)

    rng = np.random.default_rng(0)
    n = 4000
    log = pl.DataFrame(
        {
            "user": [f"u{u}" for u in rng.integers(0, 200, n)],
            "item": [f"i{i}" for i in rng.integers(0, 400, n)],
            "timestamp": np.sort(rng.integers(1, 10**6, n)),
        }
    )
    split = make_split(Dataset.from_frame(log, info=DatasetInfo(repeats=True)), NAME, gap=5)
    part = split.open_test()
    hits = evaluate(Constant(), part, split.train, ["recall@10"]).metrics["recall@10"]
    assert hits == pytest.approx(10 / 400, abs=4 * np.sqrt(0.025 / len(part)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"target": "previous"}, "target must be one of next, future"),
        ({"copies": "some"}, "copies must be one of"),
        ({"gap": 0}, "gap must be a number of seconds above 0"),
        ({"events": "value >"}, "cannot be applied"),
        ({"events": "kind = 'gift'"}, "has no purchase"),
        ({"test": 1.5}, "test"),
    ],
)
def test_wrong_settings_are_explained(wrong, message):
    shop = draw_shop(1)
    shop = Dataset.from_frame(
        shop.interactions.with_columns(
            user=shop.users.decode(shop.user_codes), item=shop.items.decode(shop.item_codes), kind=pl.lit("sale")
        )
    )
    with pytest.raises(DataError, match=message):
        purchase_sessions(shop, **wrong)


def test_needs_times():
    log = pl.DataFrame({"user": ["a", "a", "b"], "item": ["x", "y", "z"], "timestamp": [1, None, 3]})
    with pytest.raises(DataError, match="needs a timestamp for every purchase"):
        purchase_sessions(Dataset.from_frame(log))
