"""What neural collaborative filtering does over pairs of a person and an item: product, tower, loss, and back through them.

Rows of people and items are given once each, with the rows of every event and every pair; an event has as many pairs as items.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.fastmath import REORDERED

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

_ZERO, _ONE = np.float32(0), np.float32(1)


@njit(nogil=True, cache=True)
def _layer(flat: Floats, widths: Places, layer: int) -> tuple[Floats, Floats]:
    """Return weights ``[out, in]`` and biases of a layer after the first, as views."""
    start = 0
    for before in range(1, layer):
        start += widths[before] * (widths[before - 1] + 1)
    rows, columns = widths[layer], widths[layer - 1]
    end = start + rows * columns
    return flat[start:end].reshape(rows, columns), flat[end : end + rows]


@njit(nogil=True, cache=True)
def _activations(flat: Floats, widths: Places, n: int, layer: int) -> Floats:
    """Return those of a layer ``[n, out]``, a view."""
    start = n * widths[:layer].sum()
    return flat[start : start + n * widths[layer]].reshape(n, widths[layer])


@njit(nogil=True, cache=True, fastmath=REORDERED)
def climb(
    of_user: Places, of_item: Places, from_user: Floats, from_item: Floats, widths: Places, rest: Floats, h: Floats, x: Floats,
    logits: Floats,
) -> None:  # fmt: skip
    """Fill the activations ``x`` of the tower, and add the last layer's, times h, to the logits."""
    n, top = of_item.size, widths.size - 1
    c, first = n // of_user.size, _activations(x, widths, n, 0)
    for pair in range(n):
        mine, other = from_user[of_user[pair // c]], from_item[of_item[pair]]
        for f in range(widths[0]):
            first[pair, f] = max(mine[f] + other[f], _ZERO)
    for layer in range(1, top + 1):
        weight, bias = _layer(rest, widths, layer)
        after = _activations(x, widths, n, layer)
        np.dot(_activations(x, widths, n, layer - 1), weight.T, after)
        for pair in range(n):
            for f in range(bias.size):
                after[pair, f] = max(after[pair, f] + bias[f], _ZERO)
    last = _activations(x, widths, n, top)
    for pair in range(n):
        total = _ZERO
        for f in range(h.size):
            total += h[f] * last[pair, f]
        logits[pair] += total


@njit(nogil=True, cache=True, fastmath=REORDERED)
def descend(
    by_logit: Floats, widths: Places, rest: Floats, h: Floats, x: Floats, by_first: Floats, of_rest: Floats, of_h: Floats
) -> None:
    """Set the gradients of the layers after the first, of h and of the first layer's sums ``by_first [n, m]``."""
    n, top = by_logit.size, widths.size - 1
    last = _activations(x, widths, n, top)
    gradient = by_first if top == 0 else np.empty((n, h.size), np.float32)
    for pair in range(n):
        g = by_logit[pair]
        for f in range(h.size):
            of_h[f] += g * last[pair, f]
            gradient[pair, f] = g * h[f] if last[pair, f] > _ZERO else _ZERO
    for layer in range(top, 0, -1):
        weight, _ = _layer(rest, widths, layer)
        of_weight, of_bias = _layer(of_rest, widths, layer)
        below = _activations(x, widths, n, layer - 1)
        np.dot(gradient.T, below, of_weight)
        of_bias[:] = _ZERO
        for pair in range(n):
            for f in range(of_bias.size):
                of_bias[f] += gradient[pair, f]
        further = by_first if layer == 1 else np.empty((n, widths[layer - 1]), np.float32)
        np.dot(gradient, weight, further)
        for pair in range(n):
            for f in range(widths[layer - 1]):
                further[pair, f] = further[pair, f] if below[pair, f] > _ZERO else _ZERO
        gradient = further


@njit(nogil=True, cache=True, fastmath=REORDERED)
def multiply(users: Places, items: Places, p: Floats, q: Floats, h: Floats, logits: Floats) -> None:
    """Add h . (p * q) of each pair to its logit."""
    c, weighted = items.size // users.size, np.empty(h.size, np.float32)
    for event in range(users.size):
        for f in range(h.size):
            weighted[f] = p[users[event], f] * h[f]
        for pair in range(event * c, (event + 1) * c):
            other, total = q[items[pair]], _ZERO
            for f in range(h.size):
                total += weighted[f] * other[f]
            logits[pair] += total


@njit(nogil=True, cache=True, fastmath=REORDERED)
def multiply_back(users: Places, items: Places, p: Floats, q: Floats, by_logit: Floats, by_product: Floats, of_h: Floats) -> None:
    """Set ``by_product [events, d]`` to the sums of q, each times the gradient of its logit, and add those of h to ``of_h``."""
    c = items.size // users.size
    for event in range(users.size):
        mine, sums = p[users[event]], by_product[event]
        sums[:] = _ZERO
        for pair in range(event * c, (event + 1) * c):
            other, g = q[items[pair]], by_logit[pair]
            for f in range(sums.size):
                sums[f] += g * other[f]
        for f in range(sums.size):
            of_h[f] += mine[f] * sums[f]


@njit(nogil=True, cache=True, fastmath=REORDERED)
def losses(logits: Floats, c: int, share: np.float32, by_logit: Floats) -> float:
    """Return the sum of ``-ln s(x)`` of the first of every ``c`` pairs and ``-ln(1 - s(x))`` of the others; set gradients."""
    loss = 0.0
    for pair in range(logits.size):
        x, target = logits[pair], _ONE if pair % c == 0 else _ZERO
        small = np.exp(-abs(x))
        likely = _ONE / (_ONE + small)
        by_logit[pair] = share * ((likely if x > _ZERO else small * likely) - target)
        loss += max(x, _ZERO) - x * target + np.log1p(small)
    return loss
