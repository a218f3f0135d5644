"""CDAE beside ItemKNN on data prepared as its authors do: MovieLens-1M, ratings of 4 and more, everybody and everything 5 times.

``python -m benchmarks.cdae_quality`` (needs VITRINA_DATA with ml-1m) tunes both with equally many trials on a validation part, a
tenth of each person's events, fits them again on all but the test part, a fifth, and prints MAP@10 there and the difference.
Trials are kept in ``--out``: run again, it goes on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import polars as pl

from vitrina.data.dataset import Dataset
from vitrina.data.frequent import keep_frequent
from vitrina.data.known import open_dataset
from vitrina.data.splits.holdout import per_user_ratio
from vitrina.experiments.compare import compare
from vitrina.experiments.config import RunConfig
from vitrina.experiments.progress import Silent

_MODELS, _METRIC = ("cdae", "itemknn"), "map@10"


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
    given = parser.parse_args()
    dataset = prepared()
    split = per_user_ratio(dataset, test=0.2, validation=0.1, seed=0)
    config = RunConfig(data="ml-1m", models=given.models, metric=_METRIC, metrics=["recall@10"], trials=given.trials)
    results = compare(config, dataset, given.out, split=split, progress=_Lines())
    print(f"{len(dataset):,} events of {dataset.n_users:,} people and {dataset.n_items:,} items; {given.trials} trials each")
    for method in results["methods"]:
        print(f"{method['name']}: {_METRIC} {method['metrics'][_METRIC]:.4f} with {method['settings']}")
    for pair in results["pairs"]:
        print(_in_words(pair))


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
