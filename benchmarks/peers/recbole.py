"""RecBole."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.model.general_recommender import BPR, MultiVAE
from recbole.trainer import Trainer
from recbole.utils import get_model, get_trainer
from scipy.sparse import dok_matrix

from benchmarks.artefacts import Artefact
from benchmarks.log import Log
from benchmarks.tasks import Curve, Fit, Lists, NotThereYet, Once, Settings, Task, best_unseen

DISTRIBUTION = "recbole"

_PAIRS = 2**18  # of a person and an item that are scored at once


def task(job: str) -> Task:
    """Say how RecBole does ``job``: the evaluation, or the training of one of its models."""
    if job == "metrics":
        return Once(_trainer_and_truth, lambda state: _measured(*state))
    if job == "new-people":
        return Curve(lambda log: (log, _data("MultiVAE", log.of_trained())), _train_for_new_people)
    if job in _MODELS:
        model, configured = _MODELS[job]
        return Fit(partial(_data, model), partial(_fit, model, configured), lambda trainer: {}, _recommend)
    raise NotThereYet(f"RecBole's {job} is not measured")


def _neumf(settings: Settings) -> dict[str, Any]:
    both, *hidden = settings["layers"]
    return {
        "mf_embedding_size": settings["factors"],
        "mlp_embedding_size": both // 2,
        "mlp_hidden_size": hidden,
        "dropout_prob": 0.0,
        "learning_rate": settings["learning_rate"],
        "train_batch_size": settings["batch"],
        "train_neg_sample_args": _uniform(settings["negatives"]),
    }


def _multvae(settings: Settings) -> dict[str, Any]:
    *hidden, code = settings["layers"]
    return {
        "mlp_hidden_size": hidden,
        "latent_dimension": 2 * code,  # mean and variance
        "dropout_prob": settings["dropout"],
        "anneal_cap": settings["beta"],
        "total_anneal_steps": settings.get("annealing_steps", 0),
        "learning_rate": settings["learning_rate"],
        "train_batch_size": settings["batch"],
    }


def _lightgcn(settings: Settings) -> dict[str, Any]:
    if not hasattr(dok_matrix, "_update"):  # it builds its graph by this method, which SciPy does not have any more
        dok_matrix._update = lambda matrix, entries: matrix._dict.update(entries)
    return {
        "embedding_size": settings["factors"],
        "n_layers": settings["layers"],
        "learning_rate": settings["learning_rate"],
        "reg_weight": settings["reg"],
        "require_pow": True,  # squares, as in the paper
        "train_batch_size": settings["batch"],
        "train_neg_sample_args": _uniform(1),
    }


def _cdae(settings: Settings) -> dict[str, Any]:
    """All items count, as they always do here; AdaGrad's sums of squares start at 0."""
    return {
        "embedding_size": settings["factors"],
        "corruption_ratio": settings["corruption"],
        "hid_activation": "sigmoid",
        "loss_type": "BCE",
        "reg_weight_2": settings["reg"],
        "learner": "adagrad",
        "learning_rate": settings["learning_rate"],
        "train_batch_size": settings["batch"],
        "train_neg_sample_args": None,
    }


#: job -> the name of the model, and its configuration from the settings of the job; ``epochs`` are set for all alike.
_MODELS: dict[str, tuple[str, Callable[[Settings], dict[str, Any]]]] = {
    "cdae": ("CDAE", _cdae),
    "mult-vae": ("MultiVAE", _multvae),
    "neumf": ("NeuMF", _neumf),
    "lightgcn": ("LightGCN", _lightgcn),
}


def _uniform(negatives: int) -> dict[str, Any]:
    """Return what RecBole calls uniform sampling of so many items for each event."""
    return {"distribution": "uniform", "sample_num": negatives, "alpha": 1.0, "dynamic": False, "candidate_num": 0}


def _data(model: str, log: Log) -> Any:
    _quieten()
    with tempfile.TemporaryDirectory() as folder:
        return create_dataset(Config(model, "bench", config_dict=_options(log, folder)))


def _whole_noise(network: Any, mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Draw codes with the deviation that the loss assumes: RecBole's MultiVAE draws with a hundredth of it."""
    if not network.training:
        return mean
    return mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)


MultiVAE.reparameterize = _whole_noise


def _fit(model: str, configured: Callable[[Settings], dict[str, Any]], dataset: Any, settings: Settings) -> Trainer:
    """Train a model for the epochs of the job, without validation; its data loaders are part of the work."""
    trainer, train = _begun(model, configured, dataset, settings)
    trainer.fit(train, saved=False, verbose=False, show_progress=False)
    trainer.trained_on = train.dataset
    return trainer


def _begun(model: str, configured: Callable[[Settings], dict[str, Any]], dataset: Any, settings: Settings) -> tuple[Trainer, Any]:
    """Return a trainer that has not begun, and what it is to train on."""
    wanted = dataset.config.external_config_dict | configured(settings) | {"epochs": settings["epochs"]}
    with tempfile.TemporaryDirectory() as folder:
        config = Config(model, "bench", config_dict=wanted | {"checkpoint_dir": folder})
        train, _, _ = data_preparation(config, dataset)
        network = get_model(model)(config, train.dataset).to(config["device"])
        return get_trainer(config["MODEL_TYPE"], model)(config, network), train


def _train_for_new_people(data: tuple[Log, Any], settings: Settings, after: Callable[[Callable[[], Artefact]], None]) -> None:
    """Train MultiVAE, and list the best items of new people after every so many epochs."""
    log, dataset = data
    trainer, train = _begun("MultiVAE", _multvae, dataset, settings)
    numbers, given = _numbers(train.dataset, "item_id", log.n_items), log.given()
    known = np.flatnonzero(numbers)

    def lists() -> Artefact:
        x = torch.zeros(given.shape[0], train.dataset.item_num)
        x[:, numbers[known]] = torch.from_numpy(given[:, known].toarray())
        with torch.no_grad():
            found = trainer.model.eval().forward(x)[0].numpy()
        scores = np.full(given.shape, -np.inf, np.float32)
        scores[:, known] = found[:, numbers[known]]
        return {"lists": best_unseen(scores, given, settings["k"])}

    for start in range(0, settings["epochs"], settings["every"]):
        trainer.start_epoch, trainer.epochs = start, start + settings["every"]
        trainer.fit(train, saved=False, verbose=False, show_progress=False)
        after(lists)


def _recommend(trainer: Trainer, dataset: Any, users: NDArray[np.int32], k: int) -> Lists:
    """List the best unseen items by the codes of the log, scored as RecBole's own evaluation scores."""
    network, data = trainer.model.eval(), trainer.trained_on
    user_numbers, item_codes = _numbers(data, "user_id"), data.field2id_token["item_id"][1:].astype(np.int32)
    seen = data.inter_matrix("csr")
    lists = np.empty((users.size, k), np.int32)
    step = max(1, _PAIRS // data.item_num)
    for start in range(0, users.size, step):
        rows = user_numbers[users[start : start + step]]
        scores = _scores(network, data, torch.from_numpy(rows))
        row, item = seen[rows].nonzero()
        scores[row, item] = -torch.inf
        lists[start : start + step] = item_codes[scores[:, 1:].topk(k).indices.numpy()]  # the first is padding
    return lists


@torch.no_grad()
def _scores(network: Any, data: Any, users: torch.Tensor) -> torch.Tensor:
    """Return the scores of all items for RecBole's numbers of users; models without a way of their own score pair by pair."""
    try:
        scores: torch.Tensor = network.full_sort_predict(Interaction({"user_id": users}))
    except NotImplementedError:
        items = torch.arange(data.item_num).repeat(len(users))
        pairs = {"user_id": users.repeat_interleave(data.item_num), "item_id": items}
        scores = network.predict(Interaction(pairs))
    return scores.view(len(users), -1)


def _numbers(data: Any, field: str, n: int = 0) -> NDArray[np.int64]:
    """Return RecBole's number of each code of the log, or of ``n`` codes; 0, which is padding, for those without events."""
    codes = data.field2id_token[field][1:].astype(int)
    numbers = np.zeros(max(n, codes.max() + 1), np.int64)
    numbers[codes] = np.arange(1, codes.size + 1)
    return numbers


def _quieten() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)


def _trainer_and_truth(log: Log, given: Mapping[str, NDArray[np.float32]], settings: Settings) -> tuple[Trainer, Any]:
    _quieten()
    with tempfile.TemporaryDirectory() as folder:
        wanted = {"embedding_size": given["items"].shape[1], "topk": list(settings["cutoffs"])}
        config = Config("BPR", "bench", config_dict=_options(log, folder) | wanted)
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


def _options(log: Log, folder: str) -> dict[str, Any]:
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
        "metrics": ["Recall", "Precision", "NDCG", "Hit", "MAP", "MRR"],
        "metric_decimal_place": 8,
        "show_progress": False,
        "state": "ERROR",
    }


def _measured(trainer: Trainer, truth: Any) -> dict[str, float]:
    found = trainer.evaluate(truth, load_best_model=False, show_progress=False)
    return {name.replace("hit@", "hr@"): float(value) for name, value in found.items()}
