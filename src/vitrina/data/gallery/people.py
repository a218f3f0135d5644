"""People, what they are drawn to, and how much each of them would like each work."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.styles import MEDIUMS, MOODS, STYLES, SUBJECTS
from vitrina.data.gallery.works import LATENT, Artists, Works
from vitrina.errors import DataError

Floats = NDArray[np.float64]

#: Spread (standard deviation over the works, in logits) that a weight of 1 gives each personal taste.
STRENGTH = {"look": 2.3, "artist": 3.2, "price": 2.0, "attributes": 0.8, "latent": 0.6}
#: How much the palette counts in the look, beside the style.
PALETTE = 0.7


@dataclass(frozen=True)
class Tastes:
    """How much each taste counts in what people choose; 0 switches it off and leaves no trace of it.

    - ``look``: the style and the palette;
    - ``artist``: favourite artists;
    - ``price``: what one likes to spend;
    - ``attributes``: medium, subject and the seven moods;
    - ``latent``: a taste that no attribute shows and only the other people's choices reveal;
    - ``popularity``: the pull, equal for all, of works that appeal to many, are in fashion or have just arrived.

    A person's tastes are drawn apart from one another. Yet the works of one artist are alike in look, price and
    attributes, so a method that follows one taste also gains from the others: simulate without ``hands`` to tell them apart.
    With all at 0 every work on offer is equally likely.
    """

    look: float = 1.0
    artist: float = 1.0
    price: float = 1.0
    attributes: float = 1.0
    latent: float = 1.0
    popularity: float = 1.0

    def __post_init__(self) -> None:
        for name in self.names():
            weight = getattr(self, name)
            if not (math.isfinite(weight) and 0 <= weight <= 10):
                raise DataError(f"the weight of the taste {name!r} must be a number from 0 (off) to 10; got {weight}.")

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of the tastes."""
        return [f.name for f in fields(cls)]

    @classmethod
    def only(cls, **weights: float) -> Tastes:
        """Return tastes that are all off but those given: ``Tastes.only(artist=1)``."""
        return cls(**{**dict.fromkeys(cls.names(), 0.0), **weights})


@dataclass(frozen=True)
class People:
    """What each of ``n`` people is drawn to, before any weight: one row a person, each field drawn on its own.

    ``styles`` ``[n, 12]``, ``palette`` ``[n, 5]``, ``artists`` ``[n, n_artists]``, ``budget`` ``[n]`` (log of the price
    liked best), ``mediums``, ``subjects``, ``moods`` ``[n, ...]``, ``latent`` ``[n, LATENT]``, and ``leaning`` ``[n, 5]``:
    how much more or less than others this person goes by each taste, in the order of ``STRENGTH``.
    """

    styles: Floats
    palette: Floats
    artists: Floats
    budget: Floats
    mediums: Floats
    subjects: Floats
    moods: Floats
    latent: Floats
    leaning: Floats

    def __len__(self) -> int:
        return self.budget.size


def draw_people(rng: np.random.Generator, count: int, artists: Artists) -> People:
    """Draw ``count`` people."""

    def normal(width: int) -> Floats:
        return rng.normal(0, 1, (count, width))

    return People(
        styles=normal(len(STYLES)),
        palette=normal(5),
        # A few artists are loved, most are neither loved nor disliked.
        artists=rng.standard_exponential((count, len(artists))) ** 1.5,
        budget=rng.normal(np.log(800), 0.7, count),
        mediums=normal(len(MEDIUMS)),
        subjects=normal(len(SUBJECTS)),
        moods=normal(len(MOODS)),
        latent=normal(LATENT),
        leaning=rng.lognormal(-0.045, 0.3, (count, len(STRENGTH))),
    )


def personal_utilities(people: People, works: Works, tastes: Tastes) -> Floats:
    """Return how much each person is drawn to each work, in logits ``[n_people, n_works]``; popularity comes apart.

    Each taste is scaled to the spread ``STRENGTH`` (on average over the people), whatever the data, so that weights mean
    the same in galleries of any size. Double precision, so that the log does not depend on the number of BLAS threads.
    """
    total = np.zeros((len(people), len(works)))
    for column, (name, strength) in enumerate(STRENGTH.items()):
        weight = getattr(tastes, name)
        if weight:
            part = _PARTS[name](people, works)
            part *= weight * strength * people.leaning[:, column, None]
            total += part
    return total


def _look(people: People, works: Works) -> Floats:
    hue, accent, saturation, lightness, texture = works.palette.T
    seen = [
        saturation * np.cos(2 * np.pi * hue),
        saturation * np.sin(2 * np.pi * hue),
        saturation * np.cos(2 * np.pi * accent),
        lightness,
        texture,
    ]
    return _scaled(
        _scaled(people.styles[:, works.style]) + PALETTE * _scaled(people.palette @ np.array([_unit(s) for s in seen]))
    )


def _artist(people: People, works: Works) -> Floats:
    return _scaled(people.artists[:, works.artist])


def _price(people: People, works: Works) -> Floats:
    return _scaled(-np.abs(np.log(works.price)[None, :] - people.budget[:, None]))


def _attributes(people: People, works: Works) -> Floats:
    moods = people.moods @ np.array([_unit(m) for m in works.moods.T.astype(float)])
    return _scaled(_scaled(people.mediums[:, works.medium]) + _scaled(people.subjects[:, works.subject]) + _scaled(moods))


def _latent(people: People, works: Works) -> Floats:
    return _scaled(people.latent @ works.latent.T)


_PARTS = {"look": _look, "artist": _artist, "price": _price, "attributes": _attributes, "latent": _latent}


def _unit(values: Floats) -> Floats:
    """Centre and scale to a standard deviation of 1; a constant becomes 0."""
    return np.ravel(_scaled(values[None, :]))


def _scaled(utilities: Floats) -> Floats:
    """Centre each person's utilities and scale all alike to a root mean square of 1; without any spread they become 0."""
    utilities = utilities - utilities.mean(axis=1, keepdims=True)
    spread = math.sqrt(np.mean(utilities**2))
    return utilities / spread if spread > 1e-9 else np.zeros_like(utilities)
