"""Bootstrap intervals of mean metrics: users, or whole clusters of rows, are drawn again with replacement."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Draws counted at once: few enough to stay in the processor's cache, which makes counting 6 times faster.
_DRAWS = 1 << 18
# Entries multiplied at once: many, since threads of a matrix product that share their cores with other work wait long
# for each other at its end.
BLOCK_ENTRIES = 1 << 22


def bootstrap_interval(
    values: FloatArray,
    *,
    seed: int,
    level: float = 0.95,
    resamples: int = 10_000,
    clusters: NDArray[np.integer] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Percentile bootstrap interval (Efron 1979) of the mean over users.

    All methods share the same resamples, so rows of differences between methods are treated as paired. A NaN entry is
    left out of its method's mean. Memory is O(2^22 + resamples x methods) beside the values.

    Args:
        values: [n] or [methods, n] one value per user, or per session when clusters are given.
        seed: of the resamples; the same seed and data give the same interval.
        level: confidence, between 0 and 1.
        resamples: number of resamples.
        clusters: [n] labels; rows of one label (the sessions of one user) are drawn together, since they are dependent.

    Returns:
        (low, high), each [methods], or 0-dimensional for 1-D values; NaN for a method without values.

    Raises:
        ValueError: shapes disagree, or level or resamples are out of range.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, as in 0.95, but is {level}")
    tail = (1.0 - level) / 2.0
    means = bootstrap_means(np.atleast_2d(values), seed=seed, resamples=resamples, clusters=clusters)
    bounds = _quantiles(means, np.array([tail, 1.0 - tail]))
    shape = np.shape(values)[:-1]
    return bounds[0].reshape(shape), bounds[1].reshape(shape)


def bootstrap_means(
    values: FloatArray, *, seed: int, resamples: int = 10_000, clusters: NDArray[np.integer] | None = None
) -> FloatArray:
    """[resamples, methods] mean of each method in each resample; NaN where a resample holds no value of it.

    Drawing n users with replacement is counting how often each was drawn, and the mean is those counts times the
    values: the draws are exact, and one matrix product serves all methods. With clusters, or with NaN at different
    users, each mean is a ratio of sums to sizes, drawn together.

    Args:
        values: [methods, n].
        seed: of the resamples.
        resamples: number of resamples.
        clusters: [n] labels of rows that are drawn together.

    Raises:
        ValueError: shapes disagree, or resamples < 1.
    """
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, but is {resamples}")
    sums, sizes = cluster_sums(values, clusters)
    used = sizes.any(axis=0)
    sums, sizes = sums[:, used], sizes[:, used]
    n = sums.shape[1]
    means = np.full((resamples, len(sums)), np.nan)
    if n == 0:
        return means
    same_sizes = bool((sizes == 1.0).all())
    for rows, counts in _resamples(n, resamples, np.random.default_rng(seed)):
        totals = counts @ sums.T
        drawn = np.full_like(totals, n) if same_sizes else counts @ sizes.T
        np.divide(totals, drawn, out=means[rows], where=drawn > 0)
    return means


def cluster_sums(values: FloatArray, clusters: NDArray[np.integer] | None) -> tuple[FloatArray, FloatArray]:
    """Sums and numbers of the values of each method in each cluster, NaN left out.

    Args:
        values: [methods, n].
        clusters: [n] labels; None: every row is its own cluster.

    Returns:
        (sums, sizes), each [methods, clusters], in ascending order of the labels.

    Raises:
        ValueError: values are not 2-D, or clusters do not have one label per row.
    """
    if values.ndim != 2:
        raise ValueError(f"values must have shape [n] or [methods, n], but have {values.shape}")
    valid = ~np.isnan(values)
    sums, sizes = np.where(valid, values, 0.0), valid.astype(np.float64)
    if clusters is None:
        return sums, sizes
    if clusters.shape != values.shape[1:]:
        raise ValueError(f"clusters must have one label for each of {values.shape[1]} rows, but has {clusters.shape}")
    if not clusters.size:
        return sums, sizes
    order = np.argsort(clusters, kind="stable")
    _, starts = np.unique(clusters[order], return_index=True)
    return np.add.reduceat(sums[:, order], starts, axis=1), np.add.reduceat(sizes[:, order], starts, axis=1)


def independent_differences(differences: FloatArray, clusters: NDArray[np.integer] | None = None) -> FloatArray:
    """One difference per independent unit, with the same mean as the known differences.

    Args:
        differences: [n]; NaN is dropped.
        clusters: [n] labels of dependent rows; None: rows are independent.

    Returns:
        [units] known differences, or sums per cluster scaled by clusters / rows.
    """
    sums, sizes = cluster_sums(differences[None, :], clusters)
    known = sizes[0] > 0
    scale = np.count_nonzero(known) / max(1.0, float(sizes.sum()))
    return np.asarray(sums[0, known] * scale, dtype=np.float64)


def _resamples(n: int, resamples: int, generator: np.random.Generator) -> Iterator[tuple[slice, FloatArray]]:
    """Blocks of resamples: (which, [block, n] how often each of n units was drawn in n draws). The array is reused."""
    block = min(resamples, max(1, BLOCK_ENTRIES // n))
    step = max(1, _DRAWS // n)
    counts = np.empty((block, n))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        for row in range(0, size, step):
            rows = min(step, size - row)
            draws = generator.integers(0, n, size=(rows, n)) + n * np.arange(rows)[:, None]
            counts[row : row + rows] = np.bincount(draws.ravel(), minlength=rows * n).reshape(rows, n)
        yield slice(start, start + size), counts[:size]


def _quantiles(means: FloatArray, levels: FloatArray) -> FloatArray:
    """[levels, methods] quantiles; resamples that hold no value of a method are left out of its quantiles."""
    if not np.isnan(means).any():
        return np.quantile(means, levels, axis=0)
    bounds = np.full((len(levels), means.shape[1]), np.nan)
    for method, column in enumerate(means.T):
        known = column[~np.isnan(column)]
        if known.size:
            bounds[:, method] = np.quantile(known, levels)
    return bounds
