"""Where each work lies on the map: t-SNE of a feature, so that works that are alike lie close together.

t-SNE: van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9 (2008); computed by openTSNE (Poličar et al., 2024).
The rows are scaled to length one, reduced to 50 principal components, and compared by cosine. The nearest neighbours are
exact: approximate ones would cost the map its repeatability and save seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from scipy.sparse.linalg import LinearOperator, svds

from vitrina.data.catalogue import FeatureMatrix
from vitrina.errors import DataError
from vitrina.kernels.dense import row_products
from vitrina.kernels.topk import top_k
from vitrina.models.visual.reduction import fit_pca

COMPONENTS = 50
"""Principal components that the map is made from."""

FEWEST = 10
"""Works below which neighbourhoods mean nothing, and the first two principal components are the map."""

STEPS = (250, 500)
"""Iterations with early exaggeration, and after it."""

_EXAGGERATION = 12.0
_FFT_FROM = 10_000  # works from which interpolation beats the Barnes-Hut tree; for 2,000 the tree is four times as fast
_BLOCK = 256  # rows of similarities at a time: 100 MB for 100,000 works
_REPORT_EVERY = 50

Positions = NDArray[np.float32]


@dataclass(frozen=True)
class Layout:
    """Positions ``[n_items, 2]``, x to the right and y down, NaN for items without the feature; the longer side is 0 to 1.

    ``method`` is ``t-sne``, or ``pca`` for fewer than ``FEWEST`` works; ``perplexity`` is the one used (0 for ``pca``).
    """

    positions: Positions
    method: str
    perplexity: float
    seed: int

    @property
    def placed(self) -> NDArray[np.int64]:
        """Codes of the items that have a place."""
        return np.flatnonzero(np.isfinite(self.positions[:, 0]))


def map_layout(
    matrix: FeatureMatrix, *, perplexity: float = 30.0, seed: int = 0, step: Callable[[], None] | None = None
) -> Layout:
    """Lay out the items of a feature ``[n_items, dim]``; the same call gives the same map.

    Rows with NaN or infinite values (items without the feature) get no place. ``perplexity`` is about how many neighbours
    a work listens to; it is lowered to a third of the works where these are few. ``step`` is called ``n_steps()`` times.
    Raises ``DataError`` when no row has numbers or ``perplexity`` is below 1.
    """
    if not perplexity >= 1:
        raise DataError(f"the perplexity is {perplexity}; expected 1 or more (about how many neighbours count, usually 5 to 50).")
    rows, present = unit_rows(matrix)
    if not present.any():
        raise DataError("no item has this feature (every row is NaN). Make it again with `vitrina features`.")
    n = int(present.sum())
    reduced = principal_components(rows, seed=seed)
    if n < FEWEST:
        placed, method, perplexity = reduced[:, :2], "pca", 0.0
    else:
        perplexity = min(perplexity, (n - 1) / 3)
        placed, method = _tsne(reduced, perplexity, seed, step).astype(np.float32), "t-sne"
    positions = np.full((len(present), 2), np.nan, np.float32)
    positions[present] = _upright(placed)
    return Layout(positions, method, float(perplexity), seed)


def n_steps() -> int:
    """Return how often ``map_layout`` calls ``step`` when t-SNE runs."""
    return sum(STEPS) // _REPORT_EVERY


def unit_rows(matrix: FeatureMatrix) -> tuple[FeatureMatrix, NDArray[np.bool_]]:
    """Return the rows that have numbers, at length one ``[n, dim]`` (zeros stay zeros), and which they are ``[n_items]``."""
    if issparse(matrix):
        sparse = csr_matrix(matrix)
        lengths = np.sqrt(np.asarray(sparse.multiply(sparse).sum(axis=1), np.float64).ravel())
    else:
        # The largest entry is taken out first: the square of a large float32 number is infinite.
        largest = np.abs(matrix).max(axis=1, initial=0).astype(np.float64)
        scale = np.where(np.isfinite(largest) & (largest > 0), largest, 1.0)
        scaled = matrix / scale[:, None].astype(np.float32)
        lengths = scale * np.sqrt(np.einsum("ij,ij->i", scaled, scaled, dtype=np.float64))
    present = np.isfinite(lengths)
    inverse = 1.0 / np.where(lengths[present] > 0, lengths[present], 1.0)
    if issparse(matrix):
        return csr_matrix(sparse[present].multiply(inverse[:, None]).astype(np.float32)), present
    return np.asarray(matrix[present] * inverse[:, None], np.float32), present


def principal_components(rows: FeatureMatrix, n: int = COMPONENTS, *, seed: int = 0) -> NDArray[np.float32]:
    """Return the rows ``[n_rows, dim]`` in their first ``n`` principal components, at least two columns (zeros if need be)."""
    if issparse(rows):
        found = _sparse_components(csr_matrix(rows), min(n, *(size - 1 for size in rows.shape)), seed)
    else:
        found = fit_pca(rows, n).transform(rows)
    # An axis has no direction of its own: the largest entry is made positive, so that a map is not mirrored at random.
    if found.shape[1]:
        found = found * np.where(found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])] < 0, -1, 1)
    return np.pad(found, ((0, 0), (0, max(0, 2 - found.shape[1])))).astype(np.float32)


def _sparse_components(rows: csr_matrix, n: int, seed: int) -> NDArray[np.float32]:
    """Centred without making the matrix dense: the mean is taken off inside the products."""
    if n < 1:
        return np.zeros((rows.shape[0], 0), np.float32)
    mean = np.asarray(rows.mean(axis=0), np.float32).ravel()
    centred: Any = LinearOperator(
        rows.shape,
        matvec=lambda v: rows @ v.ravel() - mean @ v.ravel(),
        rmatvec=lambda u: rows.T @ u.ravel() - mean * u.sum(),
        dtype=np.float32,
    )
    start = np.random.default_rng(seed).standard_normal(min(rows.shape)).astype(np.float32)
    left, values, _ = svds(centred, k=n, v0=start)
    order = np.argsort(-values)
    return np.asarray(left[:, order] * values[order], np.float32)


def nearest(
    queries: NDArray[np.float32], rows: NDArray[np.float32], own: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the ``k`` rows with the largest inner product for each query, without its own row, and the products ``[n, k]``.

    Exact, block by block. Equal products (copies of a picture) come in a fixed random order, not that of the catalogue.
    """
    found, products = np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32)
    keys = np.arange(len(rows), dtype=np.uint64)
    for start in range(0, len(queries), _BLOCK):
        part = slice(start, start + _BLOCK)
        scores = row_products(queries[part], rows)
        scores[np.arange(len(scores)), own[part]] = np.nan
        found[part], products[part] = top_k(scores, k, row_keys=keys[own[part]], column_keys=keys)
    return found, products


def _tsne(reduced: NDArray[np.float32], perplexity: float, seed: int, step: Callable[[], None] | None) -> NDArray[np.float64]:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    n = len(reduced)
    rows, _ = unit_rows(reduced)
    k = min(n - 1, int(3 * perplexity))
    neighbours, cosine = nearest(np.asarray(rows), np.asarray(rows), np.arange(n), k)
    distances = np.maximum(1.0 - cosine.astype(np.float64), 0.0)
    affinities = PerplexityBasedNN(
        knn_index=PrecomputedNeighbors(neighbours.astype(np.int64), distances), perplexity=perplexity, random_state=seed
    )
    embedding = TSNEEmbedding(
        _start(reduced, seed),
        affinities=affinities,
        random_state=seed,
        # One thread: with several, sums are rounded in the order in which threads end.
        n_jobs=1,
        negative_gradient_method="fft" if n >= _FFT_FROM else "bh",
        callbacks=_reporter(step),
        callbacks_every_iters=_REPORT_EVERY,
    )
    # Step size n / exaggeration: Belkina et al., Nature Communications 10 (2019), as openTSNE's own default.
    embedding.optimize(
        STEPS[0],
        exaggeration=_EXAGGERATION,
        momentum=0.5,
        learning_rate=n / _EXAGGERATION,
        inplace=True,
        propagate_exception=True,
    )
    embedding.optimize(STEPS[1], momentum=0.8, learning_rate=float(n), inplace=True, propagate_exception=True)
    return np.asarray(embedding, np.float64)


def _start(reduced: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """Two principal components, tiny; a little noise sets copies of a picture apart, between which there is no force."""
    noise = np.random.default_rng(seed).standard_normal((len(reduced), 2))
    spread = max(float(reduced[:, 0].std()), 1e-12)
    return np.asarray(1e-4 * (reduced[:, :2] / spread) + 1e-6 * noise, np.float64)


def _reporter(step: Callable[[], None] | None) -> Callable[..., bool] | None:
    def report(iteration: int, error: float, embedding: object) -> bool:
        if step:
            step()
        return False

    return report if step else None


def _upright(placed: NDArray[Any]) -> Positions:
    """Turn the map so that it is widest from left to right, and scale its longer side to one."""
    centred = np.asarray(placed, np.float64) - np.mean(placed, axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1, 1)
    turned = centred @ axes
    turned -= turned.min(axis=0)
    longest = turned.max()
    return np.asarray(turned / longest if longest > 0 else turned + 0.5, np.float32)
