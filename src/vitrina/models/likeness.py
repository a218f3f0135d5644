"""What two items have in common, in words: measured looks, attributes, price. It describes; it is no part of any score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
#: A value that more than this share of the catalogue has says nothing about two works that share it.
_COMMON = 1 / 3
#: Attributes that say so much that one is told first.
_FIRST = ("artist", "style", "medium", "subject")


@dataclass(frozen=True)
class Common:
    """What two items have in common: words for looks ("dark"), names of attributes ("artist"), whether they cost about the same."""

    looks: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    price: bool = False

    def __str__(self) -> str:
        """Say it without naming the other: "as dark and as muted, the same artist and medium, about the same price"."""
        return ", ".join(part for part in (self._looks, *self._facts) if part)

    @property
    def _looks(self) -> str:
        return " and ".join(f"as {word}" for word in self.looks)

    @property
    def _facts(self) -> list[str]:
        same = f"the same {_listed(self.attributes)}" if self.attributes else ""
        return [fact for fact in (same, "about the same price" if self.price else "") if fact]

    def told(self, title: str) -> str:
        """Say it as a sentence about the item called ``title``, without the full stop; empty where there is nothing to say."""
        named, facts = f"“{title}”", self._facts
        if self.looks:
            return f"{_capital(self._looks)} as {named}{'; ' if facts else ''}{', '.join(facts)}"
        return f"{_capital(', '.join(facts))} as {named}" if facts else ""


def likeness(catalogue: Catalogue, item: int, other: int) -> str:
    """Say what ``item`` shares with ``other`` (codes): "As dark and as muted as “Veil”; the same artist, about the same price".

    Empty where nothing is worth a word, see ``common``.
    """
    return common(catalogue, item, other).told(catalogue.titles[other])


def common(catalogue: Catalogue, item: int, other: int) -> Common:
    """Return what ``item`` and ``other`` (codes) share and most works do not.

    Prices are alike within 15 %; looks within a third of a standard deviation of the catalogue, where both pictures differ from
    the average one by at least half of one. A value of an attribute counts unless more than a third of the works have it.
    """
    return Common(_looks(catalogue, item, other), _attributes(catalogue, item, other), _same_price(catalogue, item, other))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _looks(catalogue: Catalogue, item: int, other: int) -> tuple[str, ...]:
    """The measured features that both have alike and that few pictures have so much, or so little, of."""
    if EVF not in catalogue.features or EVF not in catalogue.recipes:
        return ()
    measured = np.asarray(catalogue.features[EVF], np.float64)
    names = catalogue.recipes[EVF].columns
    if len(names) != measured.shape[1] or not np.isfinite(measured[[item, other]]).all():
        return ()
    spread = np.nanstd(measured, axis=0)
    standard = (measured[[item, other]] - np.nanmean(measured, axis=0)) / np.where(spread > 0, spread, 1)
    mine, theirs = standard
    both = np.where(mine * theirs > 0, np.minimum(abs(mine), abs(theirs)), 0)
    alike = (abs(mine - theirs) <= _NEAR) & (both >= _MARKED)
    order = sorted(np.flatnonzero(alike).tolist(), key=lambda column: -both[column])
    words = [_WORDS[names[c]][0 if mine[c] > 0 else 1] for c in order if names[c] in _WORDS]
    return tuple(words[:_MOST_LOOKS])


def _attributes(catalogue: Catalogue, item: int, other: int) -> tuple[str, ...]:
    """The text attributes of which both have an uncommon value in common: the telling ones first, then the rarest value."""
    rarity: dict[str, tuple[int, float]] = {}
    for name in catalogue.attributes:
        shared = _values(catalogue, name, item) & _values(catalogue, name, other)
        share = min((_share(catalogue.table[name], value) for value in shared), default=1.0)
        if share <= _COMMON:
            rarity[name] = (_FIRST.index(name) if name in _FIRST else len(_FIRST), share)
    names = sorted(rarity, key=lambda name: rarity[name])[:_MOST_FACTS]
    return tuple(_spoken(name, catalogue.attributes) for name in names)


def _share(column: pl.Series, value: str) -> float:
    """Which share of the works has a value."""
    has = column.list.contains(value) if isinstance(column.dtype, pl.List) else column == value
    return int(has.fill_null(False).sum()) / max(1, len(column))


def _spoken(name: str, names: Sequence[str]) -> str:
    """The name of an attribute in a sentence, without a prefix that it shares with others: ``mood_energy`` is energy."""
    prefix, _, rest = name.partition("_")
    several = sum(other.startswith(f"{prefix}_") for other in names) > 1
    return (rest if rest and several else name).replace("_", " ")


def _values(catalogue: Catalogue, name: str, item: int) -> set[str]:
    value = catalogue.table[name][item]
    if isinstance(value, str):
        return {value}
    return set(value.drop_nulls()) if isinstance(value, pl.Series) and value.dtype == pl.String else set()


def _same_price(catalogue: Catalogue, item: int, other: int) -> bool:
    if PRICE not in catalogue.table.columns:
        return False
    mine, theirs = catalogue.table[PRICE][item], catalogue.table[PRICE][other]
    return mine is not None and theirs is not None and bool(abs(mine - theirs) <= _SAME_PRICE * max(abs(mine), abs(theirs)))
