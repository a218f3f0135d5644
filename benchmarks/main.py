"""The command: measure Vitrina beside its peers, and write the report. See README.md."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks import data, environments, report
from benchmarks.jobs import JOBS
from benchmarks.rounds import Plan, measure

_HERE = Path(__file__).parent


def main(arguments: list[str] | None = None) -> None:
    """Measure what the command line asks for and write the report over all results in the folder."""
    asked = _parser().parse_args(arguments)
    libraries = asked.peers if asked.peers is not None else [*environments.PEERS, "bare"]
    plan = Plan(asked.repeats, asked.threads, asked.timeout, asked.out)
    todo = [(JOBS[j], d) for j in asked.jobs or JOBS for d in asked.data or JOBS[j].data]
    for library in sorted({name for job, _ in todo for name in job.targets if name in libraries}):
        environments.ensure(library)
    for job, name in todo:
        chosen = [library for library in job.targets if library in libraries]
        for measured in measure(job, name, ["ours", *chosen], plan):
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


def _write(measured: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(measured, indent=1) + "\n")
    partial.rename(path)
