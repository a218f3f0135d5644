"""Mult-DAE: a denoising autoencoder of histories under a multinomial likelihood.

Liang, Krishnan, Hoffman and Jebara, "Variational Autoencoders for Collaborative Filtering", WWW 2018 (section 2.2). With x the
history of a person, 1 where an item was consumed::

    z = tanh(W drop(x / |x|) + b)          f = W' z + b'
    minimise  mean over people of  - sum_i x_i ln softmax(f)_i   +   reg |weights that are no biases|^2

where drop sets each item to zero with the probability ``dropout`` and scales up the others. ``layers`` are the widths of the
encoder; with several the decoder has them mirrored, with tanh between. Anybody with a history is scored, without dropout. Time
O(people items width) per epoch, memory items width + batch items.

The paper's weight decay of 0.01 is divided by the batch size in its code, which gives the default here.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar, Self

from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.models.base import Declares, Validate
from vitrina.models.neural.history_model import HistoryModel
from vitrina.models.neural.likelihoods import Likelihood
from vitrina.models.space import Floats, hyperparameters

Width = Annotated[int, Field(ge=1)]


@hyperparameters
class MultDAE(HistoryModel):
    """Denoising autoencoder with a multinomial likelihood."""

    layers: Annotated[tuple[Width, ...], Field(min_length=1), "widths of the encoder, the code last"] = (200,)
    likelihood: Annotated[Likelihood, "of histories: multinomial, logistic or gaussian"] = "multinomial"
    dropout: Annotated[float, Floats(0.1, 0.8), Field(ge=0, lt=1), "probability that an item of the input is left out"] = 0.5
    reg: Annotated[float, Floats(1e-6, 1e-3, log=True), Field(ge=0), "regularisation of the weights that are no biases"] = 2e-5
    lr: Annotated[float, Floats(3e-4, 1e-2, log=True), Field(gt=0), "learning rate of Adam"] = 1e-3
    batch: Annotated[int, Field(ge=1), "people per step"] = 500
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 200
    seed: Annotated[int, "seed of start, order and dropout"] = 0

    name: ClassVar[str] = "mult-dae"
    title: ClassVar[str] = "Mult-DAE"
    paper: ClassVar[str] = "Liang et al. 2018"
    declares: ClassVar[Declares] = Declares(epochs=True)

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn the layers, see ``HistoryModel``; raises ``VitrinaError`` when training explodes before an epoch is done."""
        from vitrina.training.plan import Plan

        network, n_users = self.network(dataset, variational=False, dropout=self.dropout, seed=self.seed)
        step = partial(network.loss, kind=self.likelihood, reg=self.reg)
        plan = Plan(epochs=self.epochs, batch_size=self.batch, lr=self.lr, seed=self.seed)
        return self.train(network, n_users, step, plan, validate)
