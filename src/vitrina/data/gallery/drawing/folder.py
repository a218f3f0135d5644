"""Drawing many works into a folder, on all cores."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from vitrina.data.files import atomic_file
from vitrina.data.gallery.drawing.picture import draw_picture
from vitrina.errors import DataError, VitrinaError

if TYPE_CHECKING:
    from vitrina.data.gallery.simulation import World

QUALITY = 88
#: Called with the pictures done and the pictures in all.
Progress = Callable[[int, int], None]

_world: World | None = None  # what a process of the pool draws from


def draw_pictures(
    world: World,
    folder: Path,
    *,
    ids: Sequence[str],
    progress: Progress | None = None,
    works: Sequence[int] | None = None,
    processes: bool = False,
) -> None:
    """Draw ``works`` (codes; default all) as ``folder/ID.jpg``, with ``ids`` the external ids of all works of the world.

    Each picture is there whole or not at all, also when this is interrupted. All cores are used: by threads, or with
    ``processes`` by processes, which is faster but asks a script to guard its start (``if __name__ == "__main__"``).
    Raises ``DataError`` for works that the world does not have, ``VitrinaError`` when ``folder`` cannot be written.
    """
    chosen = range(len(world.works)) if works is None else works
    if len(ids) != len(world.works):
        raise DataError(f"{len(ids)} ids for {len(world.works)} works: expected one for each work of the world.")
    wrong = [work for work in chosen if not 0 <= work < len(ids)]
    if wrong:
        raise DataError(f"work {wrong[0]}: this gallery has {len(ids)} works, numbered from 0.")
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VitrinaError(f"cannot write {folder}: {error.strerror or error}. Choose another folder.") from error
    cores = min(_cores(), max(1, len(chosen)))
    pool = _processes(world, cores) if processes else ThreadPoolExecutor(cores)
    try:
        tasks = [pool.submit(_draw, None if processes else world, work, Path(folder) / f"{ids[work]}.jpg") for work in chosen]
        for done, task in enumerate(as_completed(tasks), start=1):
            task.result()
            if progress:
                progress(done, len(tasks))
    finally:
        pool.shutdown(cancel_futures=True)  # after an error or Ctrl-C the pictures begun are finished, no more are begun


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1  # not on macOS


def _processes(world: World, count: int) -> Executor:
    # Fresh processes: a copy of one that runs threads, as those of Polars, may hang.
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_begin, initargs=(world,))


def _begin(world: World) -> None:
    global _world
    _world = world
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one decides when to stop


def _draw(world: World | None, work: int, path: Path) -> None:
    world = world or _world
    assert world is not None
    picture = draw_picture(world, work)
    with atomic_file(path) as part:
        picture.save(part, "JPEG", quality=QUALITY, subsampling=0)
