"""Random walks of three steps, from a person to an item: shared by P3alpha and RP3beta."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from vitrina.kernels.strongest import Keys, plain, strongest_entries, strongest_products
from vitrina.models.base import Shape


def walk_weights(x: csr_matrix, item_keys: Keys, *, alpha: float, beta: float, neighbours: int, normalise: bool) -> csr_matrix:
    """Return the weights of the last two steps, item to person to item, float32 CSR (row: source, column: target).

    ``x [n_users, n_items]`` is binary. Transition probabilities are raised to ``alpha``, targets are divided by their
    number of users to the power ``beta``. Each source keeps ``neighbours`` targets, never itself; with ``normalise`` the
    weights of each source then sum to 1; then each target keeps ``neighbours`` sources. Equal weights are chosen by a hash
    of the items' keys, never by position.
    """
    from_user = _transitions(x, alpha)
    from_item = _transitions(x.T.tocsr(), alpha)
    popularity = np.maximum(np.diff(from_item.indptr), 1).astype(np.float64)
    from_user.data *= (popularity**-beta).astype(np.float32)[from_user.indices]
    weights = strongest_products(
        from_item,
        from_user,
        neighbours,
        measure=plain(x.shape[1], x.shape[1]),
        excluded=np.arange(x.shape[1], dtype=np.int32),
        row_keys=item_keys,
        column_keys=item_keys,
    )
    if normalise:
        weights.data /= np.repeat(_row_sums(weights), np.diff(weights.indptr))
    by_target = strongest_entries(weights.T.tocsr(), neighbours, row_keys=item_keys, column_keys=item_keys)
    return by_target.T.tocsr()


def _transitions(x: csr_matrix, alpha: float) -> csr_matrix:
    """Return the probabilities of a step from each row of a binary matrix to its columns, raised to ``alpha``."""
    lengths = np.diff(x.indptr)
    probability = np.maximum(lengths, 1).astype(np.float64) ** -alpha
    return csr_matrix((np.repeat(probability, lengths).astype(np.float32), x.indices, x.indptr), shape=x.shape)


def _row_sums(weights: csr_matrix) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    return np.bincount(rows, weights.data, weights.shape[0]).astype(np.float32)


def walk_memory(shape: Shape, neighbours: int) -> int:
    """Bytes of ``walk_weights``: the kept weights three times (joined, normalised, transposed), the log five times."""
    kept = 8 * min(shape.n_items * min(neighbours, shape.n_items), shape.n_co_events)
    return 3 * kept + 5 * 8 * shape.n_events


def walk_work(shape: Shape) -> float:
    """Multiply-adds of ``walk_weights``: the products of all pairs of items, and two searches for the strongest."""
    return shape.n_co_events + 6.0 * min(shape.n_items**2, shape.n_co_events)
