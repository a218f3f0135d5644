"""Scoring by trained user vectors, for models that cannot fold a history in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.queries import Queries
from vitrina.ranking.scorer import Scores


def trained_vectors(queries: Queries, user_vectors: Scores) -> Scores:
    """Return the vectors of the queries' users ``[n, d]``; NaN for people the model was not trained on."""
    users = np.full(len(queries), -1) if queries.users is None else queries.users
    known = (users >= 0) & (users < len(user_vectors))
    return np.where(known[:, None], user_vectors[np.where(known, users, 0)], np.float32(np.nan))


def forget_inactive(user_vectors: Scores, n_events: NDArray[np.integer]) -> Scores:
    """Mark users without training events as unknown: their vectors are still the random start."""
    user_vectors[np.asarray(n_events) == 0] = np.nan
    return user_vectors
