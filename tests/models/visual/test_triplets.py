"""Every strategy keeps its rules, checked one triplet at a time."""

from dataclasses import replace
from itertools import chain, pairwise

import numpy as np
import pytest

from vitrina.data.queries import Queries
from vitrina.models.visual.triplets import GUIDED, STRATEGIES, Looks, TripletSampler

N_ITEMS, N_USERS = 60, 25


def made(seed: int = 0, *, artists: bool = True, sessions: bool = True):
    """Some baskets of some works for each person; the last works are never bought."""
    rng = np.random.default_rng(seed)
    baskets = [[rng.permutation(50)[: rng.integers(1, 4)].tolist() for _ in range(rng.integers(1, 5))] for _ in range(N_USERS)]
    lists = Queries.from_lists([list(chain.from_iterable(mine)) for mine in baskets], np.arange(N_ITEMS, dtype=np.uint64))
    numbers = np.concatenate([np.repeat(np.arange(len(mine)), [len(b) for b in mine]) for mine in baskets]).astype(np.int64)
    cluster = rng.integers(0, 5, N_ITEMS).astype(np.int32)
    artist = rng.integers(-1, 8, N_ITEMS).astype(np.int32) if artists else np.full(N_ITEMS, -1, np.int32)
    unit = rng.normal(size=(5, 6))[cluster] + rng.normal(0, 0.5, (N_ITEMS, 6))
    unit[7] = unit[8]  # a near-duplicate
    cluster[7] = cluster[8]
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return replace(lists, sessions=numbers if sessions else None), Looks(cluster, artist, unit.astype(np.float32)), baskets


def drawn(strategy, n=800, *, longest=50, hard=0.6, **options):
    histories, looks, baskets = made(**options)
    sampler = TripletSampler(histories, looks, (strategy,), hard=hard, margin=0.1, longest=longest)
    triplets = sampler.draw(n, np.random.default_rng(1))
    offsets, items = triplets.profiles()
    profiles = [items[a:b].tolist() for a, b in pairwise(offsets)]
    rows = list(zip(profiles, triplets.positive.tolist(), triplets.negative.tolist(), strict=True))
    assert len(rows) == n
    bought = {item for mine in baskets for basket in mine for item in basket}
    for profile, i, j in rows:
        assert profile
        assert {*profile, i, j} <= bought
        assert i != j
        assert strategy == "random" or strategy == "artist" or looks.unit[i] @ looks.unit[j] <= 0.9 + 1e-6
    return (
        rows,
        looks,
        [[set(basket) for basket in mine] for mine in baskets],
        [list(chain.from_iterable(mine)) for mine in baskets],
    )


def owners(profile, lists):
    """Histories that begin with, or hold, the profile."""
    return [set(mine) for mine in lists if sorted(mine) == sorted(profile)]


@pytest.mark.parametrize("strategy", ["profile", "random"])
def test_a_bought_work_stands_above_one_not_bought(strategy):
    rows, *_, lists = drawn(strategy)
    for profile, i, j in rows:
        assert i in profile
        assert any(j not in mine for mine in owners(profile, lists))


def test_a_work_stands_for_itself():
    for profile, i, _ in drawn("single")[0]:
        assert profile == [i]


@pytest.mark.parametrize("artists", [True, False])
def test_an_unknown_work_of_the_same_artist_and_look_stands_above_others(artists):
    rows, looks, _, lists = drawn("alike", artists=artists)
    for profile, i, j in rows:
        assert any(i not in mine and j not in mine for mine in owners(profile, lists))
        assert any(looks.cluster[i] == looks.cluster[p] and looks.artist[i] == looks.artist[p] for p in profile)
        assert looks.cluster[j] not in looks.cluster[profile]
        assert looks.artist[j] == -1 or looks.artist[j] not in looks.artist[profile]


@pytest.mark.parametrize("artists", [True, False])
def test_the_works_of_an_artist_stand_together(artists):
    rows, looks, *_ = drawn("artist", artists=artists)
    hand = np.where(looks.artist >= 0, looks.artist, 100 + looks.cluster)
    for profile, i, j in rows:
        assert i not in profile
        assert len(set(profile)) == len(profile) <= 9
        assert set(hand[profile]) == {hand[i]}
        assert hand[j] != hand[i]
        like = looks.unit[profile].mean(axis=0)
        assert like @ looks.unit[i] > like @ looks.unit[j] - 1e-6


def test_the_next_basket_stands_above_what_was_never_seen():
    rows, looks, baskets, lists = drawn("next")
    for profile, i, j in rows:
        found = False
        for mine, all_of_it in zip(baskets, lists, strict=True):
            for k in range(1, len(mine)):
                before = all_of_it[: sum(map(len, mine[:k]))]
                unseen = looks.cluster[j] not in looks.cluster[all_of_it]
                found |= before == profile and i in mine[k] and unseen
        assert found


def test_a_hidden_work_is_told_by_the_rest():
    rows, _, baskets, lists = drawn("hidden")
    for profile, i, j in rows:
        found = False
        for mine, all_of_it in zip(baskets, lists, strict=True):
            for k in range(len(mine)):
                up_to = all_of_it[: sum(map(len, mine[: k + 1]))]
                found |= i in mine[k] and sorted([*profile, i]) == sorted(up_to) and j not in all_of_it
        assert found


def test_six_of_ten_negatives_look_like_the_positive():
    rows, looks, *_ = drawn("single", n=4000, hard=0.6)
    same = np.mean([looks.cluster[i] == looks.cluster[j] for _, i, j in rows])
    easy, *_ = drawn("single", n=4000, hard=0.0)
    by_chance = np.mean([looks.cluster[i] == looks.cluster[j] for _, i, j in easy])
    assert by_chance < 0.3
    assert same > 0.4


def test_profiles_are_no_longer_than_wanted():
    for strategy in ("profile", "alike", "next", "hidden"):
        histories, looks, _ = made()
        triplets = TripletSampler(histories, looks, (strategy,), hard=0.6, margin=0.1, longest=3).draw(
            300, np.random.default_rng(0)
        )
        lengths = np.diff(triplets.profiles()[0])
        assert lengths.max() <= 3
        assert lengths.min() >= 1


def test_a_draw_is_repeatable_and_all_strategies_have_a_share():
    histories, looks, _ = made()
    sampler = TripletSampler(histories, looks, GUIDED, hard=0.6, margin=0.1, longest=50)
    first = sampler.draw(600, np.random.default_rng(5))
    sampler.draw(77, np.random.default_rng(6))
    again = sampler.draw(600, np.random.default_rng(5))
    for one, other in zip(vars(first).values(), vars(again).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (np.diff(first.profiles()[0]) == 1).mean() > 1 / 6  # single ones at least


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_where_no_rule_can_be_kept_there_are_none(strategy):
    alone = Queries.from_lists([[0], [0]], np.arange(1, dtype=np.uint64))
    looks = Looks(np.zeros(1, np.int32), np.full(1, -1, np.int32), np.ones((1, 2), np.float32))
    nothing = Queries.from_lists([[]], np.arange(1, dtype=np.uint64))
    for histories in (alone, nothing):
        assert not len(
            TripletSampler(histories, looks, (strategy,), hard=0.6, margin=0.1, longest=9).draw(5, np.random.default_rng(0))
        )


def test_without_baskets_the_other_strategies_make_up_for_them():
    histories, looks, _ = made(sessions=False)
    triplets = TripletSampler(histories, looks, ("next", "single"), hard=0.6, margin=0.1, longest=9).draw(
        50, np.random.default_rng(0)
    )
    assert len(triplets) == 50
    assert (np.diff(triplets.profiles()[0]) == 1).all()
