"""How far conjugate gradients are from exact half-steps: nDCG@10 on held-out events after each epoch of iALS, and its seconds.

``python -m benchmarks.ials_solvers [--data ml-1m] [--factors 64 256]`` prints a line for each solver and a few settings, from
strongly to hardly regularised.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import data
from benchmarks.log import Log
from benchmarks.measure import Stopwatch
from benchmarks.peers.ours import part_of
from vitrina.data.dataset import Dataset
from vitrina.data.splits.split import Part
from vitrina.evaluation.evaluate import evaluate
from vitrina.models.factors.ials import IALS
from vitrina.ranking.scorer import Scorer

_OUT = Path(__file__).parent / "out" / "data"
_EPOCHS = 10
_SETTINGS = (
    {"alpha0": 1.0, "reg": 0.004},
    {"alpha0": 0.3, "reg": 0.007},
    {"alpha0": 0.03, "reg": 0.004},
    {"alpha0": 0.003, "reg": 0.05},
    {"alpha0": 0.1, "reg": 1e-6, "nu": 0.0},
    {"alpha0": 0.003, "reg": 0.003, "nu": 0.5},
)


def main() -> None:
    """Print the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="ml-1m", choices=list(data.TITLES))
    parser.add_argument("--factors", type=int, nargs="+", default=[64])
    asked = parser.parse_args()
    log = Log.load(data.written(asked.data, _OUT))
    dataset = data.dataset_of(log)
    part = part_of(log, dataset)
    for factors in asked.factors:
        for settings in _SETTINGS:
            print(f"{factors} factors, {settings}")
            for solver in ("exact", "cg", "block"):
                curve, seconds = _curve(IALS(factors=factors, epochs=_EPOCHS, solver=solver, **settings), dataset, part)
                print(f"  {solver:<6} {' '.join(f'{value:.4f}' for value in curve)}   {seconds:.2f} s", flush=True)


def _curve(model: IALS, dataset: Dataset, part: Part) -> tuple[list[float], float]:
    """Return the value after each epoch, and the seconds of all epochs without those of measuring."""
    curve: list[float] = []
    clock = Stopwatch()

    def after_epoch(scorer: Scorer) -> float:
        clock.pause()
        curve.append(evaluate(scorer, part, dataset, ["ndcg@10"]).metrics["ndcg@10"])
        clock.resume()
        return len(curve)  # always better than before, so that training goes on

    model.fit(dataset, after_epoch)
    clock.pause()
    return curve, clock.wall


if __name__ == "__main__":
    main()
