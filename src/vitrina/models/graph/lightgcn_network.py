"""LightGCN as it is trained; ``vitrina.models.graph.lightgcn`` says what it computes."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.models.graph.propagation import Graph, Pair, propagated
from vitrina.training import losses
from vitrina.training.negatives import uniform
from vitrina.training.plan import Moment


class LightGCNNetwork(nn.Module):
    """Vectors of layer 0, the graph and the loss; a sample is an event of ``log`` CSR ``[n_users, n_items]``.

    Whoever consumed everything is in the graph, but has no samples: there is no other item to meet.
    """

    _users: Tensor
    _items: Tensor

    def __init__(self, log: csr_matrix, *, factors: int, layers: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)

        def vectors(n: int) -> nn.Parameter:
            return nn.Parameter(nn.init.xavier_uniform_(torch.empty(n, factors), generator=generator))

        self.people, self.items = (vectors(n) for n in log.shape)
        self.graph, self.sampler, self._layers = Graph(log), uniform(log.shape[1], log), layers
        lengths = np.diff(log.indptr)
        users = np.repeat(np.arange(log.shape[0], dtype=np.int32), lengths)
        with_others = lengths[users] < log.shape[1]
        for name, array in (("_users", users), ("_items", log.indices)):
            self.register_buffer(name, torch.from_numpy(array[with_others]), persistent=False)

    @property
    def n_samples(self) -> int:
        """How many events there are to learn from."""
        return len(self._users)

    def vectors(self) -> Pair:
        """Return the mean over layers of all people ``[n_users, d]`` and items ``[n_items, d]``."""
        return propagated(self.people, self.items, self.graph, self._layers)

    @torch.no_grad()
    def attached(self) -> Tensor:
        """Return what each item adds to the layers above 0 of who has it in the history, less 1 / sqrt(d_u): ``[n_items, d]``.

        That is the sum of its layers but the last, divided by sqrt(d_i) and the number of layers.
        """
        _, below = propagated(self.people, self.items, self.graph, self._layers - 1)
        return below * (self._layers / (self._layers + 1) * self.graph.of_item).unsqueeze(1)

    def loss(self, samples: Tensor, moment: Moment, *, reg: float) -> Tensor:
        """Return the mean BPR loss of events with a drawn item each, and ``reg / 2`` times the squares of their layer 0."""
        users, items = self._users[samples].long(), self._items[samples].long()
        items = torch.cat([items, self.sampler.draw(users, 1, moment.generator).squeeze(1)])
        people, of_person = torch.unique(users, return_inverse=True)
        met, of_item = torch.unique(items, return_inverse=True)
        user_vectors, item_vectors = propagated(self.people, self.items, self.graph, self._layers, (people, met))
        person = F.embedding(of_person, user_vectors)
        positive, negative = F.embedding(of_item, item_vectors).chunk(2)
        loss = losses.bpr((person * positive).sum(dim=1), (person * negative).sum(dim=1, keepdim=True))
        squares = F.embedding(users, self.people).square().sum() + F.embedding(items, self.items).square().sum()
        return loss + reg / 2 * squares / len(samples)
