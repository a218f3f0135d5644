"""EASE: one ridge regression per item, all of them from a single matrix inverse.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019. With the Gram matrix G = X'X of the binary user-item
matrix X, and P = (G + l2 I)^-1 (equations 7 and 8)::

    minimise |X - X B|^2 + l2 |B|^2   subject to diag(B) = 0
    B_ij = -P_ij / P_jj,  B_jj = 0

A history x scores items by x B. Time O(items^3), memory one float32 matrix items x items: the inverse is computed in place.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.kernels.dense import inverse_in_place
from vitrina.kernels.sparse import sparse_sparse
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.history import explain_weights, score_dense
from vitrina.models.space import Floats, hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class EASE(Recommender):
    """Linear item-item weights with zero diagonal, in closed form."""

    l2: Annotated[float, Floats(1.0, 1e7, log=True), Field(ge=0), "ridge penalty; larger is smoother"] = 500.0

    name: ClassVar[str] = "ease"
    title: ClassVar[str] = "EASE"
    paper: ClassVar[str] = "Steck 2019"
    declares: ClassVar[Declares] = Declares(closed_form=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Compute ``weights_`` float32 ``[n_items, n_items]``."""
        x = dataset.matrix()
        gram = sparse_sparse(x.T.tocsr(), x)
        gram[np.diag_indices_from(gram)] += np.float32(self.l2)
        inverse = inverse_in_place(gram)
        inverse /= -np.diag(inverse)  # divides column j by -P_jj
        np.fill_diagonal(inverse, 0.0)
        self.weights_ = inverse
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return ``x B``."""
        return score_dense(queries, self.weights_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the weight of each item of the history, see ``explain_weights``."""
        return explain_weights(queries, self.weights_, items)

    def memory(self, shape: Shape) -> int:
        """One matrix items x items, and the log as a sparse matrix and its transpose."""
        return 4 * shape.n_items**2 + 2 * 8 * shape.n_events

    def work(self, shape: Shape) -> float:
        """The Gram matrix, its factor and the inverse."""
        return shape.n_co_events + shape.n_items**3
