"""Random: chance, the floor of every comparison. Memory: one key an item."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.kernels import hashing
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.space import hyperparameters
from vitrina.ranking.scorer import Items, Scores


@hyperparameters
class Random(Recommender):
    """A hash of (seed, query, item) as score: another order for every query, the same in every run."""

    seed: Annotated[int, "seed of the random numbers"] = 0

    name: ClassVar[str] = "random"
    title: ClassVar[str] = "Random"
    paper: ClassVar[str] = "baseline"
    declares: ClassVar[Declares] = Declares(personalised=False, closed_form=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Keep the items' keys: ``keys_`` uint64 ``[n_items]``."""
        self.keys_ = dataset.items.keys
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return numbers in [0, 1)."""
        rows = hashing.seeded(queries.keys, self.seed)
        if items is not None and items.ndim == 2:
            return hashing.uniform_scores(rows, self.keys_[items])
        return hashing.uniform_scores(rows, self.keys_ if items is None else self.keys_[items])

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """No item of the history plays a part: all of it is chance."""
        return Explanation.without_history(queries, "chance", self.score(queries, items[:, None])[:, 0])

    def memory(self, shape: Shape) -> int:
        """The keys."""
        return 8 * shape.n_items

    def work(self, shape: Shape) -> float:
        """Nothing is learned."""
        return float(shape.n_items)
