"""Loss and gradients of neural collaborative filtering over a batch of events, forward and back in one pass.

An event is a person with its item and some drawn ones: as many pairs as items. What the first layer makes of a person is
computed once for all events of that person in the batch, likewise of an item, and what comes back is summed before it is
multiplied: so that layer costs products of the distinct rows, not of all pairs. The other layers go over blocks of events whose
activations stay in the cache. Blocks depend on nothing but the batch, and sums are made in one order: any number of threads
gives the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.fastmath import REORDERED
from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.threads import over_blocks, over_rows

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

_EVENTS = 64  # of a block: some hundred pairs, whose activations stay in the cache
_ROWS = 256  # distinct people or items of a block
_PARTS = 16  # of a sum over blocks at most: each is as large as the layers

_ZERO, _ONE = np.float32(0), np.float32(1)


class Parameters(NamedTuple):
    """What is learned, or its gradients, all float32.

    Vectors of people and items whose product is weighted, ``[n, d]``, and those that enter the tower, ``[n, e]``. ``tower``
    holds, one after the other: of the first layer the weights of the person and of the item ``[m, e]`` each and the biases
    ``[m]``, then weights ``[out, in]`` and biases of every further layer. ``output`` weighs the d products and then the last
    layer, ``bias [1]`` is added. Without a product d is 0, without a tower e and the size of ``tower`` are.
    """

    user_factors: Floats
    item_factors: Floats
    user_inputs: Floats
    item_inputs: Floats
    tower: Floats
    output: Floats
    bias: Floats


def gradients(users: Places, items: Places, at: Parameters, widths: Places, seen: Places, into: Parameters) -> float:
    """Return the mean log loss of all pairs of ``users [n]`` with their ``items [n, k]``, of which the first are the events'.

    ``into`` receives the gradients: its vectors must be zero before, only those of the batch are written. ``widths`` are
    those of the tower's layers after its input. ``seen`` is at least as long as there are people or items, -1 everywhere,
    and is left so.
    """
    return _Batch(users, items, at, widths, seen, into).gradients()


class _Side:
    """The people of a batch, or its items, each of them once.

    ``numbers`` are who they are; ``of`` is the row of each place of the list, ``places`` those of each row from ``offsets`` on.
    ``first [n, m]`` are their halves of the first layer. A place stands for ``pairs`` of the batch's pairs, side by side.
    """

    def __init__(
        self, listed: Places, seen: Places, pairs: int, inputs: Floats, weight: Floats, bias: Floats, of_inputs: Floats
    ) -> None:
        self.numbers, self.of, self.offsets, self.places = _grouped(listed, seen)
        self.pairs, self.inputs, self.weight, self.bias, self.of_inputs = pairs, inputs, weight, bias, of_inputs
        n = self.numbers.size
        self.size = max(_ROWS, -(-n // _PARTS))
        self.blocks = [slice(start, min(n, start + self.size)) for start in range(0, n, self.size)]
        self.first = np.empty((n, len(weight)), np.float32)
        self.of_weight = np.empty((len(self.blocks), *weight.shape), np.float32)
        self.of_bias = np.zeros((len(self.blocks), bias.size), np.float32)

    def enter(self, rows: slice) -> None:
        """Compute ``first`` of a block."""
        _entered(self.numbers[rows], self.inputs, self.weight, self.bias, self.first[rows])

    def leave(self, rows: slice, by_first: Floats) -> None:
        """Go back from gradients ``by_first`` of all pairs to those of a block's vectors, and its part of the weights'."""
        part = rows.start // self.size
        _left(
            self.numbers[rows], self.ends(rows), self.places, self.pairs, by_first, self.inputs, self.weight, self.of_inputs,
            self.of_weight[part], self.of_bias[part],
        )  # fmt: skip

    def ends(self, rows: slice) -> Places:
        """Where the places of a block's rows begin, and the last ones end."""
        return self.offsets[rows.start : rows.stop + 1]


class _Batch:
    """A batch on its way, with gradients by the logits, by the first layer and by each event's part of the product."""

    def __init__(self, users: Places, items: Places, at: Parameters, widths: Places, seen: Places, into: Parameters) -> None:
        self.users, self.items, self.k = users, items.reshape(-1), items.shape[1]
        self.at, self.widths, self.into = at, widths, into
        self.m = int(widths[0]) if widths.size else 0
        of_user, of_item, bias, self.rest = self._layers(at.tower)
        self.people = _Side(self.users, seen, self.k, at.user_inputs, of_user, bias, into.user_inputs)
        self.things = _Side(self.items, seen, 1, at.item_inputs, of_item, bias[:0], into.item_inputs)
        self.by_logit = np.empty(self.items.size, np.float32)
        self.by_first = np.empty((self.items.size, self.m), np.float32)
        self.by_product = np.empty((users.size, at.user_factors.shape[1]), np.float32)

    def _layers(self, tower: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """The first layer's halves ``[m, e]`` and biases, and the other layers."""
        m, e = self.m, self.at.user_inputs.shape[1]
        return (
            tower[: m * e].reshape(m, e),
            tower[m * e : 2 * m * e].reshape(m, e),
            tower[2 * m * e :][:m],
            tower[2 * m * e + m :],
        )

    def gradients(self) -> float:
        """Go through the layers and back; returns the mean loss."""
        of_user, of_item, of_bias, of_rest = self._layers(self.into.tower)
        with one_blas_thread():
            if self.m:
                self._over_both(lambda side, rows: side.enter(rows))
            loss = self._over_events(of_rest)
            self._over_both(self._leave)
        if self.m:
            self.people.of_weight.sum(axis=0, out=of_user)
            self.things.of_weight.sum(axis=0, out=of_item)
            self.people.of_bias.sum(axis=0, out=of_bias)
        return loss

    def _over_both(self, work: Callable[[_Side, slice], None]) -> None:
        """Do the work for all blocks of people and of items."""
        blocks = [(side, rows) for side in (self.people, self.things) for rows in side.blocks]

        def some(start: int, stop: int) -> None:
            for side, rows in blocks[start:stop]:
                work(side, rows)

        over_rows(len(blocks), some, min_rows=1)

    def _over_events(self, of_rest: Floats) -> float:
        """Do all that goes over events; returns the mean loss."""
        at, k = self.at, self.k
        size = max(_EVENTS, -(-self.users.size // _PARTS))
        n_parts = -(-self.users.size // size)
        losses, of_output = np.zeros(n_parts), np.zeros((n_parts, at.output.size + 1), np.float32)
        of_layers = np.zeros((n_parts, self.rest.size), np.float32)

        def block(rows: slice) -> None:
            part, pairs = rows.start // size, slice(rows.start * k, rows.stop * k)
            losses[part] = _there_and_back(
                self.users[rows], self.items[pairs], self.people.of[rows], self.things.of[pairs],
                at.user_factors, at.item_factors, self.people.first, self.things.first, self.widths, self.rest, at.output,
                at.bias, np.float32(1 / self.items.size), self.by_logit[pairs], self.by_first[pairs], self.by_product[rows],
                of_layers[part], of_output[part],
            )  # fmt: skip

        over_blocks(self.users.size, size, block)
        of_layers.sum(axis=0, out=of_rest)
        summed = of_output.sum(axis=0)
        self.into.output[:], self.into.bias[:] = summed[:-1], summed[-1:]
        return float(losses.sum() / self.items.size)

    def _leave(self, side: _Side, rows: slice) -> None:
        """Go back to all vectors of a block of people or of items."""
        if self.m:
            side.leave(rows, self.by_first)
        d = self.by_product.shape[1]
        if not d:
            return
        h, numbers, ends = self.at.output[:d], side.numbers[rows], side.ends(rows)
        if side is self.people:
            _product_of_users(numbers, ends, side.places, self.by_product, h, self.into.user_factors)
        else:
            p, q = self.at.user_factors, self.into.item_factors
            _product_of_items(numbers, ends, side.places, self.users, self.k, p, self.by_logit, h, q)


@njit(nogil=True, cache=True)
def _grouped(listed: Places, seen: Places) -> tuple[Places, Places, Places, Places]:
    """Make a group of ``listed``, its distinct numbers in order of first appearance."""
    n, m = listed.size, 0
    numbers, of, offsets = np.empty(n, np.int64), np.empty(n, np.int64), np.zeros(n + 1, np.int64)
    for place in range(n):
        number = listed[place]
        if seen[number] < 0:
            seen[number] = m
            numbers[m] = number
            m += 1
        of[place] = seen[number]
        offsets[of[place] + 1] += 1
    for row in range(m):
        seen[numbers[row]] = -1
        offsets[row + 1] += offsets[row]
    places, following = np.empty(n, np.int64), offsets[:m].copy()
    for place in range(n):
        places[following[of[place]]] = place
        following[of[place]] += 1
    return numbers[:m], of, offsets[: m + 1], places


@njit(nogil=True, cache=True)
def _gathered(numbers: Places, vectors: Floats) -> Floats:
    out = np.empty((numbers.size, vectors.shape[1]), np.float32)
    for row in range(numbers.size):
        out[row] = vectors[numbers[row]]
    return out


@njit(nogil=True, cache=True)
def _entered(numbers: Places, vectors: Floats, weight: Floats, bias: Floats, out: Floats) -> None:
    """Set ``out [n, m]`` to the product of the vectors of ``numbers [n]`` with ``weight [m, e]``, plus ``bias`` or nothing."""
    np.dot(_gathered(numbers, vectors), weight.T, out)
    if bias.size:
        out += bias


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _left(
    numbers: Places, ends: Places, places: Places, pairs: int, by_first: Floats, vectors: Floats, weight: Floats,
    of_vectors: Floats, of_weight: Floats, of_bias: Floats,
) -> None:  # fmt: skip
    """Sum ``by_first`` over the places of each of ``numbers``, and from the sums take the gradients; ``of_bias`` may be empty."""
    sums = np.zeros((numbers.size, weight.shape[0]), np.float32)
    for row in range(numbers.size):
        for at in range(ends[row], ends[row + 1]):
            for pair in range(places[at] * pairs, (places[at] + 1) * pairs):
                for f in range(sums.shape[1]):
                    sums[row, f] += by_first[pair, f]
        for f in range(of_bias.size):
            of_bias[f] += sums[row, f]
    np.dot(sums.T, _gathered(numbers, vectors), of_weight)
    by_vectors = np.dot(sums, weight)
    for row in range(numbers.size):
        of_vectors[numbers[row]] = by_vectors[row]


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _product_of_users(numbers: Places, ends: Places, places: Places, by_product: Floats, h: Floats, of_p: Floats) -> None:
    for row in range(numbers.size):
        mine = of_p[numbers[row]]
        for at in range(ends[row], ends[row + 1]):
            for f in range(h.size):
                mine[f] += h[f] * by_product[places[at], f]


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _product_of_items(
    numbers: Places, ends: Places, places: Places, users: Places, c: int, p: Floats, by_logit: Floats, h: Floats, of_q: Floats
) -> None:
    for row in range(numbers.size):
        mine = of_q[numbers[row]]
        for at in range(ends[row], ends[row + 1]):
            person, g = p[users[places[at] // c]], by_logit[places[at]]
            for f in range(h.size):
                mine[f] += g * person[f]
        for f in range(h.size):
            mine[f] *= h[f]


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
def _there_and_back(
    users: Places, items: Places, of_user: Places, of_item: Places, p: Floats, q: Floats, from_user: Floats,
    from_item: Floats, widths: Places, rest: Floats, output: Floats, bias: Floats, share: np.float32, by_logit: Floats,
    by_first: Floats, by_product: Floats, of_rest: Floats, of_output: Floats,
) -> float:  # fmt: skip
    """Go through a block of events; returns the sum of the losses, of whose gradients each pair has a ``share``.

    ``rest`` are the layers after the first, ``of_rest`` its gradients, and ``of_output`` those of ``output`` and ``bias``.
    """
    n, d = items.size, p.shape[1]
    logits, x = np.full(n, bias[0], np.float32), np.empty(n * widths.sum(), np.float32)
    if widths.size:
        _climb(of_user, of_item, from_user, from_item, widths, rest, output[d:], x, logits)
    _multiply(users, items, p, q, output[:d], logits)
    loss = _losses(logits, n // users.size, share, by_logit)
    _multiply_back(users, items, p, q, by_logit, by_product, of_output[:d])
    of_output[-1] = by_logit.sum()
    if widths.size:
        _descend(by_logit, widths, rest, output[d:], x, by_first, of_rest, of_output[d:-1])
    return loss


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _climb(
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
def _descend(
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
def _multiply(users: Places, items: Places, p: Floats, q: Floats, h: Floats, logits: Floats) -> None:
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
def _multiply_back(
    users: Places, items: Places, p: Floats, q: Floats, by_logit: Floats, by_product: Floats, of_h: Floats
) -> None:
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
def _losses(logits: Floats, c: int, share: np.float32, by_logit: Floats) -> float:
    """Return the sum of ``-ln s(x)`` of the first of every ``c`` pairs and ``-ln(1 - s(x))`` of the others; set gradients."""
    loss = 0.0
    for pair in range(logits.size):
        x, target = logits[pair], _ONE if pair % c == 0 else _ZERO
        small = np.exp(-abs(x))
        likely = _ONE / (_ONE + small)
        by_logit[pair] = share * ((likely if x > _ZERO else small * likely) - target)
        loss += max(x, _ZERO) - x * target + np.log1p(small)
    return loss
