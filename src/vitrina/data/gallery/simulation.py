"""The simulated gallery log: the world from a seed, then two years of visits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.gallery.events import choose_likes, choose_sales, public_utilities
from vitrina.data.gallery.people import People, Tastes, draw_people, personal_utilities
from vitrina.data.gallery.visits import Visits, draw_visits
from vitrina.data.gallery.works import Artists, Works, catalogue_table, draw_artists, draw_works
from vitrina.errors import DataError

ALL_TASTES = Tastes()
#: The shape of the UGallery data (Messina et al. 2017): people, works and sales.
N_USERS, N_WORKS, N_SALES = 1_371, 3_940, 2_846
NOTES = [
    "Every artist, work, person and event is simulated: figures obtained on this data say nothing about a real gallery.",
    "People choose by a multinomial logit model of look, artist, price, attributes, a latent taste and popularity.",
    "stock is the number of copies left at the end; works that are sold, or back with their artists, can still be liked.",
]


@dataclass(frozen=True)
class World:
    """What the simulation knows and the data set hides: the ground truth. Pictures are drawn from ``seed``, too."""

    artists: Artists
    works: Works
    people: People
    seed: int = 0


def draw_world(
    seed: int = 0,
    *,
    n_users: int = N_USERS,
    n_works: int = N_WORKS,
    n_artists: int = 60,
    days: int = 730,
    hands: bool = True,
) -> World:
    """Draw artists, works and people; ``simulate`` with the same arguments plays in this very world, whatever the tastes.

    Without ``hands`` artists have none: looks, prices and attributes are dealt among the works, see ``draw_works``. Raises
    ``DataError`` for sizes below 1 and negative seeds.
    """
    if seed < 0:
        raise DataError(f"seed = {seed}: expected a whole number, 0 or more.")
    for name, size in (("n_users", n_users), ("n_works", n_works), ("n_artists", n_artists), ("days", days)):
        if size < 1:
            raise DataError(f"{name} = {size}: a gallery needs at least 1.")
    artists = draw_artists(_stream(seed, 0), n_artists)
    works = draw_works(_stream(seed, 1), artists, n_works, days, hands=hands)
    return World(artists, works, draw_people(_stream(seed, 2), n_users, artists), seed)


def simulate(
    seed: int = 0,
    *,
    n_users: int = N_USERS,
    n_works: int = N_WORKS,
    n_artists: int = 60,
    likes_per_user: float = 30.0,
    sales_per_user: float = N_SALES / N_USERS,
    days: int = 730,
    hands: bool = True,
    tastes: Tastes = ALL_TASTES,
) -> Dataset:
    """Simulate the log of a gallery: likes and sales over ``days`` days, in sessions; equal arguments give equal data.

    ``likes_per_user`` and ``sales_per_user`` are means (skewed over the people). One-of-a-kind works sell once, prints up
    to their copies. The seed draws the world and the visits; ``tastes`` changes only what is chosen at them. Needs about
    50 bytes for each pair of a person and a work. Raises ``DataError`` for sizes and means that make no gallery.
    """
    world = draw_world(seed, n_users=n_users, n_works=n_works, n_artists=n_artists, days=days, hands=hands)
    for name, mean in (("likes_per_user", likes_per_user), ("sales_per_user", sales_per_user)):
        if not 0 <= mean < 1e6:
            raise DataError(f"{name} = {mean}: expected a mean number of events, 0 or more.")
    visits = draw_visits(_stream(seed, 3), n_users, n_works, likes_per_user, sales_per_user, days)
    personal = personal_utilities(world.people, world.works, tastes)
    public = public_utilities(world.works, days, tastes.popularity)
    liked = choose_likes(_stream(seed, 4), visits, personal, public, world.works.arrival)
    sold = choose_sales(_stream(seed, 5), visits, personal, public, world.works)
    items = catalogue_table(_stream(seed, 6), world.works, world.artists)
    n_sold = np.bincount(sold[sold >= 0], minlength=n_works)
    items = items.with_columns(pl.Series("stock", world.works.stock - n_sold, dtype=pl.Int32))
    users = _user_ids(n_users)
    log = _log(visits, np.where(visits.is_sale, sold, liked), users, items["id"])
    info = DatasetInfo(
        name="gallery",
        title="Simulated gallery: likes and sales of artworks",
        positive="kind = 'like'",
        currency="EUR",
        simulated=True,
        source=f"simulated by vitrina.data.gallery with seed {seed}",
        terms="simulated data; free to use",
        notes=NOTES,
    )
    return Dataset.from_frame(log, items=items, users=users.to_frame(), info=info)


def _stream(seed: int, part: int) -> np.random.Generator:
    """Return the random numbers of one part: drawing more in one part changes nothing in the others."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(part,)))


def _user_ids(count: int) -> pl.Series:
    digits = max(4, len(str(count)))
    return pl.Series("id", [f"u{n:0{digits}d}" for n in range(1, count + 1)])


def _log(visits: Visits, chosen: NDArray[np.int64], users: pl.Series, works: pl.Series) -> pl.DataFrame:
    """Return the events that took place, oldest first, in external ids; sessions are numbered in order of their start."""
    kept = np.flatnonzero(chosen >= 0)
    kept = kept[np.argsort(visits.time[kept], kind="stable")]
    visit = visits.visit[kept]
    return pl.DataFrame(
        {
            "user": users.gather(visits.user[visit]),
            "item": works.gather(chosen[kept]),
            "timestamp": visits.time[kept],
            "kind": pl.Series(np.where(visits.is_sale[kept], "sale", "like").tolist(), dtype=pl.String),
            "session": np.unique(visit, return_inverse=True)[1],
        }
    )
