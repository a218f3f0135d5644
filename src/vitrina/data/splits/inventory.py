"""What was on offer when: works arrive, are sold, sometimes come back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vitrina.data.catalogue import AVAILABLE_FROM, AVAILABLE_UNTIL, STOCK, Catalogue

Moments = NDArray[np.int64]
Codes = NDArray[np.int32]

ALWAYS, NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True)
class Inventory:
    """The times at which each of ``n_items`` items is on offer.

    One row an interval, ascending by item and time: item ``items`` int32 ``[m]`` is on offer from the second ``start`` until
    before ``stop`` (int64 ``[m]``, seconds since 1970). Intervals of one item neither touch nor overlap.
    """

    n_items: int
    items: Codes
    start: Moments
    stop: Moments

    @staticmethod
    def of(
        catalogue: Catalogue, sold: Codes, sold_at: Moments, back: Codes | None = None, back_at: Moments | None = None
    ) -> Inventory:
        """Work it out from the sales (item and time, one each a copy) and the copies that came ``back``.

        ``stock`` is taken as the copies left after all of these, as a shop exports it today. Where it is not known, what was
        sold counts as sold out, and what was not as one copy still there. A sale proves that a copy was there: where stock and
        returns leave none, as for a work that was sold and came back later, there was one more from the beginning. Items are
        on offer from ``available_from`` until before ``available_until``, where known. A copy is there until the second of its
        sale, that second included.
        """
        back = np.empty(0, np.int32) if back is None else back
        back_at = np.empty(0, np.int64) if back_at is None else back_at
        n = len(catalogue)
        n_sold = np.bincount(sold, minlength=n)
        left = (n_sold == 0).astype(np.int64)
        if STOCK in catalogue.table.columns:
            stock = catalogue.table[STOCK]
            left = np.where(stock.is_null().to_numpy(), left, stock.fill_null(0).to_numpy()).astype(np.int64)
        before = np.maximum(left, 0) + n_sold - np.bincount(back, minlength=n)
        item = np.concatenate([np.arange(n), back, sold])
        change = np.concatenate([before, np.ones(back.size, np.int64), -np.ones(sold.size, np.int64)])
        opens, closes = _window(catalogue)
        time = np.concatenate([np.full(n, ALWAYS), back_at, sold_at + 1])
        order = np.lexsort((-change, time, item))  # the beginning first, and what comes back before what is sold
        item, time, change = item[order], time[order], change[order]
        copies = np.cumsum(change)
        first = np.searchsorted(item, np.arange(n))
        copies -= (copies - change)[first][item]
        lacking = np.maximum(0, -np.minimum.reduceat(copies, first)) if n else first
        copies += lacking[item]
        until = np.append(time[1:], NEVER)
        until[np.append(np.diff(item) != 0, True)] = NEVER
        return _joined(n, item, np.maximum(time, opens[item]), np.minimum(until, closes[item]), copies > 0)

    @staticmethod
    def unlimited(catalogue: Catalogue) -> Inventory:
        """Everything is on offer, with any number of copies, from ``available_from`` until before ``available_until``."""
        opens, closes = _window(catalogue)
        n = len(catalogue)
        return _joined(n, np.arange(n), opens, closes, np.ones(n, bool))

    def on_offer(self, moments: Moments) -> NDArray[np.bool_]:
        """Mark the items on offer at each of the ``moments [n]``: ``[n, n_items]``."""
        when = moments[:, None]
        out = np.zeros((moments.size, self.n_items), bool)
        for items, start, stop in self._layers:
            there = (start <= when) & (when < stop)
            if items.size == self.n_items:
                out |= there
            else:
                out[:, items] |= there
        return out

    def has(self, items: Codes, moments: Moments) -> NDArray[np.bool_]:
        """Say of each pair of an item and a moment ``[n]`` whether the item is on offer then."""
        there = np.zeros(items.size, bool)
        for columns, start, stop in self._layers:
            at = np.minimum(np.searchsorted(columns, items), max(0, columns.size - 1))
            there |= (columns[at] == items) & (start[at] <= moments) & (moments < stop[at])
        return there

    @cached_property
    def _layers(self) -> list[tuple[Codes, Moments, Moments]]:
        """The first intervals of all items, then the second ones of those that have two, and so on."""
        if not self.items.size:
            return []
        ordinal = np.arange(self.items.size) - np.searchsorted(self.items, self.items)
        masks = [ordinal == layer for layer in range(int(ordinal.max()) + 1)]
        return [(self.items[mask], self.start[mask], self.stop[mask]) for mask in masks]


def _window(catalogue: Catalogue) -> tuple[Moments, Moments]:
    """When items may be on offer at all: from, until."""
    bounds = []
    for column, otherwise in ((AVAILABLE_FROM, ALWAYS), (AVAILABLE_UNTIL, NEVER)):
        if column in catalogue.table.columns:
            known = catalogue.table[column]
            bounds.append(np.where(known.is_null().to_numpy(), otherwise, known.fill_null(0).to_numpy()).astype(np.int64))
        else:
            bounds.append(np.full(len(catalogue), otherwise, np.int64))
    return bounds[0], bounds[1]


def _joined(n: int, item: NDArray[np.int64], start: Moments, stop: Moments, there: NDArray[np.bool_]) -> Inventory:
    """Keep the stretches in which an item is there, those that touch as one."""
    kept = there & (start < stop)
    item, start, stop = item[kept], start[kept], stop[kept]
    new = np.ones(item.size, bool)
    new[1:] = (item[1:] != item[:-1]) | (start[1:] != stop[:-1])
    last = np.append(new[1:], True) if item.size else new
    return Inventory(n, item[new].astype(np.int32), start[new], stop[last])
