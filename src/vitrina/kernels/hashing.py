"""Stable 64-bit hashes of external ids, for tie-breaking and seeds that do not depend on row order."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

from vitrina.kernels.threads import over_rows

#: 2^64 over the golden ratio: multiples of it spread evenly over 64 bits.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)

_FNV_OFFSET = np.uint64(14695981039346656037)
_FNV_PRIME = np.uint64(1099511628211)


@njit(uint64(uint64), nogil=True, cache=True, inline="always")
def mix(x: np.uint64) -> np.uint64:
    """Finalise a 64-bit value (SplitMix64, Steele et al. 2014): every input bit reaches every output bit."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(uint64(uint64, uint64), nogil=True, cache=True, inline="always")
def pair_key(row_key: np.uint64, item_key: np.uint64) -> np.uint64:
    """Return the tie-breaking key of one (query, item) pair; ``row_key`` already contains the seed."""
    return mix(row_key ^ (item_key * GOLDEN))


@njit(nogil=True, cache=True)
def _fnv1a(offsets: NDArray[np.int64], data: NDArray[np.uint8], out: NDArray[np.uint64]) -> None:
    for row in range(out.size):
        h = _FNV_OFFSET
        for position in range(offsets[row], offsets[row + 1]):
            h = (h ^ np.uint64(data[position])) * _FNV_PRIME
        out[row] = mix(h)


@njit(nogil=True, cache=True)
def _bag_keys(offsets: NDArray[np.int64], items: NDArray[np.int32], keys: NDArray[np.uint64], out: NDArray[np.uint64]) -> None:
    for row in range(out.size):
        total = np.uint64(offsets[row + 1] - offsets[row])
        for position in range(offsets[row], offsets[row + 1]):
            total += mix(keys[items[position]])
        out[row] = mix(total)


@njit(nogil=True, cache=True)
def _uniform_rows(
    row_keys: NDArray[np.uint64],
    item_keys: NDArray[np.uint64],
    keys_per_row: bool,
    out: NDArray[np.float32],
    start: int,
    stop: int,
) -> None:
    for row in range(start, stop):
        key_row = item_keys[row if keys_per_row else 0]
        for column in range(out.shape[1]):
            out[row, column] = np.float32(pair_key(row_keys[row], key_row[column]) >> np.uint64(40)) / np.float32(2**24)


def hash_strings(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hash UTF-8 strings given as one byte buffer and ``offsets [n + 1]`` (FNV-1a, then SplitMix64) -> ``[n]``."""
    out = np.empty(offsets.size - 1, np.uint64)
    _fnv1a(offsets, data, out)
    return out


def hash_bags(offsets: NDArray[np.int64], items: NDArray[np.int32], keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash each row's bag of items from the items' own ``keys``; the order inside a row does not matter."""
    out = np.empty(offsets.size - 1, np.uint64)
    _bag_keys(offsets, items, keys, out)
    return out


def seeded(keys: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Combine ``keys`` with a seed, so that another seed gives another, unrelated order."""
    salt = np.uint64((int(seed) * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) % 2**64)
    with np.errstate(over="ignore"):
        return (keys ^ salt) * np.uint64(0xFF51AFD7ED558CCD)


def uniform_scores(row_keys: NDArray[np.uint64], item_keys: NDArray[np.uint64]) -> NDArray[np.float32]:
    """Return a pseudo-random number in [0, 1) for each (row, item) pair, the same whatever the batch or item order.

    ``item_keys`` is ``[m]``, or ``[n, m]`` where each row has items of its own.
    """
    out = np.empty((row_keys.size, item_keys.shape[-1]), np.float32)
    keys, per_row = np.atleast_2d(item_keys), item_keys.ndim == 2
    over_rows(row_keys.size, lambda start, stop: _uniform_rows(row_keys, keys, per_row, out, start, stop))
    return out
