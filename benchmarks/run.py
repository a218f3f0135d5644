"""Measure Vitrina beside its peers: alternately, on the same data, machine and threads. See README.md."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks import data, environments, report
from benchmarks.jobs import JOBS, Job

_HERE = Path(__file__).parent
_WARM_UP = "toy"
_WARM_SETTINGS = {"epochs": 2, "factors": 8, "neighbours": 20}


def main(arguments: list[str] | None = None) -> None:
    """Measure what the command line asks for and write the report over all results in the folder."""
    asked = _parser().parse_args(arguments)
    libraries = asked.peers if asked.peers is not None else [*environments.PEERS, "bare"]
    todo = [(JOBS[j], d) for j in asked.jobs or JOBS for d in asked.data or JOBS[j].data]
    for library in sorted({name for job, _ in todo for name in job.targets if name in libraries}):
        environments.ensure(library)
    for job, name in todo:
        chosen = [library for library in job.targets if library in libraries]
        measured = measure(job, name, ["ours", *chosen], asked)
        _write(measured, asked.out / "measured" / f"{name}--{job.name}.json")
    print(report.write(asked.out))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", nargs="+", choices=list(JOBS), help="default: all")
    parser.add_argument("--data", nargs="+", choices=list(data.TITLES), help="default: what each job names")
    parser.add_argument("--peers", nargs="*", help="default: all that have the job; none measures ours alone")
    parser.add_argument("--repeats", type=int, default=5, help="rounds; each measures every library once (default 5)")
    parser.add_argument("--threads", type=int, default=2, help="threads and cores for everybody (default 2)")
    parser.add_argument("--timeout", type=int, default=1800, help="seconds after which one measurement is given up")
    parser.add_argument("--out", type=Path, default=_HERE / "out", help="folder for data and results")
    return parser


def measure(job: Job, name: str, libraries: list[str], asked: argparse.Namespace) -> dict[str, Any]:
    """Measure ``job`` on the data set ``name``: one run of each library a round, the order turned round each time."""
    request = _request(job, name, asked.out / "data")
    runs: dict[str, list[dict[str, Any]]] = {library: [] for library in libraries}
    quality: dict[str, dict[str, dict[str, float]]] = {}
    failed: dict[str, str] = {}
    load = []
    for turn in range(asked.repeats):
        load.append(os.getloadavg()[0])
        order = libraries if turn % 2 == 0 else libraries[::-1]
        for library in [each for each in order if each not in failed]:
            answer, judged = _one(request | {"library": library}, turn == 0, asked)
            problem = answer.get("missing") or answer.get("error")
            if problem:
                failed[library] = problem
            else:
                runs[library].append(answer)
            quality |= {library: judged} if judged else {}
            print(f"{name} {job.name} {turn + 1}/{asked.repeats} {library}: {_said(answer)}", file=sys.stderr, flush=True)
    return {
        "job": job.name,
        "data": name,
        "settings": job.settings_on(name),
        "runs": runs,
        "quality": quality,
        "failed": failed,
        "setting": setting(asked.threads) | {"load": load},
    }


def _request(job: Job, name: str, folder: Path) -> dict[str, Any]:
    """Return what every worker is told: the job, its data, and a toy version of it to warm up."""
    files = {key: str(data.written(which, folder)) for key, which in (("log", name), ("toy", _WARM_UP))}
    vectors = {key: str(data.vectors(which, folder)) for key, which in (("log", name), ("toy", _WARM_UP))} if job.kind == "work" else {}
    settings = job.settings_on(name) | {"n_users": data.n_users(Path(files["log"]))}
    smaller = {key: min(value, settings[key]) for key, value in _WARM_SETTINGS.items() if key in settings}
    warm_up = {"log": files["toy"], "vectors": vectors.get("toy"), "settings": settings | smaller}
    return {"job": job.name, "log": files["log"], "vectors": vectors.get("log"), "settings": settings, "warm_up": warm_up}


def _one(request: dict[str, Any], judge: bool, asked: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run one worker, and the judge on what it learned where wanted; return the measurements and the metrics."""
    with tempfile.TemporaryDirectory(dir=asked.out) as folder:
        python = environments.python_of(request["library"])
        request = request | {"keep": folder if judge else None}
        answer = _ask(python, "worker.py", request, surroundings(request["library"], asked.threads), asked.timeout)
        if not judge or not answer.get("kept"):
            return answer, {}
        question = {"log": request["log"], "kept": answer.pop("kept")}
        return answer, _ask(Path(sys.executable), "judge.py", question, surroundings("ours", asked.threads), asked.timeout)


def _ask(python: Path, script: str, request: dict[str, Any], around: dict[str, str], timeout: int) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [str(python), str(_HERE / script)],
            input=json.dumps(request) + "\n",
            capture_output=True,
            text=True,
            env=around,
            timeout=timeout,
            preexec_fn=_on_few_cores(int(around["OMP_NUM_THREADS_ASKED"])),
        )
    except subprocess.TimeoutExpired:
        return {"error": f"gave up after {timeout} s"}
    if done.returncode or not done.stdout.strip():
        return {"error": f"ended with code {done.returncode}: {done.stderr.strip()[-400:]}"}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def _on_few_cores(threads: int) -> Any:
    """Return what keeps a worker to as many cores as it may have threads, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    return lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def surroundings(library: str, threads: int) -> dict[str, str]:
    """Return the environment of a worker: the same threads for every pool, whatever the library calls it."""
    pools = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "LK", "VECLIB_MAXIMUM")
    around = {**os.environ, **{f"{pool}_NUM_THREADS": str(threads) for pool in pools}}
    around |= {"VITRINA_THREADS": str(threads), "IRSPACK_NUM_THREADS_DEFAULT": str(threads), "LK_NUM_PROCS": str(threads)}
    around |= {"OMP_NUM_THREADS_ASKED": str(threads), "POLARS_MAX_THREADS": str(threads), "PYTHONWARNINGS": "ignore"}
    if library == "implicit":
        around["OPENBLAS_NUM_THREADS"] = "1"  # as its documentation asks: it spreads the work over threads itself
    return around


def setting(threads: int) -> dict[str, Any]:
    """Return the machine, the date and the threads of a measurement."""
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"),
        "threads": threads,
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _said(answer: dict[str, Any]) -> str:
    problem = answer.get("missing") or answer.get("error")
    return problem or ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in answer["wall"].items())


def _write(measured: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(measured, indent=1) + "\n")
    partial.rename(path)


if __name__ == "__main__":
    main()
