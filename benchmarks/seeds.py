"""How much of a job's quality is the seed's: ``python -m benchmarks.seeds neumf`` (needs VITRINA_DATA where the job's log does).

Fits our model with the settings of the job once for each seed, and prints what the judge of the table finds: the table itself is
that of seed 0.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import data
from benchmarks.jobs import JOBS
from benchmarks.log import Log
from benchmarks.peers import ours
from benchmarks.tasks import Fit
from vitrina.evaluation.evaluate import evaluate

_OUT = Path(__file__).parent / "out"
_DRAWING = ("bpr-mf", "mult-vae", "lightgcn", "cdae", "neumf")


def main() -> None:
    """Print the quality of each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=_DRAWING)
    parser.add_argument("--data", choices=list(data.TITLES), default="ml-1m", help="which log (default ml-1m)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="default 0 1 2")
    given = parser.parse_args()
    job, task = JOBS[given.job], ours.task(given.job)
    assert isinstance(task, Fit)
    log = Log.load(data.written(given.data, _OUT / "data"))
    dataset = task.prepare(log)
    part = ours.part_of(log, dataset)
    for seed in given.seeds:
        model = task.fit(dataset, job.settings_on(given.data) | {"seed": seed})
        print(f"seed {seed}: {job.quality} {evaluate(model, part, dataset, [job.quality]).metrics[job.quality]:.4f}", flush=True)


if __name__ == "__main__":
    main()
