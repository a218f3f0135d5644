"""Compile everything that is compiled on first use, so that nobody waits for it later: once on a machine, then it is cached."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import polars as pl

from vitrina.data.dataset import Dataset
from vitrina.data.splits.protocols import make_split
from vitrina.evaluation.evaluate import evaluate
from vitrina.experiments.progress import Progress, Silent
from vitrina.features.pictures.explicit import measure
from vitrina.models.registry import MODELS, make, model_class
from vitrina.models.trained import Trained

_METRICS = ["ndcg@10", "auc", "mrr", "diversity@10"]
_USERS, _ITEMS, _EVENTS = 60, 40, 900


def warm_up(progress: Progress | None = None) -> float:
    """Fit every model on a tiny log and use it once, and measure a picture; returns the seconds that took."""
    progress, started = progress or Silent(), time.perf_counter()
    log, task = _tiny_log(), "compiling"
    split = make_split(log, "per-user-ratio", seed=0)
    progress.begin(task, len(MODELS))
    for name in MODELS:
        model = make(name, **({"epochs": 1} if model_class(name).declares.epochs else {}))
        if not model.why_not(log):  # models of words run what the others do
            trained = Trained.fit(model, log)
            if model.declares.advances:
                model.follow(log).score(replace(log.histories(), at=np.arange(log.n_users)))
            trained.recommend(users=["u1"], k=3, why=True)
            trained.recommend(histories=[["i1", "i2"]], k=3)
            evaluate(model, split.open_test(), split.train, _METRICS)
        progress.advance(task, name)
    measure(np.zeros((4, 4, 3), np.uint8))
    return time.perf_counter() - started


def _tiny_log() -> Dataset:
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, _USERS, _EVENTS), rng.integers(0, _ITEMS, _EVENTS)
    events = {"user": [f"u{n}" for n in users], "item": [f"i{n}" for n in items], "timestamp": np.arange(_EVENTS)}
    number = pl.int_range(_ITEMS, eager=True)
    works = pl.DataFrame({"id": [f"i{n}" for n in range(_ITEMS)], "price": 100.0 + number, "color": (number % 3).cast(pl.String)})
    log = Dataset.from_frame(pl.DataFrame(events), items=works.with_columns(artist=(number % 8).cast(pl.String)))
    looks = {name: rng.standard_normal((log.n_items, 8), np.float32) for name in ("dnn", "evf")}
    return replace(log, catalogue=replace(log.catalogue, features=looks))
