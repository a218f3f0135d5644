"""Why logistic MF is a compiled loop: an epoch of it beside an epoch of mini-batches in torch, by the trainer, one thread each.

``python -m benchmarks.mf_minibatches [--data ml-1m] [--batch 1024]``: 192 factors, 8 drawn items for each event, plain SGD.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import data
from benchmarks.log import Log
from vitrina.data.dataset import Dataset
from vitrina.models.factors.mf import LogisticMF
from vitrina.training.losses import logistic_sampled
from vitrina.training.negatives import uniform
from vitrina.training.plan import Moment, Plan
from vitrina.training.trainer import train

_OUT = Path(__file__).parent / "out" / "data"
_FACTORS, _NEGATIVES = 192, 8


class _MiniBatches(nn.Module):
    """Vectors and biases, and the loss of a batch of events with their drawn items."""

    def __init__(self, dataset: Dataset) -> None:
        super().__init__()
        x = dataset.matrix()
        self._users = torch.from_numpy(np.repeat(np.arange(x.shape[0]), np.diff(x.indptr)))
        self._items = torch.from_numpy(x.indices.astype(np.int64))
        self._sampler = uniform(x.shape[1])
        self.user, self.item = (nn.Embedding(n, _FACTORS + 1, sparse=True) for n in x.shape)  # the last column: biases

    def loss(self, samples: Tensor, moment: Moment) -> Tensor:
        users = self._users[samples]
        drawn = self._sampler.draw(users, _NEGATIVES, moment.generator)
        person, met = self.user(users).unsqueeze(1), self.item(torch.cat([self._items[samples].unsqueeze(1), drawn], dim=1))
        products = (person[..., :-1] * met[..., :-1]).sum(dim=2)
        scores = products + person[..., -1] + met[..., -1]
        return logistic_sampled(scores[:, 0], scores[:, 1:])


def main() -> None:
    """Print seconds an epoch of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="ml-1m", choices=list(data.TITLES))
    parser.add_argument("--batch", type=int, default=1024, help="events a step")
    asked = parser.parse_args()
    os.environ["VITRINA_THREADS"] = "1"
    dataset = data.dataset_of(Log.load(data.written(asked.data, _OUT)))
    toy = data.dataset_of(Log.load(data.written("toy", _OUT)))
    LogisticMF(epochs=1).fit(toy)  # compiles
    model = _MiniBatches(dataset)
    n_events = dataset.matrix().nnz
    loop = _seconds(lambda: LogisticMF(factors=_FACTORS, negatives=_NEGATIVES, epochs=1).fit(dataset))
    options = {"fused": False}  # which knows no sparse gradients
    plan = Plan(epochs=1, batch_size=asked.batch, lr=0.002, optimiser="sgd", options=options)
    batches = _seconds(lambda: train(model, n_events, model.loss, plan))
    print(f"compiled loop {loop:.2f} s, mini-batches {batches:.2f} s: {batches / loop:.1f} times as long")


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
