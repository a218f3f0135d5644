"""A taste switched off in the simulation sends its method to chance, whatever the other tastes do.

In a gallery without hands, where no trait of a work tells of another: else a method that follows one taste would gain from the
others. Sales are replayed as in the study; chance is a random list of ten of the works on offer.
"""

from dataclasses import replace

import numpy as np
import pytest

from vitrina.data.gallery import Tastes, draw_world, simulate
from vitrina.data.gallery.styles import STYLES
from vitrina.data.splits.protocols import make_split
from vitrina.evaluation.evaluate import evaluate
from vitrina.models.registry import make

SIZE = {"n_users": 500, "n_works": 1200, "n_artists": 60, "hands": False}
SEEDS = range(3)

#: The taste that each method follows.
METHODS = {
    "fa": ("artist", {}),
    "price": ("price", {}),
    "visrank": ("look", {"feature": "look"}),
    "pmpav": ("attributes", {"attribute": "medium"}),
    "mpav": ("popularity", {"attribute": "color"}),
}
#: Of the attributes the medium is one of nine that share a taste; its method needs more of it than other methods do.
ON = {"attributes": 3.0}


@pytest.fixture(scope="module")
def looks():
    """What people see, without pictures: the style and the palette of every work, for each seed."""

    def look(seed):
        works = draw_world(seed, **SIZE).works
        hue, _, saturation, lightness, texture = works.palette.T
        around = [saturation * np.cos(2 * np.pi * hue), saturation * np.sin(2 * np.pi * hue)]
        return np.column_stack([np.eye(len(STYLES))[works.style], *around, 2 * lightness, texture]).astype(np.float32)

    return [look(seed) for seed in SEEDS]


def above_chance(method, tastes, looks):
    """How far recall@10 lies above that of a random list, over all sessions of all seeds: in standard errors, and as a ratio."""
    found, chance = [], []
    for seed in SEEDS:
        data = simulate(seed, **SIZE, likes_per_user=0, sales_per_user=4, tastes=tastes)
        data = replace(data, catalogue=replace(data.catalogue, features={"look": looks[seed]}))
        split = make_split(data, "purchase-sessions", test=0.8, validation=0.1)
        known, test = split.train_and_validation, split.open_test()
        model = make(method, **METHODS[method][1]).fit(known)
        found.append(evaluate(model, test, known, ["recall@10"]).per_user["recall@10"].to_numpy())
        chance.append(10 / test.candidates.on_offer(test.queries.at).sum(1))
    hits, by_chance = np.concatenate(found), np.concatenate(chance)
    error = np.sqrt((by_chance * (1 - by_chance)).sum()) / hits.size  # of single hits; that of sessions of several is smaller
    return (hits.mean() - by_chance.mean()) / error, hits.mean() / by_chance.mean()


@pytest.mark.parametrize("method", list(METHODS))
def test_a_taste_switched_off_sends_its_method_to_chance(method, looks):
    taste = METHODS[method][0]
    errors, ratio = above_chance(method, Tastes(**{taste: 0.0}), looks)
    assert abs(errors) < 3
    assert 0.8 < ratio < 1.2
    errors, ratio = above_chance(method, Tastes(**{taste: ON.get(taste, 1.0)}), looks)
    assert errors > 4
    assert ratio > 1.2
