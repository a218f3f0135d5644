"""One measurement in one process: a JSON line in, a JSON line out. Runs in the environment of the library it measures."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import artefacts
from benchmarks.log import Log
from benchmarks.measure import Meter
from benchmarks.tasks import Curve, Fit, NotThereYet, Once, Task

_TOP = 100
_MANY = 20_000  # users: more are not recommended to one by one
_SHOWN = ("numpy", "scipy", "numba", "torch")


def main() -> None:
    """Answer the one request on standard input; whatever libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    try:
        answer = _answer(request)
    except NotThereYet as reason:
        answer = {"missing": str(reason)}
    except Exception as error:
        traceback.print_exc()
        answer = {"error": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    peer = import_module(f"benchmarks.peers.{request['library']}")
    task: Task = peer.task(request["job"])
    warm = request["warm_up"]
    _run(task, warm, warm["settings"], None, Meter())  # compiles, starts threads, loads what is loaded late
    meter = Meter()
    result = _run(task, request, request["settings"], request["keep"], meter)
    return {"wall": meter.wall, "cpu": meter.cpu, "peak": meter.peak, "before": meter.before, **result} | {
        "versions": _versions(peer.DISTRIBUTION)
    }


def _versions(distribution: str) -> dict[str, str]:
    found = {}
    for name in (distribution, *_SHOWN):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _run(task: Task, data: dict[str, Any], settings: dict[str, Any], keep: str | None, meter: Meter) -> dict[str, Any]:
    log = Log.load(data["log"])
    if isinstance(task, Fit):
        return _fit(task, log, settings, keep, meter)
    if isinstance(task, Curve):
        return _curve(task, log, settings, keep, meter)
    return _once(task, log, data["vectors"], settings, keep, meter)


def _fit(task: Fit, log: Log, settings: dict[str, Any], keep: str | None, meter: Meter) -> dict[str, Any]:
    with meter.stage("prepare"):
        data = task.prepare(log)
    with meter.stage("fit"):
        model = task.fit(data, settings)
    kept = _keep(lambda: task.export(model), keep, "model")
    users = np.arange(log.n_users, dtype=np.int32)
    if task.recommend is None or (task.one_by_one and (keep is None or users.size > _MANY)):
        return {"kept": kept}
    k = min(_TOP, log.n_items)
    with meter.stage("recommend"):
        lists = task.recommend(model, data, users, k)
    return {"kept": kept | _keep(lambda: {"lists": lists}, keep, "lists")}


def _curve(task: Curve, log: Log, settings: dict[str, Any], keep: str | None, meter: Meter) -> dict[str, Any]:
    with meter.stage("prepare"):
        data = task.prepare(log)
    epochs: list[dict[str, float]] = []
    kept: dict[str, str] = {}
    with meter.stage("fit") as clock:

        def after_epoch(export: Any) -> None:
            clock.pause()
            epochs.append({"wall": clock.wall, "cpu": clock.cpu})
            kept.update(_keep(export, keep, f"epoch-{len(epochs):03d}"))
            clock.resume()

        task.train(data, settings, after_epoch)
    return {"kept": kept, "epochs": epochs}


def _once(task: Once, log: Log, vectors: str, settings: dict[str, Any], keep: str | None, meter: Meter) -> dict[str, Any]:
    with np.load(vectors) as file:
        given = dict(file)
    state = task.prepare(log, given, settings)
    with meter.stage("work"):
        result = task.work(state)
    if isinstance(result, dict):
        return {"values": {name: float(value) for name, value in result.items()}, "kept": {}}
    return {"kept": _keep(lambda: {"lists": result}, keep, "lists")}


def _keep(export: Callable[[], artefacts.Artefact], folder: str | None, name: str) -> dict[str, str]:
    """Write what ``export`` gives for the evaluator, where somebody asked for it."""
    if folder is None:
        return {}
    path = Path(folder) / f"{name}.npz"
    artefacts.save(export(), path)
    return {name: str(path)}


if __name__ == "__main__":
    main()
