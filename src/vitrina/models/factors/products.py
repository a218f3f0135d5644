"""Scores as inner products."""

from __future__ import annotations

import numpy as np

from vitrina.ranking.scorer import Items, Scores


def score_factors(query_vectors: Scores, item_vectors: Scores, items: Items) -> Scores:
    """Return ``[n, n_items]``, or only the wanted ``items``, from vectors ``[n, d]`` and ``[n_items, d]``."""
    if items is None:
        return query_vectors @ item_vectors.T
    if items.ndim == 1:
        return query_vectors @ item_vectors[items].T
    return np.asarray(np.einsum("nd,nmd->nm", query_vectors, item_vectors[items], optimize=True))
