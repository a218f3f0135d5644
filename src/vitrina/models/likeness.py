"""What two items have in common, in words: measured looks, attributes, price. It describes; it is no part of any score."""

from __future__ import annotations

import numpy as np
import polars as pl

from vitrina.data.catalogue import PRICE, Catalogue

#: The feature that has names for what it measures.
EVF = "evf"

#: How a picture with much, and with little, of a measured feature is described.
_WORDS = {
    "brightness": ("bright", "dark"),
    "saturation": ("saturated", "muted"),
    "sharpness": ("crisp", "soft"),
    "entropy": ("rich in tones", "plain in tones"),
    "contrast": ("contrasted", "even"),
    "colorfulness": ("colourful", "sober in colour"),
    "naturalness": ("natural in colour", "artificial in colour"),
}
#: In standard deviations over the catalogue: what is marked enough to be worth a word, and near enough to be called alike.
_MARKED, _NEAR = 0.5, 0.35
_SAME_PRICE = 0.15  # relative
_MOST_LOOKS, _MOST_FACTS = 2, 3
#: Attributes that say so much that one is told first.
_FIRST = ("artist", "style", "medium", "subject")


def likeness(catalogue: Catalogue, item: int, other: int) -> str:
    """Say what ``item`` shares with ``other`` (codes): "As dark and as muted as “Veil”; the same artist, about the same price".

    Empty where nothing is worth a word. Prices are alike within 15 %; looks within a third of a standard deviation of the
    catalogue, where both pictures differ from the average one by at least half of one.
    """
    looks = _looks(catalogue, item, other)
    facts = [*_attributes(catalogue, item, other), *_price(catalogue, item, other)]
    title = f"“{catalogue.titles[other]}”"
    if looks:
        return f"{' and '.join(looks).capitalize()} as {title}{'; ' if facts else ''}{', '.join(facts)}"
    return f"{', '.join(facts).capitalize()} as {title}" if facts else ""


def _looks(catalogue: Catalogue, item: int, other: int) -> list[str]:
    """The measured features that both have alike and that few pictures have so much, or so little, of."""
    if EVF not in catalogue.features or EVF not in catalogue.recipes:
        return []
    measured = np.asarray(catalogue.features[EVF], np.float64)
    names = catalogue.recipes[EVF].columns
    if len(names) != measured.shape[1] or not np.isfinite(measured[[item, other]]).all():
        return []
    spread = np.nanstd(measured, axis=0)
    standard = (measured[[item, other]] - np.nanmean(measured, axis=0)) / np.where(spread > 0, spread, 1)
    mine, theirs = standard
    both = np.where(mine * theirs > 0, np.minimum(abs(mine), abs(theirs)), 0)
    alike = (abs(mine - theirs) <= _NEAR) & (both >= _MARKED)
    order = sorted(np.flatnonzero(alike).tolist(), key=lambda column: -both[column])
    words = [_WORDS[names[c]][0 if mine[c] > 0 else 1] for c in order if names[c] in _WORDS]
    return [f"as {word}" for word in words[:_MOST_LOOKS]]


def _attributes(catalogue: Catalogue, item: int, other: int) -> list[str]:
    """The text attributes of which both have a value in common."""
    names = [*(n for n in _FIRST if n in catalogue.attributes), *(n for n in catalogue.attributes if n not in _FIRST)]
    shared = [name for name in names if _values(catalogue, name, item) & _values(catalogue, name, other)]
    return [f"the same {name.replace('_', ' ')}" for name in shared[:_MOST_FACTS]]


def _values(catalogue: Catalogue, name: str, item: int) -> set[str]:
    value = catalogue.table[name][item]
    if isinstance(value, str):
        return {value}
    return set(value.drop_nulls()) if isinstance(value, pl.Series) and value.dtype == pl.String else set()


def _price(catalogue: Catalogue, item: int, other: int) -> list[str]:
    if PRICE not in catalogue.table.columns:
        return []
    mine, theirs = catalogue.table[PRICE][item], catalogue.table[PRICE][other]
    if mine is None or theirs is None or not abs(mine - theirs) <= _SAME_PRICE * max(abs(mine), abs(theirs)):
        return []
    return ["about the same price"]
