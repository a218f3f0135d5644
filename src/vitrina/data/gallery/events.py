"""What people choose at their visits: likes, and sales while stock lasts.

A person at a visit chooses among the works on offer with probabilities proportional to exp(utility), without repeating
one: the multinomial logit model. It is sampled by an exponential race (every work gets a waiting time with rate
exp(utility), the first ones win), which is exact and needs no normalisation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.visits import Visits
from vitrina.data.gallery.works import DAY, OPENING, Works

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

WEEK = 7 * DAY
#: Logits of a popularity of weight 1: spread of the lasting appeal, height of the swings of fashion, bonus of the newest.
APPEAL, FASHION, NOVELTY = 1.0, 0.5, 0.3
#: Colours from the best liked to the least liked.
FAVOURED = ("blue", "turquoise", "white", "green", "red", "orange", "yellow", "pink", "purple", "grey", "black", "brown")
#: Logits by which the favourite colour of the time stands above the least liked one.
COLOUR_FAVOUR = 3.0
NOVELTY_LASTS = 30 * DAY  # time in which the bonus of new works falls to 1/e
#: People think harder before they buy: utilities count this many times as much as for a like.
SALE_FOCUS = 1.5


def public_utilities(works: Works, days: int, weight: float) -> Floats:
    """Return the pull of each work on everybody in each week of the log ``[n_weeks, n_works]``, in logits."""
    n_weeks = -(-days * DAY // WEEK) + 1
    if not weight:
        return np.zeros((n_weeks, len(works)))
    when = OPENING + WEEK * np.arange(n_weeks)[:, None]
    fashion = np.cos(2 * np.pi * ((when - OPENING) / works.trend_period + works.trend_phase))
    novelty = np.exp(-np.maximum(when - works.arrival, 0) / NOVELTY_LASTS)
    pull: Floats = weight * (APPEAL * works.appeal + FASHION * fashion + NOVELTY * novelty + _favour(works.color))
    return pull


def _favour(color: NDArray[np.str_]) -> Floats:
    """What the public thinks of each work's colour, the same in every gallery: blue sells, brown does not."""
    ranks = {name: rank for rank, name in enumerate(FAVOURED)}
    place = np.array([ranks.get(name, len(FAVOURED)) for name in color.tolist()])
    return COLOUR_FAVOUR * (0.5 - place / max(1, len(FAVOURED) - 1))


def choose_likes(rng: np.random.Generator, visits: Visits, personal: Floats, public: Floats, arrival: Ints) -> Ints:
    """Return the work of each event ``[n_events]``, -1 for sales and where nothing was left to like.

    All people's first visits are played at once, then all second ones, and so on: nobody likes a work twice, and only
    works that have arrived by the start of the visit are liked.
    """
    chosen = np.full(visits.visit.size, -1, np.int64)
    likes = np.bincount(visits.visit[~visits.is_sale], minlength=visits.user.size)
    first_event = np.searchsorted(visits.visit, np.arange(visits.user.size))  # likes come first within a visit
    wait_personal, wait_public = _waits(personal), _waits(public)
    liked = np.zeros(personal.shape, np.bool_)
    for rows in _rounds(visits.ordinal, likes > 0):
        users, start = visits.user[rows], visits.start[rows]
        waits = rng.standard_exponential((rows.size, personal.shape[1]), dtype=np.float32)
        waits *= wait_personal[users]
        waits *= wait_public[(start - OPENING) // WEEK]
        waits[liked[users] | (arrival > start[:, None])] = np.inf
        winners, wait = _first(waits, int(likes[rows].max()))
        row, rank = np.nonzero((np.arange(winners.shape[1]) < likes[rows][:, None]) & np.isfinite(wait))
        chosen[first_event[rows[row]] + rank] = winners[row, rank]
        liked[users[row], winners[row, rank]] = True
    return chosen


def choose_sales(rng: np.random.Generator, visits: Visits, personal: Floats, public: Floats, works: Works) -> Ints:
    """Return the work of each event ``[n_events]``, -1 for likes and where nothing was left to buy.

    Sales are played one by one in order of time, so that no copy is sold twice; nobody buys a work twice, or one that has gone
    back to its artist.
    """
    sold = np.full(visits.visit.size, -1, np.int64)
    events = np.flatnonzero(visits.is_sale)
    stock = works.stock.copy()
    bought = np.zeros(personal.shape, np.bool_)
    for event in events[np.argsort(visits.time[events], kind="stable")]:
        visit = visits.visit[event]
        user, start = visits.user[visit], visits.start[visit]
        waits = np.exp(-SALE_FOCUS * (personal[user] + public[(start - OPENING) // WEEK]))
        waits *= rng.standard_exponential(len(works))
        waits[bought[user] | (stock == 0) | (works.arrival > start) | (works.departure <= start)] = np.inf
        work = int(waits.argmin())
        if np.isfinite(waits[work]):
            sold[event] = work
            stock[work] -= 1
            bought[user, work] = True
    return sold


def _rounds(ordinal: Ints, playing: NDArray[np.bool_]) -> list[Ints]:
    """Return the visits ``playing`` as rows, all of ordinal 0 together, then those of ordinal 1, and so on."""
    rows = np.flatnonzero(playing)
    rows = rows[np.argsort(ordinal[rows], kind="stable")]
    starts = np.unique(ordinal[rows], return_index=True)[1]
    return np.split(rows, starts[1:]) if rows.size else []


def _waits(utilities: Floats) -> Floats32:
    """Return mean waiting times exp(-utility), kept far from overflow of a product of two in float32."""
    return np.exp(-np.clip(utilities, -40, 40)).astype(np.float32)


def _first(waits: Floats32, count: int) -> tuple[Ints, Floats32]:
    """Return the ``count`` shortest waits of each row, shortest first: their columns and the waits."""
    count = min(count, waits.shape[1])
    nearest = np.argpartition(waits, count - 1, axis=1)[:, :count]
    wait = np.take_along_axis(waits, nearest, axis=1)
    order = np.argsort(wait, axis=1, kind="stable")
    return np.take_along_axis(nearest, order, axis=1), np.take_along_axis(wait, order, axis=1)
