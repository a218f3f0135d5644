"""BPR-MF: factors learned so that consumed items stand above others, pair by pair.

Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009 (BPR-Opt and LearnBPR)::

    x_ui = b_i + w_u . h_i
    maximise  sum over (u, i, j) of ln sigma(x_ui - x_uj) - reg |parameters|^2

by stochastic gradient ascent on uniformly drawn events (u, i) and items j that u has not consumed. User vectors exist only
for people of the training data: others get no score. Time O(events factors) per epoch, memory (users + items) factors.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.kernels.sgd import bpr_epoch
from vitrina.kernels.strata import Strata
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.early import BestEpoch
from vitrina.models.explanation import Explanation
from vitrina.models.factors.known_users import explain_trained, forget_inactive, trained_vectors
from vitrina.models.factors.products import score_factors
from vitrina.models.factors.start import normal_vectors
from vitrina.models.space import Floats, Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class BPRMF(Recommender):
    """Matrix factorisation with the pairwise BPR loss."""

    factors: Annotated[int, Ints(1, 200), Field(ge=1), "dimension of the vectors"] = 64
    lr: Annotated[float, Floats(1e-4, 1e-1, log=True), Field(gt=0), "learning rate"] = 0.05
    reg: Annotated[float, Floats(1e-5, 1e-2, log=True), Field(ge=0), "regularisation of users and consumed items"] = 0.0025
    reg_negative: Annotated[float, Floats(1e-5, 1e-2, log=True), Field(ge=0), "regularisation of drawn items"] = 0.0025
    init: Annotated[float, Field(ge=0), "standard deviation of the initial vectors"] = 0.1
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 200
    seed: Annotated[int, "seed of start and samples"] = 0

    name: ClassVar[str] = "bpr-mf"
    title: ClassVar[str] = "BPR-MF"
    paper: ClassVar[str] = "Rendle et al. 2009"
    declares: ClassVar[Declares] = Declares(epochs=True, folds_in=False, missing_scores=True)

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn ``user_vectors_``, ``item_vectors_`` float32 and ``item_biases_``; raises when they explode."""
        x = dataset.matrix()
        strata = Strata(x.indptr, x.indices, x.shape[1])
        rng = np.random.default_rng(self.seed)
        users, items = (normal_vectors(rng, n, self.factors, self.init) for n in x.shape)
        biases = np.zeros(x.shape[1], np.float32)
        forget_inactive(users, np.diff(x.indptr))
        self.user_vectors_, self.item_vectors_, self.item_biases_ = users, items, biases
        best = BestEpoch(validate, self.epochs, every=5)
        for epoch in best:
            loss = bpr_epoch(
                strata,
                users,
                items,
                biases,
                lr=self.lr,
                reg_user=self.reg,
                reg_positive=self.reg,
                reg_negative=self.reg_negative,
                rng=rng,
            )
            if not np.isfinite(items).all():
                raise VitrinaError(f"bpr-mf: the factors exploded in epoch {epoch}; use a smaller lr than {self.lr}.")
            state = {"user_vectors_": users, "item_vectors_": items, "item_biases_": biases}
            best.after(epoch, self, state, copy=True, loss=loss)
        best.restore(self)
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return w_u . h_i + b_i; NaN for people the model was not trained on."""
        scores = score_factors(trained_vectors(queries, self.user_vectors_), self.item_vectors_, items)
        scores += self.item_biases_ if items is None else self.item_biases_[items]
        return scores

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Estimate which items of the history w_u stands for, see ``explain_trained``."""
        users = trained_vectors(queries, self.user_vectors_)
        return explain_trained(queries, users, self.item_vectors_, self.item_biases_, items)

    def memory(self, shape: Shape) -> int:
        """Vectors of both sides and a copy of the best; the events as they are dealt."""
        return 4 * (self.factors + 1) * 2 * (shape.n_users + shape.n_items) + 4 * shape.n_events

    def work(self, shape: Shape) -> float:
        """One pair of updates per event and epoch; they wait for memory, not for arithmetic."""
        return self.epochs * 60.0 * self.factors * shape.n_events
