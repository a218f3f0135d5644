"""A step of neural collaborative filtering over a batch of events: forward, back, and the update of all that it touches.

An event is a person with its item and some drawn ones: as many pairs as items. What the first layer makes of a person is
computed once for all pairs of that person in the batch, likewise of an item, and what comes back is summed before it is
multiplied: so that layer costs products of the distinct rows, not of all pairs. The other layers go over blocks of events whose
activations stay in the cache. Vectors are updated where their gradients arise, see ``vitrina.kernels.adam``: no table of
gradients is made. Blocks depend on nothing but the batch, and sums are made in one order: any number of threads gives the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.adam import NO_RATES, Rates, Table, adam, catch_up, move
from vitrina.kernels.fastmath import REORDERED
from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.threads import over_rows

Floats = NDArray[np.float32]
Places = NDArray[np.int64]
Steps = NDArray[np.int32]

_EVENTS = 52  # of a block, whose activations stay in the cache
_ROWS = 256  # distinct people or items of a block
_PARTS = 16  # of a sum over blocks at most: each is as large as the layers
_SHARED = 2**22  # products of a step from which it is worth waking other threads

_ZERO, _ONE = np.float32(0), np.float32(1)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Weights(NamedTuple):
    """What is learned: rows of people and of items ``[n, d + e]``, and all layers in one row, with Adam's means of them.

    Of a row, d numbers are multiplied with those of the other side, and e enter the tower. Of the layers come first the
    tower's: weights of the person and of the item ``[m, e]`` each and biases ``[m]``, then weights ``[out, in]`` and biases of
    every further layer; then what the output weighs the d products with, and the last layer, and its bias.
    """

    people: Table
    items: Table
    layers: Floats
    means: Floats
    squares: Floats


class Rule(NamedTuple):
    """How step number ``step`` moves: by Adam with ``rates``, or without, by ``lr`` times the gradient."""

    step: int
    lr: float
    rates: Rates | None


def step(users: Places, items: Places, weights: Weights, d: int, widths: Places, rule: Rule) -> float:
    """Make a step with ``users [n]`` and their ``items [n, k]``, of which the first are the events'; returns the mean log loss.

    ``d`` is the dimension of the product, ``widths`` are those of the tower's layers after its input.
    """
    return _Batch(users, items, weights, d, widths, rule).step()


class _Side:
    """The people of a batch, or its items, each of them once, in blocks of so many.

    ``numbers`` are who they are; ``of`` is the row of each place of the list, ``places`` those of each row from ``ends`` on.
    ``rows`` are their vectors before the step, and ``first [n, m]`` their halves of the first layer.
    """

    def __init__(self, listed: Places, table: Table, weight: Floats, bias: Floats) -> None:
        self.numbers, self.of, self.ends, self.places = _grouped(listed)
        self.table, self.weight, self.bias = table, weight, bias
        n = self.numbers.size
        self.size = max(_ROWS, -(-n // _PARTS))
        self.blocks = [slice(start, min(n, start + self.size)) for start in range(0, n, self.size)]
        self.rows = np.empty((n, table.values.shape[1]), np.float32)
        self.first = np.empty((n, len(weight)), np.float32)
        self.of_weight = np.empty((len(self.blocks), *weight.shape), np.float32)
        self.of_bias = np.zeros((len(self.blocks), bias.size), np.float32)


class _Batch:
    """A batch on its way, with gradients by the logits, by the first layer and by each event's part of the product."""

    def __init__(self, users: Places, items: Places, weights: Weights, d: int, widths: Places, rule: Rule) -> None:
        self.users, self.items, self.k = users, items.reshape(-1), items.shape[1]
        self.weights, self.d, self.widths, self.rule = weights, d, widths, rule
        self.m, self.e = int(widths[:1].sum()), weights.people.values.shape[1] - d
        n_output = d + int(widths[-1:].sum()) + 1
        self.tower, self.output = np.split(weights.layers, [weights.layers.size - n_output])
        of_user, of_item, bias, self.rest = self._first(self.tower)
        self.people = _Side(self.users, weights.people, of_user, bias)
        self.things = _Side(self.items, weights.items, of_item, bias[:0])
        self.by_logit = np.empty(self.items.size, np.float32)
        self.by_first = np.empty((self.items.size, self.m), np.float32)
        self.by_product = np.empty((users.size, d), np.float32)
        self.adam = rule.rates is not None
        self.rates = rule.rates or NO_RATES

    def _first(self, tower: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """The first layer's halves ``[m, e]`` and biases, and the other layers."""
        m, half = self.m, self.m * self.e
        shape = (m, self.e)
        return (
            tower[:half].reshape(shape),
            tower[half : 2 * half].reshape(shape),
            tower[2 * half : 2 * half + m],
            tower[2 * half + m :],
        )

    def step(self) -> float:
        """Go through the layers, back, and on."""
        gradient = np.empty_like(self.weights.layers)
        of_tower, of_output = np.split(gradient, [self.tower.size])
        of_user, of_item, of_bias, of_rest = self._first(of_tower)
        with one_blas_thread():
            self._over_both(self._enter)
            loss = self._over_events(of_rest, of_output)
            self._over_both(self._leave)
        self.people.of_weight.sum(axis=0, out=of_user)
        self.things.of_weight.sum(axis=0, out=of_item)
        self.people.of_bias.sum(axis=0, out=of_bias)
        if self.rule.rates is None:
            self.weights.layers[:] -= np.float32(self.rule.lr) * gradient
        else:
            adam(self.weights.layers, self.weights.means, self.weights.squares, gradient, self.rule.step, self.rule.rates)
        return loss

    def _over_both(self, work: Callable[[_Side, slice], None]) -> None:
        """Do the work for all blocks of people and of items."""
        blocks = [(side, rows) for side in (self.people, self.things) for rows in side.blocks]
        self._for_each(len(blocks), lambda number: work(*blocks[number]))

    def _enter(self, side: _Side, rows: slice) -> None:
        """Let the rows of a block make the steps they missed, and go through the first layer."""
        _entered(
            side.numbers[rows], *side.table, self.rule.step - 1, self.adam, *self.rates, side.rows[rows], side.weight, side.bias,
            side.first[rows],
        )  # fmt: skip

    def _over_events(self, of_rest: Floats, of_output: Floats) -> float:
        """Do all that goes over events; returns the mean loss."""
        n, k = self.users.size, self.k
        size = max(_EVENTS, -(-n // _PARTS))
        parts = [slice(start, min(n, start + size)) for start in range(0, n, size)]
        losses, outputs = np.empty(len(parts)), np.zeros((len(parts), self.output.size), np.float32)
        layers = np.empty((len(parts), self.rest.size), np.float32)
        share = np.float32(1 / self.items.size)

        def block(number: int) -> None:
            events, pairs = parts[number], slice(parts[number].start * k, parts[number].stop * k)
            losses[number] = _there_and_back(
                self.people.of[events], self.things.of[pairs], self.people.rows, self.things.rows, self.people.first,
                self.things.first, self.widths, self.rest, self.output, self.d, share, self.by_logit[pairs],
                self.by_first[pairs], self.by_product[events], layers[number], outputs[number],
            )  # fmt: skip

        self._for_each(len(parts), block)
        layers.sum(axis=0, out=of_rest)
        outputs.sum(axis=0, out=of_output)
        return float(losses.sum() / self.items.size)

    def _leave(self, side: _Side, rows: slice) -> None:
        """Go back to the rows of a block, and move them."""
        part, mine = rows.start // side.size, side is self.people
        _left(
            side.numbers[rows], side.ends[rows.start : rows.stop + 1], side.places, self.k if mine else 1, *side.table,
            self.rule.step, self.rule.lr, self.adam, *self.rates, side.rows[rows], side.weight, self.by_first,
            self.output[: self.d], self.by_product, mine, self.people.of, self.people.rows, self.by_logit, self.k,
            side.of_weight[part], side.of_bias[part],
        )  # fmt: skip

    def _for_each(self, n: int, work: Callable[[int], None]) -> None:
        def some(start: int, stop: int) -> None:
            for number in range(start, stop):
                work(number)

        products = self.items.size * (self.weights.layers.size + self.d)
        over_rows(n, some, min_rows=1 if products > _SHARED else n)


@njit(nogil=True, cache=True)
def _grouped(listed: Places) -> tuple[Places, Places, Places, Places]:
    """Return the distinct numbers of a list, in order of first appearance; the row of each place; ends and places of each row.

    The places of row r are ``places[ends[r]:ends[r + 1]]``. Numbers, all at least 0, are found by a table of hashes.
    """
    n, m, bits = listed.size, 0, 4
    while (1 << bits) < 2 * n:
        bits += 1
    slots = np.full(1 << bits, -1, np.int64)
    numbers, of, ends = np.empty(n, np.int64), np.empty(n, np.int64), np.zeros(n + 1, np.int64)
    for place in range(n):
        number = listed[place]
        slot = np.int64((np.uint64(number) * _GOLDEN) >> np.uint64(64 - bits))
        while slots[slot] >= 0 and numbers[slots[slot]] != number:
            slot = (slot + 1) & ((1 << bits) - 1)
        if slots[slot] < 0:
            slots[slot] = m
            numbers[m] = number
            m += 1
        of[place] = slots[slot]
        ends[of[place] + 1] += 1
    for row in range(m):
        ends[row + 1] += ends[row]
    places, following = np.empty(n, np.int64), ends[:m].copy()
    for place in range(n):
        places[following[of[place]]] = place
        following[of[place]] += 1
    return numbers[:m], of, ends[: m + 1], places


@njit(nogil=True, cache=True)
def _entered(
    numbers: Places, values: Floats, means: Floats, squares: Floats, made: Steps, touched: Steps, step: int, by_adam: bool,
    steps: Floats, fades: Floats, rows: Floats, weight: Floats, bias: Floats, first: Floats,
) -> None:  # fmt: skip
    """Settle and copy the rows of ``numbers``, and set ``first`` to their part of the first layer, plus ``bias`` or nothing."""
    for row in range(numbers.size):
        n = numbers[row]
        if by_adam:
            catch_up(values[n], means[n], squares[n], made[n], touched[n], step, steps, fades)
            made[n] = step
        rows[row] = values[n]
    if weight.size:
        np.dot(_inputs(rows, weight.shape[1]), weight.T, first)
        if bias.size:
            first += bias


@njit(nogil=True, cache=True)
def _inputs(rows: Floats, e: int) -> Floats:
    """Copy what enters the tower, the last ``e`` numbers of rows."""
    out = np.empty((len(rows), e), np.float32)
    for row in range(len(rows)):
        out[row] = rows[row, rows.shape[1] - e :]
    return out


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _left(
    numbers: Places, ends: Places, places: Places, pairs: int, values: Floats, means: Floats, squares: Floats, made: Steps,
    touched: Steps, step: int, lr: float, by_adam: bool, steps: Floats, fades: Floats, rows: Floats, weight: Floats,
    by_first: Floats, h: Floats, by_product: Floats, are_people: bool, of_user: Places, people: Floats, by_logit: Floats, k: int,
    of_weight: Floats, of_bias: Floats,
) -> None:  # fmt: skip
    """Make the gradients of the rows of ``numbers``, move them, and set ``of_weight``, and ``of_bias`` unless it is empty.

    A place stands for so many ``pairs``.
    """
    gradient, d, e = np.zeros(rows.shape, np.float32), h.size, weight.shape[1]
    if are_people:
        _product_of_people(ends, places, by_product, h, gradient)
    else:
        _product_of_items(ends, places, of_user, k, people, by_logit, h, gradient)
    if weight.size:
        sums = _summed(ends, places, pairs, by_first)
        for f in range(of_bias.size):
            of_bias[f] = sums[:, f].sum()
        np.dot(sums.T, _inputs(rows, e), of_weight)
        gradient[:, d:] = np.dot(sums, weight)
    for row in range(numbers.size):
        n = numbers[row]
        if by_adam:
            move(values[n], means[n], squares[n], gradient[row], touched[n], step, steps, fades)
            made[n], touched[n] = step, step
        else:
            values[n] -= np.float32(lr) * gradient[row]


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _summed(ends: Places, places: Places, pairs: int, by_pair: Floats) -> Floats:
    """Sum ``by_pair`` over the places of each row, a place being so many ``pairs`` side by side."""
    sums = np.zeros((ends.size - 1, by_pair.shape[1]), np.float32)
    for row in range(len(sums)):
        for at in range(ends[row], ends[row + 1]):
            for pair in range(places[at] * pairs, (places[at] + 1) * pairs):
                for f in range(sums.shape[1]):
                    sums[row, f] += by_pair[pair, f]
    return sums


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _product_of_people(ends: Places, places: Places, by_product: Floats, h: Floats, gradient: Floats) -> None:
    for row in range(len(gradient)):
        for at in range(ends[row], ends[row + 1]):
            for f in range(h.size):
                gradient[row, f] += h[f] * by_product[places[at], f]


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _product_of_items(
    ends: Places, places: Places, of_user: Places, k: int, people: Floats, by_logit: Floats, h: Floats, gradient: Floats
) -> None:
    for row in range(len(gradient)):
        for at in range(ends[row], ends[row + 1]):
            person, g = of_user[places[at] // k], by_logit[places[at]]
            for f in range(h.size):
                gradient[row, f] += g * people[person, f]
        for f in range(h.size):
            gradient[row, f] *= h[f]


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _there_and_back(
    of_user: Places, of_item: Places, people: Floats, things: Floats, from_user: Floats, from_item: Floats, widths: Places,
    rest: Floats, output: Floats, d: int, share: np.float32, by_logit: Floats, by_first: Floats, by_product: Floats,
    of_rest: Floats, of_output: Floats,
) -> float:  # fmt: skip
    """Go through a block of events; returns the sum of the losses, of whose gradients each pair has a ``share``.

    ``rest`` are the layers after the first and ``of_rest`` its gradients, ``output`` ends with its bias.
    """
    n, h = of_item.size, output[d:-1]
    logits, x = np.full(n, output[-1], np.float32), np.empty(n * widths.sum(), np.float32)
    if widths.size:
        _climb(of_user, of_item, from_user, from_item, widths, rest, h, x, logits)
    _multiply(of_user, of_item, people, things, output[:d], logits)
    loss = _losses(logits, n // of_user.size, share, by_logit)
    _multiply_back(of_user, of_item, people, things, by_logit, by_product, of_output[:d])
    of_output[-1] = by_logit.sum()
    if widths.size:
        _descend(by_logit, widths, rest, h, x, by_first, of_rest, of_output[d:-1])
    return loss


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
