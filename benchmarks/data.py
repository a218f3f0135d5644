"""The data sets, written once for all: training events, held-out events, and vectors for the jobs that are given some."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.generate import generate
from benchmarks.log import Log
from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.importers import ncf
from vitrina.data.splits.holdout import per_user_ratio
from vitrina.data.splits.split import Label
from vitrina.data.vocabulary import Vocabulary
from vitrina.models.factors.ials import IALS

_HELD_OUT = 0.1  # of each user's events, at random

#: name -> users, items, events of the generated logs; density falls as they grow, events per user stay.
GENERATED = {"toy": (300, 200, 6_000), "2m": (20_000, 15_000, 2_000_000), "20m": (200_000, 50_000, 20_000_000)}

TITLES = {
    "toy": "toy log (generated)",
    "ml-1m": "MovieLens-1M",
    "2m": "generated log, 2 million events",
    "20m": "generated log, 20 million events",
}

#: Vectors given to the ranking jobs: dimension and epochs of the iALS model that makes them.
_DIMENSION, _EPOCHS = 64, {"20m": 2}


def written(name: str, folder: Path) -> Path:
    """Return the file of the data set ``name``, written first where it is not there."""
    if name not in TITLES:
        raise SystemExit(f"no data set is called {name!r}; known: {', '.join(TITLES)}.")
    path = folder / f"{name}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{name}.partial.npz"
        _held_out(_movielens() if name == "ml-1m" else _generated(name)).save(partial)
        partial.rename(path)
    return path


def vectors(name: str, folder: Path) -> Path:
    """Return the file of given user and item vectors for ``name``: iALS by us, whoever ranks them later."""
    path = folder / f"{name}-vectors.npz"
    if not path.is_file():
        dataset = dataset_of(Log.load(written(name, folder)))
        model = IALS(factors=_DIMENSION, epochs=_EPOCHS.get(name, 8)).fit(dataset)
        partial = folder / f"{name}-vectors.partial.npz"
        np.savez(partial, users=model.query_vectors(dataset.histories()), items=model.item_vectors_)
        partial.rename(path)
    return path


def dataset_of(log: Log) -> Dataset:
    """Return the training events as our data set."""
    return _dataset(log.users, log.items, log.n_users, log.n_items)


def _dataset(users: np.ndarray, items: np.ndarray, n_users: int, n_items: int) -> Dataset:
    names = (Vocabulary(pl.Series(range(n)).cast(pl.String), kind) for n, kind in ((n_users, "user"), (n_items, "item")))
    user_names, item_names = names
    events = pl.DataFrame({"user": users, "item": items}, schema={"user": pl.Int32, "item": pl.Int32})
    return Dataset(events, user_names, Catalogue(item_names, pl.DataFrame()), DatasetInfo(name="benchmark"))


def _generated(name: str) -> Dataset:
    n_users, n_items, n_events = GENERATED[name]
    return _dataset(*generate(n_users, n_items, n_events), n_users, n_items)


def _movielens() -> Dataset:
    folder = Path(os.environ.get("VITRINA_DATA", "")) / "ml-1m-ncf"
    if not (os.environ.get("VITRINA_DATA") and folder.is_dir()):
        raise SystemExit("ml-1m needs VITRINA_DATA: a folder that holds ml-1m-ncf, the NCF split of MovieLens-1M.")
    return ncf.read(folder).splits[ncf.SPLIT].train


def _held_out(dataset: Dataset) -> Log:
    split = per_user_ratio(dataset, test=_HELD_OUT, validation=0.0)
    train, held = split.rows(Label.TRAIN).matrix(), split.rows(Label.TEST).matrix()
    return Log(*train.shape, train.indptr.astype(np.int64), train.indices, held.indptr.astype(np.int64), held.indices)
