"""Do models that learn from pictures rank works that nobody has met better than the likeness of pictures does?

``python -m benchmarks.visual_learning [--seeds N] [--first S]`` makes shops as the tests do: pictures show their kind, which
people care for, and their motif, twice as loud, which nobody does, so that there is something to learn. Prints the AUC on works
without events by shop. VisRank is the better of the mean and the largest cosine; CuratorNet has the learning rate .001.
"""

from __future__ import annotations

import argparse

import numpy as np
from tests.models.visual.shop import Shop, shop, visrank

from vitrina.models.registry import make


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="shops to make")
    parser.add_argument("--first", type=int, default=1, help="seed of the first")
    asked = parser.parse_args()
    rows = []
    print("| shop | VisRank | VBPR | CuratorNet |\n| :-- | --: | --: | --: |")
    for seed in range(asked.first, asked.first + asked.seeds):
        rows.append(_aucs(shop(seed, n_items=600, n_users=300, n_events=6, motif=2.0), seed))
        print(f"| {seed} | {' | '.join(f'{value:.3f}' for value in rows[-1])} |", flush=True)
    print(f"| mean | {' | '.join(f'{value:.3f}' for value in np.mean(rows, axis=0))} |")


def _aucs(made: Shop, seed: int) -> list[float]:
    histories = made.train.histories()
    learned = (make("vbpr", reg_visual=1e-4, epochs=30, seed=seed), make("curatornet", lr=0.001, seed=seed))
    scores = [model.fit(made.train).score(histories) for model in learned]
    nearest = max(made.auc_of_cold(visrank(made, how)).mean() for how in ("mean", "max"))
    return [float(nearest), *(float(made.auc_of_cold(found).mean()) for found in scores)]


if __name__ == "__main__":
    main()
