"""RecTools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rectools import Columns
from rectools.dataset import Dataset, IdMap, Interactions
from rectools.metrics import MAP, MRR, NDCG, HitRate, Precision, Recall, calc_metrics
from rectools.models import EASEModel, PureSVDModel
from rectools.models.rank import Distance, ImplicitRanker
from scipy.sparse import csr_matrix

from benchmarks.artefacts import Artefact
from benchmarks.log import Log
from benchmarks.tasks import Fit, Lists, NotThereYet, Once, Settings, Task

DISTRIBUTION = "rectools"


def task(job: str) -> Task:
    """Say how RecTools does ``job``."""
    if job == "ease":
        return Fit(_dataset, lambda d, s: EASEModel(s["l2"]).fit(d), lambda model: {"weights": model.weight}, _recommend)
    if job == "puresvd":
        return Fit(_dataset, lambda d, s: PureSVDModel(factors=s["factors"]).fit(d), _vectors, _recommend)
    if job == "metrics":
        return Once(_ranker_and_truth, lambda state: _measured(*state))
    raise NotThereYet(f"RecTools has no {job}")


def _dataset(log: Log) -> Dataset:
    """Return the events with the codes of the log as both internal and external ids."""
    columns = {Columns.User: log.users, Columns.Item: log.items, Columns.Weight: 1.0, Columns.Datetime: pd.Timestamp(0)}
    maps = (IdMap(np.arange(n)) for n in (log.n_users, log.n_items))
    return Dataset(*maps, Interactions(pd.DataFrame(columns)))


def _vectors(model: Any) -> Artefact:
    return {"users": model.user_factors, "items": model.item_factors}


def _recommend(model: Any, dataset: Dataset, users: NDArray[np.int32], k: int) -> Lists:
    found = model.recommend(users, dataset, k=k, filter_viewed=True)
    lists = np.full((users.size, k), -1, np.int32)
    row_of = np.searchsorted(users, found[Columns.User].to_numpy())
    lists[row_of, found[Columns.Rank].to_numpy() - 1] = found[Columns.Item].to_numpy()
    return lists


def _ranker_and_truth(
    log: Log, given: Mapping[str, NDArray[np.float32]], settings: Settings
) -> tuple[ImplicitRanker, csr_matrix, NDArray[np.int64], pd.DataFrame, dict[str, Any]]:
    held = log.held_out().tocoo()
    truth = pd.DataFrame({Columns.User: held.row, Columns.Item: held.col})
    ranker = ImplicitRanker(Distance.DOT, given["users"], given["items"])
    metrics: dict[str, Any] = {}
    for k in settings["cutoffs"]:
        metrics |= {f"recall@{k}": Recall(k), f"precision@{k}": Precision(k), f"hr@{k}": HitRate(k)}
        metrics |= {f"ndcg@{k}": NDCG(k, divide_by_achievable=True), f"map@{k}": MAP(k), f"mrr@{k}": MRR(k)}
    return ranker, log.matrix(), np.unique(held.row), truth, metrics


def _measured(
    ranker: ImplicitRanker, x: csr_matrix, users: NDArray[np.int64], truth: pd.DataFrame, metrics: dict[str, Any]
) -> dict[str, float]:
    """Rank with its ranker, the table of lists with ranks, the metrics: what its own cross-validation does."""
    found, items, scores = ranker.rank(users, k=max(m.k for m in metrics.values()), filter_pairs_csr=x[users])
    lists = pd.DataFrame({Columns.User: found, Columns.Item: items, Columns.Score: scores})
    lists[Columns.Rank] = lists.groupby(Columns.User, sort=False).cumcount() + 1
    return {name: float(value) for name, value in calc_metrics(metrics, lists, truth).items()}
