"""Shops made for tests: works with pictures of a few kinds, people who like one or two of them, works that nobody has met."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from tests.models.logs import DAY, START
from vitrina.data.dataset import Dataset
from vitrina.data.vocabulary import Vocabulary


@dataclass(frozen=True)
class Shop:
    """``likes`` bool ``[n_users, n_items]`` is what people would like; ``held_out [n_users, 2]`` met works they do like.

    ``cold`` bool ``[n_items]`` are the works without events; their pictures are in the feature ``dnn``.
    """

    train: Dataset
    likes: np.ndarray
    held_out: np.ndarray
    cold: np.ndarray

    def auc_of_cold(self, scores: np.ndarray) -> np.ndarray:
        """Share of pairs of works nobody has met that stand in the right order, for each person, equal scores counting half."""
        return np.array([auc(row[self.cold & own], row[self.cold & ~own]) for row, own in zip(scores, self.likes, strict=True)])

    def auc_of_met(self, scores: np.ndarray) -> np.ndarray:
        """The same of the held-out works against all that others have met and the person has not."""
        seen = self.train.matrix().toarray() > 0
        found = []
        for row, mine, targets in zip(scores, seen, self.held_out, strict=True):
            rest = ~self.cold & ~mine
            rest[targets] = False
            found.append(auc(row[targets], row[rest]))
        return np.array(found)


def auc(mine: np.ndarray, others: np.ndarray) -> float:
    apart = mine[:, None] - others
    return float((apart > 0).mean() + (apart == 0).mean() / 2)


def shop(
    seed: int = 0,
    *,
    n_users: int = 300,
    n_items: int = 400,
    n_kinds: int = 8,
    n_events: int = 10,
    columns: int = 64,
    spread: float = 0.5,
    motif: float = 1.0,
    hidden: int = 1,
    share: float = 0.85,
) -> Shop:
    """Make a shop whose pictures show their kind, which people care for, and their motif, which nobody does.

    Each is a place in 8 directions of its own, that of the motif ``motif`` times as far out; ``spread`` is the deviation there,
    and half of it everywhere else.
    ``hidden`` groups of works that no picture shows: a person likes the works of one or two kinds and of one group.
    ``share`` of the events are to the taste, the others at random. A quarter of the works has no events.
    """
    rng = np.random.default_rng(seed)
    kind, group = rng.integers(0, n_kinds, n_items), rng.integers(0, hidden, n_items)
    taste = np.zeros((n_users, n_kinds), bool)
    for favourite in (rng.integers(0, n_kinds, n_users) for _ in range(2)):
        taste[np.arange(n_users), favourite] = True
    likes = taste[:, kind] & (rng.integers(0, hidden, n_users)[:, None] == group)
    cold = rng.permutation(n_items) < n_items // 4
    users, items, held_out = [], [], []
    for user in range(n_users):
        liked = rng.permutation(np.flatnonzero(likes[user] & ~cold))
        mine = liked[2 : 2 + min(n_events, max(1, len(liked) // 2))]
        others = rng.choice(np.flatnonzero(~cold), round(len(mine) * (1 - share) / share), replace=False)
        bought = rng.permutation(np.setdiff1d(np.concatenate([mine, others]), liked[:2]))
        held_out.append(liked[:2])
        users += [user] * len(bought)
        items += bought.tolist()
    frame = pl.DataFrame({"user": [f"u{u}" for u in users], "item": [f"i{i}" for i in items]}).with_columns(
        timestamp=START + DAY * pl.int_range(pl.len(), dtype=pl.Int64)
    )
    catalogue = pl.DataFrame({"id": [f"i{i}" for i in range(n_items)]})
    dataset = Dataset.from_frame(frame, items=catalogue, users=pl.DataFrame({"id": [f"u{u}" for u in range(n_users)]}))
    of_kind, of_motif = rng.normal(size=(2, n_kinds, 8))
    pictures = rng.normal(0, spread / 2, (n_items, columns))
    pictures[:, :8] = of_kind[kind] + rng.normal(0, spread, (n_items, 8))
    pictures[:, 8:16] = motif * of_motif[rng.integers(0, n_kinds, n_items)] + rng.normal(0, spread, (n_items, 8))
    turned = pictures @ np.linalg.qr(rng.normal(size=(columns, columns)))[0]  # no column is the taste
    features = {"dnn": turned.astype(np.float32)}
    train = replace(dataset, catalogue=replace(dataset.catalogue, features=features))
    return Shop(train, likes, np.array(held_out), cold)


def visrank(shop: Shop, how: str = "mean") -> np.ndarray:
    """The cosine of each picture to those of the history: the mean or the largest (Messina et al. 2018)."""
    pictures = shop.train.catalogue.feature("dnn")
    unit = pictures / np.linalg.norm(pictures, axis=1, keepdims=True)
    similar, x = unit @ unit.T, shop.train.matrix().toarray()
    if how == "mean":
        return x @ similar / np.maximum(1, x.sum(axis=1, keepdims=True))
    return np.stack([similar[np.flatnonzero(row)].max(axis=0) for row in x])


def shorter(dataset: Dataset, left_out: np.ndarray) -> tuple[Dataset, int]:
    """Return the data set as it was before the works ``left_out [n_items]``, without events, came; and how many there were."""
    order = np.argsort(left_out, kind="stable")
    kept = order[: int((~left_out).sum())]
    place = np.full(dataset.n_items, -1, np.int32)
    place[kept] = np.arange(kept.size)
    events = dataset.interactions.with_columns(item=pl.Series(place[dataset.item_codes]))
    catalogue = dataset.catalogue
    features = {name: matrix[kept] for name, matrix in catalogue.features.items()}
    items = Vocabulary(catalogue.items.ids[kept], "item")
    return replace(
        dataset, interactions=events, catalogue=replace(catalogue, items=items, table=catalogue.table[kept], features=features)
    ), kept.size
