"""ItemKNN-CBF: an item is scored by how similar its description is to those of the items of the history.

Lops, de Gemmis and Semeraro, "Content-based recommender systems: state of the art and trends", Recommender Systems Handbook,
2011; with the similarities, shrinkage and weighting of Ferrari Dacrema et al., TOIS 2021. With f_i the feature of item i
(words, tags, a picture's vector), sparse or dense::

    s_ij = similarity of the target f_j and the source f_i;  s_ii = 0
    score(u, j) = sum over i in history(u) of s_ij, over the ``neighbours`` items i most similar to j

Who consumed what plays no part, so an item nobody has consumed yet is scored like any other; it must be in the catalogue at
``fit``, where the similarities are made. An item of which the feature knows nothing has no score (NaN). Time O(sum over words
of items^2), or items^2 features by BLAS where the feature is dense; memory items x neighbours.
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
from vitrina.models.neighbours.content import content_memory, content_neighbours, content_work, feature_of, has_content
from vitrina.models.neighbours.similarity import SimilaritySettings
from vitrina.models.space import Only, hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class ItemKNNCBF(SimilaritySettings, Recommender):
    """Similarity between items by a named feature of the catalogue, the nearest kept."""

    feature: Annotated[str, Field(min_length=1), "name of the feature matrix of the catalogue"] = "words"
    scaled: Annotated[
        bool,
        Only("similarity", ("cosine", "asymmetric", "correlation")),
        "divide each column of the feature by its largest value",
    ] = False

    name: ClassVar[str] = "itemknn-cbf"
    title: ClassVar[str] = "ItemKNN-CBF"
    paper: ClassVar[str] = "Lops et al. 2011"
    declares: ClassVar[Declares] = Declares(closed_form=True, missing_scores=True, needs_feature=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Compute ``weights_``, CSR float32 ``[n_items, n_items]`` (row: source, column: target), and ``described_``.

        Raises ``UnknownNameError`` when the catalogue lacks the feature, ``VitrinaError`` for a weighting of negative values.
        """
        content = feature_of(dataset.catalogue, self.feature, scaled=self.scaled)
        self.weights_ = content_neighbours(self, content, None, dataset.items.keys)
        self.described_ = has_content(content)
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the summed similarities; NaN for items of which nothing is known."""
        scores = score_sparse(queries, self.weights_, items)
        known = self.described_ if items is None else self.described_[items]
        np.copyto(scores, np.float32(np.nan), where=~known)
        return scores

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the similarity of each item of the history; NaN for items of which nothing is known."""
        found = explain_weights(queries, self.weights_, items)
        np.copyto(found.contributions, np.float32(np.nan), where=~self.described_[items][found.rows])
        return found

    def memory(self, shape: Shape) -> int:
        """See ``content_memory``."""
        return content_memory(shape, self.neighbours)

    def work(self, shape: Shape) -> float:
        """See ``content_work``."""
        return content_work(shape)
