"""LightGCN: vectors that are averaged over neighbours in the graph of people and items, and nothing else.

He, Deng, Wang, Li, Zhang and Wang, "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation", SIGIR 2020
(equations 3 to 8, 12). With d_u and d_i how many items a person and how many people an item has::

    e_u^(k+1) = sum over u's items i of  e_i^(k) / sqrt(d_u d_i)          and likewise of items
    e = mean over layers k = 0 .. layers of e^(k)                         score = e_u . e_i
    minimise  mean over events (u, i) and drawn items j of  -ln sigma(x_ui - x_uj)  +  reg/2 |e_u^(0), e_i^(0), e_j^(0)|^2

where j is drawn uniformly from what u has not consumed. Only the vectors of layer 0 are learned. With no layers this would be
BPR-MF without biases.

The paper has no vector for a person who came after training. Here everybody is attached to the graph by their history, without
changing it: the layers above 0 are then known, since they are sums over items. Layer 0 is what the others tell of it, a ridge
regression on them over the people of training, so every score is a sum over the history.

Time O(events^2 / batch layers factors) per epoch, since every step propagates through the whole graph; memory (users + items)
factors + events.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.kernels.dense import gram, row_products
from vitrina.kernels.lapack import one_blas_thread
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.factors.products import explain_factors, score_factors
from vitrina.models.history import unit_sums
from vitrina.models.learned import array
from vitrina.models.space import Floats, Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores

if TYPE_CHECKING:
    from vitrina.models.graph.lightgcn_network import LightGCNNetwork

#: Ridge of the regression on the layers above 0, relative to their mean square.
_RIDGE = 0.01

#: Epochs between two looks at validation.
_VALIDATED = 5


@hyperparameters
class LightGCN(Recommender):
    """Linear graph convolution with the pairwise BPR loss."""

    factors: Annotated[int, Ints(16, 256, log=True), Field(ge=1), "dimension of the vectors"] = 64
    layers: Annotated[int, Ints(1, 4), Field(ge=1), "how many times vectors are averaged over neighbours"] = 3
    lr: Annotated[float, Floats(5e-4, 2e-2, log=True), Field(gt=0), "learning rate of Adam"] = 0.001
    reg: Annotated[float, Floats(1e-6, 1e-2, log=True), Field(ge=0), "regularisation of layer 0 of what an event meets"] = 1e-4
    batch: Annotated[int, Field(ge=1), "events per step"] = 2048
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 1000
    seed: Annotated[int, "seed of start, order and samples"] = 0

    name: ClassVar[str] = "lightgcn"
    title: ClassVar[str] = "LightGCN"
    paper: ClassVar[str] = "He et al. 2020"
    declares: ClassVar[Declares] = Declares(neural=True, epochs=True, shares_batches=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn ``item_vectors_`` and ``history_vectors_``, what an item adds to who has it, float32 ``[n_items, d]`` both.

        Raises ``VitrinaError`` when training explodes before a single epoch is done.
        """
        from vitrina.models.graph.lightgcn_network import LightGCNNetwork
        from vitrina.training.plan import Plan
        from vitrina.training.trainer import train

        network = LightGCNNetwork(dataset.matrix(), factors=self.factors, layers=self.layers, seed=self.seed)
        self.epochs_ = self.epochs
        if network.n_samples:
            plan = Plan(epochs=self.epochs, batch_size=self.batch, lr=self.lr, seed=self.seed, validate_every=_VALIDATED)
            value = None if validate is None else lambda: validate(self._with(network))
            step = partial(network.loss, reg=self.reg)
            outcome = train(network, network.n_samples, step, plan, validate=value, devices=("cuda", "cpu"))
            self.epochs_ = outcome.checked(self.name).epochs
        return self._with(network)

    def _with(self, network: LightGCNNetwork) -> Self:
        """Take over what the network has learned."""
        vectors = (array(t) for t in (*network.vectors(), network.people, network.attached()))
        people, self.item_vectors_, start, attached = vectors
        start = np.asarray(start / np.float32(self.layers + 1), np.float32)
        self.history_vectors_ = attached + row_products(attached, _regression(people - start, start).T)
        return self

    def query_vectors(self, queries: Queries) -> Scores:
        """Attach the histories to the graph: float32 ``[n, d]``; zeros for an empty one."""
        return unit_sums(queries, self.history_vectors_)

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return e_u . e_i."""
        return score_factors(self.query_vectors(queries), self.item_vectors_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return what each item of the history adds to e_u, times e_i: together they are the score."""
        return explain_factors(queries, self.history_vectors_, self.item_vectors_[items] * _scale(queries)[:, None])

    def memory(self, shape: Shape) -> int:
        """Ten tables of vectors (gradient, Adam, best, layers), the graph in both directions, events and what is not drawn."""
        return 4 * 10 * self.factors * (shape.n_users + shape.n_items) + 50 * shape.n_events

    def work(self, shape: Shape) -> float:
        """Forward and backward, a sum over all neighbours a layer, in every step."""
        steps = self.epochs * max(1.0, shape.n_events / self.batch)
        return steps * 4.0 * self.factors * (self.layers * shape.n_events + 4 * (shape.n_users + shape.n_items))


def _regression(x: Scores, y: Scores) -> Scores:
    """Return W of the ridge regression of ``y [n, d]`` on ``x [n, d]``, x W: ``[d, d]``."""
    d = x.shape[1]
    products = gram(np.concatenate([x, y], axis=1)).astype(np.float64)
    squares = products[:d, :d]
    ridge = max(_RIDGE * np.trace(squares) / d, np.finfo(np.float32).tiny)
    with one_blas_thread():
        return np.linalg.solve(squares + ridge * np.eye(d), products[:d, d:]).astype(np.float32)


def _scale(queries: Queries) -> Scores:
    """Return 1 / sqrt(d_u) ``[n]`` of histories of d_u different items."""
    return (1 / np.sqrt(np.maximum(queries.sets.lengths, 1))).astype(np.float32)
