"""PureSVD: the history projected on the main directions of the user-item matrix.

Cremonesi, Koren and Turrin, "Performance of Recommender Algorithms on Top-N Recommendation Tasks", RecSys 2010 (section 3.2)::

    X ~ U S V'      score(x) = x V V'

with the ``factors`` largest singular values of the binary matrix. Any history is folded in by the same product. Time about
O(factors events) times the iterations of the Lanczos method, memory (users + items) times a few factors.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.kernels.sparse import sparse_dense
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.factors.products import explain_factors, score_factors
from vitrina.models.space import Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class PureSVD(Recommender):
    """Truncated singular value decomposition of the binary matrix."""

    factors: Annotated[int, Ints(1, 350), Field(ge=1), "singular values kept"] = 50
    solver: Annotated[Literal["exact", "randomised"], "Lanczos, or seven power iterations from a random start"] = "exact"

    name: ClassVar[str] = "puresvd"
    title: ClassVar[str] = "PureSVD"
    paper: ClassVar[str] = "Cremonesi et al. 2010"
    declares: ClassVar[Declares] = Declares(closed_form=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Compute ``item_vectors_`` float32 ``[n_items, factors]``: the right singular vectors V."""
        x = dataset.matrix()
        factors = min(self.factors, min(x.shape))
        if factors == min(x.shape) or x.nnz == 0:  # Lanczos finds all but one direction: small data are decomposed whole
            right = np.linalg.svd(x.toarray(), full_matrices=False)[2][:factors]
        elif self.solver == "randomised":
            right = _randomised_right_vectors(x, factors)
        else:
            start = np.ones(min(x.shape), np.float32)  # a fixed start: the same vectors in every run
            right = svds(x, k=factors, v0=start, return_singular_vectors="vh")[2]  # type: ignore[arg-type]
        self.item_vectors_ = np.ascontiguousarray(right.T, np.float32)
        return self

    def query_vectors(self, queries: Queries) -> Scores:
        """Return x V, float32 ``[n, factors]``."""
        return sparse_dense(queries.matrix(len(self.item_vectors_)), self.item_vectors_)

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return x V V'."""
        return score_factors(self.query_vectors(queries), self.item_vectors_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return v_i . v_j for each item i of the history."""
        return explain_factors(queries, self.item_vectors_, self.item_vectors_[items])

    def memory(self, shape: Shape) -> int:
        """The Lanczos basis (at least 2 factors + 1 vectors of the shorter side), both sides' vectors, the log."""
        basis = max(2 * self.factors + 1, 20)
        return (
            4 * (basis * min(shape.n_users, shape.n_items) + 2 * self.factors * max(shape.n_users, shape.n_items))
            + 8 * shape.n_events
        )

    def work(self, shape: Shape) -> float:
        """A few products with X and X' per basis vector, and their orthogonalisation."""
        basis = max(2 * self.factors + 1, 20)
        return 4.0 * basis * shape.n_events + 8.0 * basis**2 * min(shape.n_users, shape.n_items)


def _randomised_right_vectors(x: csr_matrix, factors: int, *, power_iterations: int = 7, oversampling: int = 10) -> Scores:
    """Approximate the first right singular vectors (Halko, Martinsson and Tropp 2011, algorithms 4.4 and 5.1).

    The published tables were made with this approximation, and where many singular values are alike it ranks otherwise than
    the exact decomposition. The random start has a fixed seed.
    """
    transposed = x.T.tocsr()
    width = min(factors + oversampling, min(x.shape))
    basis = np.random.default_rng(0).normal(size=(x.shape[1], width)).astype(np.float32)
    for _ in range(power_iterations):
        basis = np.linalg.qr(sparse_dense(x, basis))[0]
        basis = np.linalg.qr(sparse_dense(transposed, basis))[0]
    basis = np.linalg.qr(sparse_dense(x, basis))[0]
    right = np.linalg.svd(sparse_dense(transposed, basis), full_matrices=False)[0]
    return np.ascontiguousarray(right[:, :factors].T)
