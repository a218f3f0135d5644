"""Everything a report shows, gathered from the files of a run into one ``results.json``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina import __version__
from vitrina.data.describe import describe
from vitrina.data.splits.split import Split
from vitrina.evaluation.audit import Audit
from vitrina.evaluation.bootstrap import bootstrap_interval
from vitrina.evaluation.grouping import Verdict, equal_groups, verdict
from vitrina.evaluation.significance import PairedComparison, compare_pairs
from vitrina.experiments import study
from vitrina.experiments.config import RunConfig
from vitrina.experiments.examples import examples, works_shown
from vitrina.experiments.profile_sizes import profile_sizes
from vitrina.experiments.runs import RunFolder, environment, read_json
from vitrina.experiments.tune import TrialRecord, read_trials
from vitrina.metrics.registry import definitions, parse
from vitrina.models.base import Shape
from vitrina.models.registry import family

FORMAT = 1

#: The group of dependent rows that each row belongs to ``[n]``, or None where rows are independent.
Clusters = NDArray[np.integer] | None


@dataclass(frozen=True)
class Left:
    """A model that is not in the table, and why."""

    name: str
    reason: str


def assemble(
    config: RunConfig, run: RunFolder, split: Split, report: Audit, skipped: Sequence[Left], failures: Sequence[Left]
) -> dict[str, Any]:
    """Build ``results.json`` from the finished evaluations; means and intervals are over the same test users."""
    records = {n: read_json(run.evaluation(n)) for n in config.models if run.evaluation(n).is_file()}
    users = {name: pl.read_parquet(run.users(name)) for name in records}
    values = {name: table[config.metric].to_numpy() for name, table in users.items()}
    clusters = _clusters(users) if split.replays else None
    pairs = compare_pairs(values, seed=config.seed, clusters=clusters)
    decided = verdict(values, seed=config.seed, pairs=pairs, clusters=clusters) if values else None
    means = {name: records[name]["metrics"][config.metric] for name in records}
    groups = equal_groups(list(means), list(means.values()), pairs)
    trials = {name: read_trials(run.trials(name)) for name in config.models}
    shape = Shape.of(split.train_and_validation)
    intervals = _intervals(config, users, clusters)
    methods = [
        _method(name, config, record, trials[name], intervals[name], groups[name], shape) for name, record in records.items()
    ]
    methods.sort(key=lambda m: -(m["metrics"][config.metric] or 0.0))
    shown = _examples(run, records, split, config) if split.replays else []
    results: dict[str, Any] = _plain(
        {
            "format": FORMAT,
            "name": run.path.name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "vitrina": __version__,
            "finished": len(records) + len(skipped) + len(failures) == len(config.models),
            "metric": config.metric,
            "definitions": definitions(config.metrics),
            "higher_is_better": {name: parse(name).higher_is_better for name in config.metrics},
            "methods": methods,
            "failures": [{"name": f.name, "reason": f.reason} for f in failures],
            "skipped": [{"name": s.name, "reason": s.reason} for s in skipped],
            "pairs": [_pair(p) for p in pairs],
            "verdict": _verdict(decided, _in_words(values, pairs, config, clusters)),
            "study": _study(users, config, clusters),
            "examples": shown,
            "works": works_shown(shown, split.dataset.catalogue),
            "segments": _segments(records),
            "profile_sizes": profile_sizes(users, config.metric, clusters, seed=config.seed) if clusters is not None else [],
            "sessions": int(clusters.size) if clusters is not None else None,
            "tuning": {name: _tuning(records_) for name, records_ in trials.items() if records_},
            "split": split.describe(),
            "audit": report.model_dump(),
            "dataset": _dataset(split),
            "environment": environment(),
            "config_toml": config.to_toml(),
            "command": f"vitrina compare --config {run.path}/config.toml --out {run.path}",
        }
    )
    return results


def _clusters(users: dict[str, pl.DataFrame]) -> Clusters:
    """The person behind each session: sessions of one person are resampled and tested together."""
    ids = next((table["user"] for table in users.values()), None)
    return None if ids is None else np.unique(ids.to_numpy(), return_inverse=True)[1]


def _examples(run: RunFolder, records: Iterable[str], split: Split, config: RunConfig) -> list[dict[str, Any]]:
    lists = {name: pl.read_parquet(run.lists(name)) for name in records}
    return examples(split.open_test(), lists, split.dataset.catalogue, split.dataset.users.ids, config.seed)


def _study(users: dict[str, pl.DataFrame], config: RunConfig, clusters: Clusters) -> dict[str, Any] | None:
    """The tests of the UGallery study, where its methods are replayed."""
    metrics = [metric for metric in study.METRICS if metric in config.metrics]
    if clusters is None or len(set(study.TABLE) & set(users)) < 2 or not metrics:
        return None
    values = {metric: {name: table[metric].to_numpy() for name, table in users.items()} for metric in metrics}
    return study.study_tests(values, seed=config.seed, clusters=clusters)


def _intervals(config: RunConfig, users: dict[str, pl.DataFrame], clusters: Clusters) -> dict[str, dict[str, list[float]]]:
    """Bootstrap all per-user metrics of all methods with the same resamples of users."""
    per_user = [name for name in config.metrics if parse(name).per_user]
    found: dict[str, dict[str, list[float]]] = {name: {} for name in users}
    for metric in per_user:
        if not users:
            break
        values = np.stack([table[metric].to_numpy() for table in users.values()])
        low, high = bootstrap_interval(values, seed=config.seed, clusters=clusters)
        for name, a, b in zip(users, np.atleast_1d(low), np.atleast_1d(high), strict=True):
            found[name][metric] = [float(a), float(b)]
    return found


def _method(
    name: str,
    config: RunConfig,
    record: dict[str, Any],
    trials: Sequence[TrialRecord],
    intervals: Any,
    group: str,
    shape: Shape,
) -> dict[str, Any]:
    cls, model = config.model(name), config.make(name, **record["settings"])
    return {
        "name": name,
        "model": cls.name,
        "title": config.title(name),
        "family": family(cls.name),
        "paper": cls.paper,
        "personalised": model.declares.personalised,
        "neural": model.declares.neural,
        "metrics": record["metrics"],
        "intervals": intervals,
        "seconds": record["seconds"],
        "memory_mb": model.memory(shape) / 1e6,
        "trials": len(trials),
        "failed_trials": sum(t.state == "failed" for t in trials),
        "capped": record["capped"],
        "settings": record["settings"],
        "missing_scores": record["missing_scores"],
        "curve": record.get("curve"),
        "reach": record.get("reach"),
        "group": group,
    }


def _pair(pair: PairedComparison) -> dict[str, Any]:
    return {
        "a": pair.first,
        "b": pair.second,
        "difference": pair.difference,
        "low": pair.low,
        "high": pair.high,
        "p_value": pair.p_value,
        "p_holm": pair.holm_p,
        "p_bonferroni": pair.bonferroni_p,
        "p_t": pair.t_p,
        "p_wilcoxon": pair.wilcoxon_p,
        "p_sign_flip": pair.sign_flip_p,
        "test": pair.test,
        "effect_size": pair.effect_size,
        "share_better": pair.improved,
        "share_worse": pair.worsened,
        "n": pair.n,
    }


def _in_words(
    values: Mapping[str, NDArray[np.float64]], pairs: Sequence[PairedComparison], config: RunConfig, clusters: Clusters
) -> str:
    """The verdict as a sentence, with the models' titles instead of their names."""
    if not values:
        return "No winner: no model finished."
    titles = {name: config.title(name) for name in values}
    if len(set(titles.values())) < len(titles):
        titles = {name: name for name in values}
    titled = [replace(p, first=titles[p.first], second=titles[p.second]) for p in pairs]
    decided = verdict({titles[name]: v for name, v in values.items()}, seed=config.seed, pairs=titled, clusters=clusters)
    return decided.sentence(config.metric)


def _verdict(decided: Verdict | None, sentence: str) -> dict[str, Any]:
    if decided is None:
        return {"winner": None, "reason": "no model finished", "sentence": sentence}
    return {**asdict(decided), "equal_to_best": list(decided.equal_to_best), "sentence": sentence}


def _segments(records: dict[str, Any]) -> list[dict[str, Any]]:
    """Turn each model's list of segments into one row a segment."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for name, record in records.items():
        for s in record["segments"]:
            key = (s["segment"], s["value"])
            row = rows.setdefault(key, {"segment": key[0], "value": key[1], "n_users": s["n_users"], "metrics": {}})
            row["metrics"][name] = s["metric"]
    return list(rows.values())


def _tuning(records: Iterable[TrialRecord]) -> list[dict[str, Any]]:
    curve, best = [], -math.inf
    for record in records:
        best = max(best, record.value if record.value is not None else -math.inf)
        curve.append({**asdict(record), "best": best if best > -math.inf else None})
    return curve


def _dataset(split: Split) -> dict[str, Any]:
    """The shape of the positive events, and what identifies them."""
    found = describe(split.dataset)
    return {
        **found.model_dump(mode="json"),
        "first_date": found.times.first if found.times else None,
        "last_date": found.times.last if found.times else None,
        "events_per_user": found.per_user.model_dump() if found.per_user else None,
        "tail": {"curve": _popularity_curve(split)},
        "fingerprint": split.dataset.fingerprint,
    }


def _popularity_curve(split: Split, points: int = 100) -> list[list[float]]:
    """Share of the events that the most popular share of the items has: pairs (items, events), both from 0 to 1."""
    counts = np.sort(split.dataset.popularity)[::-1]
    reached = np.concatenate([[0.0], np.cumsum(counts) / max(1, counts.sum())])
    at = np.unique(np.linspace(0, len(counts), points + 1).round().astype(int))
    return [[float(i / max(1, len(counts))), float(reached[i])] for i in at]


def _plain(value: Any) -> Any:
    """Make a value JSON can hold: numbers that are not numbers become null, dates and the like are written out."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
