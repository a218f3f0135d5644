"""Bayesian personalised ranking on item-item weights: one sampled gradient step after another."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.hashing import GOLDEN, mix

Floats = NDArray[np.float32]
Optimiser = Literal["sgd", "adagrad", "adam"]

_PLAIN, _ADAGRAD, _ADAM = 0, 1, 2
_CODES: dict[Optimiser, int] = {"sgd": _PLAIN, "adagrad": _ADAGRAD, "adam": _ADAM}
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


@njit(nogil=True, cache=True, inline="always")
def _below(key: np.uint64, draw: int, n: int) -> int:
    """Return number ``draw`` of the stream ``key``: a pseudo-random integer in ``0..n - 1`` (n < 2^32)."""
    bits = mix(key + np.uint64(draw) * GOLDEN)
    return int(((bits >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@njit(nogil=True, cache=True, inline="always")
def _scaled(
    gradient: float, item: int, optimiser: int, step: int, first: NDArray[np.float64], second: NDArray[np.float64]
) -> float:
    """Scale a gradient by the history of its item (one number an item, as its weights share their gradients)."""
    if optimiser == _ADAGRAD:
        second[item] += gradient**2
        return gradient / (np.sqrt(second[item]) + _EPSILON)
    if optimiser == _ADAM:
        first[item] = _BETA_1 * first[item] + (1 - _BETA_1) * gradient
        second[item] = _BETA_2 * second[item] + (1 - _BETA_2) * gradient**2
        mean, square = first[item] / (1 - _BETA_1**step), second[item] / (1 - _BETA_2**step)
        return mean / (np.sqrt(square) + _EPSILON)
    return gradient


@njit(nogil=True, cache=True)
def _steps(
    offsets: NDArray[np.int64],
    items: NDArray[np.int32],
    users: NDArray[np.int32],
    key: np.uint64,
    draws: int,
    steps_done: int,
    n_steps: int,
    symmetric: bool,
    optimiser: int,
    rate: float,
    decay_positive: float,
    decay_negative: float,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    weights: Floats,
) -> int:
    n_items = len(weights)
    for step in range(steps_done + 1, steps_done + n_steps + 1):
        user = users[_below(key, draws, users.size)]
        mine = items[offsets[user] : offsets[user + 1]]
        positive = mine[_below(key, draws + 1, mine.size)]
        draws += 2
        while True:
            negative = np.int32(_below(key, draws, n_items))
            draws += 1
            at = np.searchsorted(mine, negative)
            if at == mine.size or mine[at] != negative:
                break
        up, down = weights[positive], weights[negative]
        difference = 0.0
        for source in mine:
            difference += up[source] - down[source]
        gradient = 1.0 / (1.0 + np.exp(difference))
        add = np.float32(rate * _scaled(gradient, positive, optimiser, step, first, second))
        subtract = np.float32(rate * _scaled(gradient, negative, optimiser, step, first, second))
        keep_up, keep_down = np.float32(1 - rate * decay_positive), np.float32(1 - rate * decay_negative)
        for source in mine:
            if source != positive:
                up[source] = keep_up * up[source] + add
            down[source] = keep_down * down[source] - subtract
            if symmetric:
                weights[source, positive], weights[source, negative] = up[source], down[source]
    return draws


class SlimSteps:
    """Gradient steps on ``weights`` float32 ``[n_items, n_items]`` (row: target, column: source), from zeros.

    A step draws a user (uniformly), one of its items i and another item j, and climbs::

        ln sigmoid(sum over s in the history, of W_is - W_js) - lambda_i/2 |W_i|^2 - lambda_j/2 |W_j|^2

    on the weights of the history's items; ``W_ii`` stays zero. ``symmetric`` keeps W_is = W_si. Row u of the log is
    ``items[offsets[u]:offsets[u + 1]]``, ascending. One thread, in a fixed order: the same seed gives the same weights.
    """

    def __init__(
        self,
        offsets: NDArray[np.integer],
        items: NDArray[np.int32],
        n_items: int,
        *,
        symmetric: bool,
        optimiser: Optimiser,
        learning_rate: float,
        lambda_i: float,
        lambda_j: float,
        seed: int,
    ) -> None:
        self._offsets, self._items = offsets.astype(np.int64), items
        lengths = np.diff(self._offsets)
        self._users = np.flatnonzero((lengths > 0) & (lengths < n_items)).astype(np.int32)  # others have no pair to rank
        self._key = np.uint64((int(seed) * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) % 2**64)
        self._draws = self._done = 0
        self._rule = (symmetric, _CODES[optimiser], learning_rate, lambda_i, lambda_j)
        self._first, self._second = np.zeros(n_items), np.zeros(n_items)
        self.weights = np.zeros((n_items, n_items), np.float32)

    def run(self, n_steps: int) -> None:
        """Take ``n_steps`` further steps."""
        if self._users.size:
            self._draws = _steps(
                self._offsets, self._items, self._users, self._key, self._draws, self._done, n_steps,
                *self._rule, self._first, self._second, self.weights,
            )  # fmt: skip
        self._done += n_steps
