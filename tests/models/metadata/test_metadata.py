"""The equations of the methods that read attributes, artists and prices, against plain counting."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.logs import DAY, START, log, timed
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import UnknownNameError, VitrinaError
from vitrina.models.metadata.values import values_of
from vitrina.models.registry import make

WORKS = pl.DataFrame(
    {
        "id": list("abcdef"),
        "artist": ["Ana", "Ana", "Ben", "Ben", "Cy", None],
        "color": [["red"], ["red", "blue"], ["blue"], [], None, ["green", None]],
        "style": ["pop", "op", "pop", None, None, None],
        "mood_calm": [1, 2, 1, None, None, None],
        "mood_warm": [2, 1, 1, 3, None, None],
        "year": [1990, 1990, 2001, 2001, 2010, 2010],
        "price": [100.0, 300.0, None, 400.0, 0.0, 1000.0],
    }
)
NAN = math.nan


def shop(pairs=(("u", "a"), ("u", "b"), ("u", "a"), ("v", "c"), ("w", "f"))):
    return log(list(pairs), items=WORKS, users=pl.DataFrame({"id": ["u", "v", "w", "x"]}))


def asked(dataset, *histories):
    return Queries.from_lists([[dataset.items.code(i) for i in history] for history in histories], dataset.items.keys)


# --- values


def test_values_of_an_attribute():
    values = values_of(shop().catalogue, "color")
    assert values.names == ["color"]
    assert values.held.toarray().sum(axis=1).tolist() == [1, 2, 1, 0, 0, 1]
    np.testing.assert_allclose(values.shares.toarray().sum(axis=0), [1, 1, 1, 0, 0, 1])


def test_a_name_stands_for_several_columns():
    """The same number is another value in another column."""
    values = values_of(shop().catalogue, "mood")
    assert values.names == ["mood"]
    assert values.held.shape == (6, 5)  # calm 1, 2; warm 1, 2, 3
    assert values.held.toarray().sum(axis=1).tolist() == [2, 2, 2, 1, 0, 0]


def test_all_attributes_are_those_that_describe():
    assert values_of(shop().catalogue, "*").names == ["color", "style", "mood"]


def test_numbers_are_values_when_they_are_whole():
    assert values_of(shop().catalogue, "year").held.shape == (6, 3)
    catalogue = shop().catalogue
    whole = replace(catalogue, table=catalogue.table.with_columns(size=pl.Series([1.0, 2.0, None, math.nan, 2.0, 1.0])))
    assert values_of(whole, "size").held.toarray().sum(axis=1).tolist() == [1, 1, 0, 0, 1, 1]
    halves = replace(catalogue, table=catalogue.table.with_columns(size=pl.Series([1.5] * 6)))
    with pytest.raises(VitrinaError, match="size holds numbers with fractions, which items do not share; round it"):
        values_of(halves, "size")
    dates = replace(catalogue, table=catalogue.table.with_columns(seen=pl.date(2020, 1, 1)))
    with pytest.raises(VitrinaError, match="seen is Date; expected texts"):
        values_of(dates, "seen")


def test_unknown_attributes_are_named_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown attribute 'colour'\. Did you mean 'color'\?"):
        make("mpav", attribute="colour").fit(shop())


# --- mpav and pmpav by hand


def test_mpav_by_hand():
    """Sold: a twice, b, c, f. red 3, blue 2, green 1."""
    model = make("mpav", attribute="color").fit(shop())
    scores = model.score(asked(shop(), [], ["c"]))
    np.testing.assert_allclose(scores, [[3, 2.5, 2, NAN, NAN, 1]] * 2)


def test_mpav_of_all_attributes_by_hand():
    """Each attribute is divided by its largest count: color 3 (red), style 3 (pop), mood 3 (calm 1)."""
    model = make("mpav").fit(shop())
    scores = model.score(asked(shop(), []))[0]
    color = np.array([3, 2.5, 2, 0, 0, 1]) / 3
    style = np.array([3, 1, 3, 0, 0, 0]) / 3
    mood = np.array([(3 + 2) / 2, (1 + 2) / 2, (3 + 2) / 2, 0, 0, 0]) / 3  # calm: 1 -> 3, 2 -> 1; warm: 2 -> 2, 1 -> 2
    right = color + style + mood
    right[4] = NAN
    np.testing.assert_allclose(scores, right, rtol=1e-6)


def test_mpav_says_nothing_before_anything_is_sold():
    dataset = shop()
    assert np.isnan(make("mpav").fit(dataset.keep(np.zeros(len(dataset), bool))).score(asked(dataset, ["a"]))).all()
    followed = make("mpav").fit(dataset).follow(dataset)
    queries = replace(asked(dataset, [], [], []), at=np.array([START, START + 1, START + 10 * DAY]))
    scores = followed.score(queries)
    assert np.isnan(scores[0]).all()
    np.testing.assert_array_equal(np.isfinite(scores[1]), [True, True, True, True, False, True])
    np.testing.assert_allclose(scores[2], make("mpav").fit(dataset).score(queries)[0])


def test_pmpav_by_hand():
    model = make("pmpav", attribute="color").fit(shop())
    scores = model.score(asked(shop(), ["a", "b", "a"], ["d"], []))
    np.testing.assert_allclose(scores[0], [3, 2, 1, NAN, NAN, 0])
    assert np.isnan(scores[1:]).all()


def test_pmpav_explains_each_purchase():
    model = make("pmpav", attribute="color").fit(shop())
    found = model.explain(asked(shop(), ["a", "b", "a"]), np.array([1], np.int32))
    np.testing.assert_allclose(found.contributions, [0.5, 1, 0.5])  # red; red and blue; red
    assert found.exact


def test_mpav_explains_by_attributes():
    model = make("mpav").fit(shop())
    found = model.explain(asked(shop(), ["c"]), np.array([1], np.int32))
    assert list(found.others) == ["color", "style", "mood"]
    np.testing.assert_allclose([part[0] for part in found.others.values()], [2.5 / 3, 1 / 3, 0.5], rtol=1e-6)


# --- favourite artist and price by hand


def test_favourite_artist_by_hand():
    model = make("fa").fit(shop())
    scores = model.score(asked(shop(), ["a", "b", "a", "c"], ["f"], []))
    np.testing.assert_allclose(scores[0], [3, 3, 1, 1, 0, NAN])
    assert np.isnan(scores[1:]).all()


def test_favourite_artist_explains_each_purchase():
    found = make("fa").fit(shop()).explain(asked(shop(), ["a", "c", "a"], ["c"]), np.array([1, 1], np.int32))
    assert found.contributions.tolist() == [1, 0, 1, 0]


def test_price_by_hand():
    model = make("price").fit(shop())
    scores = model.score(asked(shop(), ["a", "c", "a", "d"], ["c"], []))
    np.testing.assert_allclose(scores[0], [-100, -100, NAN, -200, -200, -800])
    assert np.isnan(scores[1:]).all()
    by_ratio = make("price", scale="log").fit(shop()).score(asked(shop(), ["a"]))[0]
    np.testing.assert_allclose(by_ratio, [0, -math.log(3), NAN, -math.log(4), NAN, -math.log(10)], rtol=1e-6)


def test_what_is_missing_is_said():
    bare = Dataset.from_frame(pl.DataFrame({"user": ["u"], "item": ["i"]}))
    assert make("fa").why_not(bare) == "needs the attribute 'artist': unknown attribute 'artist'"
    assert make("mpav").why_not(bare) == "needs attributes with values that items share; the catalogue has none"
    assert "unknown attribute 'color'" in make("pmpav", attribute="color").why_not(bare)
    assert make("price").why_not(bare) == "needs the column 'price' of the catalogue, with numbers"
    assert [make(name).why_not(shop()) for name in ("fa", "mpav", "pmpav", "price")] == [""] * 4


# --- against plain counting

VALUES = st.lists(st.one_of(st.none(), st.lists(st.sampled_from("rgby"), max_size=3)), min_size=1, max_size=8)


@st.composite
def worlds(draw):
    colors = draw(VALUES)
    n = len(colors)
    styles = draw(st.lists(st.sampled_from([None, "pop", "op", "art"]), min_size=n, max_size=n))
    artists = draw(st.lists(st.sampled_from([None, "A", "B"]), min_size=n, max_size=n))
    prices = draw(st.lists(st.one_of(st.none(), st.floats(0, 1e4)), min_size=n, max_size=n))
    table = {"id": [f"i{m}" for m in range(n)], "color": colors, "style": styles, "artist": artists, "price": prices}
    types = {"id": pl.String, "color": pl.List(pl.String), "style": pl.String, "artist": pl.String, "price": pl.Float64}
    events = draw(st.lists(st.tuples(st.sampled_from("uvw"), st.integers(0, n - 1), st.integers(0, 6)), min_size=1, max_size=20))
    dataset = log(
        [(user, f"i{item}") for user, item, _ in events],
        items=pl.DataFrame(table, types),
        users=pl.DataFrame({"id": list("uvw")}),
    )
    return timed(dataset, np.array([day for *_, day in events]))


def sets_of(dataset, attribute):
    column = dataset.catalogue.table[attribute].to_list()
    return [set() if v is None else set(v) if isinstance(v, list) else {v} for v in column]


def plain(attributes, bought):
    """Scores of all items by counting the values of the items ``bought``; ``attributes`` hold each item's values."""
    n_items = len(attributes[0])
    total, described, met = np.zeros(n_items), np.zeros(n_items, bool), False
    for held in attributes:
        counts = Counter(value for item in bought for value in held[item])
        met |= bool(counts)
        scale = max(counts.values(), default=1) if len(attributes) > 1 else 1
        for item, values in enumerate(held):
            described[item] |= bool(values)
            total[item] += sum(counts[v] for v in values) / max(1, len(values)) / scale
    return np.where(described & met, total, NAN)


@given(worlds(), st.sampled_from(["color", "style", "*"]))
@settings(max_examples=60)
def test_attribute_values_equal_plain_counting(dataset, attribute):
    attributes = [sets_of(dataset, name) for name in (["color", "style"] if attribute == "*" else [attribute])]
    if attribute == "*" or any(attributes[0]):
        queries = dataset.histories()
        scores = make("pmpav", attribute=attribute).fit(dataset).score(queries)
        for row in range(3):
            np.testing.assert_allclose(scores[row], plain(attributes, queries.histories.row(row).tolist()), rtol=1e-5)
        for row in make("mpav", attribute=attribute).fit(dataset).score(queries):
            np.testing.assert_allclose(row, plain(attributes, dataset.item_codes.tolist()), rtol=1e-5)


@given(worlds(), st.lists(st.integers(-1, 8), min_size=1, max_size=5))
@settings(max_examples=60)
def test_following_equals_plain_counting(dataset, days):
    """What was sold strictly before each moment, at whichever moments are asked about together."""
    at = START + DAY * np.array(days)
    queries = replace(Queries.from_lists([[]] * len(days), dataset.items.keys), at=at)
    times = dataset.interactions["timestamp"].to_numpy()
    scores = make("mpav", attribute="color").fit(dataset).follow(dataset).score(queries)
    popular = make("popular").fit(dataset).follow(dataset).score(queries)
    for row, moment in enumerate(at):
        sold = dataset.item_codes[times < moment].tolist()
        np.testing.assert_allclose(scores[row], plain([sets_of(dataset, "color")], sold), rtol=1e-5)
        pairs = set(zip(dataset.user_codes[times < moment].tolist(), sold, strict=True))
        counts = Counter(item for _, item in pairs)
        assert popular[row].tolist() == [counts[item] for item in range(dataset.n_items)]


@given(worlds())
@settings(max_examples=60)
def test_artists_and_prices_equal_plain_counting(dataset):
    queries = dataset.histories()
    artists = dataset.catalogue.table["artist"].to_list()
    prices = dataset.catalogue.table["price"].to_list()
    by_artist, by_price = (make(name).fit(dataset).score(queries) for name in ("fa", "price"))
    for row in range(3):
        bought = queries.histories.row(row).tolist()
        known = [artists[item] for item in bought if artists[item]]
        right = [known.count(artist) if artist and known else NAN for artist in artists]
        np.testing.assert_array_equal(by_artist[row], right)
        paid = [prices[item] for item in bought if prices[item] is not None]
        mean = sum(paid) / len(paid) if paid else NAN
        near = [NAN if price is None else -abs(price - mean) for price in prices]
        np.testing.assert_allclose(by_price[row], near, rtol=1e-5, atol=1e-2)


def test_a_fading_log_is_followed_over_many_blocks(monkeypatch):
    """The counts go on from block to block of moments, and years of half lives do not overflow."""
    monkeypatch.setattr("vitrina.models.advance._BLOCK", 12)
    rng = np.random.default_rng(0)
    dataset = timed(shop([("u", "abcdef"[n]) for n in rng.integers(0, 6, 60)]), np.sort(rng.integers(0, 3000, 60)))
    times = dataset.interactions["timestamp"].to_numpy()
    model = make("popular-recent", half_life=1.0)
    at = START + DAY * rng.permutation(3100)[:40]
    queries = replace(Queries.from_lists([[]] * 40, dataset.items.keys), at=at)
    scores = model.fit(dataset).follow(dataset).score(queries)
    for row, moment in enumerate(at):
        right = model.fit(dataset.keep(times < moment)).score(queries.rows(row, row + 1))[0]
        np.testing.assert_allclose(scores[row], right, rtol=1e-5, atol=1e-30)


def test_only_the_log_of_its_own_items_is_followed():
    with pytest.raises(VitrinaError, match="knows 6 items, but the log to follow has 2"):
        make("mpav").fit(shop()).follow(log([("u", "a"), ("u", "b")]))
