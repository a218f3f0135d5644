"""Folding people into pairwise models: the user's vector that the trained items give a history.

With item vectors z and biases c as they are, the vector of a person with the history H is the one that BPR would train
(Rendle et al. 2009), were nothing else left to learn::

    minimise over w:   mean over i in H, j not in H  of  -ln sigma(x_i - x_j)  +  ridge |w|^2        x_i = c_i + w . z_i

where j runs over a fixed sample of items. This is convex, and in the minimum w is a sum over the history::

    w = 1 / (2 ridge |H|)  sum over i in H  of  mean over j of  sigma(x_j - x_i) (z_i - z_j)

so that each item of the history has a share in every score. Found by Newton's steps, halved until they descend; the last one in
float64. Time O(sample d (|H| + d)) a step and person.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.ragged import Ragged
from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.threads import over_rows
from vitrina.ranking.scorer import Scores

_BLOCK = 2**19  # pairs of items that a thread looks at at a time
_STEPS = 60  # at most: a ridge that is next to nothing needs many
_CLOSE = 5e-3  # change of a score from which on a step in float64 does the rest
_HALVINGS = 8
_ROUNDING = np.float32(1e-6)  # of the loss, by which a step may seem to climb

Floats = NDArray[np.floating]


def fold_in(x: csr_matrix, vectors: Scores, biases: Scores, sample: NDArray[np.int32], ridge: float) -> Scores:
    """Return the vectors of people with the histories ``x [n, n_items]`` (binary), float32 ``[n, d]``; zeros for empty ones.

    ``vectors [n_items, d]`` and ``biases [n_items]`` are those of items, ``sample`` the items j that histories are held against.
    """
    out = np.zeros((x.shape[0], vectors.shape[1]), np.float32)

    def keep(rows: NDArray[np.int64], pairs: _Pairs) -> None:
        out[rows] = pairs.minimum()

    _over_histories(x, vectors, biases, sample, ridge, keep)
    return out


def shares(x: csr_matrix, vectors: Scores, biases: Scores, sample: NDArray[np.int32], ridge: float, towards: Scores) -> Scores:
    """Return what each item of the histories adds to ``w . towards[r]``, float32 ``[x.nnz]``; ``towards [n, d]``."""
    out = np.zeros(x.nnz, np.float32)
    lengths = np.diff(x.indptr)

    def keep(rows: NDArray[np.int64], pairs: _Pairs) -> None:
        events = np.arange(lengths[rows].max()) < lengths[rows, None]
        at = x.indptr[rows][:, None] + np.arange(events.shape[1])
        out[at[events]] = pairs.shares(towards[rows])[events]

    _over_histories(x, vectors, biases, sample, ridge, keep)
    return out


def _over_histories(
    x: csr_matrix, vectors: Scores, biases: Scores, sample: NDArray[np.int32], ridge: float,
    work: Callable[[NDArray[np.int64], _Pairs], None],
) -> None:  # fmt: skip
    """Call ``work`` for blocks of histories of about the same length, in threads."""
    lengths = np.diff(x.indptr)
    histories = Ragged(x.indptr.astype(np.int64), x.indices)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    block = np.cumsum(lengths[order] * max(1, sample.size)) // _BLOCK
    blocks = np.split(order, np.flatnonzero(np.diff(block)) + 1) if order.size else []

    def some(start: int, stop: int) -> None:
        for rows in blocks[start:stop]:
            work(rows, _Pairs(histories.take(rows).padded(), vectors, biases, sample, ridge))

    with one_blas_thread():
        over_rows(len(blocks), some, min_rows=1)


class _Pairs:
    """All pairs of an item of a history and an item of the sample, for ``b`` histories ``[b, longest]`` (-1: filled up)."""

    def __init__(
        self, items: NDArray[np.int32], vectors: Scores, biases: Scores, sample: NDArray[np.int32], ridge: float
    ) -> None:
        there = items >= 0
        self._ridge = ridge
        self._mine, self._my_biases = vectors[items] * there[..., None], biases[items] * there
        self._others, self._their_biases = vectors[sample], biases[sample]
        consumed = np.zeros((len(items), len(vectors)), bool)
        consumed[np.nonzero(there)[0], items[there]] = True
        against = ~consumed[:, sample]
        self._weight_mine = (there / there.sum(axis=1, keepdims=True)).astype(np.float32)
        self._weight_others = (against / np.maximum(1, against.sum(axis=1, keepdims=True))).astype(np.float32)

    def minimum(self) -> Floats:
        """Return w, float64 ``[b, d]``."""
        w = np.zeros((len(self._mine), self._mine.shape[2]), np.float32)
        loss = self._loss(w)
        for _ in range(_STEPS):
            direction, change = self._newton(w)
            w, loss = self._descended(w, loss, direction)
            if change < _CLOSE:
                break
        exact = self._in_float64()
        return w + exact._newton(w.astype(np.float64))[0]

    def _descended(self, w: Floats, loss: Floats, direction: Floats) -> tuple[Floats, Floats]:
        """Go in a direction, half as far for those whose loss would grow, and so on; returns the new w and loss."""
        length = np.ones((len(w), 1), w.dtype)
        for _ in range(_HALVINGS):
            found = self._loss(w + length * direction)
            climbs = found > loss + _ROUNDING
            if not climbs.any():
                break
            length[climbs] /= 2
        return w + length * direction, found

    def _loss(self, w: Floats) -> Floats:
        """What is minimised, ``[b]``."""
        wrong = self._wrong(w)
        loss = np.maximum(wrong, 0)
        np.abs(wrong, out=wrong)
        np.exp(np.negative(wrong, out=wrong), out=wrong)
        loss += np.log1p(wrong, out=wrong)
        mean = (self._weight_mine * (loss @ self._weight_others[..., None])[..., 0]).sum(axis=1)
        return np.asarray(mean + self._ridge * np.einsum("bd,bd->b", w, w))

    def shares(self, towards: Scores) -> Floats:
        """Return what each item adds to the product of w and ``towards [b, d]``, float64 ``[b, longest]``."""
        w, exact = self.minimum(), self._in_float64()
        pull, _ = exact._pull(w)
        mine, theirs = exact._mine @ towards[..., None], towards @ exact._others.T
        found = pull.sum(axis=2) * mine[..., 0] - (pull @ theirs[..., None])[..., 0]
        return np.asarray(found / (2 * self._ridge))

    def _in_float64(self) -> _Pairs:
        copy = object.__new__(_Pairs)
        for name, value in vars(self).items():
            floating = isinstance(value, np.ndarray) and value.dtype == np.float32
            setattr(copy, name, value.astype(np.float64) if floating else value)
        return copy

    def _wrong(self, w: Floats) -> Floats:
        """x_j - x_i of all pairs, ``[b, longest, m]``."""
        mine = self._my_biases + (self._mine @ w[..., None])[..., 0]
        theirs = self._their_biases + w @ self._others.T
        return np.asarray(theirs[:, None, :] - mine[:, :, None])

    def _pull(self, w: Floats) -> tuple[Floats, Floats]:
        """sigma(x_j - x_i) ``[b, longest, m]`` with its weight in the mean, and without."""
        wrong = np.negative(self._wrong(w))
        np.clip(wrong, -80, 80, out=wrong)
        np.exp(wrong, out=wrong)
        wrong += 1
        np.reciprocal(wrong, out=wrong)
        return wrong * self._weight_mine[..., None] * self._weight_others[:, None, :], wrong

    def _newton(self, w: Floats) -> tuple[Floats, float]:
        """Newton's direction ``[b, d]``, and by how much it changes a score at most."""
        pull, wrong = self._pull(w)
        mine, others = self._mine, self._others
        gradient = 2 * self._ridge * w + pull.sum(axis=1) @ others
        gradient -= (pull.sum(axis=2)[:, None, :] @ mine)[:, 0]
        pull *= 1 - wrong
        across = mine.transpose(0, 2, 1) @ (pull @ others)
        curvature = mine.transpose(0, 2, 1) @ (mine * pull.sum(axis=2)[..., None])
        curvature += (others.T * pull.sum(axis=1)[:, None, :]) @ others
        curvature -= across + across.transpose(0, 2, 1)
        d = w.shape[1]
        curvature[:, np.arange(d), np.arange(d)] += 2 * self._ridge
        direction = -np.linalg.solve(curvature, gradient[..., None])[..., 0]
        scores = (mine @ direction[..., None])[..., 0], direction @ others.T
        return direction, max(float(np.abs(change).max(initial=0)) for change in scores)
