"""RecBole."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.general_recommender import BPR
from recbole.trainer import Trainer

from benchmarks.log import Log
from benchmarks.tasks import NotThereYet, Once, Settings, Task

DISTRIBUTION = "recbole"


def task(job: str) -> Task:
    """Say how RecBole does ``job``: only the evaluation, its models being trained by gradient descent."""
    if job == "metrics":
        return Once(_trainer_and_truth, lambda state: _measured(*state))
    raise NotThereYet(f"RecBole's {job} is not measured")


def _trainer_and_truth(log: Log, given: Mapping[str, NDArray[np.float32]], settings: Settings) -> tuple[Trainer, Any]:
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        config = Config("BPR", "bench", config_dict=_options(log, folder, given["items"].shape[1], settings["cutoffs"]))
        dataset = create_dataset(config)
        train, _, truth = data_preparation(config, dataset)
        model = BPR(config, train.dataset).eval()
        for field, table, vectors in (
            ("user_id", model.user_embedding, given["users"]),
            ("item_id", model.item_embedding, given["items"]),
        ):
            codes = dataset.field2id_token[field][1:].astype(int)  # the first is padding
            table.weight.data[1:] = torch.from_numpy(vectors[codes])
        return Trainer(config, model), truth


def _options(log: Log, folder: str, dimension: int, cutoffs: list[int]) -> dict[str, Any]:
    """Write the log as atomic files and return the configuration that reads them as they are."""
    held = log.held_out().tocoo()
    parts = {"train": (log.users, log.items), "valid": (held.row[:1], held.col[:1]), "test": (held.row, held.col)}
    for name, (users, items) in parts.items():
        path = Path(folder) / "bench" / f"bench.{name}.inter"
        path.parent.mkdir(exist_ok=True)
        pd.DataFrame({"user_id:token": users, "item_id:token": items}).to_csv(path, sep="\t", index=False)
    return {
        "data_path": folder,
        "checkpoint_dir": folder,
        "benchmark_filename": list(parts),
        "load_col": {"inter": ["user_id", "item_id"]},
        "embedding_size": dimension,
        "metrics": ["Recall", "Precision", "NDCG", "Hit", "MAP", "MRR"],
        "topk": list(cutoffs),
        "metric_decimal_place": 8,
        "show_progress": False,
        "state": "ERROR",
    }


def _measured(trainer: Trainer, truth: Any) -> dict[str, float]:
    found = trainer.evaluate(truth, load_best_model=False, show_progress=False)
    return {name.replace("hit@", "hr@"): float(value) for name, value in found.items()}
