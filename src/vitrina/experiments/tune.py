"""Choosing settings: equal numbers of trials for every model, on the validation part only.

The first trial is the paper's defaults; the others come from Optuna's TPE sampler. Every finished trial is one small file, and
trial n depends only on the run's seed, the model, n and the results of trials 0..n-1: a run that is killed and started again
makes the same trials.
"""

from __future__ import annotations

import json
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from vitrina.data.files import write_text
from vitrina.data.splits.split import Split
from vitrina.errors import VitrinaError
from vitrina.evaluation.evaluate import evaluate
from vitrina.experiments.config import RunConfig
from vitrina.experiments.failures import MODEL_FAILURES
from vitrina.experiments.progress import Progress
from vitrina.experiments.seeds import seed_of
from vitrina.models.base import Recommender, Validate
from vitrina.models.space import Choice, Ints, search_space, settings_of, without_idle
from vitrina.ranking.scorer import Scorer
from vitrina.training.session import Session

_STARTUP_TRIALS = 6  # random trials before TPE begins to model what is good


@dataclass(frozen=True)
class TrialRecord:
    """One trial: the settings tried, the validation value they reached (None: failed) and what it took.

    ``curve`` has the mean loss, the validation value and the seconds of every epoch, where the model trains in epochs.
    """

    trial: int
    settings: dict[str, Any]
    value: float | None
    seconds: float
    seed: int
    state: str  # complete | failed
    message: str = ""
    curve: dict[str, list[Any]] | None = None


@dataclass(frozen=True)
class Tuned:
    """The outcome of tuning one model."""

    name: str
    trials: list[TrialRecord]
    capped: bool  # stopped by the time cap before all trials were made

    @property
    def best(self) -> TrialRecord:
        """The best complete trial, the earliest among equals; raises ``VitrinaError`` when every trial failed."""
        complete = [t for t in self.trials if t.value is not None]
        if not complete:
            raise VitrinaError(f"every trial of {self.name} failed; the last one: {self.trials[-1].message}")
        return max(complete, key=lambda t: (t.value, -t.trial))

    @property
    def seconds(self) -> float:
        """Time of all trials together."""
        return sum(t.seconds for t in self.trials)


def tune(name: str, split: Split, config: RunConfig, folder: Path, progress: Progress) -> Tuned:
    """Make the trials of one model that are not in ``folder`` yet, and return all of them."""
    records = read_trials(folder)
    total = config.trials_of(name)
    progress.begin(name, total)
    for done in range(len(records)):
        progress.advance(name, _note(records[: done + 1]))
    capped = False
    validate = validation(split, config)
    while len(records) < total:
        if config.seconds is not None and sum(r.seconds for r in records) >= config.seconds:
            capped = True
            progress.say(f"{name}: {len(records)} of {total} trials in the {config.seconds:g} seconds it had, {_note(records)}")
            break
        record = _one_trial(name, len(records), records, split, config, validate)
        write_text(folder / f"{record.trial:04d}.json", json.dumps(asdict(record)))
        records.append(record)
        progress.advance(name, _note(records))
    return Tuned(name, records, capped)


def read_trials(folder: Path) -> list[TrialRecord]:
    """Read the finished trials of one model, in order; stops at the first gap."""
    records: list[TrialRecord] = []
    while (path := folder / f"{len(records):04d}.json").is_file():
        records.append(TrialRecord(**json.loads(path.read_text(encoding="utf-8"))))
    return records


def validation(split: Split, config: RunConfig) -> Validate:
    """Return the function that models and tuning maximise: the deciding metric on the validation part."""
    if not split.has_validation:
        raise VitrinaError(f"the split {split.protocol} has no validation part, so nothing can be tuned on it.")

    def value(scorer: Scorer) -> float:
        result = evaluate(scorer, split.validation, split.train, [config.metric], seed=config.seed, budget=config.budget)
        return result.metrics[config.metric]

    return value


def _one_trial(
    name: str, number: int, before: list[TrialRecord], split: Split, config: RunConfig, validate: Validate
) -> TrialRecord:
    seed = seed_of(config.seed, name, number)
    asked = {**seeded_settings(name, config), **_suggest(name, number, before, config, seed)}
    settings = without_idle(config.model(name), asked)
    started = time.perf_counter()
    value, state, message = None, "complete", ""
    session = Session()
    try:
        with session:
            model = config.make(name, **settings)
            model.fit(split.train, validate if chosen_by_fit(model) else None)
        settings |= chosen_settings(model)
        value = validate(model)
        message = " ".join(session.messages)
        if not np.isfinite(value):
            value, state, message = None, "failed", f"the validation value is {value}"
    except (*MODEL_FAILURES, FloatingPointError) as error:
        state, message = "failed", f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - started
    return TrialRecord(number, settings, value, seconds, seed, state, message, session.plain_curve)


def seeded_settings(name: str, config: RunConfig) -> dict[str, Any]:
    """The settings held fixed for a model, with the run's seed for those that draw at random."""
    fixed = config.fixed(name)
    if any(s.name == "seed" for s in settings_of(config.model(name))):
        fixed.setdefault("seed", config.seed)
    return fixed


def chosen_by_fit(model: Recommender) -> tuple[str, ...]:
    """The settings that a model chooses itself when it is fitted with validation."""
    return (*(("epochs",) if model.declares.epochs else ()), *model.declares.chooses)


def chosen_settings(model: Recommender) -> dict[str, Any]:
    """The settings that validation chose in ``fit``, for the refit without validation; those that matter beside the others."""
    chosen = {name: _plain(getattr(model, f"{name}_")) for name in chosen_by_fit(model)}
    kept = without_idle(type(model), model.settings | chosen)
    return {name: value for name, value in chosen.items() if name in kept}


def _plain(value: Any) -> Any:
    """A number, or a list of numbers in their shortest form: float32 0.1 is 0.1."""
    return [float(str(number)) for number in value] if isinstance(value, np.ndarray) else value


def _suggest(name: str, number: int, before: list[TrialRecord], config: RunConfig, seed: int) -> dict[str, Any]:
    """Return the tuned settings of trial ``number``: the defaults first, then what the sampler proposes."""
    ranges = {key: r for key, r in search_space(config.model(name)).items() if key in config.tuned(name)}
    if number == 0 or not ranges:
        return {}
    defaults = config.make(name).settings
    distributions = {key: _distribution(r) for key, r in ranges.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed % 2**32, n_startup_trials=_STARTUP_TRIALS, multivariate=True)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for record in before:
            params = {key: record.settings.get(key, defaults[key]) for key in ranges}
            # Failed trials, and defaults outside the ranges, teach the sampler nothing.
            if record.value is not None and all(params[key] in space for key, space in ranges.items()):
                places = {key: space.place(params[key]) for key, space in ranges.items() if isinstance(space, Choice)}
                trial = optuna.trial.create_trial(params=params | places, distributions=distributions, value=record.value)
                study.add_trial(trial)
        asked = study.ask(distributions).params
        return {key: _chosen(space, asked[key]) for key, space in ranges.items()}


def _chosen(space: Any, asked: Any) -> Any:
    """Return the value that was asked for; a tuple as a list, as files hold it."""
    value = space.values[asked] if isinstance(space, Choice) else asked
    return list(value) if isinstance(value, tuple) else value


def _distribution(space: Any) -> BaseDistribution:
    if isinstance(space, Choice):
        return CategoricalDistribution(range(len(space.values)))  # by place: what it chooses from must be plain
    if isinstance(space, Ints):
        return IntDistribution(space.low, space.high, log=space.log)
    return FloatDistribution(space.low, space.high, log=space.log)


def _note(records: list[TrialRecord]) -> str:
    """The best value so far: what the last trial found is seldom what anybody waits for."""
    values = [record.value for record in records if record.value is not None]
    return f"best {max(values):.4f}" if values else "failed"
