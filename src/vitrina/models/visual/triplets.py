"""Triplets for CuratorNet: a profile, a work that should suit it, and one that should suit it less.

Messina et al., "CuratorNet: Visually-aware Recommendation of Art Images", 2020, section on training. Six strategies, named here:

- ``profile``: what a person bought; one work of it; a work not bought.
- ``single``: one work; the same work; another.
- ``alike``: what a person bought; a work not bought, of the artist and the cluster of one bought; a work of an artist and a
  cluster never bought.
- ``artist``: some works of an artist; another of the artist; a work of another artist that looks less like the first ones.
- ``next``: the baskets before one; a work of that basket; a work of an artist and a cluster never bought.
- ``hidden``: the baskets up to one, less one work; that work; a work not bought.

and ``random``, the paper's control: ``profile`` with negatives drawn alike from all. In ``profile``, ``single`` and ``hidden`` a
share ``hard`` of the negatives looks like the positive: it is of the same visual cluster. No negative is a near-duplicate of its
positive, of a cosine above 1 - ``margin``. Where no artist is known the cluster stands for it.

All works are those that somebody bought: of the others nobody has said that they are not liked, least of all of works that
come on offer later. Everything is drawn for many triplets at once; those that break a rule are drawn again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.queries import Queries
from vitrina.kernels.sparse import sparse_dense
from vitrina.models.factors.products import pair_products
from vitrina.ranking.scorer import Scores

Strategy = Literal["profile", "single", "alike", "artist", "next", "hidden", "random"]
#: The six of the paper.
GUIDED: tuple[Strategy, ...] = ("profile", "single", "alike", "artist", "next", "hidden")
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)

_ROUNDS = 6  # in which what broke a rule is drawn again
_WORKS_OF_ARTIST = 10  # in a made-up profile at most

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Triplets:
    """``n`` triplets: the profile of one is ``source[start:stop]`` without the place ``skip`` (-1: none).

    ``positive`` and ``negative`` are items; all are int64, ``source`` of any length and the others ``[n]``.
    """

    source: Ints
    start: Ints
    stop: Ints
    skip: Ints
    positive: Ints
    negative: Ints

    def __len__(self) -> int:
        return self.start.size

    def take(self, rows: Ints | NDArray[np.bool_]) -> Triplets:
        """Return some of them."""
        _, *arrays = vars(self).values()
        return Triplets(self.source, *(array[rows] for array in arrays))

    def profiles(self) -> tuple[Ints, Ints]:
        """Return the profiles as one ragged array: offsets ``[n + 1]`` and items."""
        without = self.skip >= 0
        lengths = self.stop - self.start - without
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        at = np.arange(offsets[-1]) + np.repeat(self.start - offsets[:-1], lengths)
        at += np.repeat(without, lengths) & (at >= np.repeat(self.skip, lengths))
        return offsets, self.source[at]

    @staticmethod
    def joined(parts: list[Triplets]) -> Triplets:
        """Put those of one source one after the other."""
        arrays = zip(*(list(vars(part).values())[1:] for part in parts), strict=True)
        return Triplets(parts[0].source, *(np.concatenate(array) for array in arrays))


@dataclass(frozen=True)
class Looks:
    """What is known of all items, ``[n_items]``: the ``cluster`` it looks like, the ``artist`` (-1: not known), and ``unit``.

    ``unit`` float32 ``[n_items, d]`` are reduced features of length 1, whose products say how alike two works look.
    """

    cluster: NDArray[np.int32]
    artist: NDArray[np.int32]
    unit: Scores


class TripletSampler:
    """Draws triplets from the histories of people, oldest event first, of works that have pictures.

    Profiles longer than ``longest`` are cut: the events nearest to the positive, or before it, stay.
    """

    def __init__(
        self, histories: Queries, looks: Looks, strategies: tuple[Strategy, ...], *, hard: float, margin: float, longest: int
    ) -> None:
        self._looks, self._hard, self._margin, self._longest = looks, hard, margin, longest
        self._items = histories.items.astype(np.int64)
        self._user = np.repeat(np.arange(len(histories)), histories.histories.lengths)
        self._first, self._end = histories.offsets[self._user], histories.offsets[self._user + 1]
        self._basket_first, self._basket_end = _baskets(histories, self._user)
        self._pool = np.unique(self._items)
        artist_or_cluster = _or_cluster(looks)
        self._of_artist = _Groups(artist_or_cluster[self._pool])
        self._same_cluster = _Groups(looks.cluster[self._pool])
        self._same_look = _Groups(_pair(artist_or_cluster, looks.cluster)[self._pool])
        self._bought = _Members(self._user, self._items)
        self._seen_artists = _Members(self._user, looks.artist[self._items])
        self._seen_clusters = _Members(self._user, looks.cluster[self._items])
        self._strategies = strategies
        self._source = self._items

    def draw(self, n: int, rng: np.random.Generator) -> Triplets:
        """Return ``n`` triplets, of each strategy about the same number; none at all where no rule can be kept.

        What a strategy cannot find (nobody came back, no artist has two works) the others make up for.
        """
        by_artist = self._pool[self._of_artist.shuffled(rng)]
        self._source = np.concatenate([self._items, by_artist])  # profiles are stretches of it
        share = -(-n // max(1, len(self._strategies)))
        found = [self._of(strategy, share, rng) for strategy in self._strategies if self._items.size]
        if not sum(map(len, found)):
            return Triplets(self._source, *(np.zeros(0, np.int64),) * 5)
        together = Triplets.joined(found)
        again = rng.integers(0, len(together), max(0, n - len(together)))
        return together.take(rng.permutation(np.concatenate([np.arange(len(together)), again]))[:n])

    def _of(self, strategy: Strategy, n: int, rng: np.random.Generator) -> Triplets:
        make: Callable[[int, np.random.Generator], tuple[Triplets, NDArray[np.bool_]]] = getattr(self, f"_{strategy}")
        parts, missing = [], n
        for _ in range(_ROUNDS):
            drawn, right = make(missing, rng)
            parts.append(drawn.take(right))
            missing -= len(parts[-1])
            if not missing:
                break
        return Triplets.joined(parts)

    # --- the strategies: triplets, and which of them keep the rules

    def _profile(self, n: int, rng: np.random.Generator) -> tuple[Triplets, NDArray[np.bool_]]:
        event = rng.integers(0, self._items.size, n)
        positive = self._items[event]
        negative = self._negatives(positive, rng)
        right = ~self._bought.have(self._user[event], negative) & self._apart(positive, negative)
        return self._triplets(*self._around(event), positive, negative), right

    def _random(self, n: int, rng: np.random.Generator) -> tuple[Triplets, NDArray[np.bool_]]:
        event = rng.integers(0, self._items.size, n)
        negative = rng.choice(self._pool, n)
        right = ~self._bought.have(self._user[event], negative)
        return self._triplets(*self._around(event), self._items[event], negative), right

    def _single(self, n: int, rng: np.random.Generator) -> tuple[Triplets, NDArray[np.bool_]]:
        at = rng.integers(self._items.size, self._source.size, n)
        positive = self._source[at]
        negative = self._negatives(positive, rng)
        return self._triplets(at, at + 1, positive, negative), self._apart(positive, negative)

    def _alike(self, n: int, rng: np.random.Generator) -> tuple[Triplets, NDArray[np.bool_]]:
        event = rng.integers(0, self._items.size, n)
        user = self._user[event]
        positive = self._pool[self._same_look.draw(self._place(self._items[event]), rng)]
        negative = rng.choice(self._pool, n)
        right = ~self._bought.have(user, positive) & self._unseen(user, negative) & self._apart(positive, negative)
        return self._triplets(*self._around(event), positive, negative), right

    def _artist(self, n: int, rng: np.random.Generator) -> tuple[Triplets, NDArray[np.bool_]]:
        """A stretch of the works of an artist around the positive, which must look more like them than the negative does.

        Else nothing in the pictures would tell why.
        """
        at = rng.integers(self._items.size, self._source.size, n)
        positive, negative = self._source[at], rng.choice(self._pool, n)
        first, size = self._of_artist.bounds(self._place(positive))
        first = first + self._items.size
        length = np.minimum(rng.integers(2, _WORKS_OF_ARTIST + 1, n), size)
        start = np.clip(at - rng.integers(0, length), first, first + size - length)
        triplets = self._triplets(start, start + length, positive, negative, skip=at)
        others_work = self._of_artist.bounds(self._place(negative))[0] + self._items.size != first
        return triplets, (size > 1) & others_work & self._more_alike(triplets)

    def _next(self, n: int, rng: np.random.Generator) -> tuple[Triplets, NDArray[np.bool_]]:
        event = rng.integers(0, self._items.size, n)
        stop = self._basket_first[event]
        start = np.maximum(self._first[event], stop - self._longest)
        positive, negative = self._items[event], rng.choice(self._pool, n)
        right = (stop > start) & self._unseen(self._user[event], negative) & self._apart(positive, negative)
        return self._triplets(start, stop, positive, negative), right

    def _hidden(self, n: int, rng: np.random.Generator) -> tuple[Triplets, NDArray[np.bool_]]:
        event = rng.integers(0, self._items.size, n)
        stop = np.minimum(self._basket_end[event], event + self._longest)
        start = np.maximum(self._first[event], stop - self._longest)
        positive = self._items[event]
        negative = self._negatives(positive, rng)
        right = (stop - start > 1) & ~self._bought.have(self._user[event], negative) & self._apart(positive, negative)
        return self._triplets(start, stop, positive, negative, skip=event), right

    # --- what they share

    def _triplets(self, start: Ints, stop: Ints, positive: Ints, negative: Ints, skip: Ints | None = None) -> Triplets:
        return Triplets(self._source, start, stop, np.full(start.size, -1) if skip is None else skip, positive, negative)

    def _around(self, event: Ints) -> tuple[Ints, Ints]:
        """The stretch of a history around an event that is not too long."""
        stop = np.minimum(self._end[event], np.maximum(event + 1, self._first[event] + self._longest))
        return np.maximum(self._first[event], stop - self._longest), stop

    def _place(self, items: Ints) -> Ints:
        return np.searchsorted(self._pool, items)

    def _negatives(self, positive: Ints, rng: np.random.Generator) -> Ints:
        """Draw works, with the probability ``hard`` of the cluster of the positive."""
        alike = self._pool[self._same_cluster.draw(self._place(positive), rng)]
        anything = rng.choice(self._pool, positive.size)
        return np.where(rng.random(positive.size) < self._hard, alike, anything)

    def _apart(self, positive: Ints, negative: Ints) -> NDArray[np.bool_]:
        """Whether two works are different and no near-duplicates."""
        cosine = pair_products(self._looks.unit, positive, self._looks.unit, negative)
        return np.asarray((positive != negative) & (cosine <= 1 - self._margin))

    def _more_alike(self, triplets: Triplets) -> NDArray[np.bool_]:
        """Whether the positive looks more like the works of the profile, in the mean, than the negative does."""
        offsets, items = triplets.profiles()
        unit, rows = self._looks.unit, np.arange(len(triplets))
        members = csr_matrix((np.ones(items.size, np.float32), items, offsets), shape=(rows.size, len(unit)))
        profiles = sparse_dense(members, unit)
        mine, other = (pair_products(profiles, rows, unit, items) for items in (triplets.positive, triplets.negative))
        return np.asarray(mine > other)

    def _unseen(self, users: Ints, items: Ints) -> NDArray[np.bool_]:
        """Whether neither the cluster nor the artist, where known, of an item is among what the user bought."""
        artist = self._looks.artist[items]
        known_artist = (artist >= 0) & self._seen_artists.have(users, artist)
        return np.asarray(~self._seen_clusters.have(users, self._looks.cluster[items]) & ~known_artist)


def _baskets(histories: Queries, user: Ints) -> tuple[Ints, Ints]:
    """First event of each event's basket, and the one after its last.

    A basket is a session, or else what has one timestamp; with neither, all that a person has.
    """
    number = histories.sessions if histories.sessions is not None else histories.times
    new_user = np.diff(user) != 0
    begins = np.ones(user.size, bool)
    begins[1:] = new_user if number is None else new_user | (np.diff(number) != 0)
    starts = np.flatnonzero(begins)
    basket = np.cumsum(begins) - 1
    return starts[basket], np.append(starts[1:], user.size)[basket]


def _or_cluster(looks: Looks) -> NDArray[np.int64]:
    """The artist, or where it is not known a number for the cluster."""
    after = int(looks.artist.max(initial=-1)) + 1
    return np.where(looks.artist >= 0, looks.artist, after + looks.cluster).astype(np.int64)


def _pair(first: NDArray[np.integer], second: NDArray[np.integer]) -> Ints:
    return first.astype(np.int64) * (int(second.max(initial=0)) + 1) + second


class _Groups:
    """Things that have the same label; ``labels [n]``."""

    def __init__(self, labels: NDArray[np.integer]) -> None:
        _, self._group, sizes = np.unique(labels, return_inverse=True, return_counts=True)
        self._order = np.argsort(self._group, kind="stable")
        self._starts, self._sizes = np.cumsum(sizes) - sizes, sizes

    def bounds(self, things: Ints) -> tuple[Ints, Ints]:
        """Where the groups of ``things`` begin when sorted by group, and how large they are."""
        group = self._group[things]
        return self._starts[group], self._sizes[group]

    def draw(self, things: Ints, rng: np.random.Generator) -> Ints:
        """Draw for each of ``things`` one of its group, itself included."""
        first, size = self.bounds(things)
        return np.asarray(self._order[first + rng.integers(0, size)])

    def shuffled(self, rng: np.random.Generator) -> Ints:
        """Sort all things by group, at random within each."""
        return np.lexsort((rng.random(self._group.size), self._group))


class _Members:
    """Answers whether users have things, for any number of pairs at once."""

    def __init__(self, users: Ints, things: NDArray[np.integer]) -> None:
        self._n = int(np.max(things, initial=0)) + 2
        self._keys = np.unique(users * self._n + things + 1)

    def have(self, users: Ints, things: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return bool, one for each pair."""
        wanted = users * self._n + things + 1
        at = np.minimum(np.searchsorted(self._keys, wanted), max(0, self._keys.size - 1))
        return (
            np.asarray((things < self._n - 1) & (self._keys[at] == wanted)) if self._keys.size else np.zeros(wanted.shape, bool)
        )
