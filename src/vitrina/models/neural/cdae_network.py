"""CDAE as it is trained; ``cdae`` says what it computes."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.models.neural.history_model import Likelihood
from vitrina.models.neural.likelihoods import history_loss
from vitrina.training.chosen import chosen_scores
from vitrina.training.functions import sigmoid
from vitrina.training.histories import Histories, thinned
from vitrina.training.linear import linear
from vitrina.training.negatives import uniform
from vitrina.training.plan import Moment
from vitrina.training.sparse import weighted_sums


class CDAENetwork(nn.Module):
    """Parameters, data and loss; a sample is a row of ``log`` CSR ``[n, n_items]``, all with entries.

    ``sigmoid`` says what the hidden layer is made of, ``logistic`` which loss the output has. Without ``user_node`` nobody has a
    vector; with ``tied`` the two of an item are one; with a ``corruption`` of 1 the input is never read. With ``negatives`` 0
    the loss is that of all items.
    """

    def __init__(
        self,
        log: csr_matrix,
        *,
        factors: int,
        sigmoid: bool,
        logistic: bool,
        user_node: bool,
        tied: bool,
        corruption: float,
        negatives: int,
        reg: float,
        seed: int,
    ) -> None:
        super().__init__()
        n, n_items = log.shape
        self._sigmoid, self._logistic = sigmoid, logistic
        self._corruption, self._negatives, self._reg = corruption, negatives, reg
        self._log, self._sampler = Histories(log), uniform(n_items, log) if negatives else None
        generator, reach = torch.Generator().manual_seed(seed), 4 * (6 / (n_items + factors)) ** 0.5

        def vectors(rows: int) -> nn.Parameter:
            return nn.Parameter((2 * torch.rand((rows, factors), generator=generator) - 1) * reach)

        self.items, self.bias = vectors(n_items), nn.Parameter(torch.zeros(factors))
        self.output = self.items if tied else vectors(n_items)
        self.output_bias = nn.Parameter(torch.zeros(n_items))
        self.people = vectors(n) if user_node else None

    @property
    def _kind(self) -> Likelihood:
        return "logistic" if self._logistic else "gaussian"

    @property
    def groups(self) -> list[dict[str, Any]]:
        """All parameters, people's apart: a step updates only those of its batch, which fused updates cannot."""
        people = [] if self.people is None else [{"params": [self.people], "fused": False}]
        return [{"params": self._shared}, *people]

    @property
    def _shared(self) -> list[nn.Parameter]:
        return [p for p in self.parameters() if p is not self.people]

    def loss(self, samples: Tensor, moment: Moment) -> Tensor:
        """Return the mean loss of people, and the penalty: ``reg / 2`` times the squares of all parameters.

        Of people's vectors those of the batch stand for all.
        """
        row, items, lengths = self._log.of(samples)
        mine = None if self.people is None else F.embedding(samples, self.people, sparse=True)
        hidden = self.hidden(row, items, lengths, mine)
        if self._sampler is None:
            loss = history_loss(linear(hidden, self.output, self.output_bias), row, items, self._kind)
        else:
            drawn = self._sampler.draw(samples[row], self._negatives, moment.generator)
            loss = self._of_drawn(hidden, items, lengths, drawn) / len(samples)
        return loss + self._reg / 2 * self._size(mine) if self._reg else loss

    def hidden(self, row: Tensor, items: Tensor, lengths: Tensor, people: Tensor | None) -> Tensor:
        """Return the hidden layer ``[n, factors]`` of histories as ``Histories.of`` gives them, and of vectors of people."""
        z = self.bias.expand(len(lengths), -1) if people is None else people + self.bias
        if self._corruption < 1:
            scale = 1.0
            if self.training and self._corruption:
                row, items, lengths = thinned(row, items, lengths, self._corruption)
                scale = 1 / (1 - self._corruption)
            z = z + weighted_sums(self.items, items, lengths, torch.full_like(items, scale, dtype=z.dtype))
        return sigmoid(z) if self._sigmoid else z

    def _of_drawn(self, hidden: Tensor, items: Tensor, lengths: Tensor, drawn: Tensor) -> Tensor:
        """Return the summed loss of ``items [p]`` and of those ``drawn [p, negatives]`` for each, -1: none is left."""
        met = torch.cat([items.unsqueeze(1), drawn.clamp(min=0)], dim=1)
        scores = chosen_scores(hidden, self.output, self.output_bias, met.view(-1), lengths * met.shape[1]).view(met.shape)
        missing = drawn < 0
        if missing.any():
            scores[:, 1:] = scores[:, 1:].masked_fill(missing, -torch.inf if self._logistic else 0.0)  # they add nothing
        first = torch.zeros_like(items)
        return history_loss(scores, torch.arange(len(items), device=items.device), first, self._kind) * len(items)

    def _size(self, mine: Tensor | None) -> Tensor:
        """Return the sum of squares of all parameters, people's estimated from ``mine [n, factors]``."""
        size: Tensor = torch.stack([p.square().sum() for p in self._shared]).sum()
        if mine is None or self.people is None:
            return size
        return size + mine.square().sum() * (len(self.people) / len(mine))
