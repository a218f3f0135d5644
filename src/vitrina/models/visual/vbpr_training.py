"""VBPR between two epochs; ``vitrina.models.visual.vbpr`` says what it computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.queries import Queries
from vitrina.kernels.strata import Strata
from vitrina.kernels.visual_bpr import visual_bpr_epoch
from vitrina.models.factors.start import normal_vectors
from vitrina.ranking.scorer import Items, Scores

if TYPE_CHECKING:
    from vitrina.models.visual.vbpr import VBPR


@dataclass(frozen=True)
class Learned:
    """What training changes, in place: vectors of users, vectors and biases of the items met, E with b' as its last row.

    ``features [n_items, columns]`` are those of all items, scaled, and ``seen`` those of the items with events, ``met`` bool
    ``[n_items]``.
    """

    strata: Strata
    users: Scores
    items: Scores
    biases: Scores
    visual: Scores
    features: Scores
    seen: Scores
    met: NDArray[np.bool_]

    @staticmethod
    def start(rng: np.random.Generator, x: csr_matrix, features: Scores, *, own: int, visual: int, deviation: float) -> Learned:
        """Draw the start for a log ``[n_users, n_items]``; users without events stay at zero."""
        met = np.bincount(x.indices, minlength=x.shape[1]) > 0
        log = x[:, met]
        log.sort_indices()
        users = normal_vectors(rng, x.shape[0], own + visual, deviation)
        users[np.diff(x.indptr) == 0] = 0
        items = normal_vectors(rng, log.shape[1], own, deviation)
        reads = normal_vectors(rng, visual + 1, features.shape[1], deviation)
        reads[-1] = 0
        strata, biases = Strata(log.indptr, log.indices, log.shape[1]), np.zeros(len(items), np.float32)
        return Learned(strata, users, items, biases, reads, features, features if met.all() else features[met], met)

    def epoch(self, rng: np.random.Generator, *, lr: float, reg: float, reg_visual: float) -> float:
        """Make the steps of one epoch; returns the mean loss."""
        arrays = self.users, self.items, self.biases, self.seen, self.visual
        return visual_bpr_epoch(self.strata, *arrays, lr=lr, reg=reg, reg_visual=reg_visual, rng=rng)

    def vectors(self) -> tuple[Scores, Scores, Scores]:
        """Return (gamma, E f) ``[n_items, own + visual]``, the biases b + b'f ``[n_items]``, and E with b'; all are copies."""
        seen = self.features @ self.visual.T
        own = np.zeros((len(self.met), self.items.shape[1]), np.float32)
        own[self.met] = self.items
        biases = seen[:, -1].copy()
        biases[self.met] += self.biases
        return np.concatenate([own, seen[:, :-1]], axis=1), biases, self.visual.copy()


@dataclass(frozen=True)
class InTraining:
    """The model between two epochs: whoever still has the history of training has the trained vector, others are folded in.

    It ranks about as well as folding everybody in, which takes longer than many an epoch.
    """

    model: VBPR
    log: csr_matrix
    users: Scores

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Score as the model does."""
        histories = queries.matrix(self.log.shape[1])
        users = np.full(len(queries), -1) if queries.users is None else queries.users
        trained = np.flatnonzero((users >= 0) & (users < len(self.users)))
        changed = abs(histories[trained] - self.log[users[trained]]).sum(axis=1).A1
        trained = trained[changed == 0]
        vectors = np.zeros((len(queries), self.users.shape[1]), np.float32)
        vectors[trained] = self.users[users[trained]]
        others = np.setdiff1d(np.arange(len(queries)), trained)
        vectors[others] = self.model.fold_in(histories[others])
        return self.model.score_of(vectors, items)
