"""How to keep the counts of all pairs of items: decided by what they would take."""

from __future__ import annotations

import math

from vitrina.kernels.gram import Storage
from vitrina.models.base import Shape
from vitrina.ranking.memory import total_memory

#: Share of the machine's memory that the counts may take.
_SHARE = 0.25


def storage(shape: Shape) -> tuple[Storage, int]:
    """Return how to keep X'X of a log, and the bytes that takes beyond the log itself.

    Dense, or sparse where few pairs of items occur together; neither when it would take more than a quarter of the machine's
    memory, free or not: then pairs are counted again from the log, which is slower (eight times, on MovieLens-1M).
    """
    cells = shape.n_items**2
    dense = cells * (2 if shape.n_users < 2**16 else 4)
    sparse = int(8 * cells * -math.expm1(-shape.n_co_events / max(1, cells)))  # pairs if they fell at random
    smaller: Storage = "dense" if dense <= sparse else "sparse"
    needed = min(dense, sparse)
    return (smaller, needed) if needed <= _SHARE * total_memory() else ("log", 0)
