"""Row blocks over threads: the kernels release the GIL, so plain threads use all cores."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

from vitrina.errors import VitrinaError

_BLOCKS_PER_THREAD = 4  # more blocks than threads, so that uneven rows balance out


def n_threads() -> int:
    """Return the number of threads kernels use: ``VITRINA_THREADS``, else the cores this process may run on.

    Of several processes that ``torchrun`` started on this machine, each uses its share of the cores.

    Raises ``VitrinaError`` when ``VITRINA_THREADS`` is not a whole number of at least 1.
    """
    wanted = os.environ.get("VITRINA_THREADS")
    if wanted:
        if not wanted.strip().isdecimal() or int(wanted) < 1:
            raise VitrinaError(f"VITRINA_THREADS={wanted!r} is not a number of threads. Set it to 1 or more, or unset it.")
        return int(wanted)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1  # not on macOS
    return max(1, cores // n_processes_here())


def n_processes_here() -> int:
    """Return how many processes of one training share this machine, as ``torchrun`` says."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1))


def over_rows(n_rows: int, work: Callable[[int, int], object], *, min_rows: int = 16) -> None:
    """Call ``work(start, stop)`` for blocks that cover ``range(n_rows)``, in several threads.

    Each row is handled by exactly one call, so results do not depend on the number of threads. The first error of a block is
    raised when the blocks at work have ended; no further ones are begun.
    """
    threads = n_threads()
    if threads == 1 or n_rows <= min_rows:
        work(0, n_rows)
        return
    step = max(min_rows, -(-n_rows // (threads * _BLOCKS_PER_THREAD)))
    starts = iter(range(0, n_rows, step))  # shared: whoever is free takes the next block

    def some() -> None:
        try:
            for start in starts:
                work(start, min(n_rows, start + step))
        except BaseException:
            deque(starts, maxlen=0)  # the others stop too
            raise

    in_all_threads(threads, some)


def in_all_threads(threads: int, work: Callable[[], object]) -> None:
    """Call ``work()`` in this thread and, where it has not returned before they begin, in so many others less one.

    For work that is shared: by who comes late there may be nothing left to do. The first error comes out.
    """
    helpers = [_pool(threads).submit(work) for _ in range(threads - 1)]
    try:
        work()
    finally:
        running = [helper for helper in helpers if not helper.cancel()]
        if running:
            wait(running)
    for helper in running:
        helper.result()


def over_blocks(n_rows: int, size: int, work: Callable[[slice], object]) -> None:
    """Call ``work(rows)`` for blocks of ``size`` rows, in several threads.

    For work whose rounding depends on how many rows it is given, as that of BLAS: the blocks are the same for any number of
    threads.
    """

    def some(start: int, stop: int) -> None:
        for block in range(start, stop):
            work(slice(block * size, min(n_rows, (block + 1) * size)))

    over_rows(-(-n_rows // size), some, min_rows=1)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that stay: starting them anew takes longer than many a job."""
    return ThreadPoolExecutor(threads, thread_name_prefix="vitrina")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked process inherits the pool, but not its threads
