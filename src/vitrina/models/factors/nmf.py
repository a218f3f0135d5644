"""NMF: non-negative factors of the binary matrix, by multiplicative updates.

Lee and Seung, "Algorithms for Non-negative Matrix Factorization", NIPS 2000. With X ~ W H', W and H non-negative, for the
squared error (equation 4)::

    W <- W * (X H) / (W H'H)         H <- H * (X'W) / (H W'W)

Neither update increases the error. A history is folded in by updates of its own row with H fixed. Time O(events factors) per
iteration, memory (users + items) factors.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.kernels.sparse import sparse_dense
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.early import BestEpoch
from vitrina.models.explanation import Explanation
from vitrina.models.factors.products import explain_factors, score_factors
from vitrina.models.space import Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores

_EPSILON = np.float32(1e-9)
_FOLD_IN_UPDATES = 50


@hyperparameters
class NMF(Recommender):
    """Non-negative matrix factorisation with squared error."""

    factors: Annotated[int, Ints(1, 350), Field(ge=1), "number of parts"] = 50
    epochs: Annotated[int, Field(ge=1), "updates of both sides; with validation the best number up to this"] = 100
    seed: Annotated[int, "seed of the random start"] = 0

    name: ClassVar[str] = "nmf"
    title: ClassVar[str] = "NMF"
    paper: ClassVar[str] = "Lee and Seung 2000"
    declares: ClassVar[Declares] = Declares(epochs=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn ``item_vectors_`` float32 ``[n_items, factors]``, all non-negative."""
        x = dataset.matrix()
        x_by_item = x.T.tocsr()
        rng = np.random.default_rng(self.seed)
        scale = np.sqrt(x.nnz / max(1, x.shape[0] * x.shape[1]) / self.factors)
        users, self.item_vectors_ = (scale * rng.random((n, self.factors), np.float32) for n in x.shape)
        best = BestEpoch(validate, self.epochs, every=5)
        for epoch in best:
            users = _updated(users, x, self.item_vectors_)
            self.item_vectors_ = _updated(self.item_vectors_, x_by_item, users)
            best.after(epoch, self, {"item_vectors_": self.item_vectors_})
        best.restore(self)
        return self

    def query_vectors(self, queries: Queries) -> Scores:
        """Fold histories in: float32 ``[n, factors]``; an empty history gives zeros."""
        x = queries.matrix(len(self.item_vectors_))
        vectors = np.full((x.shape[0], self.factors), 1.0 / self.factors, np.float32)
        for _ in range(_FOLD_IN_UPDATES):
            vectors = _updated(vectors, x, self.item_vectors_)
        return vectors

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return inner products of folded-in users and items."""
        return score_factors(self.query_vectors(queries), self.item_vectors_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Divide the weight of each part among the items of the history by how much each belongs to that part.

        The last update of folding in, w <- w * (x H) / (w H'H), is a sum over the history once w H'H is known; its terms
        sum exactly to the score. But w H'H depends on the whole history, so without an item the score would not be less by
        exactly that.
        """
        belonging = sparse_dense(queries.matrix(len(self.item_vectors_)), self.item_vectors_)
        weights = self.query_vectors(queries) * self.item_vectors_[items]
        towards = np.divide(weights, belonging, out=np.zeros_like(weights), where=belonging > 0)
        return explain_factors(queries, self.item_vectors_, towards)

    def memory(self, shape: Shape) -> int:
        """Three arrays of each side's size while it is updated, and the log with its transpose."""
        return 4 * self.factors * 3 * (shape.n_users + shape.n_items) + 2 * 8 * shape.n_events

    def work(self, shape: Shape) -> float:
        """A sparse product per side and epoch, and the small Gram products."""
        return self.epochs * 2.0 * self.factors * (shape.n_events + self.factors * (shape.n_users + shape.n_items))


def _updated(vectors: Scores, x: csr_matrix, others: Scores) -> NDArray[np.float32]:
    """One multiplicative update of ``vectors [n, k]`` with ``others [m, k]`` fixed."""
    updated = sparse_dense(x, others)
    updated *= vectors
    updated /= vectors @ (others.T @ others) + _EPSILON
    return updated
