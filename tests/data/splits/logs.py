"""Small logs to split: hypothesis strategies, shuffling, and what the tests compare."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.splits import Label, Split

Event = tuple[str, str, int | None]


def log(events, *, repeats=False, positive="", values=None) -> Dataset:
    """Build a data set from (user, item, timestamp) triples."""
    columns = {
        "user": pl.Series([e[0] for e in events], dtype=pl.String),
        "item": pl.Series([e[1] for e in events], dtype=pl.String),
        "timestamp": pl.Series([e[2] for e in events], dtype=pl.Int64),
    }
    if values is not None:
        columns["value"] = pl.Series(values, dtype=pl.Float32)
    return Dataset.from_frame(pl.DataFrame(columns), info=DatasetInfo(name="log", repeats=repeats, positive=positive))


def dense_log(n_users=60, n_items=40, n_events=12, seed=0, *, repeats=False, start=1_000_000) -> Dataset:
    """A log in which every protocol works: each user has distinct items at distinct, interleaved times."""
    random = np.random.default_rng(seed)
    times = start + random.permutation(n_users * n_events)
    events = []
    for user in range(n_users):
        items = random.choice(n_items, n_events, replace=False)
        events += [
            (f"u{user}", f"i{item}", int(t))
            for item, t in zip(items, times[user * n_events : (user + 1) * n_events], strict=True)
        ]
    return log(events, repeats=repeats)


def logs(*, timed=True):
    """Strategy: data sets of up to 90 events with ties, repeats, short users; times complete, or sometimes missing."""
    moment = st.integers(1, 25) if timed else st.sampled_from([*range(26), None])
    event = st.tuples(st.sampled_from("abcdefg"), st.sampled_from("123456789"), moment)
    events = st.one_of(st.lists(event, min_size=1, max_size=15), st.lists(event, min_size=40, max_size=90))
    return st.builds(lambda rows, repeats: log(rows, repeats=repeats), events, st.booleans())


def shuffled(dataset: Dataset, seed: int, *, rows: bool = True) -> Dataset:
    """The same events with other codes and, with ``rows``, in another order."""
    random = np.random.default_rng(seed)
    frame = dataset.interactions.with_columns(
        user=dataset.users.decode(dataset.user_codes), item=dataset.items.decode(dataset.item_codes)
    )
    if rows:
        frame = frame[random.permutation(frame.height)]
    order = {name: pl.DataFrame({"id": ids[random.permutation(len(ids))]}) for name, ids in _ids(dataset).items()}
    return Dataset.from_frame(frame, items=order["items"], users=order["users"], info=dataset.info)


def _ids(dataset: Dataset) -> dict[str, pl.Series]:
    return {"items": dataset.items.ids, "users": dataset.users.ids}


def labelled(split: Split) -> list[tuple[object, ...]]:
    """All events of a split with their labels, in an order of their own."""
    data = split.dataset
    times = data.column("timestamp")
    rows = zip(
        data.users.decode(data.user_codes),
        data.items.decode(data.item_codes),
        [None] * len(data) if times is None else data.interactions["timestamp"].to_list(),
        split.labels.tolist(),
        strict=True,
    )
    return sorted(rows, key=repr)


def events_of(split: Split, label: Label) -> set[tuple[str, str]]:
    """The (user, item) pairs with one label."""
    return {(str(u), str(i)) for u, i, _, given in labelled(split) if given == label}


def relabelled(dataset: Dataset, items: list[str]) -> Dataset:
    """The data set with its catalogue's ids replaced."""
    from vitrina.data.vocabulary import Vocabulary

    return Dataset(dataset.interactions, dataset.users, Catalogue(Vocabulary(items)), dataset.info)


def movielens_100k(positive: str = "value >= 4") -> Dataset:
    """MovieLens-100K from the folder named by VITRINA_DATA; skips the test where it is not there."""
    folder = os.environ.get("VITRINA_DATA")
    path = Path(folder or "", "ml-100k", "ml-100k.inter")
    if not folder or not path.is_file():
        pytest.skip("needs ml-100k/ml-100k.inter in the folder named by VITRINA_DATA")
    frame = pl.read_csv(path, separator="\t", new_columns=["user", "item", "value", "timestamp"])
    frame = frame.with_columns(pl.col("user", "item").cast(pl.String), pl.col("timestamp").cast(pl.Int64))
    return Dataset.from_frame(frame, info=DatasetInfo(name="ml-100k", positive=positive))
