"""What networks from histories to the scores of all items share: their training, and scores as inner products with items."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.factors.products import score_factors
from vitrina.ranking.scorer import Items, Scores

if TYPE_CHECKING:
    from torch import Tensor

    from vitrina.training.plan import Moment, Plan

    Step = Callable[[Tensor, Moment], Tensor]


Likelihood = Literal["multinomial", "logistic", "gaussian"]


class HistoryModel(Recommender):
    """A network that reads the histories of a batch of people at a time; the last layer has a vector and a bias for each item.

    Every model of this kind learns ``item_vectors_ [n_items, d]`` and ``item_biases_ [n_items]``, that last layer, beside what
    makes ``query_vectors`` from histories; all float32.
    """

    lr: float
    batch: int
    epochs: int
    seed: int
    item_vectors_: Scores
    item_biases_: Scores

    declares: ClassVar[Declares] = Declares(epochs=True, neural=True, shares_batches=True)
    passes: ClassVar[int] = 1  #: over the log, that make up an epoch
    validated: ClassVar[int] = 5  #: epochs from one validation to the next: the value wavers, and a small log has short ones

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn the layers; raises ``VitrinaError`` when training explodes before a single epoch is done."""
        from vitrina.training.trainer import train

        x = dataset.matrix()
        people = np.diff(x.indptr) > 0
        log = x[people]
        network = self.network(log)
        self.epochs_ = self.epochs
        if log.nnz:
            value = None if validate is None else lambda: validate(self._with(network, people))
            groups = getattr(network, "groups", None)
            outcome = train(
                network, log.shape[0], self.step(network), self.plan(), validate=value, groups=groups, devices=("cuda", "cpu")
            )
            self.epochs_ = -(-outcome.checked(self.name).epochs // self.passes)
        return self._with(network, people)

    @abstractmethod
    def network(self, log: csr_matrix) -> Any:
        """Return the module to train; a sample is a row of ``log``, all of which have entries."""

    def plan(self) -> Plan:
        """Return how it is trained."""
        from vitrina.training.plan import Plan

        epochs, every, passes = self.passes * self.epochs, self.passes * self.validated, self.passes
        return Plan(epochs=epochs, batch_size=self.batch, lr=self.lr, validate_every=every, passes=passes, seed=self.seed)

    @abstractmethod
    def step(self, network: Any) -> Step:
        """Return the loss to train with, as the trainer asks for it."""

    @abstractmethod
    def _with(self, network: Any, people: NDArray[np.bool_]) -> Self:
        """Take over what the network has learned from the rows of ``people [n_users]``."""

    @abstractmethod
    def query_vectors(self, queries: Queries) -> Scores:
        """Return the last hidden layer ``[n, d]``: times an item's vector, with its bias, that is the score."""

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the last layer's sums, without a softmax or sigmoid: it would not change their order."""
        scores = score_factors(self.query_vectors(queries), self.item_vectors_, items)
        scores += self.item_biases_ if items is None else self.item_biases_[items]
        return scores


def n_scored(shape: Shape, batch: int, sampled: int) -> int:
    """Return how many items a step scores at most, about: those of ``batch`` people and those sampled; 0 of these: all."""
    of_people = batch * shape.n_events // max(1, shape.n_users)
    return min(shape.n_items, of_people + sampled) if sampled else shape.n_items
