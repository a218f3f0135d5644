"""RecVAE: a variational autoencoder of histories whose prior remembers what the encoder said of each person before.

Shenbin, Alekseev, Tutubalina, Malykh and Nikolenko, "RecVAE: A New Variational Autoencoder for Top-N Recommendations with
Implicit Feedback", WSDM 2020. With x the history of a person, 1 where an item was consumed::

    h_1 = norm(swish(W_1 drop(x / |x|) + b_1))      h_k = norm(swish(W_k h_(k-1) + b_k + h_1 + ... + h_(k-1)))
    mu, ln sigma^2 = linear in the last h           z = mu + sigma * e,   e ~ N(0, I)           f = W z + b
    minimise  mean over people of  - sum_i x_i ln softmax(f)_i  +  gamma |history| KL(N(mu, sigma^2) || prior)
    prior = .15 N(0, 1) + .75 N(mu_old, sigma_old^2) + .1 N(0, e^10),   of each number of z

norm brings a layer to mean 0 and variance 1, then scales and shifts it; mu_old and sigma_old are those of the encoder before the
epoch, for the same history without dropout. The divergence is estimated by the z that is drawn. ``beta`` is a weight of it in the
place of gamma |history|. An epoch trains the encoder in three passes over the log, with dropout, then the decoder in one pass,
without; each has an Adam of its own. Anybody with a history is scored, from z = mu without dropout. Time O(people items code +
people width^2) per pass, memory items width + batch items. For a large catalogue a step may score only the items of its people
and ``sampled`` others.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix
from scipy.special import expit

from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.kernels.dense import row_products
from vitrina.models.base import Shape
from vitrina.models.history import unit_sums
from vitrina.models.learned import array, keep_layers
from vitrina.models.neural.history_model import HistoryModel, n_scored
from vitrina.models.space import Floats, hyperparameters
from vitrina.ranking.scorer import Scores

if TYPE_CHECKING:
    from vitrina.models.neural.history_model import Step
    from vitrina.models.neural.recvae_network import RecVAENetwork

_TURNS = 3  #: Passes that train the encoder, before one that trains the decoder.
_EPS = 0.1  #: Added to variances by the normalisation of layers.

Share = Annotated[float, Field(ge=0)]


@hyperparameters
class RecVAE(HistoryModel):
    """Variational autoencoder with a composite prior, encoder and decoder trained by turns."""

    width: Annotated[int, Field(ge=1), "width of the encoder's layers"] = 600
    depth: Annotated[int, Field(ge=1), "number of the encoder's layers"] = 5
    code: Annotated[int, Field(ge=1), "width of the code"] = 200
    dropout: Annotated[float, Floats(0.1, 0.8), Field(ge=0, lt=1), "probability that an item of the input is left out"] = 0.5
    gamma: Annotated[
        float, Floats(1e-3, 2e-2, log=True), Field(ge=0), "weight of the divergence for each item of the history"
    ] = 0.005
    beta: Annotated[float, Field(ge=0), "weight of the divergence whatever the history; 0: that of gamma"] = 0.0
    prior: Annotated[tuple[Share, Share, Share], "shares of N(0, 1), of what the encoder said before, and of N(0, e^10)"] = (
        0.15,
        0.75,
        0.1,
    )
    lr: Annotated[float, Floats(1e-4, 3e-3, log=True), Field(gt=0), "learning rate of Adam"] = 5e-4
    batch: Annotated[int, Field(ge=1), "people per step"] = 500
    epochs: Annotated[int, Field(ge=1), "epochs of four passes over the log; with validation the best number up to this"] = 50
    sampled: Annotated[int, Field(ge=0), "items that a step scores beside those of its people; 0: all"] = 0
    seed: Annotated[int, "seed of start, order and everything drawn"] = 0

    name: ClassVar[str] = "recvae"
    title: ClassVar[str] = "RecVAE"
    paper: ClassVar[str] = "Shenbin et al. 2020"
    passes: ClassVar[int] = _TURNS + 1
    validated: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not math.isclose(sum(self.prior), 1, abs_tol=1e-6):
            raise VitrinaError(f"prior = {list(self.prior)} must be three shares of 1, as in [0.15, 0.75, 0.1].")

    def network(self, log: csr_matrix) -> RecVAENetwork:
        """See ``HistoryModel``."""
        from vitrina.models.neural.recvae_network import RecVAENetwork

        return RecVAENetwork(
            log,
            width=self.width,
            depth=self.depth,
            code=self.code,
            eps=_EPS,
            turns=_TURNS,
            dropout=self.dropout,
            gamma=self.gamma,
            beta=self.beta,
            prior=self.prior,
            sampled=self.sampled,
            seed=self.seed,
        )

    def step(self, network: RecVAENetwork) -> Step:
        """See ``HistoryModel``."""
        return network.loss

    def _with(self, network: RecVAENetwork, people: NDArray[np.bool_]) -> Self:
        encoder, decoder = network.encoder, network.decoder
        self.items_, self.bias_ = array(encoder.items), array(encoder.bias)
        keep_layers(self, "encoder", encoder.layers)
        keep_layers(self, "norm", encoder.norms)
        self.code_weight_, self.code_bias_ = (array(part[: self.code]) for part in (encoder.code.weight, encoder.code.bias))
        self.item_vectors_, self.item_biases_ = array(decoder.weight), array(decoder.bias)
        return self

    def query_vectors(self, queries: Queries) -> Scores:
        """See ``HistoryModel``: here mu."""
        x = self._normed(1, unit_sums(queries, self.items_) + self.bias_)
        summed = x
        for number in range(1, self.depth):
            weight, bias = (getattr(self, f"encoder_{kind}_{number}_") for kind in ("weight", "bias"))
            x = self._normed(number + 1, row_products(x, weight) + bias + summed)
            summed = summed + x
        return row_products(x, self.code_weight_) + self.code_bias_

    def _normed(self, number: int, x: Scores) -> Scores:
        x = x * expit(x)
        x -= x.mean(axis=1, keepdims=True)
        x /= np.sqrt(np.square(x).mean(axis=1, keepdims=True) + np.float32(_EPS))
        return np.asarray(x * getattr(self, f"norm_weight_{number}_") + getattr(self, f"norm_bias_{number}_"))

    def memory(self, shape: Shape) -> int:
        """Eight copies of the encoder (Adam, old, best and so on), six of the decoder; scores of a batch thrice; the log."""
        encoder = (shape.n_items + (self.depth - 1) * self.width + 2 * self.code) * self.width
        layers = 12 * self.depth * self.batch * self.width
        scores = 3 * self.batch * n_scored(shape, self.batch, self.sampled)
        return 4 * (8 * encoder + 6 * self.code * shape.n_items + layers + scores) + 24 * shape.n_events

    def work(self, shape: Shape) -> float:
        """In each pass of the encoder its layers for each user, its input for each event, and the decoder; in one the decoder."""
        layers = ((self.depth - 1) * self.width + 2 * self.code) * self.width
        outputs = self.code * n_scored(shape, self.batch, self.sampled)
        of_user = _TURNS * (7.0 * layers + 4.0 * outputs) + 2.0 * layers + 6.0 * outputs
        return self.epochs * (of_user * shape.n_users + _TURNS * 8.0 * self.width * shape.n_events)
