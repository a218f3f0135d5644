"""SLIM-BPR: item-item weights learned so that consumed items stand above others, pair by pair.

The adaptive kNN of Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009 (section 4.3.2), with
the sampling and step sizes of the code of Ferrari Dacrema et al., TOIS 2021::

    x_ui = sum over s in history(u) of W_si,  W_ii = 0
    maximise  sum over (u, i, j) of ln sigma(x_ui - x_uj) - lambda_i/2 |W_.i|^2 - lambda_j/2 |W_.j|^2

by stochastic gradient ascent: a user drawn uniformly, one of its items i, an item j that it does not have. An epoch is as many
draws as there are users. The ``neighbours`` largest weights of each item stay at the end. One thread, so that a seed gives
the same weights. Time O(epochs events), memory one float32 matrix items x items.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.kernels.slim_bpr import Optimiser, SlimSteps
from vitrina.models.base import Declares, Recommender, Shape, Validate, refuse_too_large
from vitrina.models.early import BestEpoch
from vitrina.models.explanation import Explanation
from vitrina.models.history import explain_weights, score_sparse
from vitrina.models.linear.columns import blocks, bytes_kept, strongest_sources
from vitrina.models.space import Choice, Floats, Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class SLIMBPR(Recommender):
    """Item-item weights learned by ranking pairs."""

    neighbours: Annotated[int, Ints(5, 1000), Field(ge=1), "largest weights kept for each item"] = 1000
    lr: Annotated[float, Floats(1e-4, 1e-1, log=True), Field(gt=0), "learning rate"] = 0.0308
    lambda_i: Annotated[float, Floats(1e-5, 1e-2, log=True), Field(ge=0), "regularisation of consumed items"] = 0.01
    lambda_j: Annotated[float, Floats(1e-5, 1e-2, log=True), Field(ge=0), "regularisation of drawn items"] = 0.00451
    symmetric: Annotated[bool, Choice((True, False)), "one weight for both directions of a pair"] = True
    optimiser: Annotated[Optimiser, Choice(("sgd", "adagrad", "adam")), "step sizes: constant, or by item"] = "adagrad"
    epochs: Annotated[int, Field(ge=1), "one draw per user each; with validation the best number up to this"] = 285
    as_published: Annotated[bool, "score with transposed weights: a slip of the code of Ferrari Dacrema et al."] = False
    seed: Annotated[int, "seed of the samples"] = 0

    name: ClassVar[str] = "slim-bpr"
    title: ClassVar[str] = "SLIM (BPR)"
    paper: ClassVar[str] = "Rendle et al. 2009"
    declares: ClassVar[Declares] = Declares(epochs=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn ``weights_``, CSR float32 ``[n_items, n_items]`` (row: source, column: target).

        Raises ``VitrinaError`` when the weights cannot fit in the machine's memory, or explode.
        """
        refuse_too_large(self, Shape.of(dataset))
        x = dataset.matrix()
        steps = SlimSteps(
            x.indptr,
            x.indices,
            dataset.n_items,
            symmetric=self.symmetric,
            optimiser=self.optimiser,
            learning_rate=self.lr,
            lambda_i=self.lambda_i,
            lambda_j=self.lambda_j,
            seed=self.seed,
        )
        best = BestEpoch(validate, self.epochs, every=5)
        for epoch in best:
            steps.run(dataset.n_users)
            if epoch == self.epochs or (validate is not None and epoch % 5 == 0):
                self._keep(steps.weights, dataset)
                best.after(epoch, self, {"weights_": self.weights_})
        best.restore(self)
        return self

    def _keep(self, learned: Scores, dataset: Dataset) -> None:
        if not np.isfinite(learned.sum()):
            raise VitrinaError(f"slim-bpr: the weights exploded; use a smaller lr than {self.lr}.")
        by_target = learned.T if self.as_published else learned
        rows = (np.ascontiguousarray(by_target[targets]) for targets in blocks(dataset.n_items))
        self.weights_ = strongest_sources(rows, self.neighbours, dataset.items.keys)

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the summed weights of the history's items."""
        return score_sparse(queries, self.weights_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the weight of each item of the history, see ``explain_weights``."""
        return explain_weights(queries, self.weights_, items)

    def memory(self, shape: Shape) -> int:
        """The weights, those kept, and the log."""
        raised = 2 * self.epochs * shape.n_events  # weights of consumed items, in both directions
        return 4 * shape.n_items**2 + bytes_kept(shape.n_items, self.neighbours, raised) + 2 * 8 * shape.n_events

    def work(self, shape: Shape) -> float:
        """Each draw reads and writes two weights per item of a history; they wait for memory, not for arithmetic."""
        return self.epochs * 250.0 * shape.n_events + 4.0 * shape.n_items**2
