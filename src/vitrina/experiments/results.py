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
from vitrina.experiments.config import RunConfig
from vitrina.experiments.runs import RunFolder, environment, read_json
from vitrina.experiments.tune import TrialRecord, read_trials
from vitrina.metrics.registry import definitions, parse
from vitrina.models.base import Shape
from vitrina.models.registry import family, make, model_class

FORMAT = 1


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
    pairs = compare_pairs(values, seed=config.seed)
    decided = verdict(values, seed=config.seed, pairs=pairs) if values else None
    means = {name: records[name]["metrics"][config.metric] for name in records}
    groups = equal_groups(list(means), list(means.values()), pairs)
    trials = {name: read_trials(run.trials(name)) for name in config.models}
    shape = Shape.of(split.train_and_validation)
    intervals = _intervals(config, users)
    methods = [_method(name, record, trials[name], intervals[name], groups[name], shape) for name, record in records.items()]
    methods.sort(key=lambda m: -(m["metrics"][config.metric] or 0.0))
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
            "verdict": _verdict(decided, _in_words(values, pairs, config)),
            "segments": _segments(records),
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


def _intervals(config: RunConfig, users: dict[str, pl.DataFrame]) -> dict[str, dict[str, list[float]]]:
    """Bootstrap all per-user metrics of all methods with the same resamples of users."""
    per_user = [name for name in config.metrics if parse(name).per_user]
    found: dict[str, dict[str, list[float]]] = {name: {} for name in users}
    for metric in per_user:
        if not users:
            break
        low, high = bootstrap_interval(np.stack([t[metric].to_numpy() for t in users.values()]), seed=config.seed)
        for name, a, b in zip(users, np.atleast_1d(low), np.atleast_1d(high), strict=True):
            found[name][metric] = [float(a), float(b)]
    return found


def _method(
    name: str, record: dict[str, Any], trials: Sequence[TrialRecord], intervals: Any, group: str, shape: Shape
) -> dict[str, Any]:
    cls, model = model_class(name), make(name, **record["settings"])
    return {
        "name": name,
        "title": cls.title,
        "family": family(name),
        "paper": cls.paper,
        "personalised": model.declares.personalised,
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


def _in_words(values: Mapping[str, NDArray[np.float64]], pairs: Sequence[PairedComparison], config: RunConfig) -> str:
    """The verdict as a sentence, with the models' titles instead of their names."""
    if not values:
        return "No winner: no model finished."
    titles = {name: model_class(name).title for name in values}
    titled = [replace(p, first=titles[p.first], second=titles[p.second]) for p in pairs]
    decided = verdict({titles[name]: v for name, v in values.items()}, seed=config.seed, pairs=titled)
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
    """Make a value JSON can hold: numbers that are not numbers become null."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
