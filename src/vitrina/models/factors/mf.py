"""MF with logistic loss: the dot product at its best, against which neural collaborative filtering was re-measured.

Rendle et al., "Neural Collaborative Filtering vs. Matrix Factorization Revisited", RecSys 2020 (section 3.1)::

    x_ui = b + b_u + b_i + w_u . h_i
    minimise  sum over events and drawn items of  -ln sigma(+-x_ui) + reg |parameters|^2

by plain stochastic gradient descent; for each event ``negatives`` items are drawn uniformly from the whole catalogue, consumed
ones not excluded. User vectors exist only for people of the training data: others get no score. Time
O(events negatives factors) per epoch, memory (users + items) factors.

Why a compiled loop and not the trainer: one sample after the other is the paper's method, and mini-batches of 1,024 events in
torch take 12 times as long for an epoch of MovieLens-1M, one thread each (``python -m benchmarks.mf_minibatches``).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.kernels.sgd import logistic_epoch
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
class LogisticMF(Recommender):
    """Matrix factorisation with biases, logistic loss and uniform negatives."""

    factors: Annotated[int, Ints(16, 192, log=True), Field(ge=1), "dimension of the vectors"] = 192
    lr: Annotated[float, Floats(5e-4, 5e-2, log=True), Field(gt=0), "learning rate"] = 0.002
    reg: Annotated[float, Floats(1e-4, 1e-1, log=True), Field(ge=0), "regularisation of everything that is learned"] = 0.005
    negatives: Annotated[int, Ints(1, 12), Field(ge=1), "items drawn per event"] = 8
    init: Annotated[float, Field(ge=0), "standard deviation of the initial vectors"] = 0.1
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 256
    seed: Annotated[int, "seed of start and samples"] = 0

    name: ClassVar[str] = "mf"
    title: ClassVar[str] = "MF (logistic)"
    paper: ClassVar[str] = "Rendle et al. 2020"
    declares: ClassVar[Declares] = Declares(epochs=True, folds_in=False, missing_scores=True)

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn ``user_vectors_``, ``item_vectors_`` float32 and ``item_biases_``; raises when they explode."""
        x = dataset.matrix()
        strata = Strata(x.indptr, x.indices, x.shape[1])
        rng = np.random.default_rng(self.seed)
        users, items = (normal_vectors(rng, n, self.factors, self.init) for n in x.shape)
        user_biases, item_biases, biases = (
            np.zeros(len(users), np.float32),
            np.zeros(len(items), np.float32),
            np.zeros(strata.n_blocks, np.float32),
        )
        forget_inactive(users, np.diff(x.indptr))
        self.user_vectors_, self.item_vectors_, self.item_biases_ = users, items, item_biases
        best = BestEpoch(validate, self.epochs, every=5)
        for epoch in best:
            loss = logistic_epoch(
                strata,
                users,
                items,
                user_biases,
                item_biases,
                biases,
                negatives=self.negatives,
                lr=self.lr,
                reg=self.reg,
                rng=rng,
            )
            if not np.isfinite(items).all():
                raise VitrinaError(f"mf: the factors exploded in epoch {epoch}; use a smaller lr than {self.lr}.")
            state = {"user_vectors_": users, "item_vectors_": items, "item_biases_": item_biases}
            best.after(epoch, self, state, copy=True, loss=loss)
        best.restore(self)
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return w_u . h_i + b_i (the other biases change no ranking); NaN for people the model was not trained on."""
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
        """One update per event and drawn item; they wait for memory, not for arithmetic."""
        return self.epochs * 40.0 * self.factors * (self.negatives + 1) * shape.n_events
