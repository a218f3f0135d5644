"""The log as files that every environment can read: NumPy and SciPy only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Log:
    """Training events and held-out events of the same users, each pair once, as CSR offsets and items."""

    n_users: int
    n_items: int
    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    held_offsets: NDArray[np.int64]
    held_items: NDArray[np.int32]

    @cached_property
    def users(self) -> NDArray[np.int32]:
        """User code of each training event."""
        return np.repeat(np.arange(self.n_users, dtype=np.int32), np.diff(self.offsets))

    def matrix(self) -> csr_matrix:
        """Return the training events as a new binary float32 matrix ``[n_users, n_items]``."""
        return _matrix(self.offsets, self.items, (self.n_users, self.n_items))

    def held_out(self) -> csr_matrix:
        """Return the held-out events as a new binary float32 matrix ``[n_users, n_items]``."""
        return _matrix(self.held_offsets, self.held_items, (self.n_users, self.n_items))

    def of_trained(self) -> Log:
        """Return the log of the people with training events alone, who come first; the same events stand for held-out ones."""
        n = int(np.count_nonzero(np.diff(self.offsets)))
        return Log(n, self.n_items, self.offsets[: n + 1], self.items, self.offsets[: n + 1], self.items)

    def given(self) -> csr_matrix:
        """Return the held-out events of the others, the new people, as binary float32 ``[n, n_items]``."""
        return self.held_out()[np.count_nonzero(np.diff(self.offsets)) :]

    def pictures(self, columns: int = 512, seed: int = 0) -> NDArray[np.float32]:
        """Return made-up features of items ``[n_items, columns]`` that show who consumes them, blurred by noise."""
        rng = np.random.default_rng(seed)
        seen = self.matrix().T @ rng.standard_normal((self.n_users, columns), np.float32)
        seen /= np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-6)
        noise = rng.standard_normal((self.n_items, columns), np.float32) / np.float32(columns**0.5)
        return np.asarray(seen + noise, np.float32)

    def save(self, path: Path) -> None:
        """Write to one ``.npz`` file."""
        np.savez(
            path,
            shape=np.array([self.n_users, self.n_items]),
            offsets=self.offsets,
            items=self.items,
            held_offsets=self.held_offsets,
            held_items=self.held_items,
        )

    @staticmethod
    def load(path: Path | str) -> Log:
        """Read what ``save`` wrote."""
        with np.load(path) as file:
            n_users, n_items = (int(n) for n in file["shape"])
            return Log(n_users, n_items, file["offsets"], file["items"], file["held_offsets"], file["held_items"])


def _matrix(offsets: NDArray[np.int64], items: NDArray[np.int32], shape: tuple[int, int]) -> csr_matrix:
    data = np.ones(items.size, np.float32)
    return csr_matrix((data, items.copy(), offsets.astype(np.int32)), shape=shape)
