"""ItemKNN: an item is scored by its similarity to the items of the history.

Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001; with shrinkage and weighting as in
Ferrari Dacrema et al., TOIS 2021 (section 3)::

    s_ij = x_i . x_j / (|x_i| |x_j| + shrink + 1e-6),  s_ii = 0
    score(u, j) = sum over i in history(u) of s_ij, over the ``neighbours`` items i most similar to j

x_i is column i of the (weighted) user-item matrix; the history itself stays binary. Time O(sum over users of items^2), memory
items x neighbours, and one block of items x items at a time.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.history import score_sparse
from vitrina.models.neighbours.neighbourhood import strongest_neighbours
from vitrina.models.neighbours.weighting import Weighting, weighted
from vitrina.models.space import Choice, Floats, Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores

_EPSILON = np.float32(1e-6)


@hyperparameters
class ItemKNN(Recommender):
    """Cosine similarity between items, shrunk for rare ones, the nearest kept."""

    neighbours: Annotated[int, Ints(5, 1000), Field(ge=1), "items kept as neighbours of each item"] = 100
    shrink: Annotated[float, Floats(0.0, 1000.0), Field(ge=0), "added to the denominator: damps rare pairs"] = 100.0
    weighting: Annotated[Weighting, Choice(("none", "tf-idf", "bm25")), "weighting of users before the cosine"] = "none"
    normalise: Annotated[bool, Choice((True, False)), "divide by the norms (False: co-occurrence counts / shrink)"] = True

    name: ClassVar[str] = "itemknn"
    title: ClassVar[str] = "ItemKNN"
    paper: ClassVar[str] = "Sarwar et al. 2001"
    declares: ClassVar[Declares] = Declares(closed_form=True)

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Compute ``weights_``, CSR float32 ``[n_items, n_items]`` (row: source, column: target)."""
        x = weighted(dataset.matrix(), self.weighting)
        norms = np.sqrt(np.asarray(x.multiply(x).sum(axis=0), np.float32).ravel())

        def cosine(products: Scores, targets: slice) -> Scores:
            if self.normalise:
                products /= np.outer(norms[targets], norms) + (np.float32(self.shrink) + _EPSILON)
            elif self.shrink > 0:
                products /= np.float32(self.shrink)
            return products

        self.weights_ = strongest_neighbours(x, cosine, self.neighbours, dataset.items.keys)
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the summed similarities."""
        return score_sparse(queries, self.weights_, items)

    def memory(self, shape: Shape) -> int:
        """The kept similarities twice (while they are transposed), the log four times, a block of products."""
        kept = 8 * shape.n_items * min(self.neighbours, shape.n_items)
        return 3 * kept + 4 * 8 * shape.n_events + 3 * 4 * shape.n_items * min(shape.n_items, 512)

    def work(self, shape: Shape) -> float:
        """The products of all pairs of items, and the scan for the strongest."""
        return shape.n_co_events + 4.0 * shape.n_items**2
