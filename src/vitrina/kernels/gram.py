"""The Gram matrix X'X of a binary matrix, kept in whichever of three ways there is memory for, read in one way.

``dense``: two bytes a pair (four where an item has more than 65,535 users). ``sparse``: the pairs that occur, eight bytes
each. ``log``: nothing but X and its transpose; pairs are counted again whenever they are asked for. Counts are exact in
float32 up to 2^24; results of the three differ by rounding alone.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.kernels.sparse import sparse_sparse

Floats = NDArray[np.float32]
Storage = Literal["dense", "sparse", "log"]

_DENSE, _SPARSE, _LOG = 0, 1, 2
_BLOCK = 128  # rows of a dense matrix made at a time
_TILE = 64


class Gram(NamedTuple):
    """``X'X`` of a binary ``X [n_rows, n]`` as compiled code takes it. Fields that a way of storing lacks are empty."""

    kind: int
    dense: NDArray[np.uint16] | Floats  # [n, n]
    offsets: NDArray[np.int64]  # sparse: of the rows of X'X; log: of the columns of X
    columns: NDArray[np.int32]  # sparse: of X'X; log: the rows of X where each of its columns is 1
    counts: Floats  # sparse: the entries of X'X
    row_offsets: NDArray[np.int64]  # log: of the rows of X
    row_columns: NDArray[np.int32]  # log: the columns where each row of X is 1
    totals: Floats  # diagonal [n]
    n_rows: int


def gram_matrix(x: csr_matrix, storage: Storage) -> Gram:
    """Return ``X'X`` of a binary CSR ``x [n_rows, n]``."""
    by_column = x.T.tocsr()
    totals = np.diff(by_column.indptr).astype(np.float32)
    dense, no_offsets, no_columns = np.empty((0, 0), np.uint16), np.empty(0, np.int64), np.empty(0, np.int32)
    no_counts = np.empty(0, np.float32)
    if storage == "dense":
        return Gram(
            _DENSE, _dense(x, by_column, int(totals.max(initial=0))),
            no_offsets, no_columns, no_counts, no_offsets, no_columns, totals, x.shape[0],
        )  # fmt: skip
    if storage == "sparse":
        pairs = by_column @ x
        offsets, columns = pairs.indptr.astype(np.int64), pairs.indices.astype(np.int32, copy=False)
        return Gram(_SPARSE, dense, offsets, columns, pairs.data, no_offsets, no_columns, totals, x.shape[0])
    return Gram(
        _LOG, dense, by_column.indptr.astype(np.int64), by_column.indices, no_counts,
        x.indptr.astype(np.int64), x.indices, totals, x.shape[0],
    )  # fmt: skip


def _dense(x: csr_matrix, by_column: csr_matrix, largest: int) -> NDArray[np.uint16] | Floats:
    n = x.shape[1]
    out = np.empty((n, n), np.uint16 if largest <= np.iinfo(np.uint16).max else np.float32)
    for start in range(0, n, _BLOCK):
        out[start : start + _BLOCK] = sparse_sparse(by_column[start : start + _BLOCK], x)
    return out


@njit(nogil=True, cache=True)
def add_row(gram: Gram, row: int, weight: np.float32, out: Floats) -> None:
    """Add ``weight`` times a row of the Gram matrix to ``out [n]``."""
    if gram.kind == _DENSE:
        mine = gram.dense[row]
        for k in range(out.size):
            out[k] += np.float32(mine[k]) * weight
    elif gram.kind == _SPARSE:
        for p in range(gram.offsets[row], gram.offsets[row + 1]):
            out[gram.columns[p]] += gram.counts[p] * weight
    else:
        for p in range(gram.offsets[row], gram.offsets[row + 1]):
            user = gram.columns[p]
            for q in range(gram.row_offsets[user], gram.row_offsets[user + 1]):
                out[gram.row_columns[q]] += weight


@njit(nogil=True, cache=True)
def add_product(gram: Gram, rows: NDArray[np.int32], weights: Floats, out: Floats) -> None:
    """Add the listed ``rows`` of the Gram matrix, times their ``weights [n]``, to ``out [n]``."""
    if gram.kind != _LOG:
        for row in rows:
            if weights[row] != 0:
                add_row(gram, row, weights[row], out)
        return
    scores = np.zeros(gram.n_rows, np.float32)
    for row in rows:
        for p in range(gram.offsets[row], gram.offsets[row + 1]):
            scores[gram.columns[p]] += weights[row]
    for user in range(gram.n_rows):
        if scores[user] != 0:
            for q in range(gram.row_offsets[user], gram.row_offsets[user + 1]):
                out[gram.row_columns[q]] += scores[user]


@njit(nogil=True, cache=True)
def small_gram(gram: Gram, chosen: NDArray[np.int32], place: NDArray[np.int32], old: Floats) -> Floats:
    """Return the Gram matrix of the ``chosen`` columns alone, ``[m, m]``.

    ``place [n]`` is the position of each column among the chosen, -1 for others; ``old`` the matrix of the first of them, as
    far as it is known (``[0, 0]`` if not).
    """
    m, n_old = chosen.size, old.shape[0]
    small = np.zeros((m, m), np.float32)
    for a in range(n_old):
        for b in range(n_old):
            small[a, b] = old[a, b]
    if gram.kind == _LOG:
        _count_pairs(gram, chosen, n_old, small)
    for a in range(n_old, m if gram.kind != _LOG else 0):  # below the diagonal
        row = small[a]
        if gram.kind == _DENSE:
            mine = gram.dense[chosen[a]]
            for b in range(a + 1):
                row[b] = np.float32(mine[chosen[b]])
        else:
            for p in range(gram.offsets[chosen[a]], gram.offsets[chosen[a] + 1]):
                if place[gram.columns[p]] >= 0:
                    row[place[gram.columns[p]]] = gram.counts[p]
    for top in range(0, m, _TILE):  # mirrored in tiles that stay in the cache
        for left in range(top, m, _TILE):
            for a in range(top, min(m, top + _TILE)):
                for b in range(max(left, a + 1, n_old), min(m, left + _TILE)):
                    small[a, b] = small[b, a]
    return small


@njit(nogil=True, cache=True)
def _count_pairs(gram: Gram, chosen: NDArray[np.int32], first: int, small: Floats) -> None:
    """Count the pairs of chosen columns in the log, on and below the diagonal, from row ``first`` on."""
    ends = np.zeros(gram.n_rows + 1, np.int64)
    for a in range(chosen.size):
        for p in range(gram.offsets[chosen[a]], gram.offsets[chosen[a] + 1]):
            ends[gram.columns[p]] += 1
    total = 0
    for user in range(gram.n_rows + 1):
        ends[user], total = total, total + ends[user]
    mine = np.empty(total, np.int32)  # the chosen columns of each user, ascending
    for a in range(chosen.size):
        for p in range(gram.offsets[chosen[a]], gram.offsets[chosen[a] + 1]):
            mine[ends[gram.columns[p]]] = a
            ends[gram.columns[p]] += 1
    start = 0
    for user in range(gram.n_rows):
        for p in range(start, ends[user]):
            if mine[p] >= first:
                row = small[mine[p]]
                for q in range(start, p + 1):
                    row[mine[q]] += np.float32(1)
        start = ends[user]
