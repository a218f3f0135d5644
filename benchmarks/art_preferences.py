"""Real people and real artworks: 300 people who rated 91 artworks, five folds, all metadata and collaborative methods.

``python -m benchmarks.art_preferences [--trials N] [--out FOLDER]`` (needs VITRINA_DATA) compares on each fold, then pools: every
person's value is the mean over the folds, intervals and tests are over people. Liked is a rating of 6 or 7.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

import vitrina
from vitrina.evaluation.bootstrap import bootstrap_interval
from vitrina.evaluation.grouping import equal_groups, verdict
from vitrina.evaluation.significance import compare_pairs
from vitrina.experiments.compare import compare
from vitrina.experiments.config import make_config

FOLDS = 5
METRICS = ("ndcg@10", "recall@10", "precision@10")
_PLAIN = (
    "random", "popular", "mpav", "pmpav", "fa", "userknn", "itemknn", "p3alpha", "rp3beta", "ease", "slim-en", "slim-bpr",
    "puresvd", "nmf", "ials", "bpr-mf", "fm",
)  # fmt: skip
MODELS = {**{name: {} for name in _PLAIN}, "hybrid": {"parts": ["fa", "pmpav", "mpav", "popular"]}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("runs/art-preferences"))
    options = parser.parse_args()
    data = vitrina.open_dataset("art-preferences")
    folds = [_fold(data, fold, options.trials, options.out / f"fold-{fold}") for fold in range(FOLDS)]
    names = [name for name in MODELS if all(name in fold for fold in folds)]
    pooled = {name: _pooled([fold[name] for fold in folds]) for name in names}
    values = {name: table["ndcg@10"].to_numpy() for name, table in pooled.items()}
    pairs = compare_pairs(values, seed=0)
    means = {name: float(np.nanmean(v)) for name, v in values.items()}
    groups = equal_groups(list(means), list(means.values()), pairs)
    print("| model | nDCG@10 | 95 % interval | group | recall@10 | precision@10 |\n|---|---|---|---|---|---|")
    for name in sorted(means, key=lambda n: -means[n]):
        low, high = bootstrap_interval(values[name], seed=0)
        others = " | ".join(f"{pooled[name][metric].fill_nan(None).mean():.4f}" for metric in METRICS[1:])
        print(f"| {name} | {means[name]:.4f} | {float(low):.4f} to {float(high):.4f} | {groups[name]} | {others} |")
    print(f"\n{verdict(values, seed=0, pairs=pairs).sentence('ndcg@10')}")


def _fold(data: vitrina.Dataset, fold: int, trials: int, out: Path) -> dict[str, pl.DataFrame]:
    """Compare on one fold and return each method's values by person."""
    config = make_config(
        data="art-preferences",
        models=MODELS,
        metrics=list(METRICS),
        trials=trials,
        split={"protocol": "k-fold", "settings": {"k": FOLDS, "fold": fold}},
        save_models=False,
    )
    results = compare(config, data, out)
    return {method["name"]: pl.read_parquet(out / "users" / f"{method['name']}.parquet") for method in results["methods"]}


def _pooled(tables: list[pl.DataFrame]) -> pl.DataFrame:
    """The mean of each person's values over the folds in which that person could be judged."""
    every = pl.concat(tables).with_columns(pl.col(list(METRICS)).fill_nan(None))
    return (
        every.group_by("user")
        .agg(pl.col(list(METRICS)).mean())
        .sort("user")
        .with_columns(pl.col(list(METRICS)).fill_null(np.nan))
    )


if __name__ == "__main__":
    main()
