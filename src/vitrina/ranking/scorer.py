"""The one thing ranking asks of a model."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vitrina.data.queries import Queries

Scores = NDArray[np.float32]

#: Name of the context of queries in which models find what is on offer to each, bool ``[n, n_items]``, where that is not all.
ON_OFFER = "on_offer"

#: Items to score: None for all, ``[m]`` for one shared list, ``[n, m]`` for one list per query.
Items = NDArray[np.int32] | None


class Scorer(Protocol):
    """Anything that scores queries against items."""

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return float32 scores ``[n_queries, n_items or m]``, higher is better.

        A zero that comes from the formula is a score; NaN means that nothing is known of the pair: it is never listed. The
        array is the caller's, who may overwrite it: never return a view of what the model keeps.
        """
        ...
