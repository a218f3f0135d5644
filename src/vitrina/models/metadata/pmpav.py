"""PMPAV, personalised most popular attribute values: an item is scored by how much of what it is like the person bought.

Messina et al., "Exploring content-based artwork recommendation with metadata and visual features", UMUAI 2018 (arXiv
1706.05786). MPAV (see ``mpav``) with n_u(a), the number of the person's own purchases of items that have the value a::

    score(u, i) = sum over a in V_i of n_u(a) / |V_i|

A purchase counts as often as it was made. All attributes combined (``*``) are summed after each is divided by the largest
n_u(a) of its values. An item of which no value is known has no score (NaN), and where no value is known of any item of the
history there is nothing to recommend: all NaN. Nothing is learned from other people, so items that arrive later, and people
never seen, are scored alike. Time of scoring a query: that of the items that share a value with its history.
"""

from __future__ import annotations

from copy import copy
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.metadata.counting import CountsValues
from vitrina.models.metadata.values import lacks
from vitrina.models.space import hyperparameters
from vitrina.ranking.scorer import Items, Scores


class PersonalValues(CountsValues):
    """Counting the values of a query's own history; ``attribute`` is the setting of the models that do."""

    attribute: str

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Collect the values of the items, see ``CountsValues``; raises ``UnknownNameError`` when the catalogue lacks them."""
        self.learn_values(dataset.catalogue, self.attribute)
        return self

    def with_items(self, catalogue: Catalogue) -> Self:
        """Score new items by their values like all others."""
        grown = copy(self)
        grown.learn_values(catalogue, self.attribute)
        return grown

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the scores; NaN for items without a value, and all NaN for histories without one."""
        return self.score_counts(self._counts(queries), queries, items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return what each purchase adds to the counts of the item's values, exactly: repeats count each."""
        counts, rows = self._counts(queries), np.repeat(np.arange(len(queries)), queries.histories.lengths)
        scaled = self.scaled(counts)
        unit = np.divide(scaled, counts, out=np.zeros_like(scaled), where=counts > 0)  # what one purchase of a value counts
        shares = csr_matrix(self.shares_.T)[items]  # [n, n_values]: what the item's values make of its score
        worth = csr_matrix(shares.multiply(unit))
        parts = np.asarray(self.held_[queries.items].multiply(worth[rows]).sum(axis=1), np.float32).ravel()
        lost = ~counts.any(axis=1) | ~self.described_[items]
        return Explanation(queries.offsets, np.where(lost[rows], np.float32(np.nan), parts), exact=True)

    def _counts(self, queries: Queries) -> Scores:
        """How many purchases of each history have each value: float32 ``[n, n_values]``."""
        ones = np.ones(queries.items.size, np.float32)
        bought = csr_matrix((ones, queries.items, queries.offsets), shape=(len(queries), self.held_.shape[0]))
        return np.asarray((bought @ self.held_).toarray(), np.float32)

    def memory(self, shape: Shape) -> int:
        """A few tables of the values, about ten an item."""
        return 400 * shape.n_items

    def work(self, shape: Shape) -> float:
        """One pass over the values."""
        return 100.0 * shape.n_items


@hyperparameters
class PMPAV(PersonalValues, Recommender):
    """The person's purchases of items with the same attribute values."""

    attribute: Annotated[
        str, Field(min_length=1), "column of the catalogue, or the beginning of several (mood: all mood_...); *: all attributes"
    ] = "*"

    name: ClassVar[str] = "pmpav"
    title: ClassVar[str] = "Own attribute values"
    paper: ClassVar[str] = "Messina et al. 2018"
    declares: ClassVar[Declares] = Declares(
        new_items=True, missing_scores=True, closed_form=True, counts_repeats=True, explains="exact"
    )

    def why_not(self, dataset: Dataset) -> str:
        """Say which attribute is missing."""
        return lacks(dataset.catalogue, self.attribute)
