"""P3alpha: items are scored by where a random walk of three steps ends, person to item to person to item.

Cooper, Lee, Radinsky and Soulie, "Random walks in recommender systems: exact computation and simulations", WWW 2014. With x
the binary user-item matrix, and transition probabilities raised to alpha (1: the plain walk)::

    P_ui = (x_ui / items of u)^alpha,   P_iu = (x_ui / users of i)^alpha
    W_ij = sum over u of P_iu P_uj,  W_ii = 0
    score(u, j) = sum over i in history(u) of W_ij

The first step is the history itself, binary. Truncation to ``neighbours`` and the optional normalisation of W are those of
Ferrari Dacrema et al., TOIS 2021: each source keeps its strongest targets, its weights may be made to sum to 1, then each
target keeps its strongest sources. Their numbers broke ties between equal weights by the order of items. Time O(sum over
users of items^2), memory items x neighbours.
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
class P3alpha(Recommender):
    """A walk of three steps on the graph of people and items."""

    neighbours: Annotated[int, Ints(5, 1000), Field(ge=1), "targets kept of each item, and sources of each target"] = 100
    alpha: Annotated[float, Floats(0.0, 2.0), Field(ge=0), "exponent of the transition probabilities"] = 1.0
    normalise: Annotated[bool, Choice((True, False)), "make the kept weights of each source sum to 1"] = False

    name: ClassVar[str] = "p3alpha"
    title: ClassVar[str] = "P3alpha"
    paper: ClassVar[str] = "Cooper et al. 2014"
    declares: ClassVar[Declares] = Declares(closed_form=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Compute ``weights_``, CSR float32 ``[n_items, n_items]`` (row: source, column: target)."""
        self.weights_ = walk_weights(
            dataset.matrix(),
            dataset.items.keys,
            alpha=self.alpha,
            beta=0.0,
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
