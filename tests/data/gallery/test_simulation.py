import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.gallery import Tastes, draw_world, simulate
from vitrina.data.gallery.works import DAY, OPENING
from vitrina.errors import DataError

from .sizes import MIDDLE, WORLD


@pytest.fixture(scope="module")
def data():
    return simulate(0, **MIDDLE)


def check_invariants(data, world, days):
    log = data.interactions
    table = data.catalogue.table
    assert log.null_count().sum_horizontal()[0] == 0
    assert log["timestamp"].is_sorted()
    assert log["timestamp"].is_between(OPENING, OPENING + days * DAY).all()
    # Nothing is liked or bought before it arrived.
    assert (log["timestamp"].to_numpy() > table["available_from"].to_numpy()[data.item_codes]).all()
    # Nothing is bought after it has left: a visit may go on beyond that moment, but not to the next day.
    is_sale = (log["kind"] == "sale").to_numpy()
    assert (log["timestamp"].to_numpy() < table["available_until"].to_numpy()[data.item_codes] + DAY)[is_sale].all()
    # One like, and one purchase, a person and work.
    assert log.select("user", "item", "kind").n_unique() == log.height
    # The catalogue tells the copies that are left: no more were sold than there were.
    sold = np.bincount(data.item_codes[is_sale], minlength=data.n_items)
    assert (table["stock"].to_numpy() == world.works.stock - sold).all()
    assert (table["stock"].to_numpy() >= 0).all()
    # A session is one person's and short; a person's sessions lie on different days.
    if log.height:
        sessions = log.group_by("session", maintain_order=True).agg(
            pl.col("user").n_unique().alias("users"),
            pl.col("user").first(),
            (pl.col("timestamp").max() - pl.col("timestamp").min()).alias("length"),
            (pl.col("timestamp").min() // DAY).alias("day"),
        )
        assert (sessions["users"] == 1).all()
        assert sessions["length"].max() < DAY
        assert sessions.select("user", "day").n_unique() == sessions.height
        assert sorted(sessions["session"]) == list(range(sessions.height))


@pytest.fixture(scope="module")
def world():
    return draw_world(0, **WORLD)


def test_invariants_of_a_middle_size(data, world):
    check_invariants(data, world, 730)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**40),
    n_users=st.integers(1, 25),
    n_works=st.integers(1, 40),
    n_artists=st.integers(1, 70),
    likes=st.sampled_from([0.0, 0.5, 6.0, 60.0]),
    sales=st.sampled_from([0.0, 0.5, 6.0]),
    days=st.sampled_from([1, 2, 30, 730]),
    tastes=st.builds(Tastes, **dict.fromkeys(Tastes.names(), st.sampled_from([0.0, 1.0, 10.0]))),
)
def test_invariants_of_any_size(seed, n_users, n_works, n_artists, likes, sales, days, tastes):
    sizes = {"n_users": n_users, "n_works": n_works, "n_artists": n_artists}
    data = simulate(seed, **sizes, likes_per_user=likes, sales_per_user=sales, days=days, tastes=tastes)
    assert (data.n_users, data.n_items) == (n_users, n_works)
    check_invariants(data, draw_world(seed, **sizes, days=days), days)


def test_same_seed_same_data_other_seed_other_data(data):
    again, other = simulate(0, **MIDDLE), simulate(1, **MIDDLE)
    assert again.fingerprint == data.fingerprint != other.fingerprint
    assert again.interactions.equals(data.interactions)
    assert again.catalogue.table.equals(data.catalogue.table)
    assert again.items == data.items
    assert not other.catalogue.table.equals(data.catalogue.table)


def test_tastes_change_what_is_chosen_and_nothing_else(data):
    other = simulate(0, **MIDDLE, tastes=Tastes.only())
    assert other.fingerprint != data.fingerprint
    assert other.catalogue.table.drop("stock").equals(data.catalogue.table.drop("stock"))
    kept = ["user", "timestamp", "kind"]
    assert other.interactions.select(kept).equals(data.interactions.select(kept))


def test_shape_of_the_default():
    begin = time.process_time()
    data = simulate(0)
    assert time.process_time() - begin < 10
    check_invariants(data, draw_world(0), 730)
    likes = data.positives()
    assert (data.n_users, data.n_items, data.catalogue.table["artist"].n_unique()) == (1_371, 3_940, 60)
    assert len(likes) == pytest.approx(41_000, rel=0.1)
    assert len(data) - len(likes) == pytest.approx(2_846, abs=5)
    bought = np.bincount(data.keep((data.interactions["kind"] == "sale").to_numpy()).user_codes, minlength=data.n_users)
    assert bought.max() > 10 * np.median(bought)  # most buy once or twice, a few are collectors
    assert set(data.interactions["kind"].unique()) == {"like", "sale"}
    assert set(likes.interactions["kind"].unique()) == {"like"}
    assert data.has_times


def test_popularity_and_activity_are_skewed(data):
    likes = data.positives()
    for counts in (likes.popularity, np.bincount(likes.user_codes, minlength=likes.n_users)):
        ordered = np.sort(counts)[::-1]
        assert ordered[: len(ordered) // 10].sum() > 0.22 * ordered.sum()
        assert ordered[0] > 5 * np.median(ordered)
        assert np.mean(counts > 0) > 0.98


def test_sales_follow_stock(data, world):
    sales = data.keep((data.interactions["kind"] == "sale").to_numpy())
    stock = world.works.stock
    sold = np.bincount(sales.item_codes, minlength=sales.n_items)
    assert sold[stock > 1].max() > 3  # prints sell several times
    assert np.mean(sold[stock == 1]) > 0.3  # and many single works are gone


def test_an_inventory_can_sell_out():
    sizes = {"n_users": 50, "n_works": 20, "n_artists": 5}
    data, world = simulate(3, **sizes, sales_per_user=30, likes_per_user=5), draw_world(3, **sizes)
    check_invariants(data, world, 730)
    assert not data.catalogue.table["stock"].to_numpy()[world.works.stock == 1].any()


def test_it_says_that_it_is_simulated(data):
    info = data.info
    assert info.simulated
    assert info.positive == "kind = 'like'"
    assert info.currency == "EUR"
    assert "simulated" in info.title.lower()
    assert any("simulated" in note for note in info.notes)
    assert "seed 0" in info.source


@pytest.mark.parametrize("name", ["n_users", "n_works", "n_artists", "days"])
def test_sizes_below_one_are_refused(name):
    with pytest.raises(DataError, match=f"{name} = 0"):
        simulate(0, **{name: 0})


@pytest.mark.parametrize("name", ["likes_per_user", "sales_per_user"])
@pytest.mark.parametrize("mean", [-1.0, float("nan"), float("inf")])
def test_impossible_means_are_refused(name, mean):
    with pytest.raises(DataError, match=name):
        simulate(0, **{name: mean})


def test_negative_seed_is_refused():
    with pytest.raises(DataError, match="seed = -1"):
        simulate(-1)
