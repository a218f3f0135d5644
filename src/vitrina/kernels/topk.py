"""Exact top-k of score rows, ties broken by a seeded key and never by position."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.hashing import pair_key
from vitrina.kernels.threads import over_rows

_STRIDE = 16  # of a long row, every sixteenth score tells which ones are worth a closer look


@njit(nogil=True, cache=True, inline="always")
def _worse(score_a: np.float32, key_a: np.uint64, score_b: np.float32, key_b: np.uint64) -> bool:
    return bool(score_a < score_b or (score_a == score_b and key_a < key_b))


@njit(nogil=True, cache=True)
def _sift_down(scores: NDArray[np.float32], keys: NDArray[np.uint64], ids: NDArray[np.int32], size: int) -> None:
    """Restore the min-heap (worst entry on top) after its top was replaced."""
    score, key, item = scores[0], keys[0], ids[0]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _worse(scores[child + 1], keys[child + 1], scores[child], keys[child]):
            child += 1
        if not _worse(scores[child], keys[child], score, key):
            break
        scores[at], keys[at], ids[at] = scores[child], keys[child], ids[child]
        at = child
    scores[at], keys[at], ids[at] = score, key, item


@njit(nogil=True, cache=True)
def _sift_up(scores: NDArray[np.float32], keys: NDArray[np.uint64], ids: NDArray[np.int32], at: int) -> None:
    """Restore the min-heap after an entry was appended at position ``at``."""
    score, key, item = scores[at], keys[at], ids[at]
    while at > 0:
        parent = (at - 1) // 2
        if not _worse(score, key, scores[parent], keys[parent]):
            break
        scores[at], keys[at], ids[at] = scores[parent], keys[parent], ids[parent]
        at = parent
    scores[at], keys[at], ids[at] = score, key, item


@njit(nogil=True, cache=True)
def _bar(scores: NDArray[np.float32], k: int, heap: NDArray[np.float32]) -> np.float32:
    """Guess from every few columns a score that somewhat more than ``k`` columns reach; -inf where there is no telling.

    ``heap`` is working space; its size times ``_STRIDE`` is about how many columns will be over the bar.
    """
    size = 0
    for column in range(0, scores.size, _STRIDE):
        score = scores[column]
        if size < heap.size:
            if score == score:
                at = size
                while at > 0 and heap[(at - 1) // 2] > score:
                    heap[at] = heap[(at - 1) // 2]
                    at = (at - 1) // 2
                heap[at] = score
                size += 1
        elif score > heap[0]:
            at = 0
            while 2 * at + 1 < size:
                child = 2 * at + 1
                if child + 1 < size and heap[child + 1] < heap[child]:
                    child += 1
                if heap[child] >= score:
                    break
                heap[at] = heap[child]
                at = child
            heap[at] = score
    return heap[0] if size == heap.size else np.float32(-np.inf)


@njit(nogil=True, cache=True)
def _over_the_bar(scores: NDArray[np.float32], bar: np.float32, out: NDArray[np.int32]) -> int:
    """List the columns with at least the score ``bar``; without branches, and never NaN."""
    n = 0
    for column in range(scores.size):
        out[n] = column
        n += scores[column] >= bar
    return n


@njit(nogil=True, cache=True)
def _top_k_rows(
    scores: NDArray[np.float32],
    row_keys: NDArray[np.uint64],
    column_keys: NDArray[np.uint64],
    keys_per_row: bool,
    out_columns: NDArray[np.int32],
    out_scores: NDArray[np.float32],
    start: int,
    stop: int,
) -> None:
    k = out_columns.shape[1]
    heap_keys = np.empty(k, np.uint64)
    wanted = k / _STRIDE
    sampled = np.empty(int(wanted + 3 * np.sqrt(wanted)) + 4, np.float32)
    over = np.empty(scores.shape[1] + 1, np.int32)
    for row in range(start, stop):
        mine, heap_scores, heap_ids = scores[row], out_scores[row], out_columns[row]
        row_key = row_keys[row]
        key_row = column_keys[row if keys_per_row else 0]
        bar = _bar(mine, k, sampled) if mine.size > 4 * _STRIDE * sampled.size else np.float32(-np.inf)
        n_over = _over_the_bar(mine, bar, over)
        if n_over < k and bar > -np.inf:  # the guess was too high
            n_over = _over_the_bar(mine, np.float32(-np.inf), over)
        size = 0
        for column in over[:n_over]:
            score = mine[column]
            if size == k:
                if not score >= heap_scores[0]:
                    continue
                key = pair_key(row_key, key_row[column])
                if not _worse(heap_scores[0], heap_keys[0], score, key):
                    continue
                heap_scores[0], heap_keys[0], heap_ids[0] = score, key, column
                _sift_down(heap_scores, heap_keys, heap_ids, size)
            else:
                heap_scores[size], heap_ids[size] = score, column
                heap_keys[size] = pair_key(row_key, key_row[column])
                _sift_up(heap_scores, heap_keys, heap_ids, size)
                size += 1
        for end in range(size - 1, 0, -1):  # pop the worst to the end: best first
            heap_scores[0], heap_scores[end] = heap_scores[end], heap_scores[0]
            heap_keys[0], heap_keys[end] = heap_keys[end], heap_keys[0]
            heap_ids[0], heap_ids[end] = heap_ids[end], heap_ids[0]
            _sift_down(heap_scores, heap_keys, heap_ids, end)
        for empty in range(size, k):
            heap_ids[empty], heap_scores[empty] = -1, np.nan


def top_k(
    scores: NDArray[np.float32],
    k: int,
    *,
    row_keys: NDArray[np.uint64],
    column_keys: NDArray[np.uint64],
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the ``k`` best columns of each row and their scores, best first.

    ``scores`` is ``[n, m]``; NaN is never listed. ``column_keys`` is ``[m]`` (the same items in every row) or ``[n, m]``.
    Equal scores are ordered by a hash of (row key, column key): a uniformly random order, the same for any order of rows
    or columns. Rows with fewer than ``k`` numbers are padded with column -1 and score NaN.
    """
    n, m = scores.shape
    columns = np.empty((n, min(k, m)), np.int32)
    best = np.empty(columns.shape, np.float32)
    if columns.size:
        keys = column_keys.reshape(-1, m)
        per_row = column_keys.ndim == 2
        over_rows(n, lambda a, b: _top_k_rows(scores, row_keys, keys, per_row, columns, best, a, b))
    if k > m:
        columns = np.pad(columns, ((0, 0), (0, k - m)), constant_values=-1)
        best = np.pad(best, ((0, 0), (0, k - m)), constant_values=np.nan)
    return columns, best


@njit(nogil=True, cache=True)
def _hide_rows(
    scores: NDArray[np.float32],
    offsets: NDArray[np.int64],
    items: NDArray[np.int32],
    column_of: NDArray[np.int32],
    missing: NDArray[np.int64],
    start: int,
    stop: int,
) -> None:
    """Count the model's own NaN of each row, then write NaN over the row's hidden items."""
    for row in range(start, stop):
        count = 0
        for column in range(scores.shape[1]):
            if scores[row, column] != scores[row, column]:
                count += 1
        missing[row] = count
        for position in range(offsets[row], offsets[row + 1]):
            column = column_of[items[position]]
            if column >= 0:
                scores[row, column] = np.nan


def hide(
    scores: NDArray[np.float32],
    offsets: NDArray[np.int64],
    items: NDArray[np.int32],
    column_of: NDArray[np.int32],
) -> NDArray[np.int64]:
    """Overwrite with NaN, in place, each row's hidden items; return how many NaN the model itself gave per row.

    Row ``r`` hides ``items[offsets[r]:offsets[r + 1]]``; ``column_of [n_items]`` maps items to columns, -1 for items that
    are not candidates.
    """
    missing = np.zeros(len(scores), np.int64)
    over_rows(len(scores), lambda a, b: _hide_rows(scores, offsets, items, column_of, missing, a, b))
    return missing


@njit(nogil=True, cache=True)
def _member_rows(
    listed: NDArray[np.int32],
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    found: NDArray[np.bool_],
    start: int,
    stop: int,
) -> None:
    for row in range(start, stop):
        mine = members[offsets[row] : offsets[row + 1]]
        for rank in range(listed.shape[1]):
            item = listed[row, rank]
            if item < 0:
                continue
            at = np.searchsorted(mine, item)
            found[row, rank] = at < mine.size and mine[at] == item


def find_members(listed: NDArray[np.int32], offsets: NDArray[np.int64], members: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Mark the listed items that are among their row's members (ascending inside a row) -> bool, like ``listed``."""
    found = np.zeros(listed.shape, np.bool_)
    over_rows(len(listed), lambda a, b: _member_rows(listed, offsets, members, found, a, b))
    return found


@njit(nogil=True, cache=True)
def _target_ranks_rows(
    scores: NDArray[np.float32],
    offsets: NDArray[np.int64],
    columns: NDArray[np.int32],
    row_keys: NDArray[np.uint64],
    column_keys: NDArray[np.uint64],
    keys_per_row: bool,
    auc: NDArray[np.float64],
    first: NDArray[np.float64],
    start: int,
    stop: int,
) -> None:
    m = scores.shape[1]
    others = np.empty(m, np.float32)  # scores of the row's irrelevant items
    for row in range(start, stop):
        mine = columns[offsets[row] : offsets[row + 1]]
        key_row = column_keys[row if keys_per_row else 0]
        is_target = np.zeros(m, np.bool_)
        best, best_score, best_key = -1, np.float32(-np.inf), np.uint64(0)
        for column in mine:
            if column < 0:
                continue
            is_target[column] = True
            score, key = scores[row, column], pair_key(row_keys[row], key_row[column])
            if score == score and (best < 0 or _worse(best_score, best_key, score, key)):
                best, best_score, best_key = column, score, key
        n_others, above = 0, 0
        for column in range(m):
            score = scores[row, column]
            if is_target[column] or score != score:
                continue
            others[n_others] = score
            n_others += 1
            if best >= 0 and score >= best_score:
                above += _worse(best_score, best_key, score, pair_key(row_keys[row], key_row[column]))
        first[row] = above + 1 if best >= 0 else np.inf
        if n_others == 0 or mine.size == 0:
            auc[row] = np.nan
            continue
        ordered = np.sort(others[:n_others])
        beaten = 0.0
        for column in mine:
            if column >= 0 and scores[row, column] == scores[row, column]:
                below = np.searchsorted(ordered, scores[row, column], side="left")
                upto = np.searchsorted(ordered, scores[row, column], side="right")
                beaten += below + 0.5 * (upto - below)
        auc[row] = beaten / (np.float64(mine.size) * n_others)


def target_ranks(
    scores: NDArray[np.float32],
    offsets: NDArray[np.int64],
    columns: NDArray[np.int32],
    *,
    row_keys: NDArray[np.uint64],
    column_keys: NDArray[np.uint64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return per row the AUC of its targets and the rank of its best target in the full ranking (inf without one).

    Row ``r`` has the targets ``columns[offsets[r]:offsets[r + 1]]``; keys are those of ``top_k``. Hidden items must be NaN
    already. A target without a score (NaN, or column -1: not a candidate) counts as ranked below every scored item; an
    irrelevant item without a score is left out. Equal scores count one half in the AUC.
    """
    auc = np.empty(len(scores), np.float64)
    first = np.empty(len(scores), np.float64)
    keys, per_row = np.atleast_2d(column_keys), column_keys.ndim == 2
    over_rows(
        len(scores),
        lambda a, b: _target_ranks_rows(scores, offsets, columns, row_keys, keys, per_row, auc, first, a, b),
    )
    return auc, first
