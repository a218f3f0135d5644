"""implicit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.artefacts import Artefact
from benchmarks.log import Log
from benchmarks.tasks import Curve, Fit, Lists, NotThereYet, Once, Settings, Task

DISTRIBUTION = "implicit"


def task(job: str) -> Task:
    """Say how implicit does ``job``."""
    if job == "itemknn":
        return Fit(_matrix, _fit_itemknn, lambda model: {"weights": model.similarity}, _recommend)
    if job == "bpr-mf":
        return Fit(_matrix, _fit_bpr, _vectors, _recommend)
    if job.startswith("ials-"):
        return Curve(_matrix, _train_als)
    if job == "top-100":
        return Once(_given, _list_all)
    raise NotThereYet(f"implicit has no {job}")


def _matrix(log: Log) -> csr_matrix:
    return log.matrix()


def _fit_itemknn(x: csr_matrix, settings: Settings) -> CosineRecommender:
    model = CosineRecommender(K=settings["neighbours"] + 1)  # an item is its own first neighbour there
    model.fit(x, show_progress=False)
    return model


def _fit_bpr(x: csr_matrix, settings: Settings) -> BayesianPersonalizedRanking:
    model = BayesianPersonalizedRanking(
        factors=settings["factors"],
        learning_rate=settings["learning_rate"],
        regularization=settings["reg"],
        iterations=settings["epochs"],
        random_state=0,
    )
    model.fit(x, show_progress=False)
    return model


def _train_als(x: csr_matrix, settings: Settings, after_epoch: Callable[[Callable[[], Artefact]], None]) -> None:
    own = settings["implicit"]
    model = AlternatingLeastSquares(
        factors=settings["factors"],
        regularization=own["regularization"],
        alpha=own["alpha"],
        iterations=settings["epochs"],
        random_state=0,
    )
    model.fit(x, show_progress=False, callback=lambda *_: after_epoch(lambda: _vectors(model)))


def _vectors(model: Any) -> Artefact:
    return {"users": model.user_factors, "items": model.item_factors}


def _recommend(model: Any, x: csr_matrix, users: NDArray[np.int32], k: int) -> Lists:
    lists, _ = model.recommend(users, x[users], N=k, filter_already_liked_items=True)
    return np.asarray(lists, np.int32)


def _given(log: Log, given: Mapping[str, NDArray[np.float32]], settings: Settings) -> tuple[Any, csr_matrix]:
    model = AlternatingLeastSquares(factors=given["items"].shape[1])
    model.user_factors, model.item_factors = given["users"], given["items"]
    return model, log.matrix()


def _list_all(state: tuple[Any, csr_matrix]) -> Lists:
    model, x = state
    return _recommend(model, x, np.arange(x.shape[0], dtype=np.int32), min(100, x.shape[1]))
