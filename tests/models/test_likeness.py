import numpy as np
import polars as pl
import pytest

from vitrina.data.catalogue import Catalogue, Recipe
from vitrina.data.vocabulary import Vocabulary
from vitrina.models.likeness import common, likeness

NAMES = ("brightness", "saturation")


def catalogue(looks, **columns):
    ids = [f"w{n}" for n in range(len(looks))]
    table = pl.DataFrame({"title": [f"Work {n}" for n in range(len(looks))], **columns})
    return Catalogue(Vocabulary(ids), table, {"evf": np.array(looks, np.float32)}, {"evf": Recipe(source="evf", columns=NAMES)})


PLAIN = [[0.5, 0.5]] * 20


def test_names_the_marked_looks_that_both_have():
    shop = catalogue([[0.1, 0.5], [0.12, 0.5], [0.9, 0.5], [0.1, 0.9], *PLAIN])
    assert likeness(shop, 0, 1) == "As dark as “Work 1”"
    assert likeness(shop, 0, 2) == ""  # the one is dark, the other bright
    assert likeness(shop, 4, 5) == ""  # alike, but so is everything


def test_names_artist_and_price_and_both_looks():
    shop = catalogue(
        [[0.1, 0.9], [0.12, 0.9], *PLAIN],
        artist=["A", "A", *["B"] * 20],
        price=[100.0, 110.0, *[900.0] * 20],
        tags=pl.Series([["x", "y"], ["y"], *[["z"]] * 20]),
    )
    words = likeness(shop, 0, 1)
    assert words in (
        "As dark and as saturated as “Work 1”; the same artist and tags, about the same price",
        "As saturated and as dark as “Work 1”; the same artist and tags, about the same price",
    )
    assert likeness(shop, 0, 5) == ""


def test_facts_without_looks():
    shop = catalogue([[0.1, 0.9], [0.9, 0.1], *PLAIN], artist=["A", "A", *[None] * 20], price=[100.0, None, *[1.0] * 20])
    assert likeness(shop, 0, 1) == "The same artist as “Work 1”"


@pytest.mark.parametrize("missing", ["features", "recipe", "picture"])
def test_without_measures_there_are_no_looks(missing):
    shop = catalogue([[0.1, 0.9], [np.nan if missing == "picture" else 0.1, 0.9], *PLAIN])
    if missing == "features":
        shop = Catalogue(shop.items, shop.table)
    if missing == "recipe":
        shop = Catalogue(shop.items, shop.table, shop.features)
    assert likeness(shop, 0, 1) == ""


def test_a_value_that_most_works_have_says_nothing():
    shop = catalogue([[0.1, 0.9], [0.9, 0.1], *PLAIN], orientation=["portrait"] * 22, artist=["A", "A", *["B"] * 20])
    assert likeness(shop, 0, 1) == "The same artist as “Work 1”"
    assert likeness(shop, 2, 3) == ""


def test_attributes_with_a_prefix_in_common_are_named_without_it():
    rare = ["x", "x", *["y"] * 20]
    shop = catalogue([[0.1, 0.9], [0.9, 0.1], *PLAIN], mood_energy=rare, mood_age_perception=rare, print_run=rare)
    assert likeness(shop, 0, 1) == "The same energy, age perception and print run as “Work 1”"


def test_common_in_words_without_a_title():
    shop = catalogue([[0.1, 0.5], [0.12, 0.5], *PLAIN], artist=["A", "A", *["B"] * 20], price=[100.0, 110.0, *[9.0] * 20])
    found = common(shop, 0, 1)
    assert (found.looks, found.attributes, found.price) == (("dark",), ("artist",), True)
    assert str(found) == "as dark, the same artist, about the same price"
    assert str(common(shop, 0, 5)) == ""
