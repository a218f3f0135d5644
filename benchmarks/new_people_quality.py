"""Autoencoders beside those of RecBole and Cornac on people nobody has trained on: Liang's protocol on MovieLens-1M.

``python -m benchmarks.new_people_quality`` (needs VITRINA_DATA with ml-1m) trains RecBole's MultiVAE, with the noise that its
loss assumes, and Cornac's VAECF with the layers, rate, batch and weight of the divergence that our Mult-VAE has by default; all
choose their number of epochs on the validation people. It prints nDCG@100 of the people tested with its interval, and the
differences of our models from each of theirs.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import artefacts, environments
from benchmarks.log import Log
from benchmarks.rounds import Plan, ask_worker
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.data.splits.split import Part, Split
from vitrina.evaluation.bootstrap import bootstrap_interval
from vitrina.evaluation.evaluate import evaluate
from vitrina.experiments.reproduce import fit, open_protocol
from vitrina.models.registry import make
from vitrina.ranking.scorer import Items, Scorer, Scores

_OUT = Path(__file__).parent / "out"
_PROTOCOL, _METRIC, _K = "liang-ml-1m", "ndcg@100", 100
_OURS, _PEERS = ("ease", "mult-vae", "recvae"), ("recbole", "cornac")


class _Listed:
    """Ready lists of the people of a part, in their order; what is not listed has no score."""

    def __init__(self, people: NDArray[np.int32], lists: NDArray[np.int32], n_items: int) -> None:
        self._row = {user: row for row, user in enumerate(people.tolist())}
        self._lists, self._n_items = lists, n_items

    def score(self, queries: Queries, items: Items = None) -> Scores:
        assert queries.users is not None
        lists = self._lists[[self._row[user] for user in queries.users.tolist()]]
        scores = np.full((len(queries), self._n_items), np.nan, np.float32)
        np.put_along_axis(scores, lists.astype(np.int64), -np.arange(lists.shape[1], dtype=np.float32)[None, :], axis=1)
        return scores


def main() -> None:
    """Print what all reach on the people tested, the best first, and how far ours are from theirs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=200, help="most epochs of the peers (default 200)")
    parser.add_argument("--every", type=int, default=40, help="epochs from one look at validation to the next (default 40)")
    given = parser.parse_args()
    split = open_protocol(f"{_PROTOCOL}/mult-vae")
    values = {library: _of_peer(library, split, given.epochs, given.every) for library in _PEERS}
    values |= {model: _values(fit(f"{_PROTOCOL}/{model}", split), split.open_test(), split.train) for model in _OURS}
    for name in sorted(values, key=lambda name: -values[name].mean()):
        low, high = bootstrap_interval(values[name][None, :], seed=0)
        print(f"{name}: {_METRIC} {values[name].mean():.4f} ({low[0]:.4f} to {high[0]:.4f})")
    for ours in _OURS[1:]:
        for theirs in _PEERS:
            difference = values[ours] - values[theirs]
            low, high = bootstrap_interval(difference[None, :], seed=0)
            print(f"{ours} - {theirs}: {difference.mean():+.4f} ({low[0]:+.4f} to {high[0]:+.4f})")


def _of_peer(library: str, split: Split, epochs: int, every: int) -> NDArray[np.float64]:
    """Train a peer; return the values of the people tested after the number of epochs that is best on validation."""
    environments.ensure(library)
    parts = split.validation, split.open_test()
    log = _log(split.train, parts)
    path = _OUT / "data" / "new-people.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    log.save(path)
    settings = _settings(log) | {"epochs": epochs, "every": every}
    warm = {"log": str(path), "vectors": None, "settings": settings | {"epochs": 1, "every": 1}}
    request = {"job": "new-people", "library": library, "settings": settings, "log": str(path), "vectors": None, "warm_up": warm}
    best: tuple[float, NDArray[np.float64]] | None = None
    with tempfile.TemporaryDirectory() as folder:
        answer = ask_worker(request | {"keep": folder}, Plan(1, 2, 3 * 3600, _OUT))
        if problem := answer.get("error") or answer.get("missing"):
            raise SystemExit(f"{library}: {problem}")
        for number, kept in enumerate(sorted(answer["kept"].values()), 1):
            lists = artefacts.load(Path(kept))["lists"]
            chosen, tested = np.split(lists, [len(parts[0])])
            on_validation = _values(_Listed(parts[0].users, chosen, log.n_items), parts[0], split.train).mean()
            print(f"{library}, {number * every} epochs: {_METRIC} {on_validation:.4f} on validation", flush=True)
            if best is None or on_validation > best[0]:
                best = on_validation, _values(_Listed(parts[1].users, tested, log.n_items), parts[1], split.train)
    assert best is not None
    return best[1]


def _settings(log: Log) -> dict[str, Any]:
    """Return those of our Mult-VAE by default; RecBole counts annealing in steps until the weight would be 1."""
    ours = make("mult-vae").settings
    steps = -(-log.of_trained().n_users // ours["batch"])
    return {
        "layers": list(ours["layers"]),
        "learning_rate": ours["lr"],
        "batch": ours["batch"],
        "dropout": ours["dropout"],
        "beta": ours["beta"],
        "annealing_steps": round(ours["annealing"] * steps / ours["beta"]),
        "k": _K,
    }


def _log(train: Dataset, parts: tuple[Part, ...]) -> Log:
    """Return training events, then people whose given events are held out of training: those of all parts in their order."""
    x = train.matrix()
    x = x[np.diff(x.indptr) > 0]
    given = [part.queries.matrix(train.n_items) for part in parts]
    n_new = sum(rows.shape[0] for rows in given)
    held = np.concatenate([np.zeros(x.shape[0], np.int64), *(np.diff(rows.indptr) for rows in given)])
    offsets = np.concatenate([x.indptr.astype(np.int64), np.full(n_new, x.nnz, np.int64)])
    held_offsets = np.concatenate([[0], np.cumsum(held)])
    return Log(x.shape[0] + n_new, train.n_items, offsets, x.indices, held_offsets, np.concatenate([g.indices for g in given]))


def _values(scorer: Scorer, part: Part, train: Dataset) -> NDArray[np.float64]:
    """Return the metric of each person of a part."""
    return evaluate(scorer, part, train, [_METRIC]).per_user[_METRIC].to_numpy()


if __name__ == "__main__":
    main()
