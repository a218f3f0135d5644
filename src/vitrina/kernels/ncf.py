"""Steps of neural collaborative filtering over batches of events: forward, back, and the update of all that they touch.

An event is a person with its item and some drawn ones: as many pairs as items. What the first layer makes of a person is
computed once for all pairs of that person in the batch, likewise of an item, and what comes back is summed before it is
multiplied: so that layer costs products of the distinct rows, not of all pairs. The other layers go over blocks of events whose
activations stay in the cache, see ``vitrina.kernels.ncf_layers``. Vectors are updated where their gradients arise, see
``vitrina.kernels.adam``: no table of gradients is made. Blocks depend on nothing but the batch, and sums are made in one order:
any number of threads gives the same.

Several steps are made in one call, without coming back to Python: a step of a few hundred pairs takes no longer than a call.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.adam import Rates, Table, catch_up, move
from vitrina.kernels.fastmath import REORDERED
from vitrina.kernels.grouping import Groups, group, room
from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.ncf_layers import climb, descend, losses, multiply, multiply_back
from vitrina.kernels.team import Standing, as_team, claim, done, gathered

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

_EVENTS = 52  # of a block, whose activations stay in the cache
_ROWS = 256  # distinct people or items of a block
_PARTS = 16  # of a sum over blocks at most: each is as large as the layers
_SHARED = 2**22  # products of a step from which it is worth waking other threads

#: Of a step: who is in the batch, into the first layer, over events, back to rows, and the layers themselves.
_GROUP, _ENTER, _EVENT, _LEAVE, _LAYERS, _PHASES = range(6)


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
    """How steps from number ``step`` on move: by Adam with ``rates``, or plainly, by ``lr`` times the gradient."""

    step: int
    lr: float
    by_adam: bool
    rates: Rates


class _Side(NamedTuple):
    """The people of a batch, or its items, each of them once.

    A place of the list stands for so many ``pairs``. ``rows`` are the vectors before the step, ``first [n, m]`` their halves of
    the first layer, ``bias`` and ``of_bias`` of the people's only. Gradients of layers are those of each block.
    """

    groups: Groups
    pairs: int
    table: Table
    weight: Floats
    bias: Floats
    rows: Floats
    first: Floats
    of_weight: Floats
    of_bias: Floats


class _Events(NamedTuple):
    """What goes over events: the layers after the first, and what comes of each pair and of each block.

    ``by_logit``, ``by_first [pairs, m]`` and ``by_product [n, d]`` are gradients by the logits, by the first layer and by each
    event's part of the product. ``output`` ends with its bias.
    """

    widths: Places
    rest: Floats
    output: Floats
    losses: NDArray[np.float64]
    by_logit: Floats
    by_first: Floats
    by_product: Floats
    of_rest: Floats
    of_output: Floats


def steps(
    users: Places, items: Places, ends: Places, weights: Weights, d: int, widths: Places, rule: Rule
) -> NDArray[np.float64]:
    """Make steps with batches of ``users [n]`` and their ``items [n, k]``; returns each one's mean log loss ``[steps]``.

    The first of the items are the events'. Batch b are the events from ``ends[b]`` to ``ends[b + 1]``. ``d`` is the dimension of
    the product, ``widths`` are those of the tower's layers after its input.
    """
    k, most = items.shape[1], int(np.diff(ends).max())
    people, things, events = _made(most, k, weights, d, widths)
    means, listed, counts = np.empty(ends.size - 1), items.reshape(-1), np.zeros((ends.size - 1, 2), np.int64)
    threads = 1 if most * k * (weights.layers.size + d) <= _SHARED else 2 * _PARTS
    with one_blas_thread():
        as_team(
            lambda standing: _walk(standing, users, listed, ends, counts, people, things, events, weights, rule, means),
            _PHASES * means.size,
            most=threads,
        )
    return means


def _made(n: int, k: int, weights: Weights, d: int, widths: Places) -> tuple[_Side, _Side, _Events]:
    """Make room for all that batches of at most ``n`` events need."""
    m, e = int(widths[:1].sum()), weights.people.values.shape[1] - d
    half, end = m * e, weights.layers.size - (d + int(widths[-1:].sum()) + 1)
    parts = np.split(weights.layers, [half, 2 * half, 2 * half + m, end])
    of_user, of_item, bias, rest, output = parts[0].reshape(m, e), parts[1].reshape(m, e), *parts[2:]
    people = _side(n, k, weights.people, of_user, bias)
    things = _side(n * k, 1, weights.items, of_item, bias[:0])
    blocks = min(_PARTS, -(-n // _EVENTS))
    shapes = ((n * k,), (n * k, m), (n, d), (blocks, rest.size), (blocks, output.size))
    events = _Events(widths, rest, output, np.empty(blocks), *(np.empty(shape, np.float32) for shape in shapes))
    return people, things, events


def _side(n: int, pairs: int, table: Table, weight: Floats, bias: Floats) -> _Side:
    blocks = min(_PARTS, -(-n // _ROWS))
    shapes = ((n, table.values.shape[1]), (n, len(weight)), (blocks, *weight.shape), (blocks, bias.size))
    return _Side(room(n), pairs, table, weight, bias, *(np.empty(shape, np.float32) for shape in shapes))


@njit(nogil=True, cache=True)
def _walk(
    standing: Standing, users: Places, items: Places, ends: Places, counts: Places, people: _Side, things: _Side,
    events: _Events, weights: Weights, rule: Rule, means: NDArray[np.float64],
) -> None:  # fmt: skip
    """Do a thread's part of all steps.

    ``counts [steps, 2]`` are the distinct people and items of each: kept, since who comes late may still be at a step that the
    others have left behind, and finds only by its own numbers that nothing of it is left to do.
    """
    k = people.pairs
    for number in range(means.size):
        mine, theirs = users[ends[number] : ends[number + 1]], items[ends[number] * k : ends[number + 1] * k]
        count = counts[number]
        for phase in range(_PHASES):
            n, place = _n_blocks(phase, mine.size, count), number * _PHASES + phase
            block = claim(standing, place, n)
            while block >= 0:
                if phase == _LAYERS and block == 0:  # by who has a claim: for others the next step may have begun
                    means[number] = events.losses[: _n_blocks(_EVENT, mine.size, count)].sum() / theirs.size
                _do(phase, block, mine, theirs, count, people, things, events, weights, rule, rule.step + number)
                done(standing, place)
                block = claim(standing, place, n)
            if not gathered(standing, place, n):
                return


@njit(nogil=True, cache=True)
def _size(n: int, least: int) -> int:
    """Return how many of n are in a block."""
    return max(least, -(-n // _PARTS))


@njit(nogil=True, cache=True)
def _into(n: int, least: int) -> int:
    """Return into how many blocks n fall."""
    return -(-n // _size(n, least))


@njit(nogil=True, cache=True)
def _n_blocks(phase: int, n: int, counts: Places) -> int:
    """Return into how many blocks a phase falls, of a batch of n events with so many people and items."""
    if phase == _GROUP:
        return 2
    if phase == _EVENT:
        return _into(n, _EVENTS)
    if phase == _LAYERS:
        return 5
    return _into(counts[0], _ROWS) + _into(counts[1], _ROWS)


@njit(nogil=True, cache=True)
def _do(
    phase: int, block: int, users: Places, items: Places, counts: Places, people: _Side, things: _Side, events: _Events,
    weights: Weights, rule: Rule, step: int,
) -> None:  # fmt: skip
    """Do a block of a phase."""
    if phase == _GROUP:
        if block == 0:  # which takes longer
            counts[1] = group(items, things.groups)
        else:
            counts[0] = group(users, people.groups)
    elif phase == _EVENT:
        _there_and_back(people, things, events, block, users.size)
    elif phase == _LAYERS:
        _move_layers(block, users.size, counts, people, things, events, weights, rule, step)
    else:
        n_people = _into(counts[0], _ROWS)
        side, count, part = (people, counts[0], block) if block < n_people else (things, counts[1], block - n_people)
        if phase == _ENTER:
            _enter(side, count, part, rule, step)
        else:
            _leave(side, block < n_people, count, part, people, events, rule, step)


@njit(nogil=True, cache=True)
def _enter(side: _Side, count: int, block: int, rule: Rule, step: int) -> None:
    """Let the rows of a block make the steps they missed, copy them, and take them through the first layer."""
    size = _size(count, _ROWS)
    numbers = side.groups.numbers[block * size : min((block + 1) * size, count)]
    mine = slice(block * size, block * size + numbers.size)
    rows, first = side.rows[mine], side.first[mine]
    values, means, squares, made, touched = side.table
    roots = np.empty(rows.shape[1], np.float32)
    for row in range(numbers.size):
        n = numbers[row]
        if rule.by_adam:
            catch_up(values[n], means[n], squares[n], made[n], touched[n], step - 1, rule.rates, roots)
            made[n] = step - 1
        for f in range(rows.shape[1]):
            rows[row, f] = values[n, f]
    if side.weight.size:
        np.dot(_inputs(rows, side.weight.shape[1]), side.weight.T, first)
        for row in range(len(first)):
            for f in range(side.bias.size):
                first[row, f] += side.bias[f]


@njit(nogil=True, cache=True)
def _inputs(rows: Floats, e: int) -> Floats:
    """Copy what enters the tower, the last ``e`` numbers of rows."""
    out, d = np.empty((len(rows), e), np.float32), rows.shape[1] - e
    for row in range(len(rows)):
        for f in range(e):
            out[row, f] = rows[row, d + f]
    return out


@njit(nogil=True, cache=True, fastmath=REORDERED)
def _leave(side: _Side, are_people: bool, count: int, block: int, people: _Side, events: _Events, rule: Rule, step: int) -> None:
    """Make the gradients of the rows of a block and of its part of the first layer, and move the rows."""
    groups, size = side.groups, _size(count, _ROWS)
    begin, end = block * size, min((block + 1) * size, count)
    rows, ends, d = side.rows[begin:end], groups.ends[begin : end + 1], events.by_product.shape[1]
    gradient = np.zeros(rows.shape, np.float32)
    if are_people:
        _product_of_people(ends, groups.places, events.by_product, events.output[:d], gradient)
    else:
        of_user, k = people.groups.of, people.pairs
        _product_of_items(ends, groups.places, of_user, k, people.rows, events.by_logit, events.output[:d], gradient)
    if side.weight.size:
        sums = _summed(ends, groups.places, side.pairs, events.by_first)
        side.of_bias[block] = 0
        for row in range(len(sums)):
            for f in range(side.bias.size):
                side.of_bias[block, f] += sums[row, f]
        np.dot(sums.T, _inputs(rows, side.weight.shape[1]), side.of_weight[block])
        entered = np.dot(sums, side.weight)
        for row in range(len(sums)):
            for f in range(entered.shape[1]):
                gradient[row, d + f] = entered[row, f]
    values, means, squares, made, touched = side.table
    for row in range(end - begin):
        n = groups.numbers[begin + row]
        if rule.by_adam:
            move(values[n], means[n], squares[n], gradient[row], touched[n], step, rule.rates)
            made[n], touched[n] = step, step
        else:
            for f in range(rows.shape[1]):
                values[n, f] -= np.float32(rule.lr) * gradient[row, f]


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
def _there_and_back(people: _Side, things: _Side, events: _Events, block: int, n_events: int) -> None:
    """Go through a block of events, and back to what they took from their rows."""
    k, widths, d, size = people.pairs, events.widths, events.by_product.shape[1], _size(n_events, _EVENTS)
    begin, end = block * size, min((block + 1) * size, n_events)
    of_user, of_item = people.groups.of[begin:end], things.groups.of[begin * k : end * k]
    by_logit, by_product = events.by_logit[begin * k : end * k], events.by_product[begin:end]
    of_output, n = events.of_output[block], of_item.size
    output, h = events.output[:d], events.output[d:-1]
    logits, x = np.full(n, events.output[-1], np.float32), np.empty(n * widths.sum(), np.float32)
    of_output[:] = 0
    if widths.size:
        climb(of_user, of_item, people.first, things.first, widths, events.rest, h, x, logits)
    multiply(of_user, of_item, people.rows, things.rows, output, logits)
    events.losses[block] = losses(logits, k, np.float32(1 / (n_events * k)), by_logit)
    multiply_back(of_user, of_item, people.rows, things.rows, by_logit, by_product, of_output[:d])
    of_output[-1] = by_logit.sum()
    if widths.size:
        descend(by_logit, widths, events.rest, h, x, events.by_first[begin * k : end * k], events.of_rest[block], of_output[d:-1])


@njit(nogil=True, cache=True)
def _move_layers(
    block: int, n_events: int, counts: Places, people: _Side, things: _Side, events: _Events, weights: Weights, rule: Rule,
    step: int,
) -> None:  # fmt: skip
    """Sum the gradients of one of the five parts of the layers over blocks, and move that part."""
    of_user, of_item, bias, rest = people.weight.size, things.weight.size, people.bias.size, events.rest.size
    n_people, n_things, n = _into(counts[0], _ROWS), _into(counts[1], _ROWS), _into(n_events, _EVENTS)
    start = 0
    if block == 0:
        parts = people.of_weight[:n_people].reshape(n_people, of_user)
    elif block == 1:
        start, parts = of_user, things.of_weight[:n_things].reshape(n_things, of_item)
    elif block == 2:
        start, parts = of_user + of_item, people.of_bias[:n_people]
    elif block == 3:
        start, parts = of_user + of_item + bias, events.of_rest[:n]
    else:
        start, parts = of_user + of_item + bias + rest, events.of_output[:n]
    gradient, mine = np.zeros(parts.shape[1], np.float32), slice(start, start + parts.shape[1])
    for part in range(len(parts)):
        for f in range(gradient.size):
            gradient[f] += parts[part, f]
    values = weights.layers[mine]
    if rule.by_adam:
        move(values, weights.means[mine], weights.squares[mine], gradient, step - 1, step, rule.rates)
    else:
        for f in range(values.size):
            values[f] -= np.float32(rule.lr) * gradient[f]
