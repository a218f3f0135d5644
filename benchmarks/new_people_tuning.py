"""What tuning is worth on the people of ``liang-ml-1m``: trials on the validation people, with the tuner of every comparison.

``python -m benchmarks.new_people_tuning --models ease ials --trials 40`` (needs VITRINA_DATA with ml-1m) prints the value of each
trial, and of each model the best settings beside those of its entry in ``vitrina reproduce``. Nothing is tested: take over what
is better into the entry, and run that. Trials are kept in ``--out``: run again, it goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from vitrina.experiments.config import RunConfig
from vitrina.experiments.progress import Silent
from vitrina.experiments.reproduce import find, open_protocol
from vitrina.experiments.tune import tune

_PROTOCOL = "liang-ml-1m"
_OUT = Path(__file__).parent / "out" / "new-people-tuning"
_MODELS = ("itemknn", "ease", "ials", "cdae", "mult-dae", "mult-vae", "recvae")


class _Lines(Silent):
    """A line for each trial."""

    def advance(self, task: str, note: str = "") -> None:
        """See ``Progress``."""
        print(f"{task}: {note} on validation", flush=True)


def main() -> None:
    """Tune one model after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=_MODELS, choices=_MODELS, help="default: all")
    parser.add_argument("--trials", type=int, default=10, help="of each model (default 10)")
    parser.add_argument("--seed", type=int, default=0, help="of the trials (default 0)")
    parser.add_argument("--out", type=Path, default=_OUT, help="folder of the trials")
    given = parser.parse_args()
    protocol, _ = find(f"{_PROTOCOL}/ease")
    split = open_protocol(f"{_PROTOCOL}/ease")
    config = RunConfig(data=protocol.data, models=given.models, metric=protocol.metrics[0], trials=given.trials, seed=given.seed)
    for name in given.models:
        folder = given.out / f"{given.trials} trials, seed {given.seed}" / name
        best, (_, entry) = tune(name, split, config, folder, _Lines()).best, find(f"{_PROTOCOL}/{name}")
        print(f"{name}: {config.metric} {best.value:.4f} with {best.settings}; its entry has {entry.settings}")


if __name__ == "__main__":
    main()
