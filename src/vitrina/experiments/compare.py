"""The comparison: tune, refit, test every model under the same conditions; resumable at any point."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vitrina.data.dataset import Dataset
from vitrina.data.files import atomic_file, write_parquet, write_text
from vitrina.data.splits.protocols import make_split
from vitrina.data.splits.split import Split
from vitrina.data.splits.storage import load_split, save_split
from vitrina.errors import VitrinaError
from vitrina.evaluation.audit import audit
from vitrina.evaluation.evaluate import evaluate
from vitrina.evaluation.segments import by_segment
from vitrina.experiments.config import RunConfig
from vitrina.experiments.examples import lists_table
from vitrina.experiments.failures import MODEL_FAILURES
from vitrina.experiments.plan import plan
from vitrina.experiments.progress import Progress, Silent
from vitrina.experiments.results import Left, assemble
from vitrina.experiments.runs import RunFolder
from vitrina.experiments.tune import Tuned, seeded_settings, tune
from vitrina.models.space import without_idle
from vitrina.models.storage import save_trained
from vitrina.models.trained import Trained
from vitrina.training.session import Session


def compare(
    config: RunConfig, dataset: Dataset, out: Path, *, split: Split | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Run (or go on with) a comparison in the folder ``out`` and return its results.

    ``split`` replaces the configured protocol, for published splits. Every model gets the same number of trials on the
    validation part, is fitted again on train and validation with the settings that won, and is tested once. What is done
    already is not done again; results do not depend on interruptions. Raises ``VitrinaError`` when ``out`` holds another
    run, or when the audit of the split is fatal.
    """
    progress = progress or Silent()
    run = RunFolder(out)
    run.claim(config)
    split = _split(config, dataset, run, split)
    report = audit(split)
    if report.fatal:
        raise VitrinaError(f"the split cannot be trusted, so nothing was compared. {report.verdict}")
    planned = plan(config, split)
    skipped = [Left(p.name, p.reason) for p in planned if p.reason]
    for left in skipped:
        progress.say(f"{left.name} is left out: {left.reason}.")
    failures: list[Left] = []
    for model in planned:
        if model.reason:
            continue
        try:
            tuned = tune(model.name, split, config, run.trials(model.name), progress)
            if not run.evaluation(model.name).is_file():
                _final(tuned, split, config, run)
        except MODEL_FAILURES as error:
            if isinstance(error.__cause__, OSError):
                raise  # a full disk is not the model's failure
            failures.append(Left(model.name, str(error) or type(error).__name__))
            progress.say(f"{model.name} failed: {error}")
    results = assemble(config, run, split, report, skipped, failures)
    write_text(run.results, json.dumps(results, indent=1, allow_nan=False))
    return results


def _split(config: RunConfig, dataset: Dataset, run: RunFolder, given: Split | None) -> Split:
    """Make the split, or check that the one made before is still that of this data, and the one that is given, if any."""
    if (run.split / "split.toml").is_file():
        made = load_split(run.split, dataset)
        if given is not None and given.hash != made.hash:
            raise VitrinaError(
                f"{run.path} holds a run on another split. Choose another folder, or remove that one to start anew."
            )
        return made
    split = given or make_split(dataset, config.split.protocol, seed=config.split.seed, **config.split.settings)
    save_split(split, run.split)
    return split


def _final(tuned: Tuned, split: Split, config: RunConfig, run: RunFolder) -> None:
    """Refit with the settings that won, test, and write: model and users first, the evaluation last."""
    name, learned = tuned.name, split.train_and_validation
    settings = without_idle(config.model(name), {**seeded_settings(name, config), **tuned.best.settings})
    started = time.perf_counter()
    with Session() as session:
        model = config.make(name, **settings).fit(learned)
    fit_seconds = time.perf_counter() - started
    test = split.open_test()
    result = evaluate(model, test, learned, config.metrics, seed=config.seed, budget=config.budget)
    if config.save_models:
        trained = Trained.of(model, learned, split=split.hash, run=config.data, method=name)
        save_trained(trained, run.model(name), overwrite=run.model(name).exists())
    with atomic_file(run.users(name)) as part:
        write_parquet(result.per_user, part)
    if split.replays:
        with atomic_file(run.lists(name)) as part:
            write_parquet(lists_table(result.lists.items), part)
    record = {
        "name": name,
        "metrics": result.metrics,
        "settings": settings,
        "missing_scores": result.missing_scores,
        "reach": asdict(result.reach) if result.reach else None,
        "segments": [asdict(s) for s in by_segment(result.lists, test, learned, config.metric)],
        "seconds": {"tune": tuned.seconds, "fit": fit_seconds, "evaluate": result.seconds},
        "capped": tuned.capped,
        "curve": session.plain_curve,
    }
    write_text(run.evaluation(name), json.dumps(record))
