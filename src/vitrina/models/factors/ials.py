"""iALS: implicit matrix factorisation by alternating least squares, with frequency-scaled regularisation.

Hu, Koren and Volinsky, ICDM 2008, in the formulation of Rendle et al., "Revisiting the Performance of iALS on Item
Recommendation Benchmarks", RecSys 2022 (equations 1 to 3)::

    L = sum over observed (u, i) of (w_u . h_i - 1)^2  +  alpha0 sum over all (u, i) of (w_u . h_i)^2
        + reg ( sum_u (|I_u| + alpha0 |I|)^nu |w_u|^2  +  sum_i (|U_i| + alpha0 |U|)^nu |h_i|^2 )

Half-steps are improved by two preconditioned conjugate gradient steps from the last epoch's vectors (``cg``), solved exactly
(``exact``), or improved block of dimensions by block (``block``: iALS++, Rendle et al. 2021). On MovieLens-1M, with 64 factors,
``cg`` takes about a seventh of the time of ``exact`` and ends within .003 of its nDCG@10, or, where the regularisation is far too
weak, above it (``python -m benchmarks.ials_solvers``). Any history is folded in by one user half-step, solved to the precision
of float32, so no user vectors are kept. Time per epoch O(events d + (users + items) d^2 + d^3) with ``cg``, O(events d^2 +
(users + items) d^3) with ``exact``; memory (users + items) d.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.kernels.als import solve_rows
from vitrina.kernels.als_blocks import block_rows
from vitrina.kernels.als_gradients import conjugate_gradient_rows, mean_square, principal_axes
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.early import BestEpoch
from vitrina.models.explanation import Explanation
from vitrina.models.factors.products import explain_factors, score_factors
from vitrina.models.factors.start import normal_vectors
from vitrina.models.factors.systems import solve_histories
from vitrina.models.space import Floats, Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores

_LEARNED = ("item_vectors_", "shared_", "spread_")

_FOLD_IN_STEPS = 100  # at most: they end when nothing is left to improve


class _Side(NamedTuple):
    """The events of users, or of items: a CSR matrix with one row each, and the regularisation of each row."""

    x: csr_matrix
    ridge: NDArray[np.float32]

    @property
    def counts(self) -> NDArray[np.int32]:
        """Events of each row."""
        return np.diff(self.x.indptr)


@hyperparameters
class IALS(Recommender):
    """Least-squares factors of the binary matrix, unobserved pairs weighted by ``alpha0``."""

    factors: Annotated[int, Ints(16, 256, log=True), Field(ge=1), "dimension d of the vectors"] = 192
    alpha0: Annotated[float, Floats(3e-3, 1.0, log=True), Field(ge=0), "weight of the unobserved pairs"] = 0.1
    reg: Annotated[float, Floats(1e-3, 0.1, log=True), Field(ge=0), "regularisation, scaled by frequency"] = 0.003
    nu: Annotated[float, "exponent of the frequency scaling"] = 1.0
    sigma: Annotated[float, Field(ge=0), "standard deviation of the initial vectors is sigma / sqrt(d)"] = 0.1
    epochs: Annotated[int, Field(ge=1), "passes over users and items; with validation the best number up to this"] = 16
    solver: Annotated[Literal["cg", "exact", "block"], "half-steps by conjugate gradients, solved exactly, or by blocks"] = "cg"
    as_published: Annotated[
        bool, "start uniform in (0, 1) / sqrt(d) and leave items without events there: as the code of Ferrari Dacrema et al."
    ] = False
    seed: Annotated[int, "seed of the random numbers"] = 0

    name: ClassVar[str] = "ials"
    title: ClassVar[str] = "iALS"
    paper: ClassVar[str] = "Rendle et al. 2022"
    declares: ClassVar[Declares] = Declares(epochs=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn ``item_vectors_`` float32 ``[n_items, d]``, turned so that their Gram matrix is diagonal.

        ``shared_ [d]`` is that diagonal times alpha0, ``spread_ [d]`` the mean square of the vectors of an event and
        ``ridge_offset_`` alpha0 times the number of items: what folding in needs.
        """
        x = dataset.matrix()
        x_by_item = x.T.tocsr()
        n_users, n_items = x.shape
        rng = np.random.default_rng(self.seed)
        items = self._start(rng, n_items)
        users = np.zeros((n_users, self.factors), np.float32)
        self.ridge_offset_ = self.alpha0 * n_items
        of_users = _Side(x, self._ridge(x, self.ridge_offset_))
        of_items = _Side(x_by_item, self._ridge(x_by_item, self.alpha0 * n_users))
        self._learned(items, users, of_items)
        unseen = np.flatnonzero(of_items.counts == 0) if self.as_published else np.empty(0, np.int64)
        best = BestEpoch(validate, self.epochs)
        for epoch in best:
            self._half_step(of_users, items, self.shared_, self.spread_, users)
            shared = principal_axes(self.alpha0, users, items)
            left = items[unseen]
            self._half_step(of_items, users, shared, mean_square(users, of_users.counts), items)
            items[unseen] = left
            self._learned(items, users, of_items)
            best.after(epoch, self, {name: getattr(self, name) for name in _LEARNED}, copy=True)
        best.restore(self)
        return self

    def _start(self, rng: np.random.Generator, n: int) -> Scores:
        if self.as_published:
            return rng.random((n, self.factors), np.float32) / np.float32(self.factors**0.5)
        return normal_vectors(rng, n, self.factors, self.sigma / self.factors**0.5)

    def _learned(self, items: Scores, users: Scores, of_items: _Side) -> None:
        """Turn both sides and keep what ``score`` needs."""
        self.shared_ = principal_axes(self.alpha0, items, users)
        self.item_vectors_, self.spread_ = items, mean_square(items, of_items.counts)

    def _half_step(self, side: _Side, fixed: Scores, shared: Scores, spread: Scores, vectors: Scores) -> None:
        """Improve the ``vectors`` of one side in place, the other being ``fixed``."""
        if self.solver == "cg":
            conjugate_gradient_rows(side.x, fixed, shared, spread, side.ridge, vectors)
        elif self.solver == "block":
            block_rows(side.x, fixed, np.diag(shared), side.ridge, vectors)
        else:
            vectors[:] = solve_rows(side.x, fixed, np.diag(shared), side.ridge)

    def _ridge(self, x: csr_matrix, offset: float) -> NDArray[np.float32]:
        return (self.reg * (np.diff(x.indptr) + offset) ** self.nu).astype(np.float32)

    def query_vectors(self, queries: Queries) -> Scores:
        """Fold histories in: float32 ``[n, d]``; an empty history gives zeros."""
        x = queries.matrix(len(self.item_vectors_))
        vectors, ridge = np.zeros((x.shape[0], self.factors), np.float32), self._ridge(x, self.ridge_offset_)
        conjugate_gradient_rows(x, self.item_vectors_, self.shared_, self.spread_, ridge, vectors, steps=_FOLD_IN_STEPS)
        return vectors

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
        vectors = solve_histories(x, self.item_vectors_, np.diag(self.shared_), ridge, targets)
        return explain_factors(queries, self.item_vectors_, vectors)

    def memory(self, shape: Shape) -> int:
        """Vectors of users and items, a copy of the best items, and the transpose of the log."""
        return 4 * self.factors * (shape.n_users + 2 * shape.n_items) + 8 * shape.n_events

    def work(self, shape: Shape) -> float:
        """Three passes over the events of each row, and the turns of all vectors; or systems to make and to solve."""
        d, rows = self.factors, shape.n_users + shape.n_items
        if self.solver == "cg":
            return self.epochs * (12.0 * shape.n_events * d + 4 * rows * d**2 + 20 * d**3)
        return self.epochs * (shape.n_events * d**2 + rows * (d**2 + d**3 / 6))
