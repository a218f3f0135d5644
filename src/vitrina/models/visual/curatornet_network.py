"""CuratorNet as it is trained; ``vitrina.models.visual.curatornet`` says what it computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from vitrina.models.visual.triplets import Triplets
from vitrina.ranking.scorer import Scores
from vitrina.training import losses
from vitrina.training.functions import selu
from vitrina.training.linear import Linear
from vitrina.training.plan import Moment

#: Outputs of the layers that items, and then profiles, go through.
ITEM, USER = (200, 200), (300, 300, 200)


class CuratorNetwork(nn.Module):
    """Parameters, data and loss; a sample is a triplet of the epoch, which ``triplets_of(epoch)`` draws.

    ``features`` float32 ``[n_items, n_columns]`` are standardised already.
    """

    _features: Tensor

    def __init__(self, features: Scores, triplets_of: Callable[[int], Triplets], *, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.item = _layers((features.shape[1], *ITEM), generator)
        self.user = _layers((2 * ITEM[-1], *USER), generator)
        self.register_buffer("_features", torch.from_numpy(features), persistent=False)
        self._triplets_of = triplets_of
        self._epoch = _Epoch(0, None)

    def items(self, items: Tensor | None = None) -> Tensor:
        """Return g of ``items`` int64 ``[n]``, default all: ``[n, 200]``."""
        return _through(self.item, self._features if items is None else self._features[items])

    def users(self, table: Tensor, places: Tensor, offsets: Tensor) -> Tensor:
        """Return the vectors of profiles ``[n, 200]``.

        ``table [m, 200]`` holds g of items; that of profile r are its rows ``places[offsets[r]:offsets[r + 1]]``.
        """
        pooled = [F.embedding_bag(places, table, offsets[:-1], mode=mode) for mode in ("mean", "max")]
        return _through(self.user, torch.cat(pooled, dim=1))

    def differences(self, triplets: Triplets) -> Tensor:
        """Return score(u, i) - score(u, j) of ``n`` triplets; each work among them is looked at once."""
        offsets, members = triplets.profiles()
        together = np.concatenate([members, triplets.positive, triplets.negative])
        used, place = np.unique(together, return_inverse=True)
        table = self.items(self._tensor(used))
        profile, i, j = np.split(place, [members.size, members.size + len(triplets)])
        users = self.users(table, self._tensor(profile), self._tensor(offsets))
        apart: Tensor = F.embedding(self._tensor(i), table) - F.embedding(self._tensor(j), table)
        return (users * apart).sum(dim=1)

    def loss(self, samples: Tensor, moment: Moment, *, reg: float) -> Tensor:
        """Return the mean BPR loss of triplets, with ``reg`` times the squares of all weights that are no biases."""
        if self._epoch.number != moment.epoch:
            self._epoch = _Epoch(moment.epoch, self._triplets_of(moment.epoch))
        assert self._epoch.triplets is not None
        apart = self.differences(self._epoch.triplets.take(samples.cpu().numpy()))
        size = torch.stack([layer.weight.square().sum() for layer in (*self.item, *self.user)]).sum()
        loss: Tensor = losses.bpr(apart, torch.zeros_like(apart).unsqueeze(1)) + reg * size
        return loss

    def _tensor(self, array: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(array).to(self._features.device)


@dataclass(frozen=True)
class _Epoch:
    number: int
    triplets: Triplets | None


def _layers(sizes: tuple[int, ...], generator: torch.Generator) -> nn.ModuleList:
    """Layers that keep the variance of what goes through them (LeCun's start, which SELU asks for)."""
    layers = [Linear(n, m) for n, m in pairwise(sizes)]
    with torch.no_grad():
        for layer in layers:
            layer.weight.normal_(0.0, max(1, layer.in_features) ** -0.5, generator=generator)
            layer.bias.zero_()
    return nn.ModuleList(layers)


def _through(layers: nn.ModuleList, x: Tensor) -> Tensor:
    for layer in layers:
        x = selu(layer(x))
    return x
