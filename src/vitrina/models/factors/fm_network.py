"""The factorisation machine as it is trained; ``vitrina.models.factors.fm`` says what it computes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.training import losses
from vitrina.training.histories import Histories
from vitrina.training.negatives import Sampler
from vitrina.training.plan import Moment

Loss = Literal["logistic", "bpr"]


class FMNetwork(nn.Module):
    """Parameters, data and loss. A sample is a user with all events: their history is summed once for all of them.

    Of each event the item is the candidate and the user's other items are the history, so that no item learns to explain
    itself; the drawn items meet the same history. ``log`` CSR ``[n_samples, n_items]``, ``side`` CSR ``[n_items, n_columns]``.
    """

    _side_offsets: Tensor
    _side_columns: Tensor
    _side_values: Tensor

    def __init__(
        self, log: csr_matrix, side: csr_matrix, sampler: Sampler, *, factors: int, init: float, power: float, seed: int
    ) -> None:
        super().__init__()
        n_items, n_columns = side.shape
        generator = torch.Generator().manual_seed(seed)

        def vectors(n: int) -> nn.Parameter:
            return nn.Parameter(torch.normal(0.0, init, (n, factors), generator=generator))

        self.item, self.history, self.side = vectors(n_items), vectors(n_items), vectors(n_columns)
        self.item_bias, self.history_bias, self.side_bias = (
            nn.Parameter(torch.zeros(n, 1)) for n in (n_items, n_items, n_columns)
        )
        self.bias = nn.Parameter(torch.zeros(1, 1))
        self.sampler = sampler
        self._power = power
        self._has_side = n_columns > 0
        with torch.no_grad():  # of items without events only the side features are known
            never = torch.from_numpy(np.bincount(log.indices, minlength=n_items) == 0)
            self.item[never] = 0.0
            self.history[never] = 0.0
        self._log = Histories(log)
        self._keep("_side_offsets", side.indptr.astype(np.int64))
        self._keep("_side_columns", side.indices.astype(np.int64))
        self._keep("_side_values", side.data.astype(np.float32))

    def _keep(self, name: str, array: NDArray[np.generic]) -> None:
        self.register_buffer(name, torch.from_numpy(array), persistent=False)

    def candidates(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return of every item as candidate: vectors ``[n_items, d]``, biases and squared sizes ``[n_items, 1]``.

        The vector sums those of its features, the bias holds their linear terms and the interactions among them, and the
        size that of their parameters, each times the square of its feature: whatever the sign of x, size is no reward.
        """
        own = self.item.square().sum(dim=1, keepdim=True)
        if not self._has_side:
            return self.item, self.item_bias, own + self.item_bias.square()
        x, squares = self._side_values, self._side_values.square()
        sizes = self.side.square().sum(dim=1, keepdim=True)
        vectors = self.item + self._of_side(self.side, x)
        pairs = vectors.square().sum(dim=1, keepdim=True) - own - self._of_side(sizes, squares)
        biases = self.item_bias + self._of_side(self.side_bias, x) + 0.5 * pairs
        return vectors, biases, own + self.item_bias.square() + self._of_side(sizes + self.side_bias.square(), squares)

    def _of_side(self, table: Tensor, values: Tensor) -> Tensor:
        """Sum rows of ``table [n_columns, m]``, each times its of ``values``, over the side features of every item."""
        offsets = self._side_offsets[:-1]
        return F.embedding_bag(self._side_columns, table, offsets, mode="sum", per_sample_weights=values)

    def logits(self, samples: Tensor, moment: Moment, negatives: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return y of the events of ``samples`` ``[n]``, of items drawn for each ``[n, negatives]``, and the mean squared size.

        The size is that of the parameters that an event meets: of the item as candidate and in histories, and of a drawn item.
        """
        row, items, lengths = self._log.of(samples)
        drawn = self.sampler.draw(samples[row], negatives, moment.generator)
        others = lengths - 1
        scale = torch.where(others > 0, others.clamp(min=1).to(self.item.dtype) ** -self._power, 0.0)[row].unsqueeze(1)

        def of_others(values: Tensor) -> Tensor:
            """Sum ``values [n, m]`` of the events over all other events of the same user."""
            sums = values.new_zeros(len(samples), values.shape[1]).index_add(0, row, values)
            return sums.index_select(0, row) - values

        mine, mine_bias = F.embedding(items, self.history), F.embedding(items, self.history_bias)
        mine_size = mine.square().sum(dim=1, keepdim=True)
        bag = of_others(mine) * scale
        linear = of_others(mine_bias) * scale
        pairs = bag.square().sum(dim=1, keepdim=True) - of_others(mine_size) * scale.square()
        of_history = self.bias + linear + 0.5 * pairs

        vectors, biases, sizes = self.candidates()
        positive = (bag * F.embedding(items, vectors)).sum(dim=1, keepdim=True) + F.embedding(items, biases)
        negative = (bag.unsqueeze(1) * F.embedding(drawn, vectors)).sum(dim=2) + F.embedding(drawn, biases).squeeze(2)
        size = (F.embedding(items, sizes) + F.embedding(drawn, sizes).mean(dim=1) + mine_size + mine_bias.square()).mean()
        return (positive + of_history).squeeze(1), negative + of_history, size

    def loss(self, samples: Tensor, moment: Moment, *, kind: Loss, negatives: int, reg: float) -> Tensor:
        """Return the mean loss of the events of ``samples``, with ``reg`` times the squared parameters that each meets."""
        positive, negative, size = self.logits(samples, moment, negatives)
        loss = losses.bpr(positive, negative) if kind == "bpr" else losses.logistic_sampled(positive, negative)
        return loss + reg * size
