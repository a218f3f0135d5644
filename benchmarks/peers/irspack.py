"""irspack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from irspack import (
    CosineKNNRecommender,
    DenseSLIMRecommender,
    Evaluator,
    IALSRecommender,
    P3alphaRecommender,
    RP3betaRecommender,
    SLIMRecommender,
    TruncatedSVDRecommender,
)
from irspack.utils._util_cpp import retrieve_recommend_from_score_f32, retrieve_recommend_from_score_f64
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.artefacts import Artefact
from benchmarks.log import Log
from benchmarks.tasks import Curve, Fit, Lists, NotThereYet, Once, Settings, Task

DISTRIBUTION = "irspack"

_USERS_AT_ONCE = 1024  # as in its own evaluator


def task(job: str) -> Task:
    """Say how irspack does ``job``."""
    if job.startswith("ials-"):
        return Curve(_matrix, _train_ials)
    if job == "metrics":
        return Once(_evaluator, lambda state: _measured(*state))
    if job not in _MODELS:
        raise NotThereYet(f"irspack has no {job}")
    build = _MODELS[job]
    export = _vectors if job == "puresvd" else _weights
    return Fit(_matrix, lambda x, settings: build(x, settings).learn(), export, _recommend)


def _knn(x: csr_matrix, s: Settings) -> Any:
    return CosineKNNRecommender(x, normalize=True, shrinkage=s["shrink"], top_k=s["neighbours"])


def _slim(x: csr_matrix, s: Settings) -> Any:
    return SLIMRecommender(x, alpha=s["alpha"], l1_ratio=s["l1_ratio"], top_k=s["neighbours"])


_MODELS: dict[str, Callable[[csr_matrix, Settings], Any]] = {
    "itemknn": _knn,
    "ease": lambda x, s: DenseSLIMRecommender(x, reg=s["l2"]),
    "slim": _slim,
    "p3alpha": lambda x, s: P3alphaRecommender(x, alpha=s["alpha"], top_k=s["neighbours"]),
    "rp3beta": lambda x, s: RP3betaRecommender(x, alpha=s["alpha"], beta=s["beta"], top_k=s["neighbours"]),
    "puresvd": lambda x, s: TruncatedSVDRecommender(x, n_components=s["factors"]),
}


def _matrix(log: Log) -> csr_matrix:
    return log.matrix()


def _weights(model: Any) -> Artefact:
    weights = model.W
    return {"weights": np.asarray(weights) if isinstance(weights, np.ndarray) else csr_matrix(weights)}


def _vectors(model: Any) -> Artefact:
    return {"users": model.get_user_embedding(), "items": model.get_item_embedding()}


def _train_ials(x: csr_matrix, settings: Settings, after_epoch: Callable[[Callable[[], Artefact]], None]) -> None:
    wanted = {name: settings[name] for name in ("alpha0", "reg")} | settings.get("irspack", {})
    model = IALSRecommender(x, n_components=settings["factors"], nu=1.0, init_std=0.1, **wanted)
    model.start_learning()
    for _ in range(settings["epochs"]):
        model.run_epoch()
        after_epoch(partial(_vectors, model))


def _recommend(model: Any, x: csr_matrix, users: NDArray[np.int32], k: int) -> Lists:
    """List block by block; irspack lists the users of a block in its compiled part."""
    lists = np.full((users.size, k), -1, np.int32)
    for start in range(0, users.size, _USERS_AT_ONCE):
        block = users[start : start + _USERS_AT_ONCE]
        scores = np.ascontiguousarray(model.get_score_remove_seen_block(int(block[0]), int(block[-1]) + 1))
        listed = retrieve_recommend_from_score_f32 if scores.dtype == np.float32 else retrieve_recommend_from_score_f64
        for row, pairs in enumerate(listed(scores, [], k, model_threads()), start):
            lists[row, : len(pairs)] = [item for item, _ in pairs]
    return lists


def model_threads() -> int:
    """Return the threads that irspack uses by default."""
    from irspack._threading import get_n_threads

    return get_n_threads(None)


def _evaluator(log: Log, given: Mapping[str, NDArray[np.float32]], settings: Settings) -> tuple[Any, Any, list[int]]:
    x = log.matrix()
    model = IALSRecommender(x, n_components=given["items"].shape[1])
    model.start_learning()
    model.trainer_as_ials.core_trainer.user = given["users"]
    model.trainer_as_ials.core_trainer.item = given["items"]
    return Evaluator(log.held_out()), model, list(settings["cutoffs"])


def _measured(evaluator: Any, model: Any, cutoffs: list[int]) -> dict[str, float]:
    found = evaluator.get_scores(model, cutoffs)
    return {name.replace("hit@", "hr@"): value for name, value in found.items()}
