"""Memory budgets: how they are written, and the batch sizes that keep to them."""

from __future__ import annotations

import os
import re

from vitrina.errors import VitrinaError

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}

#: Blocks of scores larger than this gain nothing, they only leave the processor's caches; but a product of fewer rows than
#: this reads the whole catalogue for each few of them.
_BLOCK_BYTES, _ROWS = 4 * 2**20, 128

#: Arrays of a block's size alive at once while it is ranked: the scores, what the model needs to make them, the lists.
_COPIES = 3


def parse_bytes(text: str | int) -> int:
    """Read a size such as ``2GB`` or ``512MiB``; raises ``VitrinaError`` when it is not one."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(text))
    if not match or match[2].upper() not in _UNITS:
        raise VitrinaError(f"{text!r} is not an amount of memory. Write it like 2GB or 512MiB.")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def batch_size(n_columns: int, budget: int) -> int:
    """Return how many queries to score at once so that a float32 block and its copies fit ``budget`` bytes."""
    row = 4 * max(1, n_columns)
    return max(1, min(max(_ROWS, _BLOCK_BYTES // row), budget // (_COPIES * row)))


def total_memory() -> int:
    """Bytes of memory that this machine has, free or not: always the same, so choices made by it are repeatable."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
