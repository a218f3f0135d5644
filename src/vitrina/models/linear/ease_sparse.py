"""EASE for large catalogues: each item is predicted only from the items most correlated with it.

Steck, "Markov Random Fields for Collaborative Filtering", NeurIPS 2019 (section 3): the sparsity pattern of the weights comes
from the largest correlations of the data (3.1), the weights from one small inverse per item over its neighbours N_j (3.2, with
r = 0: nothing is shared between items)::

    b_j = (G_NN + l2 I)^-1 G_Nj,   G = X'X,   B_ij = 0 outside N_j

which is EASE restricted to the pattern, and EASE itself when all items are neighbours. Sharing the inverse of one item with
its neighbours (r > 0) is cheaper but costs more accuracy than the sparsity does. With k neighbours, time O(sum over users of
items^2 + items k^3), memory items x k, and at most a quarter of the machine's for the counts of pairs (see ``pairs``).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.kernels.gram import gram_matrix
from vitrina.kernels.ridge import ridge_regressions
from vitrina.kernels.sparse import sparse_sparse
from vitrina.kernels.topk import top_k
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.history import explain_weights, score_sparse
from vitrina.models.linear.columns import BLOCK, blocks
from vitrina.models.linear.pairs import storage
from vitrina.models.space import Floats, Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class SparseEASE(Recommender):
    """EASE on the strongest correlations only, one small regression per item."""

    l2: Annotated[float, Floats(1.0, 1e7, log=True), Field(ge=0), "ridge penalty; larger is smoother"] = 500.0
    neighbours: Annotated[int, Ints(50, 1000, log=True), Field(ge=1), "items each item is predicted from"] = 200

    name: ClassVar[str] = "ease-sparse"
    title: ClassVar[str] = "EASE (sparse)"
    paper: ClassVar[str] = "Steck 2019 (MRF)"
    declares: ClassVar[Declares] = Declares(closed_form=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Compute ``weights_``, CSR float32 ``[n_items, n_items]`` (row: source, column: target)."""
        x, n_items = dataset.matrix(), dataset.n_items
        sources = most_correlated(x, min(self.neighbours, n_items - 1), dataset.items.keys)
        gram = gram_matrix(x, storage(Shape.of(dataset))[0])
        weights = ridge_regressions(gram, sources, self.l2)
        offsets = np.arange(n_items + 1) * sources.shape[1]
        by_target = csr_matrix((weights.ravel(), sources.ravel(), offsets), shape=(n_items, n_items))
        by_target.eliminate_zeros()
        self.weights_ = by_target.T.tocsr()
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return ``x B``."""
        return score_sparse(queries, self.weights_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the weight of each item of the history, see ``explain_weights``."""
        return explain_weights(queries, self.weights_, items)

    def memory(self, shape: Shape) -> int:
        """The weights twice while they are transposed, the counts of pairs, a block of correlations, the log three times."""
        kept = 8 * shape.n_items * min(self.neighbours, shape.n_items)
        block = 4 * shape.n_items * min(shape.n_items, BLOCK)
        return max(2 * kept + storage(shape)[1], kept + 3 * block) + 3 * 8 * shape.n_events

    def work(self, shape: Shape) -> float:
        """The correlations twice; then for each item its system and a Cholesky factor."""
        k = min(self.neighbours, shape.n_items)
        return 2.0 * shape.n_co_events + 4.0 * shape.n_items**2 + shape.n_items * (10.0 * k**2 + k**3 / 6)


def most_correlated(x: csr_matrix, k: int, item_keys: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Return the ``k`` other columns of the binary ``x [n_users, n]`` most correlated with each, int32 ``[n, k]``.

    By the absolute value of Pearson's correlation, zero for constant columns. Equals are chosen by a hash of the items' keys.
    """
    n_users, n_items = x.shape
    by_item = x.T.tocsr()
    totals = np.diff(by_item.indptr).astype(np.float32)
    spread = np.sqrt(totals * (1 - totals / max(1, n_users)))
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
    found = np.empty((n_items, k), np.int32)
    for rows in blocks(n_items if k else 0):
        block = sparse_sparse(by_item[rows], x)
        block -= np.outer(totals[rows] / np.float32(n_users), totals)
        block *= scale[rows, None]
        block *= scale
        np.abs(block, out=block)
        block[np.arange(len(block)), np.arange(rows.start, rows.stop)] = np.nan
        found[rows] = top_k(block, k, row_keys=item_keys[rows], column_keys=item_keys)[0]
    return found
