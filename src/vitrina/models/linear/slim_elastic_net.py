"""SLIM: each item is predicted from few other items by a non-negative elastic net.

Ning and Karypis, "SLIM: Sparse Linear Methods for Top-N Recommender Systems", ICDM 2011 (equation 4, one column at a time),
with the penalties scaled as in scikit-learn and in Ferrari Dacrema et al., TOIS 2021. For each item j, with x_j its column
of the binary user-item matrix X of n users::

    minimise  1/(2n) |x_j - X w|^2 + alpha l1_ratio |w|_1 + alpha (1 - l1_ratio)/2 |w|^2
    subject to w >= 0, w_j = 0

A history x scores items by x W. Solved to the optimum on the Gram matrix X'X (tolerance: the kernel's), where only items that
share enough users with j to get a weight are ever looked at. With a non-zero weights per item, time
O(sum over users of items^2 + items^2 a + passes items a^2), memory two bytes per pair of items (or less, see ``pairs``).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.kernels.elastic_net import elastic_nets
from vitrina.kernels.gram import gram_matrix
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.history import explain_weights, score_sparse
from vitrina.models.linear.columns import blocks, bytes_kept, strongest_sources
from vitrina.models.linear.pairs import storage
from vitrina.models.space import Floats, Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores

_PASSES = 60  # over the non-zero weights of an item until they settle; measured on MovieLens-1M, for ``work``


@hyperparameters
class SLIMElasticNet(Recommender):
    """Sparse, non-negative item-item weights by elastic net regression."""

    alpha: Annotated[float, Floats(1e-3, 1.0), Field(gt=0), "strength of both penalties, per user"] = 0.0788
    l1_ratio: Annotated[float, Floats(1e-5, 1.0, log=True), Field(ge=0, le=1), "share of the L1 penalty: sparser"] = 1.19e-5
    neighbours: Annotated[int, Ints(5, 1000), Field(ge=1), "largest weights kept for each item"] = 544
    as_published: Annotated[bool, "drop one weight more: a slip of the code of Ferrari Dacrema et al."] = False

    name: ClassVar[str] = "slim-en"
    title: ClassVar[str] = "SLIM (elastic net)"
    paper: ClassVar[str] = "Ning & Karypis 2011"
    declares: ClassVar[Declares] = Declares(explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Compute ``weights_``, CSR float32 ``[n_items, n_items]`` (row: source, column: target)."""
        gram = gram_matrix(dataset.matrix(), storage(Shape.of(dataset))[0])
        l1 = dataset.n_users * self.alpha * self.l1_ratio
        l2 = dataset.n_users * self.alpha * (1 - self.l1_ratio)
        nets = (elastic_nets(gram, targets, l1, l2) for targets in blocks(dataset.n_items))
        if self.as_published:
            nets = (without_weakest(rows, self.neighbours) for rows in nets)
        self.weights_ = strongest_sources(nets, self.neighbours, dataset.items.keys)
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return ``x W``."""
        return score_sparse(queries, self.weights_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the weight of each item of the history, see ``explain_weights``."""
        return explain_weights(queries, self.weights_, items)

    def memory(self, shape: Shape) -> int:
        """The counts of pairs of items, the log and its transpose, the kept weights."""
        return storage(shape)[1] + 3 * 8 * shape.n_events + bytes_kept(shape.n_items, self.neighbours)

    def work(self, shape: Shape) -> float:
        """The counts; then for each item passes over its weights, and a few products of the counts with them."""
        active = min(self.neighbours, shape.n_items)
        return shape.n_co_events + shape.n_items * active * (_PASSES * active + 4.0 * shape.n_items)


def without_weakest(rows: Scores, k: int) -> Scores:
    """Zero the smallest non-zero weight of each row that has at most ``k``: TOIS's code keeps min(non-zeros - 1, k)."""
    size = (rows > 0).sum(axis=1)
    weakest = np.where(rows > 0, rows, np.inf).argmin(axis=1)
    hit = np.flatnonzero((size > 0) & (size <= k))
    rows[hit, weakest[hit]] = 0
    return rows
