"""Metrics beyond accuracy of one user's list: novelty, popularity, diversity.

They describe a list and need no held-out items, so every user with a long enough list is counted; NaN otherwise.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vitrina.metrics.lists import Context, FloatArray, RankedLists, Vectors

_BLOCK_ENTRIES = 1 << 21


def novelty(lists: RankedLists, k: int, context: Context) -> FloatArray:
    """[n] mean self-information of the listed items, in bits: -log2((users + 1) / (all users + 1)).

    Zhou et al. 2010, with one imaginary user who consumed everything, so that an item nobody consumed has the finite
    novelty log2(all users + 1) and one that everybody consumed has 0.
    """
    information = np.log2(context.n_users + 1) - np.log2(context.popularity + 1.0)
    return _mean_of_listed(lists, k, information)


def popularity(lists: RankedLists, k: int, context: Context) -> FloatArray:
    """[n] mean number of training users of the listed items."""
    return _mean_of_listed(lists, k, context.popularity.astype(np.float64))


def diversity(lists: RankedLists, k: int, context: Context) -> FloatArray:
    """[n] intra-list diversity: mean over pairs of listed items of 1 - cosine of their vectors (Ziegler et al. 2005).

    A zero vector is similar to nothing (cosine 0). Lists of fewer than two items give NaN. No pair is formed: with
    unit vectors u_i, sum over i != j of u_i.u_j = |sum u_i|^2 - sum |u_i|^2. Memory is bounded by blocks of users.

    Raises:
        ValueError: the context has no item vectors, or they hold NaN or infinity.
    """
    if context.item_vectors is None:
        raise ValueError("diversity compares items by their vectors: give Context.item_vectors")
    lists.check_items(context.n_items)
    items = lists.top(k)
    vectors = _as_float(context.item_vectors)
    # Index -1 reads the appended 0: an empty slot adds nothing.
    weights = np.append(_inverse_norms(vectors), 0.0).astype(vectors.dtype)
    n_listed = np.count_nonzero(items >= 0, axis=1)
    n_directed = np.count_nonzero(weights[items], axis=1)
    similarity = _squared_sums(items, weights, vectors) - n_directed
    pairs = n_listed * (n_listed - 1.0)
    # Rounding may step just outside the range that 1 - cosine can have.
    return np.where(pairs > 0, np.clip(1.0 - similarity / np.maximum(pairs, 1.0), 0.0, 2.0), np.nan)


def _mean_of_listed(lists: RankedLists, k: int, values: FloatArray) -> FloatArray:
    """[n] mean of an item property over the first k items; NaN for an empty list."""
    lists.check_items(len(values))
    items = lists.top(k)
    n_listed = np.count_nonzero(items >= 0, axis=1)
    # Index -1 reads the appended 0: an empty slot adds nothing.
    totals = np.append(values, 0.0)[items].sum(axis=1)
    return np.where(n_listed > 0, totals / np.maximum(n_listed, 1), np.nan)


def _as_float(vectors: Vectors) -> Vectors:
    return vectors if vectors.dtype in (np.float32, np.float64) else vectors.astype(np.float64)


def _inverse_norms(vectors: Vectors) -> FloatArray:
    """[n_items] 1 / length of each row, 0 for rows of (next to) no length, whose direction is rounding noise."""
    if isinstance(vectors, np.ndarray):
        squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    else:
        squares = np.asarray(vectors.multiply(vectors).sum(axis=1), dtype=np.float64).ravel()
    if not np.isfinite(squares).all():
        raise ValueError(
            f"the vector of item {int(np.argmin(np.isfinite(squares)))} holds NaN or infinity; "
            "give items without features a zero vector, which is similar to nothing"
        )
    positive = squares > np.finfo(np.float32).tiny
    return np.where(positive, 1.0 / np.sqrt(np.where(positive, squares, 1.0)), 0.0)


def _squared_sums(items: NDArray[np.int32], weights: NDArray[np.floating], vectors: Vectors) -> FloatArray:
    """[n] squared length of the weighted sum of each list's vectors."""
    n, k = items.shape
    squares = np.empty(n)
    block = max(1, _BLOCK_ENTRIES // _entries_per_list(k, vectors))
    for start in range(0, n, block):
        part = items[start : start + block]
        # Empty slots carry weight 0, so any valid column will do for them.
        columns = np.maximum(part, 0).ravel()
        offsets = np.arange(0, part.size + 1, k)
        shape = (len(part), vectors.shape[0])
        sums = sparse.csr_array((weights[part].ravel(), columns, offsets), shape=shape) @ vectors
        squares[start : start + block] = _row_squares(sums)
    return squares


def _row_squares(rows: Vectors) -> FloatArray:
    if isinstance(rows, np.ndarray):
        return np.asarray(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    return np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float64).ravel()


def _entries_per_list(k: int, vectors: Vectors) -> int:
    """Entries of one list's vector sum, at most."""
    width = int(vectors.shape[1])
    if isinstance(vectors, np.ndarray):
        return max(1, width)
    return max(1, min(width, k * int(np.diff(vectors.indptr).max(initial=0))))
