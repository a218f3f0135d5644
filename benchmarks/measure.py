"""Seconds on the wall and on the processor, and peak memory, of one piece of work in this process."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

_KILOBYTE = 1024


@dataclass
class Meter:
    """What was measured, by name of the stage: seconds ``wall`` and ``cpu`` (all threads), bytes ``peak`` and ``before``."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    peak: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[Stopwatch]:
        """Measure the work inside the ``with`` block as ``name``; the clock handed out can be paused."""
        _settle()
        self.before[name] = _resident()
        _forget_peak()
        clock = Stopwatch()
        yield clock
        clock.pause()
        self.wall[name], self.cpu[name], self.peak[name] = clock.wall, clock.cpu, _peak()


class Stopwatch:
    """A running clock of wall and processor time that can be paused, so that reading results costs nothing."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        self.resume()

    def pause(self) -> None:
        """Stop counting."""
        self.wall += time.perf_counter() - self._wall
        self.cpu += _cpu() - self._cpu

    def resume(self) -> None:
        """Count again."""
        self._wall, self._cpu = time.perf_counter(), _cpu()


def _cpu() -> float:
    """Seconds of all threads, and of child processes that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _settle() -> None:
    """Hand freed memory back to the system, so that what was there before does not hide what is needed now."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc only
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _forget_peak() -> None:
    """Let the peak start from here (Linux); elsewhere the peak is that of the whole process."""
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _resident() -> int:
    return _status("VmRSS") or _peak()


def _peak() -> int:
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else _KILOBYTE)


def _status(name: str) -> int:
    """Return one number of bytes of ``/proc/self/status``, 0 where there is none."""
    with contextlib.suppress(OSError), open(f"/proc/{os.getpid()}/status") as file:
        for line in file:
            if line.startswith(name):
                return int(line.split()[1]) * _KILOBYTE
    return 0
