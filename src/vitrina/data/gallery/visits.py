"""When people come, and how many likes and sales happen at each visit; what they choose is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.works import DAY, OPENING

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LIKES_A_VISIT, SALES_A_VISIT = 2.8, 1.5
#: Spread of the log-normal activity: a few people like and buy a lot, most a little.
LIKE_SPREAD, SALE_SPREAD = 0.75, 1.2
MEMBERS_AT_OPENING, STAY = 0.65, 0.85  # shares of people who are there on the first day, and who never leave


@dataclass(frozen=True)
class Visits:
    """Visits in order of their start, one row each, and the events that happen at them.

    ``user``, ``start`` (seconds since 1970), ``ordinal`` (0 for a person's first visit) ``[n_visits]``. Events, grouped by
    visit with likes before sales: ``visit``, ``time`` and ``is_sale`` ``[n_events]``. A person comes at most once a day.
    """

    user: Ints
    start: Ints
    ordinal: Ints
    visit: Ints
    time: Ints
    is_sale: NDArray[np.bool_]


def draw_visits(
    rng: np.random.Generator, n_users: int, n_works: int, likes_per_user: float, sales_per_user: float, days: int
) -> Visits:
    """Draw the visits of a log of ``days`` days, with about the given means of likes and sales a person."""
    likes = rng.poisson(likes_per_user * rng.lognormal(-(LIKE_SPREAD**2) / 2, LIKE_SPREAD, n_users))
    likes = np.minimum(likes, max(1, n_works // 3))
    eager = rng.lognormal(0, SALE_SPREAD, n_users)
    sales = np.bincount(
        rng.choice(n_users, round(sales_per_user * n_users), p=eager / eager.sum()),
        minlength=n_users,
    )
    join, leave = _memberships(rng, n_users, days)
    n_visits = np.ceil(likes / LIKES_A_VISIT + sales / SALES_A_VISIT).astype(np.int64)
    first = np.cumsum(n_visits) - n_visits
    owner = np.repeat(np.arange(n_users), n_visits)
    day = np.floor(join[owner] + rng.random(owner.size) * (leave - join)[owner]).astype(np.int64)
    # Two visits on one day become one.
    key, merged = np.unique(owner * days + day, return_inverse=True)
    user, day = np.divmod(key, days)
    of_like = merged[_any_visit(rng, first, n_visits, likes)]
    of_sale = merged[_any_visit(rng, first, n_visits, sales)]
    start = OPENING + day * DAY + _time_of_day(rng, user.size)
    return _assembled(rng, user, start, of_like, of_sale)


def _memberships(rng: np.random.Generator, n_users: int, days: int) -> tuple[Floats, Floats]:
    """Return the first and last moment of each person, in days."""
    early = rng.random(n_users) < MEMBERS_AT_OPENING
    join = np.where(early, 0.0, rng.uniform(0, 0.85 * days, n_users))
    stays = rng.random(n_users) < STAY
    leave = np.where(stays, days, rng.uniform(join, days))
    return join, leave


def _any_visit(rng: np.random.Generator, first: Ints, n_visits: Ints, events: Ints) -> Ints:
    """Give each of a person's events one of that person's visits."""
    owner = np.repeat(np.arange(events.size), events)
    return first[owner] + rng.integers(0, n_visits[owner])


def _time_of_day(rng: np.random.Generator, count: int) -> Ints:
    """Return seconds after midnight: mostly evenings, early enough to end before midnight."""
    evening = rng.random(count) < 0.65
    hour = np.where(evening, rng.normal(20, 1.3, count), rng.normal(13, 2.5, count))
    return (np.clip(hour, 6.5, 22.5) * 3600).astype(np.int64) + rng.integers(0, 600, count)


def _assembled(rng: np.random.Generator, user: Ints, start: Ints, of_like: Ints, of_sale: Ints) -> Visits:
    """Put the visits in order of time and lay out their events, under a minute apart on average."""
    order = np.lexsort((user, start))
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    user, start = user[order], start[order]
    visit = place[np.concatenate([of_like, of_sale])]
    is_sale = np.arange(visit.size) >= of_like.size
    events = np.lexsort((is_sale, visit))
    visit, is_sale = visit[events], is_sale[events]
    sizes = np.bincount(visit, minlength=user.size)
    waits = np.minimum(1 + rng.standard_exponential(visit.size) * np.where(is_sale, 180, 40), 900).astype(np.int64)
    until = np.cumsum(waits)
    before = np.concatenate([[0], until])[np.cumsum(sizes) - sizes]
    time = start[visit] + until - before[visit]
    return Visits(user, start, _ordinals(user), visit, time, is_sale)


def _ordinals(groups: Ints) -> Ints:
    """Return how many earlier rows have the same group ``[n]``."""
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    ordinals = np.empty_like(groups)
    ordinals[order] = np.arange(groups.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return ordinals
