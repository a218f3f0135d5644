"""k-means: works that look alike, for drawing triplets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.kernels.dense import row_products
from vitrina.ranking.scorer import Scores

_ROUNDS = 30


def k_means(points: Scores, k: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Return the cluster of each of ``points [n, d]``, int32 ``[n]`` below ``k``; fewer clusters where fewer points differ.

    Lloyd's rounds (1982) until nothing changes, from centres spread by distance (Arthur and Vassilvitskii, k-means++, 2007).
    Time O(n k d) a round.
    """
    if not len(points):
        return np.zeros(0, np.int32)
    centres = _spread(points, min(k, len(points)), rng)
    cluster = _nearest(points, centres)
    for _ in range(_ROUNDS):
        order = np.argsort(cluster, kind="stable")
        kept, starts = np.unique(cluster[order], return_index=True)
        sizes = np.diff(np.append(starts, len(points)))
        centres[kept] = np.add.reduceat(points[order], starts, axis=0) / sizes[:, None]
        before, cluster = cluster, _nearest(points, centres)
        if (before == cluster).all():
            break
    return np.unique(cluster, return_inverse=True)[1].astype(np.int32)


def _nearest(points: Scores, centres: Scores) -> NDArray[np.int64]:
    products = row_products(points, centres)
    return np.asarray((products - (centres**2).sum(axis=1) / 2).argmax(axis=1))


def _spread(points: Scores, k: int, rng: np.random.Generator) -> Scores:
    """Draw centres one after the other, in proportion to the squared distance from those drawn."""
    centres = [points[rng.integers(len(points))]]
    distance = np.full(len(points), np.inf)
    while len(centres) < k:
        distance = np.minimum(distance, ((points - centres[-1]) ** 2).sum(axis=1))
        total = distance.sum()
        if total == 0:
            break
        at = np.searchsorted(np.cumsum(distance), rng.random() * total)
        centres.append(points[min(int(at), len(points) - 1)])
    return np.array(centres, np.float32)
