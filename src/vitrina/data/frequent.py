"""Data sets without rare people and items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError


def keep_frequent(dataset: Dataset, *, users: int = 0, items: int = 0, core: bool = False) -> Dataset:
    """Return the positive events of people with at least ``users`` and items with at least ``items`` of them.

    Items are counted first, then the people on what is left, as in the code of Liang et al. (2018): some items may fall below
    the bound again. With ``core`` this is repeated until both bounds hold (a k-core). A pair counts once, unless the data
    set has repeats. Raises ``DataError`` when nothing is left.
    """
    kept = dataset.positives()
    while True:
        before = len(kept)
        kept = kept.keep(_counts(kept, kept.item_codes, kept.n_items)[kept.item_codes] >= items)
        kept = kept.keep(_counts(kept, kept.user_codes, kept.n_users)[kept.user_codes] >= users)
        if not len(kept):
            raise DataError(f"{dataset.info.name}: nobody has {users} events on items that have {items}. Lower these bounds.")
        if not core or len(kept) == before:
            return kept


def drop_absent(dataset: Dataset) -> Dataset:
    """Return the data set without the people and items that have no event; codes are given anew, in the old order.

    Models score and weigh every item that the catalogue names: what was dropped must not be among them where a paper's numbers
    are asked for.
    """
    users, user_codes = np.unique(dataset.user_codes, return_inverse=True)
    items, item_codes = np.unique(dataset.item_codes, return_inverse=True)
    return replace(
        dataset,
        interactions=dataset.interactions.with_columns(user=user_codes.astype(np.int32), item=item_codes.astype(np.int32)),
        users=Vocabulary(dataset.users.ids.gather(users), dataset.users.kind),
        catalogue=dataset.catalogue.take(items),
        user_table=dataset.user_table[users] if dataset.user_table.width else dataset.user_table,
    )


def _counts(dataset: Dataset, codes: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """How many events, or distinct pairs where repeats do not count, each code has ``[n]``."""
    if dataset.info.repeats:
        return np.bincount(codes, minlength=n)
    pairs = np.unique(dataset.user_codes.astype(np.int64) * dataset.n_items + dataset.item_codes, return_index=True)[1]
    return np.bincount(codes[pairs], minlength=n)
