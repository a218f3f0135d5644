"""Popular: the same list for everybody, the items with most users, over all time or lately.

The baseline that any personalised model must beat. Time O(events), memory one number an item.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.models.advance import Following, at_items, tally
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.space import Floats, hyperparameters
from vitrina.ranking.scorer import Items, Scorer, Scores

_DAY = 86_400


def constant_rows(values: Scores, n_queries: int, items: Items) -> Scores:
    """Give every query the same scores ``values [n_items]``."""
    if items is not None and items.ndim == 2:
        return values[items]
    row = values if items is None else values[items]
    return np.tile(row, (n_queries, 1))


@hyperparameters
class Popular(Recommender):
    """Number of users per item, over all time."""

    name: ClassVar[str] = "popular"
    title: ClassVar[str] = "Popular"
    paper: ClassVar[str] = "baseline"
    declares: ClassVar[Declares] = Declares(personalised=False, advances=True, closed_form=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Count the distinct users of each item: ``counts_`` float32 ``[n_items]``."""
        self.counts_ = dataset.popularity.astype(np.float32)
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the counts, the same for every query."""
        return constant_rows(self.counts_, len(queries), items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """No item of the history plays a part: all of it is popularity."""
        return Explanation.without_history(queries, "popularity", self.counts_[items])

    def follow(self, log: Dataset) -> Scorer:
        """Count the distinct users of each item up to the moment of each query."""
        return Following(self.name, tally(log, first_only=True), at_items, log.n_items)

    def memory(self, shape: Shape) -> int:
        """The counts, and the distinct pairs while counting."""
        return 12 * shape.n_items + 12 * shape.n_events

    def work(self, shape: Shape) -> float:
        """One pass over the log."""
        return float(shape.n_events)


@hyperparameters
class PopularRecent(Recommender):
    """Events per item with exponentially fading weight: an event ``half_life`` days old counts one half."""

    half_life: Annotated[float, Floats(1.0, 1000.0, log=True), Field(gt=0), "days after which an event counts one half"] = 30.0

    name: ClassVar[str] = "popular-recent"
    title: ClassVar[str] = "Popular lately"
    paper: ClassVar[str] = "baseline"
    declares: ClassVar[Declares] = Declares(
        personalised=False, advances=True, closed_form=True, needs_times=True, explains="exact"
    )

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Sum the faded weights of each item's events: ``counts_`` float32 ``[n_items]``.

        Raises ``VitrinaError`` when a timestamp is missing.
        """
        if not dataset.has_times:
            raise VitrinaError("popular-recent needs a timestamp for every event; this data set lacks some. Use popular.")
        times = dataset.interactions["timestamp"].to_numpy()
        newest = times.max() if times.size else 0
        ages = (newest - times) / (_DAY * self.half_life)
        self.counts_ = np.bincount(dataset.item_codes, np.exp2(-ages), dataset.n_items).astype(np.float32)
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the faded counts, the same for every query."""
        return constant_rows(self.counts_, len(queries), items)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """No item of the history plays a part: all of it is popularity lately."""
        return Explanation.without_history(queries, "popularity lately", self.counts_[items])

    def follow(self, log: Dataset) -> Scorer:
        """Let the events before the moment of each query fade from the newest of them."""
        return Following(self.name, tally(log, half_life=_DAY * self.half_life), at_items, log.n_items)

    def memory(self, shape: Shape) -> int:
        """The counts, and a weight per event while counting."""
        return 12 * shape.n_items + 24 * shape.n_events

    def work(self, shape: Shape) -> float:
        """One pass over the log."""
        return float(shape.n_events)
