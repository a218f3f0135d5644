"""Negative samples, many at once and without rejection.

A draw for a user that must not be one of the items consumed is a draw from what is left of the catalogue: a random point on the
line of all items' weights, with the user's own stretches cut out. Where a point falls is found by two binary searches, one among
the user's items and one among all; weights are whole numbers, so it never falls on a consumed item, however few are left.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.kernels.draws import draw_others

_TOTAL = 2**40  # all weights together, where the keys of all users leave room for it
_ROOM = 2**62


class Sampler(nn.Module):
    """Draws items in proportion to whole-number ``weights`` int64 ``[n_items]``, for any number of users at once.

    With ``consumed``, a CSR matrix users x items with sorted columns, a user's own items are never drawn. A module, so that
    its arrays move to the training's device with the model that holds it; they are not saved with it.
    """

    _start: Tensor
    _free: Tensor
    _own_start: Tensor
    _own_key: Tensor
    _own_weight: Tensor

    def __init__(self, weights: NDArray[np.int64], consumed: csr_matrix | None = None) -> None:
        super().__init__()
        start = np.concatenate([[0], np.cumsum(weights)])
        self._total = int(start[-1])
        self._alike = bool((weights == 1).all())
        self._keep("_start", start)
        self._excludes = consumed is not None
        if consumed is None:
            return
        if len(consumed.indptr) * (self._total + 1) >= _ROOM:
            raise ValueError(f"weights of {self._total} in total are too large for {consumed.shape[0]} users.")
        own_start, columns = consumed.indptr.astype(np.int64), consumed.indices
        user = np.repeat(np.arange(consumed.shape[0]), np.diff(own_start))
        weight_before = np.concatenate([[0], np.cumsum(weights[columns])])
        cut = weight_before[:-1] - weight_before[own_start[user]]  # by the user's earlier items
        self._keep("_free", self._total - (weight_before[own_start[1:]] - weight_before[own_start[:-1]]))
        self._keep("_own_start", own_start)
        self._keep("_own_key", user * (self._total + 1) + start[columns] - cut)
        self._keep("_own_weight", weight_before)

    def _keep(self, name: str, array: NDArray[np.int64]) -> None:
        self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)), persistent=False)

    def draw(self, users: Tensor, k: int, generator: torch.Generator | None = None) -> Tensor:
        """Return ``k`` independent draws for each of ``users`` int64 ``[n]``: items int64 ``[n, k]``.

        Rows of users for whom nothing is left are -1: leave those users out of the samples.
        """
        return self.draw_at(users, points(users, k, generator))

    def draw_at(self, users: Tensor, at: Tensor) -> Tensor:
        """Return what ``users`` draw with given points ``at [n, k]`` in [0, 1), float64: items, or -1, as ``draw`` does."""
        if not self._excludes:
            return self._item_at(_below(torch.full_like(users, self._total), at))
        return (self._draw_compiled if users.device.type == "cpu" else self._draw_on_device)(users, at)

    def _draw_on_device(self, users: Tensor, at: Tensor) -> Tensor:
        free = self._free[users]
        point = _below(free, at)
        own = torch.searchsorted(self._own_key, (users * (self._total + 1)).unsqueeze(1) + point, right=True)
        before = self._own_start[users].unsqueeze(1)
        cut = own - before if self._alike else self._own_weight[own] - self._own_weight[before]
        return torch.where(free.unsqueeze(1) > 0, self._item_at(point + cut), -1)

    def _draw_compiled(self, users: Tensor, at: Tensor) -> Tensor:
        """The same with a search among a user's own items alone: one among all waits for memory at every step."""
        own = (self._free, self._own_start, self._own_key, self._own_weight, self._start)
        return torch.from_numpy(draw_others(at.numpy(), users.numpy(), *(t.numpy() for t in own), alike=self._alike))

    def log_q(self, items: Tensor) -> Tensor:
        """Return the log of the probability of ``items`` when nothing is excluded, float32, same shape."""
        return ((self._start[items + 1] - self._start[items]).double() / self._total).log().float()

    def _item_at(self, point: Tensor) -> Tensor:
        return point if self._alike else torch.searchsorted(self._start, point, right=True) - 1


def points(like: Tensor, k: int, generator: torch.Generator | None = None) -> Tensor:
    """Draw ``k`` points in [0, 1) for each of ``like [n]``: float64 ``[n, k]``, on the generator's device, else on theirs."""
    source = like.device if generator is None else generator.device
    return torch.rand((len(like), k), dtype=torch.float64, device=source, generator=generator)


def _below(bounds: Tensor, at: Tensor) -> Tensor:
    """Return the whole numbers below each of ``bounds`` int64 ``[n]`` where ``at [n, k]`` points; 0 where nothing is below."""
    return (at * bounds.unsqueeze(1).to(at.device)).long().to(bounds.device)


def uniform(n_items: int, consumed: csr_matrix | None = None, *, among: NDArray[np.bool_] | None = None) -> Sampler:
    """Draw all items alike, or all that are marked in ``among [n_items]``."""
    weights = np.ones(n_items, np.int64) if among is None else among.astype(np.int64)
    return Sampler(weights, consumed)


def by_popularity(popularity: NDArray[np.integer], power: float, consumed: csr_matrix | None = None) -> Sampler:
    """Draw items in proportion to ``popularity ** power`` (word2vec: 0.75); items without events never, unless ``power`` is 0.

    Weights are rounded to a 2^-40th of their sum (less finely beyond 4 million users), and every possible item has at least
    that much.
    """
    wanted = np.asarray(popularity, np.float64) ** power
    n_users = 0 if consumed is None else consumed.shape[0]
    total = min(_TOTAL, _ROOM // (2 * (n_users + 1))) - len(wanted)
    weights = np.floor(wanted * (total / (wanted.sum() or 1.0))).astype(np.int64)
    return Sampler(np.where(wanted > 0, np.maximum(weights, 1), 0), consumed)


class FixedLists(nn.Module):
    """Draws from a list for every user, such as published negatives: that of user u is ``items[offsets[u]:offsets[u + 1]]``."""

    _offsets: Tensor
    _items: Tensor

    def __init__(self, offsets: NDArray[np.integer], items: NDArray[np.integer]) -> None:
        super().__init__()
        for name, array in (("_offsets", offsets), ("_items", items)):
            self.register_buffer(name, torch.from_numpy(np.append(array.astype(np.int64), -1)), persistent=False)

    def draw(self, users: Tensor, k: int, generator: torch.Generator | None = None) -> Tensor:
        """Return ``k`` independent draws for each of ``users`` int64 ``[n]``: items int64 ``[n, k]``; -1 for an empty list."""
        first = self._offsets[users]
        length = self._offsets[users + 1] - first
        drawn = self._items[first.unsqueeze(1) + _below(length, points(users, k, generator))]
        return torch.where(length.unsqueeze(1) > 0, drawn, -1)


class Consumed(nn.Module):
    """Answers whether users consumed items, for any number of pairs at once; ``consumed`` is CSR with sorted columns."""

    _keys: Tensor

    def __init__(self, consumed: csr_matrix) -> None:
        super().__init__()
        self._n_items = consumed.shape[1]
        users = np.repeat(np.arange(consumed.shape[0], dtype=np.int64), np.diff(consumed.indptr))
        keys = np.append(users * self._n_items + consumed.indices, np.iinfo(np.int64).max)
        self.register_buffer("_keys", torch.from_numpy(keys), persistent=False)

    def contains(self, users: Tensor, items: Tensor) -> Tensor:
        """Return bool, in the shape that ``users`` and ``items``, both int64, broadcast to."""
        wanted = users * self._n_items + items
        return self._keys[torch.searchsorted(self._keys, wanted)] == wanted

    def in_batch(self, users: Tensor, items: Tensor) -> Tensor:
        """Return which items of a batch of events ``[n]`` serve as negatives of which: bool ``[n, n]``, row: event.

        An event's negatives are the items of the other events that its user did not consume.
        """
        return ~self.contains(users.unsqueeze(1), items.unsqueeze(0))


def in_batch_any(items: Tensor) -> Tensor:
    """Like ``Consumed.in_batch`` where positives are not excluded: all items of the batch but the event's own."""
    return items.unsqueeze(1) != items.unsqueeze(0)
