"""A small made-up log and catalogue, to see the expected shape and to try things on."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.files import atomic_folder

Whole = NDArray[np.int64]

LOG, CATALOGUE = "log.csv", "catalogue.csv"
N_USERS, N_ITEMS, N_EVENTS = 60, 80, 1_500

_MEDIA = ("oil", "watercolour", "print", "photograph", "ceramic")
_PRICES = (900.0, 300.0, 60.0, 120.0, 180.0)  # a typical price for each medium
_STYLES = ("abstract", "landscape", "portrait", "still life", "street")
_FIRST = ("Ana", "Bruno", "Carla", "Diego", "Elena", "Farid", "Greta", "Hugo")
_LAST = ("Araya", "Berg", "Cortés", "Durand")
_SUBJECTS = ("Harbour", "Orchard", "Window", "Market", "Kitchen", "River", "Stairs", "Garden", "Desert", "Square")
_MOODS = ("at noon", "in winter", "after rain", "at night", "in blue", "from memory", "with figures", "no. 2")
_KINDS = ("view", "like", "purchase")
_START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
_DAYS = 180


def write_sample(folder: Path, seed: int = 0, *, overwrite: bool = False) -> tuple[Path, Path]:
    """Write ``log.csv`` (user, item, event, timestamp) and ``catalogue.csv`` to ``folder`` and return their paths.

    The same ``seed`` gives the same files. The people are made up, with tastes (a style and a medium), so that models have
    something to find. Raises ``VitrinaError`` when the folder exists and is not empty, unless ``overwrite`` is given and it
    holds a sample.
    """
    rng = np.random.default_rng(seed)
    medium, style = rng.integers(len(_MEDIA), size=N_ITEMS), rng.integers(len(_STYLES), size=N_ITEMS)
    with atomic_folder(Path(folder), marker=CATALOGUE, overwrite=overwrite) as part:
        _catalogue(rng, medium, style).write_csv(part / CATALOGUE)
        _log(rng, medium, style).write_csv(part / LOG)
    return Path(folder) / LOG, Path(folder) / CATALOGUE


def _catalogue(rng: np.random.Generator, medium: Whole, style: Whole) -> pl.DataFrame:
    numbers = np.arange(N_ITEMS)
    artist = rng.integers(len(_FIRST) * len(_LAST) // 2, size=N_ITEMS)
    second = rng.integers(len(_STYLES), size=N_ITEMS)
    price = np.array(_PRICES)[medium] * rng.lognormal(0, 0.4, N_ITEMS)
    years = rng.integers(1998, 2024, N_ITEMS)
    since = [(_START - datetime.timedelta(days=int(d))).date() for d in rng.integers(1, 400, N_ITEMS)]
    return pl.DataFrame(
        {
            "item": _item_ids(numbers),
            "title": [f"{_SUBJECTS[n % len(_SUBJECTS)]} {_MOODS[n // len(_SUBJECTS)]}" for n in numbers],
            "artist": [f"{_FIRST[a % len(_FIRST)]} {_LAST[a // len(_FIRST)]}" for a in artist],
            "medium": [_MEDIA[m] for m in medium],
            "styles": [_STYLES[a] if a == b else f"{_STYLES[a]}|{_STYLES[b]}" for a, b in zip(style, second, strict=True)],
            # the year of some works is not known, as in any real catalogue
            "year": [int(y) if known else None for y, known in zip(years, rng.random(N_ITEMS) < 0.9, strict=True)],
            "price": np.round(price / 5) * 5,
            "stock": np.where(np.isin(medium, (2, 3)), rng.integers(2, 30, N_ITEMS), 1),
            "available_from": [day.isoformat() for day in since],
        }
    )


def _log(rng: np.random.Generator, medium: Whole, style: Whole) -> pl.DataFrame:
    """Draw distinct (user, item) pairs with a chance that grows with shared taste and popularity."""
    fond_of_medium, fond_of_style = rng.integers(len(_MEDIA), size=N_USERS), rng.integers(len(_STYLES), size=N_USERS)
    liking = 1.8 * (fond_of_medium[:, None] == medium) + 3.0 * (fond_of_style[:, None] == style)
    liking = liking + rng.normal(0, 0.7, N_ITEMS) + rng.normal(0, 0.5, (N_USERS, 1))
    # the largest of scores with Gumbel noise are a draw without replacement (Gumbel-top-k)
    noisy = (liking + rng.gumbel(size=liking.shape)).ravel()
    chosen = np.argpartition(-noisy, N_EVENTS)[:N_EVENTS]
    users, items = np.divmod(chosen, N_ITEMS)
    seconds = rng.choice(_DAYS * 86_400, N_EVENTS, replace=False)
    order = np.argsort(seconds)
    moments = [(_START + datetime.timedelta(seconds=int(s))).strftime("%Y-%m-%dT%H:%M:%SZ") for s in seconds[order]]
    ids = np.array([f"u{n + 1:02d}" for n in range(N_USERS)])
    kinds = np.array(_KINDS)[rng.choice(len(_KINDS), N_EVENTS, p=(0.5, 0.35, 0.15))]
    frame = {"user": ids[users[order]], "item": _item_ids(items[order]), "event": kinds, "timestamp": moments}
    return pl.DataFrame(frame)


def _item_ids(numbers: Whole) -> list[str]:
    return [f"work-{n + 1:03d}" for n in numbers]
