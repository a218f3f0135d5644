"""LensKit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from lenskit.als import ImplicitMFScorer
from lenskit.batch import recommend
from lenskit.data import Dataset, ItemListCollection, from_interactions_df
from lenskit.knn import EASEScorer, ItemKNNScorer, SLIMScorer
from lenskit.metrics import NDCG, Hit, Precision, Recall, RecipRank, RunAnalysis
from lenskit.metrics.ranking._map import AveragePrecision
from lenskit.pipeline import RecPipelineBuilder
from lenskit.training import TrainingOptions
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.artefacts import Artefact
from benchmarks.log import Log
from benchmarks.tasks import Curve, Fit, Lists, NotThereYet, Once, Settings, Task

DISTRIBUTION = "lenskit"

_OPTIONS = TrainingOptions(rng=0)


def task(job: str) -> Task:
    """Say how LensKit does ``job``."""
    if job.startswith("ials-"):
        return Curve(_dataset, _train_als)
    if job == "metrics":
        return Once(_pipeline_and_truth, lambda state: _measured(*state))
    if job not in _MODELS:
        raise NotThereYet(f"LensKit has no {job}")
    build, export = _MODELS[job]
    return Fit(_dataset, partial(_fit, build), export, _recommend, one_by_one=True)


def _dataset(log: Log) -> Dataset:
    warnings.simplefilter("ignore")
    events = pd.DataFrame({"user_id": log.users, "item_id": log.items})
    return from_interactions_df(events, users=np.arange(log.n_users), items=np.arange(log.n_items))


def _fit(build: Callable[[Settings], Any], dataset: Dataset, settings: Settings) -> Any:
    model = build({**settings, "n_users": dataset.user_count})
    model.train(dataset, _OPTIONS)
    return model


def _knn(s: Settings) -> Any:
    return ItemKNNScorer(feedback="implicit", max_nbrs=s["neighbours"], save_nbrs=s["neighbours"])


def _slim(s: Settings) -> Any:
    n = s["n_users"]
    return SLIMScorer(l1_reg=n * s["alpha"] * s["l1_ratio"], l2_reg=n * s["alpha"] * (1 - s["l1_ratio"]))


def _knn_weights(model: Any) -> Artefact:
    return {"weights": csr_matrix(model.sim_matrix.to_scipy().T)}  # a row there: the neighbours of one target


_MODELS: dict[str, tuple[Callable[[Settings], Any], Callable[[Any], Artefact]]] = {
    "itemknn": (_knn, _knn_weights),
    "ease": (lambda s: EASEScorer(regularization=s["l2"]), lambda model: {"weights": model.weights}),
    "slim": (_slim, lambda model: {"weights": csr_matrix(model.weights)}),
}


def _train_als(dataset: Dataset, settings: Settings, after_epoch: Callable[[Callable[[], Artefact]], None]) -> None:
    own = settings["lenskit"]
    model = ImplicitMFScorer(embedding_size=settings["factors"], epochs=settings["epochs"], **own)
    trainer = model.create_trainer(dataset, _OPTIONS)
    for _ in range(settings["epochs"]):
        trainer.train_epoch()
        after_epoch(lambda: {"users": model.user_embeddings, "items": model.item_embeddings})
    trainer.finalize()


def _pipeline(model: Any, dataset: Dataset) -> Any:
    builder = RecPipelineBuilder()
    builder.scorer(model)
    pipeline = builder.build()
    pipeline.train(dataset, TrainingOptions(retrain=False))
    return pipeline


def _recommend(model: Any, dataset: Dataset, users: NDArray[np.int32], k: int) -> Lists:
    found = recommend(_pipeline(model, dataset), users.tolist(), n=k)
    lists = np.full((users.size, k), -1, np.int32)
    for row, user in enumerate(users.tolist()):
        items = found.lookup(user_id=user).ids()
        lists[row, : len(items)] = items
    return lists


def _pipeline_and_truth(
    log: Log, given: Mapping[str, NDArray[np.float32]], settings: Settings
) -> tuple[Any, ItemListCollection, list[int]]:
    dataset = _dataset(log)
    model = ImplicitMFScorer(embedding_size=given["items"].shape[1], user_embeddings="prefer")
    model.users, model.items, model.trained_epochs = dataset.users, dataset.items, 1
    model.user_embeddings, model.item_embeddings = given["users"], given["items"]
    held = log.held_out().tocoo()
    truth = ItemListCollection.from_df(pd.DataFrame({"user_id": held.row, "item_id": held.col}), ["user_id"])
    return _pipeline(model, dataset), truth, list(settings["cutoffs"])


def _measured(pipeline: Any, truth: ItemListCollection, cutoffs: list[int]) -> dict[str, float]:
    found = recommend(pipeline, truth, n=max(cutoffs))
    analysis = RunAnalysis()
    kinds = {"recall": Recall, "precision": Precision, "ndcg": NDCG, "map": AveragePrecision, "mrr": RecipRank, "hr": Hit}
    for name, kind in kinds.items():
        for k in cutoffs:
            analysis.add_metric(kind(n=k), f"{name}@{k}")
    return dict(analysis.measure(found, truth).list_summary()["mean"])
