"""ItemKNN-CFCBF: items are compared by their description and by who consumed them, in one vector.

Mobasher, Jin and Zhou, "Semantically enhanced collaborative filtering on the web", EWMF 2003, in the form of Ferrari Dacrema
et al., TOIS 2021. With f_i the feature of item i and x_i its column of the user-item matrix, stacked::

    z_i = [content_weight f_i, x_i]
    s_ij = similarity of the target z_j and the source z_i;  s_ii = 0
    score(u, j) = sum over i in history(u) of s_ij, over the ``neighbours`` items i most similar to j

Weighting (TF-IDF, BM25) acts on the stacked vector. Time O(sum over words and users of items^2), memory items x neighbours.
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
from vitrina.models.neighbours.content import content_memory, content_neighbours, content_work, feature_of
from vitrina.models.neighbours.similarity import SimilaritySettings
from vitrina.models.space import Floats, Only, hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class ItemKNNCFCBF(SimilaritySettings, Recommender):
    """Similarity between items by a named feature and by who consumed them, the nearest kept."""

    feature: Annotated[str, Field(min_length=1), "name of the feature matrix of the catalogue"] = "words"
    scaled: Annotated[
        bool,
        Only("similarity", ("cosine", "asymmetric", "correlation")),
        "divide each column of the feature by its largest value",
    ] = False
    content_weight: Annotated[
        float,
        Floats(0.01, 100.0, log=True),
        Field(gt=0),
        Only("similarity", ("cosine", "asymmetric", "correlation")),
        "weight of the feature beside the users",
    ] = 1.0

    name: ClassVar[str] = "itemknn-cfcbf"
    title: ClassVar[str] = "ItemKNN-CFCBF"
    paper: ClassVar[str] = "Mobasher et al. 2003"
    declares: ClassVar[Declares] = Declares(closed_form=True, needs_feature=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Compute ``weights_``, CSR float32 ``[n_items, n_items]`` (row: source, column: target).

        Raises ``UnknownNameError`` when the catalogue lacks the feature, ``VitrinaError`` for a weighting of negative values.
        """
        content = feature_of(dataset.catalogue, self.feature, scaled=self.scaled) * np.float32(self.content_weight)
        self.weights_ = content_neighbours(self, content, dataset.matrix(), dataset.items.keys)
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the summed similarities."""
        return score_sparse(queries, self.weights_, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the weight of each item of the history, see ``explain_weights``."""
        return explain_weights(queries, self.weights_, items)

    def memory(self, shape: Shape) -> int:
        """See ``content_memory``, and the log four times."""
        return content_memory(shape, self.neighbours) + 4 * 8 * shape.n_events

    def work(self, shape: Shape) -> float:
        """See ``content_work``, and the products of the users."""
        return content_work(shape) + shape.n_co_events
