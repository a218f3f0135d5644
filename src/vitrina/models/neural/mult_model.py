"""What Mult-DAE and Mult-VAE share: towers of tanh layers between a history and scores, and what they cost."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.data.queries import Queries
from vitrina.kernels.dense import row_products
from vitrina.models.base import Shape
from vitrina.models.history import unit_sums
from vitrina.models.learned import array, keep_layers
from vitrina.models.neural.history_model import HistoryModel, Likelihood, n_scored
from vitrina.models.space import Floats, Only, hyperparameters, refuse_idle
from vitrina.ranking.scorer import Scores

if TYPE_CHECKING:
    from vitrina.models.neural.autoencoder_network import HistoryAutoencoder

Width = Annotated[int, Field(ge=1)]
LAYERS = "widths of the encoder, the code last"


@hyperparameters
class MultModel(HistoryModel):
    """An autoencoder of histories: the encoder has ``layers``, the decoder has them mirrored, with tanh between.

    Learned: ``items_ [n_items, m]`` and ``bias_ [m]``, the first layer, then ``encoder_weight_1_`` and so on ``[out, in]``,
    ``decoder_weight_1_`` and so on, and the last layer.
    """

    layers: Annotated[tuple[Width, ...], Field(min_length=1), LAYERS] = (200,)
    likelihood: Annotated[Likelihood, "of histories: multinomial, logistic or gaussian"] = "multinomial"
    dropout: Annotated[float, Floats(0.1, 0.8), Field(ge=0, lt=1), "probability that an item of the input is left out"] = 0.5
    lr: Annotated[float, Floats(3e-4, 1e-2, log=True), Field(gt=0), "learning rate of Adam"] = 1e-3
    batch: Annotated[int, Field(ge=1), "people per step"] = 500
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 200
    sampled: Annotated[
        int, Only("likelihood", ("multinomial",)), Field(ge=0), "items that a step scores beside those of its people; 0: all"
    ] = 0
    seed: Annotated[int, "seed of start, order and everything drawn"] = 0

    variational: ClassVar[bool] = False

    def __post_init__(self) -> None:
        refuse_idle(self)

    def network(self, log: csr_matrix) -> HistoryAutoencoder:
        """See ``HistoryModel``."""
        from vitrina.models.neural.autoencoder_network import HistoryAutoencoder

        return HistoryAutoencoder(log, self.layers, variational=self.variational, dropout=self.dropout, seed=self.seed)

    def _with(self, network: HistoryAutoencoder, people: NDArray[np.bool_]) -> Self:
        self.items_, self.bias_ = array(network.items), array(network.bias)
        keep_layers(self, "encoder", network.encoder)
        keep_layers(self, "decoder", network.decoder[:-1])
        self.item_vectors_, self.item_biases_ = (array(values) for values in network.decoder[-1].parameters())
        return self

    def encode(self, queries: Queries) -> Scores:
        """Return what the encoder makes of histories, before the decoder's first layer: float32 ``[n, code]``.

        Of two outputs of a variational encoder that is the mean.
        """
        code = unit_sums(queries, self.items_) + self.bias_
        for number in range(1, len(self.layers)):
            code = self._layer("encoder", number, np.tanh(code))
        return code[:, : self.layers[-1]] if self.variational else np.tanh(code)

    def query_vectors(self, queries: Queries) -> Scores:
        """See ``HistoryModel``: here the decoder's last hidden layer."""
        hidden = self.encode(queries)
        for number in range(1, len(self.layers)):
            hidden = np.tanh(self._layer("decoder", number, hidden))
        return hidden

    def _layer(self, tower: str, number: int, x: Scores) -> Scores:
        weight, bias = (getattr(self, f"{tower}_{kind}_{number}_") for kind in ("weight", "bias"))
        return np.asarray(row_products(x, weight) + bias)

    def _n_weights(self, n_items: int) -> int:
        widths = (n_items, *self.layers)
        return 2 * sum(n * m for n, m in pairwise(widths))

    def memory(self, shape: Shape) -> int:
        """Six copies of the weights (gradient, Adam, best, fitted); the scores of a step three times; the log."""
        scores = 3 * self.batch * n_scored(shape, self.batch, self.sampled)
        return 4 * (6 * self._n_weights(shape.n_items) + scores) + 24 * shape.n_events

    def work(self, shape: Shape) -> float:
        """Inner layers and scored items for each user, forward and backward, the input for each event; Adam in each step."""
        weights, ends = self._n_weights(shape.n_items), 2 * shape.n_items * self.layers[0]
        met = weights - ends + n_scored(shape, self.batch, self.sampled) * self.layers[0]
        steps = max(1.0, shape.n_users / self.batch)
        return self.epochs * (6.0 * met * shape.n_users + 6.0 * self.layers[0] * shape.n_events + 10.0 * weights * steps)
