"""Stochastic gradient steps of matrix factorisation, one sample after the other: too small for BLAS, too many for Python.

One thread: two threads that write the same vectors would give another result in every run.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.hashing import mix

Floats = NDArray[np.float32]

# Reordered sums vectorise; NaN and infinity keep their meaning, so that exploding factors are seen.
_FAST = {"reassoc", "contract", "arcp", "nsz"}

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(nogil=True, cache=True, inline="always")
def _below(state: np.uint64, n: int) -> int:
    """A number in 0..n-1 from the upper bits of a mixed counter."""
    return np.int64((mix(state) >> np.uint64(32)) * np.uint64(n) >> np.uint64(32))  # type: ignore[return-value]


@njit(nogil=True, cache=True, inline="always")
def _contains(row: NDArray[np.int32], item: int) -> bool:
    at = np.searchsorted(row, item)
    return bool(at < row.size and row[at] == item)


@njit(nogil=True, cache=True, fastmath=_FAST)
def _bpr_epoch(
    offsets: NDArray[np.int32],
    columns: NDArray[np.int32],
    row_of: NDArray[np.int32],
    users: Floats,
    items: Floats,
    biases: Floats,
    lr: np.float32,
    reg_user: np.float32,
    reg_positive: np.float32,
    reg_negative: np.float32,
    seed: np.uint64,
) -> float:
    n_items, d = items.shape
    state, loss = seed, 0.0
    for _ in range(columns.size):
        state += _GOLDEN
        event = _below(state, columns.size)
        user, i = row_of[event], np.int64(columns[event])
        seen = columns[offsets[user] : offsets[user + 1]]
        if seen.size == n_items:
            continue  # there is nothing this user has not consumed
        state += _GOLDEN
        j = _below(state, n_items)
        while _contains(seen, j):
            state += _GOLDEN
            j = _below(state, n_items)
        w, hi, hj = users[user], items[i], items[j]
        x = biases[i] - biases[j]
        for f in range(d):
            x += w[f] * (hi[f] - hj[f])
        g = np.float32(1.0) / (np.float32(1.0) + np.exp(x))
        loss -= np.log(max(1e-12, 1.0 - g))
        for f in range(d):
            wf, hif, hjf = w[f], hi[f], hj[f]
            w[f] += lr * (g * (hif - hjf) - reg_user * wf)
            hi[f] += lr * (g * wf - reg_positive * hif)
            hj[f] -= lr * (g * wf + reg_negative * hjf)
        biases[i] += lr * (g - reg_positive * biases[i])
        biases[j] -= lr * (g + reg_negative * biases[j])
    return loss / max(1, columns.size)


def bpr_epoch(
    offsets: NDArray[np.int32],
    columns: NDArray[np.int32],
    row_of: NDArray[np.int32],
    users: Floats,
    items: Floats,
    biases: Floats,
    *,
    lr: float,
    reg_user: float,
    reg_positive: float,
    reg_negative: float,
    seed: int,
) -> float:
    """Make as many BPR steps as there are events, in place; returns the mean loss -ln sigma(x_ui - x_uj).

    ``offsets``, ``columns`` are the CSR matrix of events with sorted columns, ``row_of`` the user of each event. A step draws
    an event (u, i) and an item j that u has not consumed, both uniformly (Rendle et al. 2009, LearnBPR).
    """
    rates = [np.float32(v) for v in (lr, reg_user, reg_positive, reg_negative)]
    return float(_bpr_epoch(offsets, columns, row_of, users, items, biases, *rates, np.uint64(seed)))


@njit(nogil=True, cache=True, fastmath=_FAST)
def _logistic_step(
    w: Floats, h: Floats, user_bias: np.float32, item_bias: np.float32, bias: np.float32, label: np.float32, lr: np.float32,
    reg: np.float32,
) -> tuple[np.float32, np.float32]:  # fmt: skip
    """Update both vectors; returns the error y - sigma(x), from which the caller updates the biases, and the loss."""
    x = bias + user_bias + item_bias
    for f in range(w.size):
        x += w[f] * h[f]
    p = np.float32(1.0) / (np.float32(1.0) + np.exp(-x))
    error = label - p
    for f in range(w.size):
        wf = w[f]
        w[f] += lr * (error * h[f] - reg * wf)
        h[f] += lr * (error * wf - reg * h[f])
    likely = p if label > 0 else np.float32(1.0) - p
    return error, -np.log(max(np.float32(1e-12), likely))


@njit(nogil=True, cache=True, fastmath=_FAST)
def _logistic_epoch(
    row_of: NDArray[np.int32],
    columns: NDArray[np.int32],
    order: NDArray[np.int64],
    users: Floats,
    items: Floats,
    user_biases: Floats,
    item_biases: Floats,
    bias: Floats,
    negatives: int,
    lr: np.float32,
    reg: np.float32,
    seed: np.uint64,
) -> float:
    state, loss = seed, 0.0
    per_event = negatives + 1
    for sample in order:
        event = sample // per_event
        user, item = row_of[event], np.int64(columns[event])
        label = np.float32(1.0)
        if sample % per_event:
            state += _GOLDEN
            item, label = _below(state, len(items)), np.float32(0.0)
        error, cost = _logistic_step(users[user], items[item], user_biases[user], item_biases[item], bias[0], label, lr, reg)
        user_biases[user] += lr * (error - reg * user_biases[user])
        item_biases[item] += lr * (error - reg * item_biases[item])
        bias[0] += lr * (error - reg * bias[0])
        loss += cost
    return loss / max(1, order.size)


def logistic_epoch(
    row_of: NDArray[np.int32],
    columns: NDArray[np.int32],
    order: NDArray[np.int64],
    users: Floats,
    items: Floats,
    user_biases: Floats,
    item_biases: Floats,
    bias: Floats,
    *,
    negatives: int,
    lr: float,
    reg: float,
    seed: int,
) -> float:
    """Pass once over all events and ``negatives`` uniform items for each, in the given ``order``; returns the mean log loss.

    ``order`` is a permutation of ``range(n_events * (negatives + 1))``; sample s belongs to event s // (negatives + 1) and is
    the event itself where the remainder is 0. Negatives are drawn from all items, consumed ones too (Rendle et al. 2020).
    All vectors and biases (``bias`` float32 ``[1]``) are updated in place.
    """
    values = (negatives, np.float32(lr), np.float32(reg), np.uint64(seed))
    return float(_logistic_epoch(row_of, columns, order, users, items, user_biases, item_biases, bias, *values))
