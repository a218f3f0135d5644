"""Price: an item is scored by how near its price is to what the person pays.

Messina et al., "Exploring content-based artwork recommendation with metadata and visual features", UMUAI 2018 (arXiv
1706.05786). With p_i the price of item i, or its logarithm::

    score(u, i) = -|p_i - mean of p_j over the purchases j in history(u)|

The mean is over the purchases whose price is known, each as often as it was made. Items without a price have no score (NaN),
and so has everything for a history without any price. Time of scoring: one subtraction an item.
"""

from __future__ import annotations

from copy import copy
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.catalogue import PRICE, Catalogue
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.space import Choice, hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class Price(Recommender):
    """Nearness to the mean price of the history."""

    scale: Annotated[
        Literal["linear", "log"], Choice(("linear", "log")), "compare prices, or their logarithms: ratios of prices"
    ] = "linear"

    name: ClassVar[str] = "price"
    title: ClassVar[str] = "Price"
    paper: ClassVar[str] = "Messina et al. 2018"
    declares: ClassVar[Declares] = Declares(
        new_items=True, missing_scores=True, closed_form=True, counts_repeats=True, explains="exact"
    )

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Keep ``prices_`` float32 ``[n_items]`` on the chosen scale, NaN where unknown (on the scale ``log`` also up to 0).

        Raises ``UnknownNameError`` when the catalogue has no prices.
        """
        return self._looking_at(dataset.catalogue)

    def _looking_at(self, catalogue: Catalogue) -> Self:
        prices = catalogue.attribute(PRICE).cast(pl.Float64).to_numpy()
        known = np.isfinite(prices) & ((prices > 0) | (self.scale == "linear"))
        scaled = np.log(prices, where=known, out=np.zeros(prices.size)) if self.scale == "log" else prices
        self.prices_ = np.where(known, scaled, np.nan).astype(np.float32)
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the negative distances; NaN where a price is missing."""
        asked = self.prices_ if items is None else self.prices_[items]
        scores = self._means(queries)[:, None] - asked
        np.abs(scores, out=scores)
        return np.asarray(np.negative(scores, out=scores))

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """No single item of the history plays a part, only the mean of their prices."""
        return Explanation.without_history(queries, "price", self.score(queries, items[:, None])[:, 0])

    def _means(self, queries: Queries) -> Scores:
        """The mean price of each history, NaN where none is known."""
        prices = self.prices_[queries.items].astype(np.float64)
        rows = np.repeat(np.arange(len(queries)), queries.histories.lengths)
        known = ~np.isnan(prices)
        counts = np.bincount(rows[known], minlength=len(queries))
        sums = np.bincount(rows[known], prices[known], len(queries))
        means = np.divide(sums, counts, out=np.full(len(queries), np.nan), where=counts > 0)
        return np.asarray(means, np.float32)

    def why_not(self, dataset: Dataset) -> str:
        """Say that prices are missing."""
        table = dataset.catalogue.table
        known = PRICE in table.columns and table[PRICE].dtype.is_numeric() and table[PRICE].count() > 0
        return "" if known else f"needs the column {PRICE!r} of the catalogue, with numbers"

    def with_items(self, catalogue: Catalogue) -> Self:
        """Score new items by their prices like all others."""
        return copy(self)._looking_at(catalogue)

    def memory(self, shape: Shape) -> int:
        """The prices, a few times while they are read."""
        return 32 * shape.n_items

    def work(self, shape: Shape) -> float:
        """One pass over the catalogue."""
        return float(shape.n_items)
