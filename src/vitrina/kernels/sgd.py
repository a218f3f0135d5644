"""Stochastic gradient steps of matrix factorisation, one sample after the other: too small for BLAS, too many for Python."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.draws import below, draw_pair
from vitrina.kernels.fastmath import REORDERED
from vitrina.kernels.hashing import GOLDEN, mix
from vitrina.kernels.strata import Places, Strata, Stratum

Floats = NDArray[np.float32]


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _bpr_steps(
    first: int,
    of_user: Places,
    of_item: Places,
    choice: NDArray[np.int32],
    offsets: NDArray[np.int32],
    columns: NDArray[np.int32],
    users: Floats,
    items: Floats,
    biases: Floats,
    lr: np.float32,
    reg_user: np.float32,
    reg_positive: np.float32,
    reg_negative: np.float32,
    seed: np.uint64,
) -> float:
    d = items.shape[1]
    state, loss, likely = seed, 0.0, 1.0
    for _ in range(of_user.size):
        state, user, i, j = draw_pair(state, first, of_user, of_item, choice, offsets, columns)
        if j == i:
            continue
        w, hi, hj = users[user], items[i], items[j]
        x = biases[i] - biases[j]
        for f in range(d):
            x += w[f] * (hi[f] - hj[f])
        g = np.float32(1.0) / (np.float32(1.0) + np.exp(x))
        likely *= max(1e-12, 1.0 - g)
        if likely < 1e-200:  # one logarithm for many steps
            loss -= np.log(likely)
            likely = 1.0
        for f in range(d):
            wf, hif, hjf = w[f], hi[f], hj[f]
            w[f] += lr * (g * (hif - hjf) - reg_user * wf)
            hi[f] += lr * (g * wf - reg_positive * hif)
            hj[f] -= lr * (g * wf + reg_negative * hjf)
        biases[i] += lr * (g - reg_positive * biases[i])
        biases[j] -= lr * (g + reg_negative * biases[j])
    return loss - np.log(likely)


def bpr_epoch(
    strata: Strata,
    users: Floats,
    items: Floats,
    biases: Floats,
    *,
    lr: float,
    reg_user: float,
    reg_positive: float,
    reg_negative: float,
    rng: np.random.Generator,
) -> float:
    """Make as many BPR steps as there are events, in place; returns the mean loss -ln sigma(x_ui - x_uj).

    ``strata`` deals the events to threads. A step draws an event (u, i) and an item j that u has not consumed, both uniformly
    (Rendle et al. 2009, LearnBPR): within a stratum, and since items are dealt to strata at random, over the whole catalogue.
    """
    rates = [np.float32(v) for v in (lr, reg_user, reg_positive, reg_negative)]

    def steps(s: Stratum) -> float:
        return _bpr_steps(
            s.first, s.users, s.items, s.choice, strata.offsets, strata.columns, users, items, biases, *rates, s.seed
        )

    return strata.epoch(rng, steps) / max(1, strata.n_events)


@njit(nogil=True, cache=True, fastmath=REORDERED)
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


@njit(nogil=True, cache=True)
def _shuffled(n: int, state: np.uint64) -> NDArray[np.int32]:
    """A permutation of 0..n-1 (Fisher and Yates)."""
    order = np.arange(n, dtype=np.int32)
    for last in range(n - 1, 0, -1):
        state += GOLDEN
        other = below(state, last + 1)
        order[last], order[other] = order[other], order[last]
    return order


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _logistic_steps(
    first: int,
    of_user: Places,
    of_item: Places,
    everywhere: Places,
    choice: NDArray[np.int32],
    n_drawn: int,
    users: Floats,
    items: Floats,
    user_biases: Floats,
    item_biases: Floats,
    bias: Floats,
    lr: np.float32,
    reg: np.float32,
    seed: np.uint64,
) -> float:
    state, loss = mix(seed), 0.0
    for sample in _shuffled(of_user.size + n_drawn, seed):
        if sample < of_user.size:
            user, item, label = first + np.int64(of_user[sample]), choice[of_item[sample]], np.float32(1.0)
        else:
            state += GOLDEN
            user = first + np.int64(everywhere[below(state, everywhere.size)])
            state += GOLDEN
            item, label = choice[below(state, choice.size)], np.float32(0.0)
        error, cost = _logistic_step(users[user], items[item], user_biases[user], item_biases[item], bias[0], label, lr, reg)
        user_biases[user] += lr * (error - reg * user_biases[user])
        item_biases[item] += lr * (error - reg * item_biases[item])
        bias[0] += lr * (error - reg * bias[0])
        loss += cost
    return loss


def logistic_epoch(
    strata: Strata,
    users: Floats,
    items: Floats,
    user_biases: Floats,
    item_biases: Floats,
    biases: Floats,
    *,
    negatives: int,
    lr: float,
    reg: float,
    rng: np.random.Generator,
) -> float:
    """Pass once over all events and ``negatives`` drawn items for each, shuffled; returns the mean log loss.

    ``strata`` deals the events to threads. A drawn sample is the user of any event and any item, consumed ones too (Rendle et
    al. 2020): each stratum draws the share of its items. Vectors and biases are updated in place; ``biases`` float32
    ``[strata.n_blocks]`` are the global bias, one for each block of users, as threads share nothing.
    """
    rates = np.float32(lr), np.float32(reg)

    def steps(s: Stratum) -> float:
        n_drawn = round(negatives * s.everywhere.size * s.choice.size / len(items))
        of_block = biases[s.block : s.block + 1]
        vectors = users, items, user_biases, item_biases, of_block
        return _logistic_steps(s.first, s.users, s.items, s.everywhere, s.choice, n_drawn, *vectors, *rates, s.seed)

    return strata.epoch(rng, steps) / max(1, strata.n_events * (negatives + 1))
