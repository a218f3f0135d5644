"""CDAE: a denoising autoencoder of histories with a node for each person.

Wu, DuBois, Zheng and Ester, "Collaborative Denoising Auto-Encoders for Top-N Recommender Systems", WSDM 2016 (section 3). With
y_u the history of person u, 1 where an item was consumed::

    z_u = h(W' drop(y_u) + v_u + b)          x_ui = w~_i . z_u + b~_i
    minimise  mean over people of  sum of l(x_ui, y_ui) over i   +   reg / 2 |W, W~, V, b, b~|^2

by AdaGrad. drop sets each item to zero with the probability ``corruption`` and scales up the others. h is the identity or the
sigmoid, l the squared loss (x - y)^2 / 2 or the logistic one of sigmoid(x): the paper's M1 to M4 are identity and squared,
identity and logistic, sigmoid and squared, sigmoid and logistic. i are the person's items, and for each of them ``negatives``
others, drawn anew in every epoch; or all items with ``negatives`` 0. Time O(events negatives factors) per epoch, or O(people
items factors); memory (people + items) factors, and batch items where all count.

Scores are x with nothing dropped. Of a person of the training data they are made from v_u and the history that is given; anybody
else has the mean of all v in the place of v_u. Without ``user_node`` it is a plain denoising autoencoder, the same for everybody;
with ``corruption`` 1 the history is never read, and only v_u tells people apart, as in matrix factorisation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix
from scipy.special import expit

from vitrina.data.queries import Queries
from vitrina.kernels.sparse import sparse_dense
from vitrina.models.base import Declares, Shape
from vitrina.models.factors.known_users import trained_vectors
from vitrina.models.learned import array
from vitrina.models.neural.history_model import HistoryModel
from vitrina.models.space import Choice, Floats, Ints, Wide, hyperparameters
from vitrina.ranking.scorer import Scores

if TYPE_CHECKING:
    from vitrina.models.neural.cdae_network import CDAENetwork
    from vitrina.models.neural.history_model import Step
    from vitrina.training.plan import Plan

Hidden = Literal["identity", "sigmoid"]
Loss = Literal["squared", "logistic"]


@hyperparameters
class CDAE(HistoryModel):
    """Denoising autoencoder with a node for each person."""

    factors: Annotated[int, Ints(10, 200, log=True), Field(ge=1), "width of the hidden layer"] = 50
    hidden: Annotated[Hidden, Choice(("identity", "sigmoid")), Wide(40), "function of the hidden layer"] = "sigmoid"
    loss: Annotated[Loss, Choice(("squared", "logistic")), Wide(40), "of single items"] = "logistic"
    corruption: Annotated[float, Floats(0.0, 0.9), Field(ge=0, le=1), "probability that an item of the input is left out"] = 0.2
    negatives: Annotated[int, Choice((5, 0)), Field(ge=0), "items drawn for each item of a history; 0: all items count"] = 5
    user_node: Annotated[bool, "whether each person has a vector beside the history"] = True
    tied: Annotated[bool, "whether an item has the same vector in the input and in the output"] = False
    reg: Annotated[float, Floats(1e-5, 3e-2, log=True), Field(ge=0), "regularisation of everything that is learned"] = 0.01
    lr: Annotated[float, Floats(0.02, 0.5, log=True), Field(gt=0), "learning rate of AdaGrad"] = 0.1
    start: Annotated[float, Field(ge=0), "sums of squares with which AdaGrad starts, of gradients summed over people"] = 1.0
    batch: Annotated[int, Field(ge=1), "people per step"] = 100
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 100
    seed: Annotated[int, "seed of start, order and everything drawn"] = 0

    name: ClassVar[str] = "cdae"
    title: ClassVar[str] = "CDAE"
    paper: ClassVar[str] = "Wu et al. 2016"
    declares: ClassVar[Declares] = replace(HistoryModel.declares, knows_people=True)

    def network(self, log: csr_matrix) -> CDAENetwork:
        """See ``HistoryModel``."""
        from vitrina.models.neural.cdae_network import CDAENetwork

        return CDAENetwork(
            log,
            factors=self.factors,
            sigmoid=self.hidden == "sigmoid",
            logistic=self.loss == "logistic",
            user_node=self.user_node,
            tied=self.tied,
            corruption=self.corruption,
            negatives=self.negatives,
            reg=self.reg,
            seed=self.seed,
        )

    def plan(self) -> Plan:
        """See ``HistoryModel``. The paper's steps follow sums over people and not means, which AdaGrad sees only at its start."""
        start = {"initial_accumulator_value": self.start / self.batch**2}
        return replace(super().plan(), optimiser="adagrad", options=start)

    def step(self, network: CDAENetwork) -> Step:
        """See ``HistoryModel``."""
        return network.loss

    def _with(self, network: CDAENetwork, people: NDArray[np.bool_]) -> Self:
        self.items_, self.bias_ = array(network.items), array(network.bias)
        self.item_vectors_, self.item_biases_ = array(network.output), array(network.output_bias)
        self.stranger_ = np.zeros(self.factors, np.float32)
        if network.people is not None:
            vectors = array(network.people)
            self.user_vectors_ = np.full((len(people), self.factors), np.nan, np.float32)
            self.user_vectors_[people] = vectors
            self.stranger_ += vectors.mean(axis=0) if len(vectors) else 0
        return self

    def query_vectors(self, queries: Queries) -> Scores:
        """See ``HistoryModel``: here z."""
        z = np.tile(self.bias_, (len(queries), 1))
        if self.corruption < 1:
            z += sparse_dense(queries.matrix(len(self.items_)), self.items_)
        if self.user_node:
            known = trained_vectors(queries, self.user_vectors_)
            z += np.where(np.isnan(known), self.stranger_, known)
        return np.asarray(expit(z) if self.hidden == "sigmoid" else z)

    def memory(self, shape: Shape) -> int:
        """Five copies of all vectors (gradient, AdaGrad, best, fitted); scores of a batch thrice, or of its draws; the log."""
        vectors = (1 if self.tied else 2) * shape.n_items + shape.n_users * self.user_node
        events = self.batch * shape.n_events // max(1, shape.n_users)
        met = 60 * events * (1 + self.negatives) if self.negatives else 12 * self.batch * shape.n_items
        return 4 * 5 * self.factors * vectors + met + (48 if self.negatives else 24) * shape.n_events

    def work(self, shape: Shape) -> float:
        """Forward and backward: input for each event, output for each draw, which waits for memory, or for each user and item."""
        met = 5.0 * (1 + self.negatives) * shape.n_events if self.negatives else float(shape.n_users) * shape.n_items
        return self.epochs * 6.0 * self.factors * (met + shape.n_events)
