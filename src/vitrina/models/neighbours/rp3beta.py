"""RP3beta: the walk of P3alpha, with popular destinations held back.

Paudel, Christoffel, Newell and Bernstein, "Updatable, accurate, diverse, and scalable recommendations for interactive
applications", ACM TiiS 2017 (P3alpha re-ranked by popularity), with alpha as in ``p3alpha``::

    P_ui = (x_ui / items of u)^alpha,   P_iu = (x_ui / users of i)^alpha
    W_ij = (sum over u of P_iu P_uj) / (users of j)^beta,  W_ii = 0
    score(u, j) = sum over i in history(u) of W_ij

Popularity divides before the weights are truncated to ``neighbours``; truncation and normalisation as in ``p3alpha``. Time
O(sum over users of items^2), memory items x neighbours.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.history import explain_weights, score_sparse
from vitrina.models.neighbours.walk import walk_memory, walk_weights, walk_work
from vitrina.models.space import Choice, Floats, Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class RP3beta(Recommender):
    """A walk of three steps on the graph of people and items, popular items held back."""

    neighbours: Annotated[int, Ints(5, 1000), Field(ge=1), "targets kept of each item, and sources of each target"] = 100
    alpha: Annotated[float, Floats(0.0, 2.0), Field(ge=0), "exponent of the transition probabilities"] = 1.0
    beta: Annotated[float, Floats(0.0, 2.0), Field(ge=0), "exponent of popularity, which divides; 0 is P3alpha"] = 0.6
    normalise: Annotated[bool, Choice((True, False)), "make the kept weights of each source sum to 1"] = False

    name: ClassVar[str] = "rp3beta"
    title: ClassVar[str] = "RP3beta"
    paper: ClassVar[str] = "Paudel et al. 2017"
    declares: ClassVar[Declares] = Declares(closed_form=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Compute ``weights_``, CSR float32 ``[n_items, n_items]`` (row: source, column: target)."""
        self.weights_ = walk_weights(
            dataset.matrix(),
            dataset.items.keys,
            alpha=self.alpha,
            beta=self.beta,
            neighbours=self.neighbours,
            normalise=self.normalise,
        )
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the weight of all walks that start with an item of the history."""
        return score_sparse(queries, self.weights_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the weight of each item of the history, see ``explain_weights``."""
        return explain_weights(queries, self.weights_, items)

    def memory(self, shape: Shape) -> int:
        """See ``walk_memory``."""
        return walk_memory(shape, self.neighbours)

    def work(self, shape: Shape) -> float:
        """See ``walk_work``."""
        return walk_work(shape)
