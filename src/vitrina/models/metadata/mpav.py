"""MPAV, most popular attribute values: an item is scored by how much was sold of what it is like.

Messina et al., "Exploring content-based artwork recommendation with metadata and visual features", UMUAI 2018 (arXiv
1706.05786). With V_i the values of an attribute that item i has (its colours, its style) and n(a) the number of past
purchases, by anybody and repeats included, of items that have the value a::

    score(i) = sum over a in V_i of n(a) / |V_i|

All attributes combined (``*``) are the sum of their scores, each divided by the largest n(a) of its values, so that it lies
in [0, 1]; an attribute that an item lacks adds nothing. The paper leaves the division by ``|V_i|`` and the scale open. An
item of which no value is known has no score (NaN), nor has any before something was sold. The same list for everybody. Time
and memory: one pass over the log and over the values of the catalogue; scoring, once for all queries, one over the values.
"""

from __future__ import annotations

from copy import copy
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.models.advance import Following, tally
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.metadata.counting import CountsValues
from vitrina.models.metadata.values import lacks
from vitrina.models.simple.popular import constant_rows
from vitrina.models.space import hyperparameters
from vitrina.ranking.scorer import Items, Scorer, Scores


@hyperparameters
class MPAV(CountsValues, Recommender):
    """Purchases of items with the same attribute values, by everybody."""

    attribute: Annotated[
        str, Field(min_length=1), "column of the catalogue, or the beginning of several (mood: all mood_...); *: all attributes"
    ] = "*"

    name: ClassVar[str] = "mpav"
    title: ClassVar[str] = "Popular attribute values"
    paper: ClassVar[str] = "Messina et al. 2018"
    declares: ClassVar[Declares] = Declares(
        personalised=False, new_items=True, advances=True, missing_scores=True, closed_form=True, explains="exact"
    )

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Count the purchases of each value: ``counts_`` float32 ``[1, n_values]``, beside what ``CountsValues`` keeps.

        ``sold_`` float32 ``[n_items]`` are the purchases of each item. Raises ``UnknownNameError`` when the catalogue lacks
        the attribute.
        """
        self.sold_ = np.bincount(dataset.item_codes, minlength=dataset.n_items).astype(np.float32)
        return self._looking_at(dataset.catalogue)

    def _looking_at(self, catalogue: Catalogue) -> Self:
        self.learn_values(catalogue, self.attribute)
        self.counts_ = np.asarray(self.held_.T @ self.sold_, np.float32)[None]
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the scores, the same for every query."""
        return constant_rows(self.score_counts(self.counts_, queries, None)[0], len(queries), items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """No item of the history plays a part: each attribute adds its own."""
        scores = self.score(queries, items[:, None])[:, 0]
        counts = self.scaled(self.counts_)
        parts = {}
        for n, name in enumerate(self.names_):
            of_items = np.asarray(self.shares_.T @ np.where(self.attributes_ == n, counts[0], 0), np.float32)
            parts[name] = np.where(np.isnan(scores), np.float32(np.nan), of_items[items])
        return Explanation.of_causes(queries, parts)

    def why_not(self, dataset: Dataset) -> str:
        """Say which attribute is missing."""
        return lacks(dataset.catalogue, self.attribute)

    def with_items(self, catalogue: Catalogue) -> Self:
        """Score new items by what was sold of their values; nothing was sold yet of values that only they have."""
        grown = copy(self)
        grown.sold_ = np.concatenate([self.sold_, np.zeros(len(catalogue) - self.sold_.size, np.float32)])
        return grown._looking_at(catalogue)

    def follow(self, log: Dataset) -> Scorer:
        """Count what was sold up to the moment of each query."""
        return Following(self.name, tally(log, self.held_), self.score_counts, log.n_items)

    def memory(self, shape: Shape) -> int:
        """A few tables of the values, about ten an item."""
        return 400 * shape.n_items + 8 * shape.n_events

    def work(self, shape: Shape) -> float:
        """One pass over the log and the values."""
        return float(shape.n_events + 100 * shape.n_items)
