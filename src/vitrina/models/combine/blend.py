"""The weighted sum of normalised scores, and a memory for when the same sum is taken with many weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.models.combine.normalise import Normalise, normalised
from vitrina.ranking.scorer import Items, Scorer, Scores

#: Normalised scores of the parts ``[n, m]``, and which of them were known.
Normalised = list[tuple[Scores, NDArray[np.bool_]]]

_BLOCK = 2**23  # scores of all items at a time
_REMEMBERED = 2**29  # bytes


@dataclass
class Memo:
    """What the parts said to the questions asked before, as long as it fits ``limit`` bytes; what does not is made anew."""

    limit: int = _REMEMBERED
    used: int = 0
    kept: dict[bytes, Normalised] = field(default_factory=dict)

    def get(self, key: bytes, make: Callable[[], Normalised]) -> Normalised:
        """Return what is kept under ``key``, or make it."""
        found = self.kept.get(key)
        if found is None:
            found = make()
            size = sum(scores.nbytes + known.nbytes for scores, known in found)
            if self.used + size <= self.limit:
                self.kept[key] = found
                self.used += size
        return found


@dataclass(frozen=True)
class Blend:
    """A scorer: the weighted sum of what ``scorers`` give, normalised per query.

    A missing score counts as the lowest of its part; where all parts of weight lack one, there is none. With a ``memo``, the
    parts are asked each question once.
    """

    scorers: Mapping[str, Scorer]
    weights: Scores
    normalise: Normalise
    n_items: int
    memo: Memo | None = None

    def __post_init__(self) -> None:
        if self.weights.shape != (len(self.scorers),):
            raise VitrinaError(f"{self.weights.size} weights for {len(self.scorers)} parts.")

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the weighted sums."""
        pieces = []
        for start, batch in queries.batches(max(1, _BLOCK // max(1, self.n_items))):
            asked = items if items is None or items.ndim == 1 else items[start : start + len(batch)]
            pieces.append(self._sum(batch, asked))
        if len(pieces) == 1:
            return pieces[0]
        nothing = np.empty((0, self.n_items if items is None else items.shape[-1]), np.float32)
        return np.concatenate(pieces) if pieces else nothing

    def _sum(self, queries: Queries, items: Items) -> Scores:
        if self.memo is None:
            used = np.flatnonzero(self.weights)
            parts = self._normalised(queries, items, used)
        else:
            used = np.arange(self.weights.size)
            parts = self.memo.get(_identity(queries, items), lambda: self._normalised(queries, items, used))
        total, known = np.zeros_like(parts[0][0]), np.zeros(parts[0][0].shape, bool)
        for weight, (scores, there) in zip(self.weights[used], parts, strict=True):
            if weight:
                total += weight * scores
                known |= there
        total[~known] = np.nan
        return total

    def _normalised(self, queries: Queries, items: Items, used: NDArray[np.int64]) -> Normalised:
        scorers = list(self.scorers.items())
        found = []
        for text, scorer in (scorers[n] for n in used.tolist()):
            scores = scorer.score(queries)
            if scores.shape[1] != self.n_items:
                raise VitrinaError(f"{text} knows {scores.shape[1]} items, but the hybrid {self.n_items}.")
            found.append(normalised(self.normalise, scores, queries, items))
        return found


def _identity(queries: Queries, items: Items) -> bytes:
    """What two questions have in common that have the same answer."""
    digest = hashlib.blake2b(digest_size=16)
    arrays = (queries.offsets, queries.items, queries.keys, queries.users, queries.times, queries.at, items)
    for array in (*arrays, *(queries.context[name] for name in sorted(queries.context))):
        if array is None:
            digest.update(b"none")
        else:
            digest.update(f"{array.dtype}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.digest()
