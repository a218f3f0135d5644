"""Cornac."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from cornac.data import Dataset, ImageModality
from cornac.eval_methods.base_method import ranking_eval
from cornac.metrics import NCRR, NDCG, FMeasure, HitRatio, Precision, Recall
from cornac.models import BPR, EASE, VAECF, VBPR, NeuMF
from numpy.typing import NDArray

from benchmarks.artefacts import Artefact
from benchmarks.log import Log
from benchmarks.tasks import Curve, Fit, Lists, NotThereYet, Once, Settings, Task, best_unseen

DISTRIBUTION = "cornac"


def task(job: str) -> Task:
    """Say how Cornac does ``job``."""
    if job == "ease":
        return Fit(_dataset, _fit_ease, lambda model: {"weights": np.asarray(model.B)}, _recommend, one_by_one=True)
    if job == "bpr-mf":
        return Fit(_dataset, _fit_bpr, _vectors, _recommend, one_by_one=True)
    if job == "vbpr":
        return Fit(_gallery, _fit_vbpr, _visual_vectors, _recommend, one_by_one=True)
    if job == "mult-vae":
        return Fit(_dataset, _fit_vae, lambda model: {}, _recommend, one_by_one=True)
    if job == "neumf":
        return Fit(_dataset, _fit_neumf, lambda model: {}, _recommend, one_by_one=True)
    if job == "new-people":
        return Curve(lambda log: (log, _dataset(log.of_trained())), _train_for_new_people)
    if job == "metrics":
        return Once(_model_and_truth, lambda state: _measured(*state))
    raise NotThereYet(f"Cornac has no {job}")


def _events(log: Log, users: NDArray[np.int32], items: NDArray[np.int32]) -> Dataset:
    """Return events with the codes of the log as both internal and external ids."""
    uir = (users, items, np.ones(items.size))
    maps = (OrderedDict((code, code) for code in range(n)) for n in (log.n_users, log.n_items))
    return Dataset(log.n_users, log.n_items, *maps, uir)


def _dataset(log: Log) -> Dataset:
    return _events(log, log.users, log.items)


def _fit_ease(dataset: Dataset, settings: Settings) -> EASE:
    return EASE(lamb=settings["l2"], posB=False, verbose=False).fit(dataset)  # its default drops negative weights


def _fit_bpr(dataset: Dataset, settings: Settings) -> BPR:
    return BPR(
        k=settings["factors"],
        max_iter=settings["epochs"],
        learning_rate=settings["learning_rate"],
        lambda_reg=settings["reg"],
        verbose=False,
    ).fit(dataset)


def _gallery(log: Log) -> Dataset:
    dataset = _dataset(log)
    images = ImageModality(features=log.pictures(), ids=list(range(log.n_items)), normalized=False)
    dataset.add_modalities(item_image=images.build(id_map=dataset.iid_map))
    return dataset


def _fit_vbpr(dataset: Dataset, settings: Settings) -> VBPR:
    return VBPR(
        k=settings["factors"],
        k2=settings["visual_factors"],
        n_epochs=settings["epochs"],
        lambda_w=settings["reg"],
        lambda_b=settings["reg"],
        lambda_e=settings["reg_visual"],
        use_gpu=False,
        verbose=False,
        **settings["cornac"],
    ).fit(dataset)


def _fit_neumf(dataset: Dataset, settings: Settings) -> NeuMF:
    return NeuMF(
        num_factors=settings["layers"][-1],  # it wants them equal
        layers=tuple(settings["layers"]),
        num_epochs=settings["epochs"],
        batch_size=settings["batch"] // (1 + settings["negatives"]),  # it counts events
        num_neg=settings["negatives"],
        lr=settings["learning_rate"],
        backend="pytorch",
        verbose=False,
    ).fit(dataset)


def _visual_vectors(model: VBPR) -> Artefact:
    return {
        "users": np.concatenate([model.gamma_user, model.theta_user], axis=1),
        "items": np.concatenate([model.gamma_item, model.theta_item], axis=1),
        "biases": model.beta_item + model.visual_bias,
    }


def _fit_vae(dataset: Dataset, settings: Settings) -> VAECF:
    *hidden, code = settings["layers"]
    return VAECF(
        k=code,
        autoencoder_structure=hidden,
        likelihood="mult",
        n_epochs=settings["epochs"],
        batch_size=settings["batch"],
        learning_rate=settings["learning_rate"],
        beta=settings["beta"],
        seed=1,
        verbose=False,
    ).fit(dataset)


def _train_for_new_people(data: tuple[Log, Dataset], settings: Settings, after: Callable[[Callable[[], Artefact]], None]) -> None:
    """Train VAECF, anew for each number of epochs since it cannot go on, and list the best items of new people."""
    log, dataset = data
    x = torch.from_numpy(log.given().toarray())
    for epochs in range(settings["every"], settings["epochs"] + 1, settings["every"]):
        vae = _fit_vae(dataset, dict(settings) | {"epochs": epochs}).vae

        def lists(vae: Any = vae) -> Artefact:
            with torch.no_grad():
                scores = vae.decode(vae.encode(x)[0]).numpy()
            return {"lists": best_unseen(scores, log.given(), settings["k"])}

        after(lists)


def _vectors(model: BPR) -> Artefact:
    return {"users": model.u_factors, "items": model.i_factors, "biases": model.i_biases}


def _recommend(model: Any, dataset: Dataset, users: NDArray[np.int32], k: int) -> Lists:
    lists = np.full((users.size, k), -1, np.int32)
    for row, user in enumerate(users.tolist()):
        found = model.recommend(user, k=k, remove_seen=True, train_set=dataset)
        lists[row, : len(found)] = found
    return lists


def _model_and_truth(
    log: Log, given: Mapping[str, NDArray[np.float32]], settings: Settings
) -> tuple[BPR, Dataset, Dataset, list[Any]]:
    train = _dataset(log)
    held = log.held_out().tocoo()
    ready = {"U": given["users"], "V": given["items"], "Bi": np.zeros(log.n_items, np.float32)}
    model = BPR(k=given["items"].shape[1], init_params=ready, trainable=False, verbose=False).fit(train)
    kinds = (Recall, Precision, NDCG, HitRatio, FMeasure, NCRR)  # its MAP and MRR know no cut-off
    metrics = [kind(k=k) for kind in kinds for k in settings["cutoffs"]]
    return model, train, _events(log, held.row, held.col), metrics


def _measured(model: BPR, train: Dataset, truth: Dataset, metrics: list[Any]) -> dict[str, float]:
    averages, _ = ranking_eval(model, metrics, train, truth)
    names = {"HitRatio": "hr"}
    found = {f"{names.get(type(m).__name__, type(m).__name__.lower())}@{m.k}": v for m, v in zip(metrics, averages, strict=True)}
    return {name: float(value) for name, value in found.items()}
