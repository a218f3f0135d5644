"""Mult-VAE: a variational autoencoder of histories under a multinomial likelihood, its divergence held back.

Liang, Krishnan, Hoffman and Jebara, "Variational Autoencoders for Collaborative Filtering", WWW 2018 (equations 6 to 8). With x
the history of a person, 1 where an item was consumed, mu and sigma from the encoder, and f the decoder::

    z = mu(drop(x / |x|)) + sigma(drop(x / |x|)) * e,   e ~ N(0, I)
    minimise  mean over people of  - sum_i x_i ln softmax(f(z))_i  +  beta KL(N(mu, sigma^2) || N(0, I))

with tanh between layers. beta rises linearly from 0 to its cap in ``annealing`` epochs: the paper's 200,000 steps would never end
on a small log. Anybody with a history is scored, from z = mu without dropout. Time O(people items width) per epoch, memory items
width + batch items.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.models.base import Declares, Validate
from vitrina.models.neural.history_model import HistoryModel
from vitrina.models.neural.likelihoods import Likelihood
from vitrina.models.neural.multdae import Width
from vitrina.models.space import Floats, hyperparameters
from vitrina.ranking.scorer import Scores

if TYPE_CHECKING:
    from torch import Tensor

    from vitrina.models.neural.autoencoder_network import HistoryAutoencoder
    from vitrina.training.plan import Moment


@hyperparameters
class MultVAE(HistoryModel):
    """Variational autoencoder with a multinomial likelihood."""

    layers: Annotated[tuple[Width, ...], Field(min_length=1), "widths of the encoder, the code last"] = (600, 200)
    likelihood: Annotated[Likelihood, "of histories: multinomial, logistic or gaussian"] = "multinomial"
    beta: Annotated[float, Floats(0.05, 1.0, log=True), Field(ge=0), "cap of the weight of the divergence"] = 0.2
    annealing: Annotated[float, Field(ge=0), "epochs in which that weight rises to its cap"] = 50.0
    dropout: Annotated[float, Floats(0.1, 0.8), Field(ge=0, lt=1), "probability that an item of the input is left out"] = 0.5
    lr: Annotated[float, Floats(3e-4, 1e-2, log=True), Field(gt=0), "learning rate of Adam"] = 1e-3
    batch: Annotated[int, Field(ge=1), "people per step"] = 500
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 200
    seed: Annotated[int, "seed of start, order, dropout and codes"] = 0

    name: ClassVar[str] = "mult-vae"
    title: ClassVar[str] = "Mult-VAE"
    paper: ClassVar[str] = "Liang et al. 2018"
    declares: ClassVar[Declares] = Declares(epochs=True)

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn the layers, see ``HistoryModel``; raises ``VitrinaError`` when training explodes before an epoch is done."""
        from vitrina.training.plan import Plan

        network, n_users = self.network(dataset, variational=True, dropout=self.dropout, seed=self.seed)
        plan = Plan(epochs=self.epochs, batch_size=self.batch, lr=self.lr, seed=self.seed)
        return self.train(network, n_users, self._annealed(network), plan, validate)

    def _annealed(self, network: HistoryAutoencoder) -> Callable[[Tensor, Moment], Tensor]:
        """The loss with the weight of the divergence that is due at each step."""

        def loss(samples: Tensor, moment: Moment) -> Tensor:
            done = moment.step / moment.steps_per_epoch
            risen = min(1.0, done / self.annealing) if self.annealing else 1.0
            return network.loss(samples, moment, kind=self.likelihood, beta=self.beta * risen)

        return loss

    def _coded(self, code: Scores) -> Scores:
        return code[:, : self.layers[-1]]
