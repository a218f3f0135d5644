"""A taste that is on shows in what people like; one that is off leaves no trace, measured with the simulation's own truth."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from vitrina.data.gallery import Tastes, draw_world, simulate
from vitrina.data.gallery.events import FAVOURED
from vitrina.data.gallery.people import STRENGTH, personal_utilities
from vitrina.data.gallery.works import OPENING
from vitrina.errors import DataError

from .sizes import MIDDLE, WORLD

ON = Tastes()


@pytest.fixture(scope="module")
def world():
    return draw_world(0, **WORLD)


def chosen(tastes, kind="like"):
    data = simulate(0, **MIDDLE, tastes=tastes)
    data = data.keep((data.interactions["kind"] == kind).to_numpy())
    return data.user_codes, data.item_codes


def excess(table, users, items, shuffles=200):
    """How far the mean of ``table[user, item]`` over the choices lies above chance, in standard errors.

    Chance: the same choices made by people who are somebody else, drawn by permuting the rows of the table.
    """
    rng = np.random.default_rng(0)
    by_chance = [table[rng.permutation(len(table))[users], items].mean() for _ in range(shuffles)]
    return (table[users, items].mean() - np.mean(by_chance)) / np.std(by_chance)


def without(*names):
    return Tastes(**dict.fromkeys(names, 0.0))


@pytest.mark.parametrize("kind", ["like", "sale"])
@pytest.mark.parametrize("taste", list(STRENGTH))
def test_a_taste_shows_only_when_it_is_on(world, taste, kind):
    drawn_to = personal_utilities(world.people, world.works, Tastes.only(**{taste: 1}))
    assert excess(drawn_to, *chosen(ON, kind)) > (8 if kind == "like" else 5)
    assert abs(excess(drawn_to, *chosen(without(taste), kind))) < 4.5


def test_share_of_the_favourite_artist_is_chance_without_artist_and_look(world):
    favourite = world.people.artists.argmax(axis=1)
    is_favourite = (world.works.artist == favourite[:, None]).astype(float)
    assert abs(excess(is_favourite, *chosen(without("artist", "look")))) < 4
    assert excess(is_favourite, *chosen(without("look"))) > 8


def own_and_others_share(tastes, world):
    """Share of the second half of a person's likes that is by the artist seen most in the first; and of others' likes."""
    users, items = chosen(tastes)
    counts = np.zeros((2, len(world.people), len(world.artists)))
    np.add.at(counts, (np.arange(users.size) % 2, users, world.works.artist[items]), 1)
    counts = counts[:, (counts.sum(2) > 0).all(0)]
    top = counts[0].argmax(1)
    shares = counts[1] / counts[1].sum(1, keepdims=True)
    return shares[np.arange(len(top)), top].mean(), shares[:, top].mean()


def test_likes_alone_show_favourite_artists_only_when_there_are_any(world):
    own, others = own_and_others_share(Tastes.only(artist=1), world)
    assert own > 5 * others
    for tastes in (Tastes.only(), Tastes.only(latent=1, popularity=1)):
        own, others = own_and_others_share(tastes, world)
        assert abs(own - others) < 0.012


def test_popularity_off_leaves_no_trace_of_appeal_and_favoured_colours(world):
    best_first = {color: -rank for rank, color in enumerate(FAVOURED)}
    favour = [best_first[color] for color in world.works.color.tolist()]
    for tastes, low, high in ((ON, 0.35, 1.0), (without("popularity"), -0.12, 0.12)):
        counts = np.bincount(chosen(tastes)[1], minlength=len(world.works))
        for pull in (world.works.appeal, favour):
            assert low < spearmanr(counts, pull).statistic < high


def test_with_all_off_every_work_on_offer_is_equally_likely(world):
    _, items = chosen(Tastes.only())
    early = world.works.arrival < OPENING  # on offer, as far as likes go, all the time
    counts = np.bincount(items, minlength=len(world.works))[early]
    # Without repeats counts vary a little less than a Poisson's; any pull would make them vary more.
    assert 0.7 < counts.var() / counts.mean() < 1.15


def test_weights_scale_a_taste(world):
    one = personal_utilities(world.people, world.works, Tastes.only(look=1))
    two = personal_utilities(world.people, world.works, Tastes.only(look=2))
    np.testing.assert_allclose(two, 2 * one)
    assert np.std(one - one.mean(1, keepdims=True)) == pytest.approx(STRENGTH["look"], rel=0.1)
    assert not personal_utilities(world.people, world.works, Tastes.only(popularity=1)).any()


def test_tastes_without_anything_to_choose_between_are_zero():
    world = draw_world(0, n_users=5, n_works=7, n_artists=1)
    assert not personal_utilities(world.people, world.works, Tastes.only(artist=1)).any()


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), 11])
def test_impossible_weights_are_refused(weight):
    with pytest.raises(DataError, match="'look'"):
        Tastes(look=weight)
