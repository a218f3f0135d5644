"""Works that look alike, by k-means: for drawing triplets."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from vitrina.ranking.scorer import Scores

_ROUNDS = 30


def k_means(points: Scores, k: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Return the cluster of each of ``points [n, d]``, int32 ``[n]`` below ``k``; fewer clusters where fewer points differ."""
    if not len(points):
        return np.zeros(0, np.int32)
    k = min(k, len(np.unique(points, axis=0)))  # no two centres begin at the same point
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a cluster that loses all its points is left out below
        _, cluster = kmeans2(points, k, iter=_ROUNDS, minit="++", rng=rng)
    return np.unique(cluster, return_inverse=True)[1].astype(np.int32)
