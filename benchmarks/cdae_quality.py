"""CDAE beside ItemKNN on data prepared as its authors do: MovieLens-1M, ratings of 4 and more, everybody and everything 5 times.

``python -m benchmarks.cdae_quality`` (needs VITRINA_DATA with ml-1m) tunes both with equally many trials on a validation part, a
tenth of each person's events, fits them again on all but the test part, a fifth, and prints MAP@10 there and the difference, and
what two models that nobody tuned reach: the ItemKNN of the paper, and EASE.
Trials are kept in ``--out``: run again, it goes on. With ``--new-people`` it asks instead what should stand in the place of a new
person's vector: a tenth of the people are held out and validated on a fifth of their events.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vitrina.data.dataset import Dataset
from vitrina.data.frequent import keep_frequent
from vitrina.data.known import open_dataset
from vitrina.data.splits.holdout import per_user_ratio
from vitrina.data.splits.split import Split
from vitrina.data.splits.users import strong_generalisation
from vitrina.evaluation.evaluate import evaluate
from vitrina.experiments.compare import compare
from vitrina.experiments.config import RunConfig
from vitrina.experiments.progress import Silent
from vitrina.models.neural.cdae import CDAE
from vitrina.models.registry import make

_MODELS, _METRIC = ("cdae", "itemknn"), "map@10"
_UNTUNED: dict[str, dict[str, Any]] = {"itemknn": {"neighbours": 50, "similarity": "jaccard", "shrink": 0}, "ease": {"l2": 500}}


class _Lines(Silent):
    """A line for each trial."""

    def advance(self, task: str, note: str = "") -> None:
        """See ``Progress``."""
        print(f"{task}: {note} on validation", file=sys.stderr, flush=True)


def main() -> None:
    """Print the results of both, the best first, and how far they are apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20, help="of each model (default 20)")
    parser.add_argument("--models", nargs="+", default=_MODELS, help=f"default: {' '.join(_MODELS)}")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "cdae-quality", help="folder of the run")
    parser.add_argument("--new-people", action="store_true", help="compare what may stand for the vector of a new person")
    given = parser.parse_args()
    dataset = prepared()
    if given.new_people:
        return _new_people(dataset)
    split = per_user_ratio(dataset, test=0.2, validation=0.1, seed=0)
    config = RunConfig(data="ml-1m", models=given.models, metric=_METRIC, metrics=["recall@10"], trials=given.trials)
    results = compare(config, dataset, given.out, split=split, progress=_Lines())
    print(f"{len(dataset):,} events of {dataset.n_users:,} people and {dataset.n_items:,} items; {given.trials} trials each")
    for method in results["methods"]:
        print(f"{method['name']}: {_METRIC} {method['metrics'][_METRIC]:.4f} with {method['settings']}")
    for pair in results["pairs"]:
        print(_in_words(pair))
    learned = split.train_and_validation
    for name, settings in _UNTUNED.items():
        untuned = evaluate(make(name, **settings).fit(learned), split.open_test(), learned, [_METRIC])
        print(f"{name}, not tuned: {_METRIC} {untuned.metrics[_METRIC]:.4f} with {settings}")


def _new_people(dataset: Dataset) -> None:
    """Print MAP@10 of people that were not there at training, by what stands for their vectors; settings near the tuned ones."""
    split = strong_generalisation(dataset, seed=0)
    settings = {"factors": 200, "corruption": 0.5, "negatives": 0, "lr": 0.05, "epochs": 20, "seed": 0}
    for reg in (1e-3, 1e-4, 0.0):
        model, plain = (CDAE(**settings, reg=reg, user_node=node).fit(split.train) for node in (True, False))
        found = {"mean of all": _value(model, split), "no vectors in training": _value(plain, split)}
        model.stranger_ = np.zeros_like(model.stranger_)
        found["zero"] = _value(model, split)
        print(f"reg {reg:g}: " + ", ".join(f"{what} {value:.4f}" for what, value in found.items()), flush=True)


def _value(model: CDAE, split: Split) -> float:
    return evaluate(model, split.validation, split.train, [_METRIC]).metrics[_METRIC]


def _in_words(pair: dict[str, Any]) -> str:
    interval = f"{pair['low']:+.4f} to {pair['high']:+.4f}"
    return f"{pair['a']} - {pair['b']}: {pair['difference']:+.4f} ({interval}), p = {pair['p_value']:.2g}"


def prepared() -> Dataset:
    """Return the likes of the people and items with at least 5, without anybody or anything else."""
    kept = keep_frequent(open_dataset("ml-1m"), users=5, items=5, core=True)
    pairs = {"user": kept.users.decode(kept.user_codes), "item": kept.items.decode(kept.item_codes)}
    return Dataset.from_frame(pl.DataFrame(pairs))


if __name__ == "__main__":
    main()
