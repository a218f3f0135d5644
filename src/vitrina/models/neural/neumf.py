"""NeuMF: neural matrix factorisation, GMF and a tower side by side.

He, Liao, Zhang, Nie, Hu and Chua, "Neural Collaborative Filtering", WWW 2017 (sections 3.4 and 3.4.1). With vectors p, q for
the product and others, r and s, for the tower of MLP (``vitrina.models.neural.mlp``, also for what ``layers`` means)::

    y_ui = sigma(h . [p_u * q_i; z_L(r_u, s_i)] + b)
    minimise  mean over events and drawn items of  -y ln y_ui - (1 - y) ln(1 - y_ui)

by Adam from a random start. With ``pretrain`` GMF and MLP are trained first, each by Adam with ``lr``; their parameters are the
start, with h = [alpha h_GMF; (1 - alpha) h_MLP] and the same of both biases, and plain stochastic gradient descent with
``sgd_lr`` goes on, since the state of Adam is not known of the whole. Fitted with validation, both choose their number of epochs
there too, and as in the authors' code the start itself may turn out to be the best: ``epochs`` 0. People without training
events get no score. Time and memory are those of GMF and MLP together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.errors import VitrinaError
from vitrina.models.base import Declares, Shape, Validate
from vitrina.models.neural.gmf import GMF
from vitrina.models.neural.mlp import MLP
from vitrina.models.neural.ncf_model import Layers, NCFModel, refuse_no_tower, tower_of
from vitrina.models.space import Floats, Only, hyperparameters, refuse_idle

if TYPE_CHECKING:
    from vitrina.models.neural.ncf_network import NCFNetwork

_PRETRAINED = Only("pretrain", (True,))


@hyperparameters
class NeuMF(NCFModel):
    """Generalised matrix factorisation and a multi-layer perceptron, weighed together."""

    layers: Layers = ()
    pretrain: Annotated[bool, "start from GMF and MLP, trained before"] = False
    alpha: Annotated[float, Field(ge=0, le=1), _PRETRAINED, "weight of GMF at that start"] = 0.5
    gmf_epochs: Annotated[int, Field(ge=1), _PRETRAINED, "passes of GMF before; with validation the best up to this"] = 100
    mlp_epochs: Annotated[int, Field(ge=1), _PRETRAINED, "passes of MLP before; with validation the best up to this"] = 100
    sgd_lr: Annotated[float, Floats(1e-4, 1.0, log=True), Field(gt=0), _PRETRAINED, "learning rate after that start"] = 0.01
    epochs: Annotated[
        int, Field(ge=0), "passes over the log; with validation the best number up to this; with pretrain also 0, the start"
    ] = 100

    name: ClassVar[str] = "neumf"
    title: ClassVar[str] = "NeuMF"
    declares: ClassVar[Declares] = replace(NCFModel.declares, chooses=("gmf_epochs", "mlp_epochs"))

    def __post_init__(self) -> None:
        refuse_idle(self)
        refuse_no_tower(self.layers)
        if not self.epochs and not self.pretrain:
            raise VitrinaError("epochs = 0 leaves NeuMF at its random start. Set epochs to 1 or more, or pretrain to true.")

    @property
    def product(self) -> int:
        """See ``NCFModel``."""
        return self.factors

    @property
    def tower(self) -> tuple[int, ...]:
        """See ``NCFModel``."""
        return tower_of(self.layers, self.factors)

    @property
    def parts(self) -> tuple[GMF, MLP]:
        """The models that are trained before."""
        shared = {name: getattr(self, name) for name in ("lr", "negatives", "batch", "seed")}
        gmf = GMF(factors=self.factors, epochs=self.gmf_epochs, **shared)
        return gmf, MLP(layers=self.tower, epochs=self.mlp_epochs, **shared)

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn, also ``gmf_epochs_`` and ``mlp_epochs_``; raises ``VitrinaError`` when training explodes at once."""
        self.gmf_epochs_, self.mlp_epochs_ = self.gmf_epochs, self.mlp_epochs
        if not self.pretrain:
            return super().fit(dataset, validate)
        gmf, mlp = self.parts
        gmf.fit(dataset, validate)
        mlp.fit(dataset, validate)
        self.gmf_epochs_, self.mlp_epochs_ = gmf.epochs_, mlp.epochs_
        network = self._network(dataset)
        self.join(network, gmf, mlp)
        if not self.epochs:
            self.epochs_ = 0
            return self._with(network)
        plan = replace(self._plan(network, self.sgd_lr, "sgd"), start_counts=True)
        return self._train(network, plan, validate)

    def join(self, network: NCFNetwork, gmf: GMF, mlp: MLP) -> None:
        """Let ``network`` start from both: its scores are alpha times those of GMF and 1 - alpha times those of MLP."""
        shares = ((self.alpha, gmf), (1 - self.alpha, mlp))
        output = [share * part.output_ for share, part in shares]
        bias = np.array([sum(share * part.output_bias_ for share, part in shares)])
        network.start_from(
            users=np.concatenate([gmf.user_factors_, mlp.user_inputs_], axis=1),
            items=np.concatenate([gmf.item_factors_, mlp.item_inputs_], axis=1),
            layers=np.concatenate([*(part.ravel() for part in mlp.layer_parts()), *output, bias]),
        )

    def memory(self, shape: Shape) -> int:
        """That of one network, and what GMF and MLP have learned."""
        return super().memory(shape) + 4 * self.pretrain * self._n_weights(shape)

    def work(self, shape: Shape) -> float:
        """That of one network, and of GMF and MLP before."""
        return super().work(shape) + self.pretrain * sum(part.work(shape) for part in self.parts)
