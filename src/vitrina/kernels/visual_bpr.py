"""Stochastic gradient steps of VBPR: vectors pair by pair, the matrix that reads pictures in small batches by BLAS."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.draws import draw_pair
from vitrina.kernels.fastmath import REORDERED
from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.strata import Places, Strata, Stratum

Floats = NDArray[np.float32]

_TOGETHER = 32  # pairs of pictures that meet the same E: enough for BLAS, too few for E to change much meanwhile


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _step(
    w: Floats, hi: Floats, hj: Floats, seen: Floats, bias: np.float32, pull: Floats, lr: np.float32, reg: np.float32
) -> np.float32:
    """Update w = (gamma_u, theta_u), gamma_i and gamma_j; returns sigma(x_uj - x_ui) and leaves the gradient of E in ``pull``.

    ``seen`` is (E, b') (f_i - f_j), ``bias`` b_i - b_j; ``pull`` times f_i - f_j is the gradient of (E, b').
    """
    own, visual = hi.size, seen.size - 1
    x = bias + seen[visual]
    for f in range(own):
        x += w[f] * (hi[f] - hj[f])
    for f in range(visual):
        x += w[own + f] * seen[f]
    g = np.float32(1.0) / (np.float32(1.0) + np.exp(x))
    for f in range(own):
        wf, hif, hjf = w[f], hi[f], hj[f]
        w[f] += lr * (g * (hif - hjf) - reg * wf)
        hi[f] += lr * (g * wf - reg * hif)
        hj[f] -= lr * (g * wf + reg * hjf)
    for f in range(visual):
        theta = w[own + f]
        pull[f] = g * theta
        w[own + f] += lr * (g * seen[f] - reg * theta)
    pull[visual] = g
    return g


@njit(nogil=True, cache=True)
def _steps(
    first: int,
    of_user: Places,
    of_item: Places,
    choice: NDArray[np.int32],
    offsets: NDArray[np.int32],
    columns: NDArray[np.int32],
    users: Floats,
    items: Floats,
    biases: Floats,
    features: Floats,
    visual: Floats,
    lr: np.float32,
    reg: np.float32,
    reg_visual: np.float32,
    seed: np.uint64,
) -> float:
    pairs = np.empty((_TOGETHER, 3), np.int64)
    apart, pulls = np.empty((_TOGETHER, features.shape[1]), np.float32), np.empty((_TOGETHER, len(visual)), np.float32)
    state, loss = seed, 0.0
    for start in range(0, of_user.size, _TOGETHER):
        n = 0
        for _ in range(min(_TOGETHER, of_user.size - start)):
            state, user, i, j = draw_pair(state, first, of_user, of_item, choice, offsets, columns)
            if j != i:
                pairs[n, 0], pairs[n, 1], pairs[n, 2] = user, i, j
                apart[n] = features[i] - features[j]
                n += 1
        if n == 0:
            continue
        seen = np.dot(apart[:n], visual.T)
        for p in range(n):
            user, i, j = pairs[p]
            g = _step(users[user], items[i], items[j], seen[p], biases[i] - biases[j], pulls[p], lr, reg)
            biases[i] += lr * (g - reg * biases[i])
            biases[j] -= lr * (g + reg * biases[j])
            loss -= np.log(max(np.float32(1e-12), np.float32(1.0) - g))
        visual *= (np.float32(1.0) - lr * reg_visual) ** np.float32(n)
        visual += lr * np.dot(pulls[:n].T, apart[:n])
    return loss


def visual_bpr_epoch(
    strata: Strata,
    users: Floats,
    items: Floats,
    biases: Floats,
    features: Floats,
    visual: Floats,
    *,
    lr: float,
    reg: float,
    reg_visual: float,
    rng: np.random.Generator,
) -> float:
    """Make as many steps of VBPR as there are events, in place; returns the mean loss -ln sigma(x_ui - x_uj).

    ``users [n_users, own + k]`` are (gamma_u, theta_u), ``items [n_items, own]`` gamma_i, ``features [n_items, columns]`` the
    pictures, ``visual [k + 1, columns]`` E and, as its last row, b' (He and McAuley 2016). ``strata`` deals the events to
    threads, as in ``vitrina.kernels.sgd.bpr_epoch``. All of them change E: each block of users has a copy of its own, and
    after every round of strata all go on from their mean (parameter mixing, McDonald et al. 2010), so that the result is the
    same for any number of threads.
    """
    copies = np.repeat(visual[None], strata.n_blocks, axis=0)
    rates = [np.float32(v) for v in (lr, reg, reg_visual)]

    def steps(s: Stratum) -> float:
        arrays = users, items, biases, features, copies[s.block]
        return _steps(s.first, s.users, s.items, s.choice, strata.offsets, strata.columns, *arrays, *rates, s.seed)

    def mix() -> None:
        copies[:] = copies.mean(axis=0)

    with one_blas_thread():
        loss = strata.epoch(rng, steps, after_round=mix)
    visual[:] = copies[0]
    return loss / max(1, strata.n_events)
