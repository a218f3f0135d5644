"""Mult-VAE: a variational autoencoder of histories under a multinomial likelihood, its divergence held back.

Liang, Krishnan, Hoffman and Jebara, "Variational Autoencoders for Collaborative Filtering", WWW 2018 (equations 6 to 8). With x
the history of a person, 1 where an item was consumed, mu and sigma from the encoder, and f the decoder::

    z = mu(drop(x / |x|)) + sigma(drop(x / |x|)) * e,   e ~ N(0, I)
    minimise  mean over people of  - sum_i x_i ln softmax(f(z))_i  +  beta KL(N(mu, sigma^2) || N(0, I))

with tanh between layers. beta rises linearly from 0 to its cap in ``annealing`` epochs: the paper's 200,000 steps would never end
on a small log. With ``find_beta`` the cap is found as in the paper (section 2.2.2): fitted with validation, a first training lets
beta rise to 1 over all ``epochs``, and what it was when validation was best is the cap of the second.

Anybody with a history is scored, from z = mu without dropout. Time O(people items width) per epoch, memory items width + batch
items. For a large catalogue a step may score only the items of its people and ``sampled`` others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.models.base import Declares, Shape, Validate
from vitrina.models.neural.mult_model import LAYERS, MultModel, Width
from vitrina.models.space import Choice, Floats, hyperparameters

if TYPE_CHECKING:
    from torch import Tensor

    from vitrina.models.neural.autoencoder_network import HistoryAutoencoder
    from vitrina.models.neural.history_model import Step
    from vitrina.training.plan import Moment


@hyperparameters
class MultVAE(MultModel):
    """Variational autoencoder with a multinomial likelihood."""

    layers: Annotated[tuple[Width, ...], Choice(((100,), (200,), (600, 200))), Field(min_length=1), LAYERS] = (600, 200)
    beta: Annotated[float, Floats(0.05, 1.0, log=True), Field(ge=0), "cap of the weight of the divergence"] = 0.2
    annealing: Annotated[float, Field(ge=0), "epochs in which that weight rises to its cap"] = 50.0
    find_beta: Annotated[bool, "whether validation finds that cap, by a training before; without validation beta is the cap"] = (
        False
    )

    name: ClassVar[str] = "mult-vae"
    title: ClassVar[str] = "Mult-VAE"
    paper: ClassVar[str] = "Liang et al. 2018"
    variational: ClassVar[bool] = True
    declares: ClassVar[Declares] = replace(MultModel.declares, chooses=("beta",))

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn, also ``beta_``, the cap; raises ``VitrinaError`` when training explodes before a single epoch is done."""
        self.beta_ = self._found(dataset, validate) if self.find_beta and validate is not None else self.beta
        return super().fit(dataset, validate)

    def _found(self, dataset: Dataset, validate: Validate | None) -> float:
        """Let the weight of the divergence rise to 1; return what it was when validation was best."""
        rising = type(self)(**(self.settings | {"find_beta": False, "beta": 1.0, "annealing": float(self.epochs)}))
        return float(rising.fit(dataset, validate).epochs_ / self.epochs)

    def step(self, network: HistoryAutoencoder) -> Step:
        """Return the loss with the weight of the divergence that is due at each step."""

        def loss(samples: Tensor, moment: Moment) -> Tensor:
            done = moment.step / moment.steps_per_epoch
            risen = min(1.0, done / self.annealing) if self.annealing else 1.0
            return network.loss(samples, moment, kind=self.likelihood, sampled=self.sampled, beta=self.beta_ * risen)

        return loss

    def work(self, shape: Shape) -> float:
        """That of one training, or of two."""
        return super().work(shape) * (2 if self.find_beta else 1)
