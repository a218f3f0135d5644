"""What the autoencoders of histories share: training, the way from a history to scores, and what that costs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.kernels.dense import row_products
from vitrina.kernels.sparse import sparse_dense
from vitrina.models.base import Recommender, Shape, Validate
from vitrina.models.factors.products import score_factors
from vitrina.ranking.scorer import Items, Scores

if TYPE_CHECKING:
    from torch import Tensor

    from vitrina.models.neural.autoencoder_network import HistoryAutoencoder
    from vitrina.training.plan import Moment, Plan

    Step = Callable[[Tensor, Moment], Tensor]


class HistoryModel(Recommender):
    """Encoder and decoder of histories; ``layers`` are the encoder's widths after the input, the last that of the code.

    Learned: ``items_ [n_items, m]`` and ``bias_ [m]``, the first layer, then ``encoder_weight_1_`` and so on ``[out, in]``, and
    ``decoder_weight_1_`` to the last one, which has a row for each item; all float32.
    """

    layers: tuple[int, ...]

    def train(self, network: HistoryAutoencoder, n_users: int, step: Step, plan: Plan, validate: Validate | None) -> Self:
        """Train ``network`` with the loss ``step(samples, moment)`` and take over what it learned."""
        from vitrina.training.trainer import train

        self.epochs_ = plan.epochs
        if n_users:
            value = None if validate is None else lambda: validate(self._with(network))
            outcome = train(network, n_users, step, plan, validate=value, devices=("cuda", "cpu"))
            if outcome.failed:
                raise VitrinaError(f"{self.name}: {outcome.message}")
            self.epochs_ = outcome.epochs
        return self._with(network)

    def network(self, dataset: Dataset, *, variational: bool, dropout: float, seed: int) -> tuple[HistoryAutoencoder, int]:
        """Return an untrained network of the users that have a history, and their number."""
        from vitrina.models.neural.autoencoder_network import HistoryAutoencoder

        x = dataset.matrix()
        log = x[np.diff(x.indptr) > 0]
        return HistoryAutoencoder(log, self.layers, variational=variational, dropout=dropout, seed=seed), log.shape[0]

    def _with(self, network: HistoryAutoencoder) -> Self:
        """Take over what the network has learned; of two outputs of a variational encoder the mean."""

        def array(values: Tensor) -> Scores:
            return np.array(values.detach().cpu().numpy())

        self.items_, self.bias_ = array(network.items), array(network.bias)
        for tower in ("encoder", "decoder"):
            for number, layer in enumerate(getattr(network, tower), 1):
                setattr(self, f"{tower}_weight_{number}_", array(layer.weight))
                setattr(self, f"{tower}_bias_{number}_", array(layer.bias))
        return self

    def encode(self, queries: Queries) -> Scores:
        """Return what the encoder makes of histories, before the decoder's first layer: float32 ``[n, code]``."""
        x = queries.matrix(len(self.items_))
        lengths = np.diff(x.indptr)
        x.data = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)
        code = sparse_dense(x, self.items_) + self.bias_
        for number in range(1, len(self.layers)):
            code = self._layer("encoder", number, np.tanh(code))
        return self._coded(code)

    def _coded(self, code: Scores) -> Scores:
        """The code from the encoder's last output."""
        return np.tanh(code)

    def query_vectors(self, queries: Queries) -> Scores:
        """Return the decoder's last hidden layer ``[n, d]``: times an item's weights, with its bias, that is the score."""
        hidden = self.encode(queries)
        for number in range(1, len(self.layers)):
            hidden = np.tanh(self._layer("decoder", number, hidden))
        return hidden

    def _layer(self, tower: str, number: int, x: Scores) -> Scores:
        weight, bias = (getattr(self, f"{tower}_{kind}_{number}_") for kind in ("weight", "bias"))
        return np.asarray(row_products(x, weight) + bias)

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the decoder's outputs, without a softmax: it would not change their order."""
        last = len(self.layers)
        scores = score_factors(self.query_vectors(queries), getattr(self, f"decoder_weight_{last}_"), items)
        biases = getattr(self, f"decoder_bias_{last}_")
        scores += biases if items is None else biases[items]
        return scores

    def _n_weights(self, n_items: int) -> int:
        widths = (n_items, *self.layers)
        return 2 * sum(n * m for n, m in pairwise(widths))

    def memory(self, shape: Shape) -> int:
        """Six copies of the weights (gradient, Adam, best, fitted); scores of a batch three times; the log."""
        batch = int(self.settings["batch"])
        return 4 * 6 * self._n_weights(shape.n_items) + 4 * 3 * batch * shape.n_items + 24 * shape.n_events

    def work(self, shape: Shape) -> float:
        """All weights of the decoder for each user, forward and backward, those of the encoder's input for each event."""
        rest = self._n_weights(shape.n_items) - shape.n_items * self.layers[0]
        return int(self.settings["epochs"]) * (6.0 * rest * shape.n_users + 6.0 * self.layers[0] * shape.n_events)
