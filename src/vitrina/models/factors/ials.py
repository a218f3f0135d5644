"""iALS: implicit matrix factorisation by alternating least squares, with frequency-scaled regularisation.

Hu, Koren and Volinsky, ICDM 2008, in the formulation of Rendle et al., "Revisiting the Performance of iALS on Item
Recommendation Benchmarks", RecSys 2022 (equations 1 to 3)::

    L = sum over observed (u, i) of (w_u . h_i - 1)^2  +  alpha0 sum over all (u, i) of (w_u . h_i)^2
        + reg ( sum_u (|I_u| + alpha0 |I|)^nu |w_u|^2  +  sum_i (|U_i| + alpha0 |U|)^nu |h_i|^2 )

Each half-step is exact. Any history is folded in by one user half-step, so no user vectors are kept. Time per epoch
O(events d^2 + (users + items) d^3), memory (users + items) d.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.kernels.als import solve_rows
from vitrina.kernels.als_steps import block_rows, conjugate_gradient_rows
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.early import BestEpoch
from vitrina.models.explanation import Explanation
from vitrina.models.factors.products import explain_factors, score_factors
from vitrina.models.factors.systems import solve_histories
from vitrina.models.space import Floats, Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class IALS(Recommender):
    """Least-squares factors of the binary matrix, unobserved pairs weighted by ``alpha0``."""

    factors: Annotated[int, Ints(16, 256, log=True), Field(ge=1), "dimension d of the vectors"] = 192
    alpha0: Annotated[float, Floats(3e-3, 1.0, log=True), Field(ge=0), "weight of the unobserved pairs"] = 0.1
    reg: Annotated[float, Floats(1e-3, 0.1, log=True), Field(ge=0), "regularisation, scaled by frequency"] = 0.003
    nu: Annotated[float, "exponent of the frequency scaling"] = 1.0
    sigma: Annotated[float, Field(ge=0), "standard deviation of the initial vectors is sigma / sqrt(d)"] = 0.1
    epochs: Annotated[int, Field(ge=1), "passes over users and items; with validation the best number up to this"] = 16
    solver: Annotated[Literal["exact", "cg", "block"], "half-steps solved exactly, by conjugate gradients, or by blocks"] = (
        "exact"
    )
    seed: Annotated[int, "seed of the random numbers"] = 0

    name: ClassVar[str] = "ials"
    title: ClassVar[str] = "iALS"
    paper: ClassVar[str] = "Rendle et al. 2022"
    declares: ClassVar[Declares] = Declares(epochs=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn ``item_vectors_`` float32 ``[n_items, d]``; ``gram_`` and ``ridge_offset_`` keep what folding in needs."""
        x = dataset.matrix()
        x_by_item = x.T.tocsr()
        n_users, n_items = x.shape
        rng = np.random.default_rng(self.seed)
        vectors = rng.normal(0, self.sigma / np.sqrt(self.factors), (n_items, self.factors)).astype(np.float32)
        self.item_vectors_, self.gram_ = vectors, self._gram(vectors)
        self.ridge_offset_ = self.alpha0 * n_items
        user_ridge, item_ridge = self._ridge(x, self.ridge_offset_), self._ridge(x_by_item, self.alpha0 * n_users)
        best = BestEpoch(validate, self.epochs)
        users = np.zeros((n_users, self.factors), np.float32)
        for epoch in best:
            users = self._half_step(x, self.item_vectors_, self.gram_, user_ridge, users)
            vectors = self._half_step(x_by_item, users, self._gram(users), item_ridge, self.item_vectors_.copy())
            self.item_vectors_, self.gram_ = vectors, self._gram(vectors)
            best.after(epoch, self, {"item_vectors_": self.item_vectors_, "gram_": self.gram_})
        best.restore(self)
        return self

    def _half_step(self, x: csr_matrix, fixed: Scores, gram: Scores, ridge: NDArray[np.float32], last: Scores) -> Scores:
        """Update one side with the other ``fixed``, from its ``last`` vectors."""
        if self.solver == "cg":
            return conjugate_gradient_rows(x, fixed, gram, ridge, last)
        if self.solver == "block":
            return block_rows(x, fixed, gram, ridge, last)
        return solve_rows(x, fixed, gram, ridge)

    def _gram(self, vectors: Scores) -> Scores:
        return np.float32(self.alpha0) * (vectors.T @ vectors)

    def _ridge(self, x: csr_matrix, offset: float) -> NDArray[np.float32]:
        return (self.reg * (np.diff(x.indptr) + offset) ** self.nu).astype(np.float32)

    def query_vectors(self, queries: Queries) -> Scores:
        """Fold histories in: float32 ``[n, d]``; an empty history gives zeros."""
        x = queries.matrix(len(self.item_vectors_))
        return solve_rows(x, self.item_vectors_, self.gram_, self._ridge(x, self.ridge_offset_))

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return inner products of folded-in users and items."""
        return score_factors(self.query_vectors(queries), self.item_vectors_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return h_i' A_u^-1 h_j for each item i of the history (Hu et al. 2008, section 5).

        w_u = A_u^-1 (sum of h_i), so they sum exactly to the score; but A_u itself depends on the whole history, so without
        item i the score would not be less by exactly that.
        """
        x = queries.matrix(len(self.item_vectors_))
        ridge, targets = self._ridge(x, self.ridge_offset_), self.item_vectors_[items]
        return explain_factors(queries, self.item_vectors_, solve_histories(x, self.item_vectors_, self.gram_, ridge, targets))

    def memory(self, shape: Shape) -> int:
        """Vectors of users (old and new) and items (old, new and best), and the log with its transpose."""
        return 4 * self.factors * (2 * shape.n_users + 3 * shape.n_items) + 2 * 8 * shape.n_events

    def work(self, shape: Shape) -> float:
        """A rank-one update per event and a Cholesky solution per row, on both sides, in every epoch."""
        d = self.factors
        return self.epochs * (shape.n_events * d**2 + (shape.n_users + shape.n_items) * (d**2 + d**3 / 6))
