"""ItemKNN: an item is scored by its similarity to the items of the history.

Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001; with the similarities, shrinkage and
weighting of Ferrari Dacrema et al., TOIS 2021 (section 3). With x_i column i of the user-item matrix::

    s_ij = similarity of the target x_j and the source x_i, for example x_i . x_j / (|x_i| |x_j| + shrink + 1e-6);  s_ii = 0
    score(u, j) = sum over i in history(u) of s_ij, over the ``neighbours`` items i most similar to j

All similarities are in ``similarity``. Weighting concerns the similarities; the history itself stays binary. Time O(sum over
users of items^2), memory items x neighbours.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.history import explain_weights, score_sparse
from vitrina.models.neighbours.neighbourhood import item_neighbours
from vitrina.models.neighbours.similarity import SimilaritySettings
from vitrina.models.space import hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class ItemKNN(SimilaritySettings, Recommender):
    """Similarity between items by who consumed them, shrunk for rare ones, the nearest kept."""

    name: ClassVar[str] = "itemknn"
    title: ClassVar[str] = "ItemKNN"
    paper: ClassVar[str] = "Sarwar et al. 2001"
    declares: ClassVar[Declares] = Declares(closed_form=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Compute ``weights_``, CSR float32 ``[n_items, n_items]`` (row: source, column: target)."""
        self.weights_ = item_neighbours(self, dataset.matrix(), dataset.items.keys)
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the summed similarities."""
        return score_sparse(queries, self.weights_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the weight of each item of the history, see ``explain_weights``."""
        return explain_weights(queries, self.weights_, items)

    def memory(self, shape: Shape) -> int:
        """The kept similarities three times (while they are joined and transposed), the log four times."""
        kept = 8 * min(shape.n_items * min(self.neighbours, shape.n_items), shape.n_co_events)
        return 3 * kept + 4 * 8 * shape.n_events

    def work(self, shape: Shape) -> float:
        """The products of all pairs of items, and the search for the strongest."""
        return shape.n_co_events + 4.0 * min(shape.n_items**2, shape.n_co_events)
