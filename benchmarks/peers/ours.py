"""Vitrina."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.artefacts import Artefact
from benchmarks.data import dataset_of
from benchmarks.log import Log
from benchmarks.tasks import Curve, Fit, Lists, NotThereYet, Once, Settings, Task
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.data.splits.split import Part
from vitrina.evaluation.evaluate import evaluate
from vitrina.models.base import Recommender
from vitrina.models.factors.products import score_factors
from vitrina.models.registry import MODELS, make, model_class
from vitrina.models.space import settings_of
from vitrina.ranking.rank import rank
from vitrina.ranking.scorer import Items, Scorer, Scores

DISTRIBUTION = "vitrina"

#: job -> model of the registry; a model that is not listed there yet is reported as such, and counts once it is.
_MODEL = {
    "itemknn": "itemknn",
    "ease": "ease",
    "slim": "slim-en",
    "p3alpha": "p3alpha",
    "rp3beta": "rp3beta",
    "puresvd": "puresvd",
    "bpr-mf": "bpr-mf",
    "mult-vae": "mult-vae",
    "lightgcn": "lightgcn",
    "neumf": "neumf",
}

#: setting of a job -> the names that a model may have for it.
_NAMES = {
    "neighbours": ("neighbours", "top_k", "k"),
    "learning_rate": ("learning_rate", "lr", "step"),
    "reg": ("reg", "l2", "regularisation"),
    "l1_ratio": ("l1_ratio", "l1"),
}


def task(job: str) -> Task:
    """Say how we do ``job``."""
    if job.startswith("ials-"):
        return Curve(_dataset, _train_ials)
    if job == "top-100":
        return Once(_vectors_of_all, _list_all)
    if job == "metrics":
        return Once(_part_and_vectors, _measure)
    if job == "vbpr":
        return Fit(_gallery, _fit_vbpr, _export_vbpr, lambda state, dataset, users, k: _recommend(state[0], dataset, users, k))
    if job == "cdae":  # its vectors of people are no whole answer: its lists are judged
        return Fit(_dataset, partial(_fit, "cdae"), lambda model: {}, _recommend)
    name = _MODEL[job]
    if name not in MODELS:
        raise NotThereYet(f"vitrina has no {name} yet")
    return Fit(_dataset, partial(_fit, name), _export, _recommend)


def _dataset(log: Log) -> Dataset:
    dataset = dataset_of(log)
    dataset.matrix()  # a data set sorts its events once, for all models
    return dataset


def _gallery(log: Log) -> Dataset:
    dataset = _dataset(log)
    return replace(dataset, catalogue=replace(dataset.catalogue, features={"dnn": log.pictures()}))


def _fit_vbpr(dataset: Dataset, settings: Settings) -> tuple[Recommender, Dataset]:
    own = {name: value for name, value in settings.items() if name != "cornac"}
    return make("vbpr", **own).fit(dataset), dataset


def _export_vbpr(state: tuple[Any, Dataset]) -> Artefact:
    model, dataset = state
    return {
        "users": model.query_vectors(dataset.histories()),
        "items": model.item_vectors_,
        "biases": model.item_biases_,
    }


def _fit(name: str, dataset: Dataset, settings: Settings) -> Recommender:
    return make(name, **_named(name, settings)).fit(dataset)


def _named(name: str, settings: Settings) -> dict[str, Any]:
    known = {setting.name for setting in settings_of(model_class(name))}
    named = {}
    for wanted, value in settings.items():
        fitting = [n for n in _NAMES.get(wanted, (wanted,)) if n in known]
        if not fitting:
            raise NotThereYet(f"{name} has no setting {wanted!r} (it has {', '.join(sorted(known))})")
        named[fitting[0]] = value
    return named


def _export(model: Any) -> Artefact:
    if hasattr(model, "weights_"):
        return {"weights": model.weights_}
    found = {"users": getattr(model, "user_vectors_", None), "items": getattr(model, "item_vectors_", None)}
    found["biases"] = getattr(model, "item_biases_", None)
    return {name: value for name, value in found.items() if value is not None} if found["users"] is not None else {}


def _recommend(model: Scorer, dataset: Dataset, users: NDArray[np.int32], k: int) -> Lists:
    queries = dataset.histories(None if users.size == dataset.n_users else users)
    lists = np.empty((users.size, k), np.int32)
    for batch in rank(model, queries, k, item_keys=dataset.items.keys, hidden="history"):
        lists[batch.start : batch.stop] = batch.items
    return lists


def _train_ials(dataset: Dataset, settings: Settings, after_epoch: Callable[[Callable[[], Artefact]], None]) -> None:
    done = 0

    def validate(model: Any) -> float:
        nonlocal done
        after_epoch(lambda: {"users": model.query_vectors(dataset.histories()), "items": model.item_vectors_})
        done += 1
        return done  # always better than before, so that training goes on

    wanted = {name: settings[name] for name in ("factors", "alpha0", "reg", "epochs")} | settings.get("ours", {})
    make("ials", **wanted).fit(dataset, validate)


class _Vectors:
    """Given vectors as a scorer."""

    def __init__(self, given: Mapping[str, NDArray[np.float32]]) -> None:
        self._users, self._items = given["users"], given["items"]

    def score(self, queries: Queries, items: Items = None) -> Scores:
        assert queries.users is not None
        return score_factors(self._users[queries.users], self._items, items)


def _vectors_of_all(log: Log, given: Mapping[str, NDArray[np.float32]], settings: Settings) -> tuple[_Vectors, Dataset]:
    return _Vectors(given), _dataset(log)


def _list_all(state: tuple[_Vectors, Dataset]) -> Lists:
    scorer, dataset = state
    return _recommend(scorer, dataset, np.arange(dataset.n_users, dtype=np.int32), min(100, dataset.n_items))


def part_of(log: Log, dataset: Dataset, users: NDArray[np.int32] | None = None) -> Part:
    """Return the held-out events of ``users`` (default: all that have some) as a part to evaluate."""
    lengths = np.diff(log.held_offsets)
    asked = np.flatnonzero(lengths).astype(np.int32) if users is None else users[lengths[users] > 0]
    targets = Ragged(log.held_offsets, log.held_items).take(asked)
    return Part("held-out", asked, dataset.histories(asked), targets)


def _part_and_vectors(
    log: Log, given: Mapping[str, NDArray[np.float32]], settings: Settings
) -> tuple[_Vectors, Part, Dataset, list[str]]:
    dataset = _dataset(log)
    names = [f"{name}@{k}" for name in ("recall", "precision", "ndcg", "map", "mrr", "hr") for k in settings["cutoffs"]]
    return _Vectors(given), part_of(log, dataset), dataset, names


def _measure(state: tuple[_Vectors, Part, Dataset, list[str]]) -> dict[str, float]:
    scorer, part, dataset, names = state
    return evaluate(scorer, part, dataset, names).metrics
