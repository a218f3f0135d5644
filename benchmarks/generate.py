"""A generated log: long tail, topics and tastes, so that accuracy means something at any size. From a seed, vectorised."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TASTES = np.array([0.35, 0.25, 0.15, 0.1, 0.1, 0.05])  # how a user's attention falls on their topics
_OFF_TOPIC = 0.25  # share of events that follow popularity alone
_ITEMS_PER_TOPIC = 100
_SPARE = 1.6  # events drawn for each one wanted: the popular pairs repeat, and count once

Codes = NDArray[np.int32]


def generate(n_users: int, n_items: int, n_events: int, seed: int = 0) -> tuple[Codes, Codes]:
    """Return user and item codes of ``n_events`` distinct pairs, sorted by user and item.

    Popularity falls as a power of the rank, activity is log-normal, items have one topic and users six. Raises
    ``ValueError`` when so many distinct pairs cannot be drawn.
    """
    rng = np.random.default_rng(seed)
    n_topics = max(2, n_items // _ITEMS_PER_TOPIC)
    topic_of = np.sort(rng.integers(n_topics, size=n_items))
    popularity = (rng.permutation(n_items) + 10.0) ** -0.9
    ends = np.concatenate([[0.0], np.cumsum(popularity)])
    first = np.searchsorted(topic_of, np.arange(n_topics + 1))
    users = _who(rng, n_users, int(n_events * _SPARE))
    topics = _what_about(rng, users, n_users, np.diff(ends[first]))
    free = rng.random(users.size) < _OFF_TOPIC
    low = np.where(free, 0.0, ends[first[topics]])
    high = np.where(free, ends[-1], ends[first[topics + 1]])
    items = np.searchsorted(ends, low + (high - low) * rng.random(users.size), side="right") - 1
    names = rng.permutation(n_items)  # topics must not be readable from the codes
    pairs = np.unique(users * np.int64(n_items) + names[np.minimum(items, n_items - 1)])
    if pairs.size < n_events:
        raise ValueError(f"only {pairs.size} distinct pairs of {n_users} users and {n_items} items; ask for fewer events.")
    pairs = pairs[np.sort(rng.choice(pairs.size, n_events, replace=False, shuffle=False))]
    return (pairs // n_items).astype(np.int32), (pairs % n_items).astype(np.int32)


def _who(rng: np.random.Generator, n_users: int, n_draws: int) -> NDArray[np.int64]:
    """Return the user of each draw: log-normal activity, everybody active."""
    activity = rng.lognormal(sigma=0.8, size=n_users)
    counts = np.maximum(6, activity / activity.sum() * n_draws).astype(np.int64)
    return np.repeat(np.arange(n_users), counts)


def _what_about(
    rng: np.random.Generator, users: NDArray[np.int64], n_users: int, weights: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the topic of each draw: one of the six topics of its user, heavy topics being more common."""
    shares = np.sqrt(weights)
    tastes = rng.choice(weights.size, size=(n_users, _TASTES.size), p=shares / shares.sum())
    slot = np.searchsorted(np.cumsum(_TASTES), rng.random(users.size), side="right")
    return tastes[users, np.minimum(slot, _TASTES.size - 1)]
