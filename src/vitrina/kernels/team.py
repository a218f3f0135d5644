"""Threads that go through a compiled job together, phase by phase, without coming back to Python in between.

A phase is a number of blocks. Whoever is free claims the next one, and a phase begins when all blocks of the one before are
done. Nobody is waited for but those at work: a thread that comes late finds less left to do, or nothing. Waking a thread takes
as long as many a phase, so those who wait for the next one look again and again, and let others have the processor meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.core.typing import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray

from vitrina.kernels.threads import in_all_threads, n_threads

#: Of every phase the blocks that were claimed and those that are done; last, whether somebody failed. Each has its cache line.
Standing = NDArray[np.int64]

_APART = 8  # numbers in a cache line
_LOOKS = 100  # at what the others have done, before they get the processor

#: Without sched_yield, as on Windows, a cheap function of the C library that takes a moment.
_yield_processor = types.ExternalFunction("sched_yield" if hasattr(os, "sched_yield") else "clock", types.int32())


def as_team(work: Callable[[Standing], object], phases: int, *, most: int) -> None:
    """Call ``work(standing)`` in all threads, ``most`` of them at most; returns when all that began it have returned.

    ``work`` must go through all ``phases`` by ``claim``, ``done`` and ``gathered``. The first error comes out.
    """
    standing = np.zeros((2 * phases + 1) * _APART, np.int64)

    def member() -> None:
        try:
            work(standing)
        except BaseException:
            standing[-_APART] = 1
            raise

    in_all_threads(min(most, n_threads()), member)


@intrinsic
def _add(typingctx: Any, array: types.Array, place: types.Integer, number: types.Integer) -> tuple[Signature, Any]:
    """Compile to an atomic addition to a place of an array of int64; it returns what was there before."""

    def generate(context: Any, builder: Any, signature: Signature, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        at = context.cast(builder, arguments[1], signature.args[1], types.intp)
        pointer = cgutils.get_item_pointer(context, builder, signature.args[0], view, [at], wraparound=False)
        return builder.atomic_rmw("add", pointer, context.cast(builder, arguments[2], signature.args[2], types.int64), "seq_cst")

    return types.int64(array, place, number), generate


@njit(nogil=True, cache=True)
def claim(standing: Standing, phase: int, blocks: int) -> int:
    """Return the number of a block of a phase that nobody has claimed yet; -1 when there is none, or somebody failed."""
    if _add(standing, standing.size - _APART, 0):
        return -1
    block = _add(standing, 2 * phase * _APART, 1)
    return block if block < blocks else -1


@njit(nogil=True, cache=True)
def done(standing: Standing, phase: int) -> None:
    """Say that a claimed block is done."""
    _add(standing, (2 * phase + 1) * _APART, 1)


@njit(nogil=True, cache=True)
def gathered(standing: Standing, phase: int, blocks: int) -> bool:
    """Wait until all blocks of a phase are done; false when somebody failed, and all should go home."""
    looks = 0
    while _add(standing, (2 * phase + 1) * _APART, 0) < blocks:
        if _add(standing, standing.size - _APART, 0):
            return False
        looks += 1
        if looks > _LOOKS:
            _yield_processor()
    return True
