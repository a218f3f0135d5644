"""What the autoencoders of histories share: training, the way from a history to scores, and what that costs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.kernels.dense import row_products
from vitrina.kernels.sparse import sparse_dense
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.factors.products import score_factors
from vitrina.models.neural.likelihoods import Likelihood
from vitrina.models.space import Floats, hyperparameters
from vitrina.ranking.scorer import Items, Scores

if TYPE_CHECKING:
    from torch import Tensor

    from vitrina.models.neural.autoencoder_network import HistoryAutoencoder
    from vitrina.training.plan import Moment

    Step = Callable[[Tensor, Moment], Tensor]

Width = Annotated[int, Field(ge=1)]

#: Epochs between validations: one is a dozen steps on a small log, and the value wavers from one to the next.
VALIDATE_EVERY = 5


@hyperparameters
class HistoryModel(Recommender):
    """An autoencoder of histories: the encoder has ``layers``, the decoder has them mirrored, with tanh between.

    Learned: ``items_ [n_items, m]`` and ``bias_ [m]``, the first layer, then ``encoder_weight_1_`` and so on ``[out, in]``, and
    ``decoder_weight_1_`` to the last one, which has a row for each item; all float32.
    """

    layers: Annotated[tuple[Width, ...], Field(min_length=1), "widths of the encoder, the code last"] = (200,)
    likelihood: Annotated[Likelihood, "of histories: multinomial, logistic or gaussian"] = "multinomial"
    dropout: Annotated[float, Floats(0.1, 0.8), Field(ge=0, lt=1), "probability that an item of the input is left out"] = 0.5
    lr: Annotated[float, Floats(3e-4, 1e-2, log=True), Field(gt=0), "learning rate of Adam"] = 1e-3
    batch: Annotated[int, Field(ge=1), "people per step"] = 500
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 200
    seed: Annotated[int, "seed of start, order and everything drawn"] = 0

    variational: ClassVar[bool] = False
    declares: ClassVar[Declares] = Declares(epochs=True, neural=True)

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn the layers; raises ``VitrinaError`` when training explodes before a single epoch is done."""
        from vitrina.models.neural.autoencoder_network import HistoryAutoencoder
        from vitrina.training.plan import Plan
        from vitrina.training.trainer import train

        x = dataset.matrix()
        log = x[np.diff(x.indptr) > 0]
        network = HistoryAutoencoder(log, self.layers, variational=self.variational, dropout=self.dropout, seed=self.seed)
        self.epochs_ = self.epochs
        if log.nnz:
            plan = Plan(epochs=self.epochs, batch_size=self.batch, lr=self.lr, seed=self.seed, validate_every=VALIDATE_EVERY)
            value = None if validate is None else lambda: validate(self._with(network))
            outcome = train(network, log.shape[0], self.step(network), plan, validate=value, devices=("cuda", "cpu"))
            if outcome.failed:
                raise VitrinaError(f"{self.name}: {outcome.message}")
            self.epochs_ = outcome.epochs
        return self._with(network)

    @abstractmethod
    def step(self, network: HistoryAutoencoder) -> Step:
        """Return the loss to train with, as the trainer asks for it."""

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
        return code[:, : self.layers[-1]] if self.variational else np.tanh(code)

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
        return 4 * 6 * self._n_weights(shape.n_items) + 4 * 3 * self.batch * shape.n_items + 24 * shape.n_events

    def work(self, shape: Shape) -> float:
        """All weights of the decoder for each user, forward and backward, those of the encoder's input for each event."""
        rest = self._n_weights(shape.n_items) - shape.n_items * self.layers[0]
        return self.epochs * (6.0 * rest * shape.n_users + 6.0 * self.layers[0] * shape.n_events)
