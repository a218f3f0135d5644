"""How accurate BPR-MF is at its best in each library: the NCF protocol on MovieLens-1M, equal factors and epochs.

``python -m benchmarks.bpr_quality`` trains a grid of learning rates and regularisations in every library and judges all by our
evaluator on the published candidates. Each library is shown with its best setting **on the test part**: an upper bound of what
tuning could find, fair to nobody and the same for all.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import artefacts, data, environments
from benchmarks.judge import scorer_of
from benchmarks.log import Log
from benchmarks.rounds import Plan, ask_worker
from vitrina.data.known import open_split
from vitrina.evaluation.evaluate import evaluate

_OUT = Path(__file__).parent / "out"
_FACTORS, _EPOCHS = 64, 60
_RATES, _PENALTIES = (0.01, 0.02, 0.05), (0.0025, 0.01, 0.03)
_LIBRARIES = ("ours", "cornac", "implicit")
_METRICS = ("hr@10", "ndcg@10")


def main() -> None:
    """Print the grid of every library, best first, and its best."""
    split = open_split("ml-1m-ncf", "published")
    train, test = split.train_and_validation, split.open_test()
    log_path, toy = _OUT / "data" / "ml-1m-ncf.npz", data.written("toy", _OUT / "data")
    x, nothing = train.matrix(), np.zeros(train.n_users + 1, np.int64)
    log = Log(*x.shape, x.indptr.astype(np.int64), x.indices, nothing, np.empty(0, np.int32))
    log.save(log_path)
    plan = Plan(1, 2, 1800, _OUT)
    for library in _LIBRARIES:
        environments.ensure(library)
        found = []
        for settings in _grid():
            with tempfile.TemporaryDirectory() as folder:
                request = _request(library, settings, log_path, toy, folder)
                learned = artefacts.load(Path(ask_worker(request, plan)["kept"]["model"]))
            test_with = replace(test)
            metrics = evaluate(scorer_of(learned, log), test_with, train, _METRICS, seed=0).metrics
            found.append((metrics["ndcg@10"], metrics["hr@10"], settings["learning_rate"], settings["reg"]))
        best = max(found)
        print(f"{library}: hr@10 {best[1]:.4f}, ndcg@10 {best[0]:.4f} with learning rate {best[2]}, regularisation {best[3]}")
        print(json.dumps({library: sorted(found, reverse=True)}), flush=True)


def _grid() -> Iterator[dict[str, Any]]:
    for rate, penalty in product(_RATES, _PENALTIES):
        yield {"factors": _FACTORS, "epochs": _EPOCHS, "learning_rate": rate, "reg": penalty, "reg_negative": penalty}


def _request(library: str, settings: dict[str, Any], log: Path, toy: Path, folder: str) -> dict[str, Any]:
    files = {"log": str(log), "vectors": None}
    warm = {"settings": settings | {"epochs": 2}, "log": str(toy), "vectors": None}
    return {"job": "bpr-mf", "library": library, "settings": settings, "keep": folder, "warm_up": warm, **files}


if __name__ == "__main__":
    main()
