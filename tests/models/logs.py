"""Small data sets for models, and the same data in another order."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.queries import Queries
from vitrina.data.vocabulary import Vocabulary

START = 1_700_000_000
DAY = 86_400


def log(
    pairs: list[tuple[object, object]] | np.ndarray,
    *,
    times: bool = True,
    items: pl.DataFrame | None = None,
    users: pl.DataFrame | None = None,
    repeats: bool = False,
) -> Dataset:
    """Build a data set from (user, item) pairs; event number n happens on day n. Items have words."""
    frame = pl.DataFrame(
        {"user": [str(u) for u, _ in pairs], "item": [str(i) for _, i in pairs]}, schema={"user": pl.String, "item": pl.String}
    )
    if times:
        frame = frame.with_columns(timestamp=START + DAY * pl.int_range(pl.len(), dtype=pl.Int64))
    return described(worded(Dataset.from_frame(frame, items=items, users=users, info=DatasetInfo(name="toy", repeats=repeats))))


def worded(dataset: Dataset) -> Dataset:
    """Give every item the feature ``words``, counts made from its id: items of a checkerboard's group share one word.

    And what pictures would give: ``evf`` and ``dnn``, alike within a group.
    """
    numbers = numbers_of(dataset)
    words = np.zeros((len(numbers), 20), np.float32)
    words[np.arange(len(numbers)), numbers // 12 % 10] = 3
    words[np.arange(len(numbers)), 10 + numbers % 7] = 1
    look = np.stack([np.random.default_rng(n).standard_normal(6) for n in numbers]).astype(np.float32)
    group = np.stack([np.random.default_rng(1000 + n // 12).standard_normal(6) for n in numbers]).astype(np.float32)
    features = {
        "words": csr_matrix(words),
        "evf": 5 + group + 0.2 * look[:, ::-1],
        "dnn": np.ascontiguousarray(group + 0.2 * look),
    }
    return replace(dataset, catalogue=replace(dataset.catalogue, features=features))


def numbers_of(dataset: Dataset) -> np.ndarray:
    """The number in each item's id, 0 where there is none."""
    return np.array([int("".join(filter(str.isdigit, name)) or 0) for name in dataset.items.ids])


def described(dataset: Dataset) -> Dataset:
    """Give every item an artist, a price, attributes and moods, alike within a group, unless the catalogue has attributes."""
    if dataset.catalogue.attributes:
        return dataset
    n = numbers_of(dataset)
    columns = {
        "artist": [f"artist {g}" for g in n // 12],
        "price": 100.0 + 1000 * (n // 12) + n % 12,
        "color": [
            [f"color {g}", f"color {10 + g}"] if few else [f"color {g}"] for g, few in zip(n // 12, n % 5 > 2, strict=True)
        ],
        "style": [None if m % 7 == 3 else f"style {g}" for m, g in zip(n, n // 12, strict=True)],
        "mood_calm": 1 + n // 12 % 5,
        "mood_warm": 1 + (n // 12 + n % 2) % 5,
    }
    there = dataset.catalogue.table
    added = pl.DataFrame(columns)
    table = pl.concat([there, added], how="horizontal") if there.width else added
    return replace(dataset, catalogue=replace(dataset.catalogue, table=table))


def first_items(dataset: Dataset, n: int) -> Dataset:
    """Return the data set as it was when the catalogue had only its first ``n`` items."""
    catalogue = dataset.catalogue
    shorter = replace(
        catalogue,
        items=Vocabulary(catalogue.items.ids[:n], "item"),
        table=catalogue.table[:n],
        features={name: matrix[:n] for name, matrix in catalogue.features.items()},
    )
    return replace(dataset, interactions=dataset.interactions.filter(pl.col("item") < n), catalogue=shorter)


def timed(dataset: Dataset, days: np.ndarray) -> Dataset:
    """Return the data set with event number n on the given day."""
    return replace(dataset, interactions=dataset.interactions.with_columns(timestamp=pl.Series(START + DAY * days)))


def random_log(n_users: int, n_items: int, n_events: int, seed: int = 0, **options) -> Dataset:
    """Events at random, some items far more popular; duplicates, and items and users without events, may occur."""
    rng = np.random.default_rng(seed)
    users = rng.integers(0, n_users, n_events)
    items = (n_items * rng.random(n_events) ** 2).astype(int)
    return log(
        [(f"u{u}", f"i{i}") for u, i in zip(users.tolist(), items.tolist(), strict=True)],
        items=pl.DataFrame({"id": [f"i{i}" for i in range(n_items)]}),
        users=pl.DataFrame({"id": [f"u{u}" for u in range(n_users)]}),
        **options,
    )


@dataclass(frozen=True)
class Checkerboard:
    """Two groups of people who share nothing: ``held_out [n_users]`` is one unseen item of each one's own group.

    ``other [n_users, n]`` are the items of the other group.
    """

    train: Dataset
    held_out: np.ndarray
    other: np.ndarray

    def share_in_order(self, scores: np.ndarray) -> float:
        """Share of (person, item of the other group) pairs that rank below the person's held-out item."""
        mine = np.take_along_axis(scores, self.held_out[:, None], 1)
        return float((mine > np.take_along_axis(scores, self.other, 1)).mean())


def checkerboard(n_users: int = 20, n_items: int = 12, n_known: int = 8, seed: int = 0) -> Checkerboard:
    """Return two groups, each of ``n_users`` people who know ``n_known`` of their group's ``n_items`` items."""
    rng = np.random.default_rng(seed)
    pairs, held_out = [], []
    for user in range(2 * n_users):
        mine = rng.permutation(n_items)[: n_known + 1] + n_items * (user % 2)
        pairs += [(f"u{user}", f"i{item}") for item in mine[1:]]
        held_out.append(mine[0])
    catalogue = pl.DataFrame({"id": [f"i{i}" for i in range(2 * n_items)]})
    other = np.stack([np.arange(n_items) + n_items * (1 - user % 2) for user in range(2 * n_users)])
    return Checkerboard(log(pairs, items=catalogue), np.array(held_out), other)


def shuffled(dataset: Dataset, seed: int = 0) -> Dataset:
    """Return the same events with users, items and rows in another order."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "user": dataset.users.decode(dataset.user_codes),
            "item": dataset.items.decode(dataset.item_codes),
            **{c: dataset.interactions[c] for c in dataset.interactions.columns[2:]},
        }
    )
    permuted = Dataset.from_frame(
        frame[rng.permutation(len(frame))],
        items=dataset.items.ids.to_frame()[rng.permutation(dataset.n_items)],
        users=dataset.users.ids.to_frame()[rng.permutation(dataset.n_users)],
        info=dataset.info,
    )
    return described(worded(permuted))


def strangers(queries: Queries) -> Queries:
    """Return the bare histories of unknown people; only the keys that order ties stay."""
    return replace(queries, users=None, values=None, times=None, sessions=None)


def no_history(dataset: Dataset, n: int = 1) -> Queries:
    """Return ``n`` people of whom nothing is known."""
    return Queries.from_lists([[]] * n, dataset.items.keys)
