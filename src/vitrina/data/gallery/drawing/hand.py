"""An artist's hand: habits of drawing that all works of an artist share, derived from the seed and the artist."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.works import Artists

Floats = NDArray[np.float64]

#: Ways of laying out a picture that every style offers; artists of one style differ in theirs as far as there are enough.
HABITS = 5


@dataclass(frozen=True)
class Hand:
    """Traits of one hand.

    ``habit`` is the layout (0..4). ``wobble`` how far edges stray, ``softness`` how far they fade, ``grain`` how strongly
    the brush shows, ``line`` the breadth of lines, ``gap`` the ground left between forms, ``contrast``, ``density``,
    ``curve``, ``layers`` and ``order`` (how regular) all in 0..1. ``angle`` (radians) is the direction of the brush,
    ``tilt`` (radians) of the forms, ``margin`` the border left bare (share of the longest side), ``ground`` the tone of
    the ground as a level -1..1, ``swatches`` the tones as in ``Palette``.
    """

    habit: int
    wobble: float
    softness: float
    grain: float
    angle: float
    line: float
    gap: float
    contrast: float
    density: float
    curve: float
    layers: float
    order: float
    tilt: float
    margin: float
    ground: float
    swatches: Floats


def hand_of(artists: Artists, artist: int, seed: int) -> Hand:
    """Return the hand of one artist; the same for the same seed."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(7, artist)))
    main = artists.styles[:, 0]
    same = np.flatnonzero(main == main[artist])
    place = int(np.searchsorted(same, artist))
    # Siblings in style take turns: each gets another habit and another stretch of every trait.
    orders = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(8, int(main[artist]))))

    def spread() -> float:
        slots = orders.permutation(same.size)
        return float((slots[place] + rng.random()) / same.size)

    return Hand(
        habit=(place + int(orders.integers(HABITS))) % HABITS,
        wobble=spread() ** 1.5,
        softness=spread() ** 2,
        grain=spread(),
        angle=float(rng.choice([0.0, np.pi / 2, 0.6, -0.7]) + rng.normal(0, 0.08)),
        line=spread(),
        gap=spread(),
        contrast=0.55 + 0.45 * spread(),
        density=spread(),
        curve=spread(),
        layers=spread(),
        order=spread(),
        tilt=float(rng.choice([0.0, 0.0, 0.25, -0.3, 0.6]) + rng.normal(0, 0.03)),
        margin=float(rng.choice([0.0, 0.0, 0.03, 0.055])),
        ground=float(rng.choice([-0.8, -0.35, 0.45, 0.85, 1.0])),
        swatches=_swatches(rng),
    )


def _swatches(rng: np.random.Generator) -> Floats:
    """Return six tones: levels from dark to light in any order, mostly near the hue, one or two at the accent."""
    level = rng.permutation(np.linspace(-0.85, 0.85, 6)) + rng.normal(0, 0.08, 6)
    way = rng.normal(0, 0.12, 6)
    way[rng.choice(6, rng.integers(1, 3), replace=False)] = 1 + rng.normal(0, 0.08)
    way[rng.integers(6)] = 0.5
    strength = rng.uniform(0.55, 1.3, 6)
    strength[rng.integers(6)] = 0.2
    return np.column_stack([level, way, strength])
