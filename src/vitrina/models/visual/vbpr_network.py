"""VBPR as it is trained; ``vitrina.models.visual.vbpr`` says what it computes."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.ranking.scorer import Scores
from vitrina.training import losses
from vitrina.training.linear import linear
from vitrina.training.negatives import Sampler
from vitrina.training.plan import Moment


class VBPRNetwork(nn.Module):
    """Parameters, data and loss; a sample is an event of ``log`` CSR ``[n_users, n_items]``.

    ``visual`` stacks E and, as its last row, b'. ``features`` float32 ``[n_items, n_columns]`` are scaled already.
    """

    _users: Tensor
    _items: Tensor
    _features: Tensor

    def __init__(
        self, log: csr_matrix, features: Scores, sampler: Sampler, *, factors: int, visual_factors: int, init: float, seed: int
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        (n_users, n_items), n_columns = log.shape, features.shape[1]

        def vectors(n: int, d: int) -> nn.Parameter:
            return nn.Parameter(torch.normal(0.0, init, (n, d), generator=generator))

        self.user = vectors(n_users, factors + visual_factors)
        self.item, self.bias = vectors(n_items, factors), nn.Parameter(torch.zeros(n_items, 1))
        self.visual = vectors(visual_factors + 1, n_columns)
        with torch.no_grad():
            self.visual[-1] = 0.0
            self.item[torch.from_numpy(np.bincount(log.indices, minlength=n_items) == 0)] = 0.0  # only their pictures are known
        self.sampler = sampler
        users = np.repeat(np.arange(n_users, dtype=np.int64), np.diff(log.indptr))
        for name, array in (("_users", users), ("_items", log.indices.astype(np.int64)), ("_features", features)):
            self.register_buffer(name, torch.from_numpy(array), persistent=False)

    def candidates(self, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return vectors (gamma, E f) ``[n, d]`` and biases b + b'f ``[n, 1]`` of ``items`` int64 ``[n]``, default all."""
        own: Tensor = self.item
        bias: Tensor = self.bias
        features = self._features
        if items is not None:
            own, bias, features = F.embedding(items, own), F.embedding(items, bias), features[items]
        seen = linear(features, self.visual)
        return torch.cat([own, seen[:, :-1]], dim=1), bias + seen[:, -1:]

    def differences(self, users: Tensor, items: Tensor, others: Tensor) -> Tensor:
        """Return x_ui - x_uj ``[n]`` of users, items i and other items j, int64 ``[n]`` each."""
        used, place = torch.unique(torch.cat([items, others]), return_inverse=True)
        vectors, biases = self.candidates(used)
        together = torch.cat([vectors, biases], dim=1)
        i, j = (F.embedding(side, together) for side in place.chunk(2))
        apart = i - j
        return (F.embedding(users, self.user) * apart[:, :-1]).sum(dim=1) + apart[:, -1]

    def loss(self, samples: Tensor, moment: Moment, *, reg: float, reg_visual: float) -> Tensor:
        """Return the mean BPR loss of events, with ``reg`` times the squares that each meets and ``reg_visual`` |visual|^2."""
        users, items = self._users[samples], self._items[samples]
        others = self.sampler.draw(users, 1, moment.generator)[:, 0]
        apart = self.differences(users, items, others)
        size = F.embedding(users, self.user).square().sum(dim=1)
        for side in (items, others):
            size = size + F.embedding(side, self.item).square().sum(dim=1) + F.embedding(side, self.bias)[:, 0].square()
        loss = losses.bpr(apart, torch.zeros_like(apart).unsqueeze(1))
        return loss + reg * size.mean() + reg_visual * self.visual.square().sum()
