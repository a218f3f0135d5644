"""Rounds of measurements: each library once a round, every measurement in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import data, environments
from benchmarks.jobs import Job
from benchmarks.machine import setting, surroundings

_WARM_UP = "toy"
_WARM_SETTINGS = {"epochs": 2, "factors": 8, "neighbours": 20}


@dataclass(frozen=True)
class Plan:
    """How to measure: rounds, threads (and cores) for everybody, seconds after which to give up, and the folder for files."""

    repeats: int
    threads: int
    timeout: int
    out: Path


def measure(job: Job, name: str, libraries: list[str], plan: Plan) -> Iterator[dict[str, Any]]:
    """Measure ``job`` on the data set ``name`` and yield all that is known after each round.

    A round runs every library once; the order is turned round from one to the next. A library that fails is left out of
    the rest, and where ours does not have the model yet there is nothing to compare.
    """
    request = _request(job, name, plan.out / "data")
    runs: dict[str, list[dict[str, Any]]] = {library: [] for library in libraries}
    quality: dict[str, Any] = {}
    failed: dict[str, str] = {}
    load: list[float] = []
    known = {"job": job.name, "data": name, "settings": job.settings_on(name), "runs": runs, "quality": quality, "failed": failed}
    for turn in range(plan.repeats):
        load.append(os.getloadavg()[0])
        for library in libraries if turn % 2 == 0 else libraries[::-1]:
            if library in failed or libraries[0] in failed:
                continue
            answer, judged = _one(request | {"library": library}, turn == 0, plan)
            print(f"{name} {job.name} {turn + 1}/{plan.repeats} {library}: {_said(answer)}", file=sys.stderr, flush=True)
            if problem := _problem(answer) or _problem(judged):
                failed[library] = problem
                continue
            runs[library].append(answer)
            quality.setdefault(library, judged)
        yield {**known, "setting": setting(plan.threads) | {"load": load}}


def _request(job: Job, name: str, folder: Path) -> dict[str, Any]:
    """Return what every worker is told: the job, its data, and a toy version of it to warm up."""
    settings = job.settings_on(name)
    smaller = {key: min(value, settings[key]) for key, value in _WARM_SETTINGS.items() if key in settings}
    whole, toy = (_data(job, which, folder) for which in (name, _WARM_UP))
    return {"job": job.name, "settings": settings, **whole, "warm_up": {"settings": settings | smaller, **toy}}


def _data(job: Job, name: str, folder: Path) -> dict[str, str | None]:
    """Return the files of a data set, with given vectors where the job takes some."""
    vectors = str(data.vectors(name, folder)) if job.kind == "work" else None
    return {"log": str(data.written(name, folder)), "vectors": vectors}


def _one(request: dict[str, Any], judge: bool, plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run one worker, and the judge on what it learned where wanted; return the measurements and the metrics."""
    with tempfile.TemporaryDirectory(dir=plan.out) as folder:
        answer = ask_worker(request | {"keep": folder if judge else None}, plan)
        kept = answer.pop("kept", {})
        question = {"log": request["log"], "kept": kept}
        return answer, _ask(Path(sys.executable), "judge", question, surroundings("ours", plan.threads), plan) if kept else {}


def ask_worker(request: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Measure in the environment of ``request["library"]``; the answer holds ``error`` or ``missing`` where that failed."""
    python = environments.python_of(request["library"])
    return _ask(python, "worker", request, surroundings(request["library"], plan.threads), plan)


def _ask(python: Path, module: str, request: dict[str, Any], around: dict[str, str], plan: Plan) -> dict[str, Any]:
    """Run a module of this package in another process: one JSON line in, one out."""
    try:
        done = subprocess.run(
            [str(python), "-m", f"benchmarks.{module}"],
            input=json.dumps(request) + "\n",
            capture_output=True,
            text=True,
            env=around,
            timeout=plan.timeout,
            preexec_fn=_on_few_cores(plan.threads),
        )
    except subprocess.TimeoutExpired:
        return {"error": f"gave up after {plan.timeout} s"}
    if done.returncode or not done.stdout.strip():
        return {"error": f"ended with code {done.returncode}: {done.stderr.strip()[-400:]}"}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def _on_few_cores(threads: int) -> Any:
    """Return what keeps a worker to as many cores as it may have threads, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    return lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def _problem(answer: dict[str, Any]) -> str | None:
    return answer.get("missing") or answer.get("error")


def _said(answer: dict[str, Any]) -> str:
    stages = (f"{stage} {seconds:.2f} s" for stage, seconds in answer.get("wall", {}).items())
    return _problem(answer) or ", ".join(stages)
