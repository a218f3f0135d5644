"""Before anything runs: which models this data allows, why not the others, and about what each will cost."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np

from vitrina.data.splits.split import Split
from vitrina.experiments.config import RunConfig
from vitrina.models.base import Shape

#: How far from the machine's best matrix product the models' own loops are; measured on MovieLens, rounded.
_EFFICIENCY = 0.15

#: Seconds that a fit or a validation takes however small the data.
_OVERHEAD = 0.02


@dataclass(frozen=True)
class PlannedModel:
    """One line of a plan. ``reason`` says why the model cannot run; empty when it can."""

    name: str
    title: str
    trials: int
    seconds: float
    memory: int
    reason: str = ""


def plan(config: RunConfig, split: Split) -> list[PlannedModel]:
    """Foretell every model of a comparison; nothing is fitted. Times are right within a factor of a few."""
    shape = Shape.of(split.train_and_validation)
    speed = _multiply_adds_per_second()
    available = available_memory()
    return [_plan_model(name, config, split, shape, speed, available) for name in config.models]


def _plan_model(name: str, config: RunConfig, split: Split, shape: Shape, speed: float, available: int) -> PlannedModel:
    model = config.make(name)
    memory = model.memory(shape)
    reason = model.why_not(split.train_and_validation)
    if not reason and memory > available:
        reason = f"needs about {memory / 1e9:.1f} GB of memory; {available / 1e9:.1f} GB are free"
    if not reason and config.tuned(name) and not split.has_validation:
        reason = "the split has no validation part to choose settings on"
    trials = config.trials_of(name)
    scoring = len(np.unique(split.dataset.user_codes)) * float(shape.n_items)
    once = _OVERHEAD + (model.work(shape) + 20 * scoring) / (speed * _EFFICIENCY)
    seconds = once * (trials + 1)
    return PlannedModel(name, config.title(name), trials, seconds, memory, reason)


def available_memory() -> int:
    """Bytes of memory that are free for this process."""
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if _is_bare() else _meminfo()


def _is_bare() -> bool:
    return not os.path.exists("/proc/meminfo")


def _meminfo() -> int:
    """Linux counts memory that caches would give back as available, which ``SC_AVPHYS_PAGES`` does not."""
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _multiply_adds_per_second(n: int = 1024) -> float:
    """Time one float32 matrix product: the machine's own yardstick."""
    a = np.ones((n, n), np.float32)
    a @ a  # wakes the threads
    started = time.perf_counter()
    a @ a
    return n**3 / max(1e-6, time.perf_counter() - started)
