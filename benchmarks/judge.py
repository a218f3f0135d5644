"""One ruler for all: our evaluator on what each library learned or listed. Runs in the project's environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import artefacts
from benchmarks.data import dataset_of
from benchmarks.log import Log
from benchmarks.peers.ours import part_of
from vitrina.data.queries import Queries
from vitrina.evaluation.evaluate import evaluate
from vitrina.models.factors.products import score_factors
from vitrina.models.history import score_dense, score_sparse
from vitrina.ranking.scorer import Items, Scorer, Scores

METRICS = ("ndcg@10", "recall@20")

_AT_MOST = 20_000  # users judged on a large log


class _Weights:
    """Item-item weights, row: source, column: target."""

    def __init__(self, weights: Any) -> None:
        self._weights = weights

    def score(self, queries: Queries, items: Items = None) -> Scores:
        by = score_dense if isinstance(self._weights, np.ndarray) else score_sparse
        return by(queries, self._weights, items)


class _Vectors:
    """Vectors of known users and of items."""

    def __init__(self, users: Scores, items: Scores, biases: Scores | None = None) -> None:
        self._users, self._items, self._biases = users, items, biases

    def score(self, queries: Queries, items: Items = None) -> Scores:
        assert queries.users is not None
        scores = score_factors(self._users[queries.users], self._items, items)
        if self._biases is not None:
            scores += self._biases if items is None else self._biases[items]
        return scores


class _Lists:
    """Ready lists of all users; what is not listed has no score."""

    def __init__(self, lists: NDArray[np.int32], n_items: int) -> None:
        self._lists, self._n_items = lists, n_items

    def score(self, queries: Queries, items: Items = None) -> Scores:
        assert queries.users is not None
        lists = self._lists[queries.users]
        scores = np.full((len(queries), self._n_items), np.nan, np.float32)
        rows, ranks = np.nonzero(lists >= 0)
        scores[rows, lists[rows, ranks]] = -ranks
        return scores


def main() -> None:
    """Judge the files of the request on standard input; answer the metrics of each, by name."""
    request = json.loads(sys.stdin.readline())
    log = Log.load(request["log"])
    dataset = dataset_of(log)
    users = np.flatnonzero(np.diff(log.held_offsets)).astype(np.int32)
    if users.size > _AT_MOST:
        users = np.sort(np.random.default_rng(0).choice(users, _AT_MOST, replace=False))
    part, judged = part_of(log, dataset, users), {}
    for name, path in request["kept"].items():
        found = artefacts.load(Path(path))
        if not found:
            continue
        judged[name] = evaluate(scorer_of(found, log), part, dataset, METRICS).metrics
    print(json.dumps(judged))


def scorer_of(found: dict[str, Any], log: Log) -> Scorer:
    """Return what a library learned or listed, see ``artefacts``, as a scorer."""
    if "weights" in found:
        return _Weights(found["weights"])
    if "lists" in found:
        return _Lists(found["lists"], log.n_items)
    return _Vectors(found["users"], found["items"], found.get("biases"))


if __name__ == "__main__":
    main()
