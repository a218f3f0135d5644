"""VBPR: matrix factorisation that also sees the pictures, so that works nobody has met yet are ranked too.

He and McAuley, "VBPR: Visual Bayesian Personalized Ranking from Implicit Feedback", AAAI 2016 (equation 4), less what is the
same for all items of a user::

    x_ui = b_i + gamma_u . gamma_i + theta_u . (E f_i) + b' . f_i
    minimise  mean over events (u, i) and items j of  -ln sigma(x_ui - x_uj) + reg/2 |parameters they meet|^2
              + reg_visual/2 |E, b'|^2

by stochastic gradient steps on events and items j drawn from those that have events and that the user has not consumed. f_i is
a feature of the picture, standardised by column and then divided by one number, so that its norm is 1 in the mean: else the
first steps of E would depend on the network that made it. gamma_i and b_i of an item without events stay zero, and its picture
alone ranks it.

The paper has no vector for a person who came after training. Here everybody's vector (gamma_u, theta_u) is folded in: the
one that BPR gives the history when the items stay as they are, see ``vitrina.models.factors.fold_in``; on the data of the
tests it ranks as well as the trained one. An item with neither events nor a picture has no score. Time O(events (columns
visual factors + factors)) per epoch, memory items columns + (users + items) factors.

The paper does not regularise E (``reg_visual`` 0) and has 10 + 10 factors. Where works have likes of their own, a free E learns
what is peculiar to single pictures and drowns what the log says: on the demo's likes nDCG@10 falls from .19 to .15. For works
that nobody has met a smaller ``reg_visual`` (1e-4) is better, and so are many visual factors.
"""

from __future__ import annotations

from copy import copy
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.early import BestEpoch
from vitrina.models.explanation import Explanation
from vitrina.models.factors.fold_in import fold_in, shares
from vitrina.models.factors.products import score_factors
from vitrina.models.space import Floats, Ints, hyperparameters
from vitrina.models.visual.pictures import Pictures
from vitrina.models.visual.reduction import known_rows
from vitrina.models.visual.scaling import Scaling
from vitrina.models.visual.vbpr_training import InTraining, Learned
from vitrina.ranking.scorer import Items, Scores

_SAMPLE = 256  # items that a history is held against when a person is folded in
_VALIDATED = 10  # epochs between two looks at validation
_COLUMNS = 512  # of a feature, for foretelling costs: data sets do not tell them beforehand


@hyperparameters
class VBPR(Recommender):
    """Matrix factorisation with the BPR loss and a visual part."""

    feature: Annotated[str, Field(min_length=1), "name of the feature matrix of the catalogue; dnn: that of a network"] = "dnn"
    factors: Annotated[int, Ints(16, 200, log=True), Field(ge=0), "dimension of gamma"] = 64
    visual_factors: Annotated[int, Ints(32, 200, log=True), Field(ge=1), "dimension of theta"] = 64
    lr: Annotated[float, Floats(2e-2, 2e-1, log=True), Field(gt=0), "learning rate"] = 0.05
    reg: Annotated[float, Floats(1e-3, 5e-2, log=True), Field(gt=0), "regularisation of users, items and biases"] = 0.01
    reg_visual: Annotated[float, Floats(3e-5, 3e-3, log=True), Field(ge=0), "regularisation of E and b'"] = 3e-4
    init: Annotated[float, Field(ge=0), "standard deviation of the initial vectors and of E"] = 0.1
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 200
    seed: Annotated[int, "seed of start and samples"] = 0

    name: ClassVar[str] = "vbpr"
    title: ClassVar[str] = "VBPR"
    paper: ClassVar[str] = "He and McAuley 2016"
    declares: ClassVar[Declares] = Declares(
        needs_feature=True, new_items=True, epochs=True, missing_scores=True, explains="exact"
    )

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn ``item_vectors_ [n_items, d]``, ``item_biases_`` and ``visual_ [visual_factors + 1, n_columns]``, float32.

        Raises ``UnknownNameError`` when the catalogue lacks the feature, ``VitrinaError`` when training explodes.
        """
        features, x, met = dataset.catalogue.feature(self.feature), dataset.matrix(), dataset.popularity > 0
        scaling = Scaling.of(Pictures.of(features), unit=True)
        self.feature_mean_, self.feature_factor_ = scaling.mean, scaling.factor
        self.described_ = met | known_rows(features)
        rng = np.random.default_rng(self.seed)
        self.sample_ = np.sort(rng.permutation(np.flatnonzero(met))[:_SAMPLE]).astype(np.int32)
        width = {"own": self.factors, "visual": self.visual_factors}
        learned = Learned.start(rng, x, scaling.transform(features), **width, deviation=self.init)
        best = BestEpoch(validate, self.epochs, every=_VALIDATED)
        for epoch in best:
            loss = learned.epoch(rng, lr=self.lr, reg=self.reg, reg_visual=self.reg_visual)
            if not np.isfinite(learned.users).all():
                raise VitrinaError(f"vbpr: the weights exploded in epoch {epoch}; use a smaller lr than {self.lr:g}.")
            self.item_vectors_, self.item_biases_, self.visual_ = vectors = learned.vectors()
            state = dict(zip(("item_vectors_", "item_biases_", "visual_"), vectors, strict=True))
            best.after(epoch, InTraining(self, x, learned.users), state, loss=loss)
        best.restore(self)
        return self

    def with_items(self, catalogue: Catalogue) -> Self:
        """Return the model for a longer catalogue: of items after those of training, their pictures are known."""
        n, features = len(self.item_vectors_), catalogue.feature(self.feature)[len(self.item_vectors_) :]
        seen = Scaling(self.feature_mean_, self.feature_factor_).transform(features) @ self.visual_.T
        longer = copy(self)
        longer.item_vectors_ = np.zeros((n + len(seen), self.item_vectors_.shape[1]), np.float32)
        longer.item_vectors_[:n], longer.item_vectors_[n:, self.factors :] = self.item_vectors_, seen[:, :-1]
        longer.item_biases_ = np.concatenate([self.item_biases_, seen[:, -1]])
        longer.described_ = np.concatenate([self.described_, known_rows(features)])
        return longer

    def query_vectors(self, queries: Queries) -> Scores:
        """Fold the histories in: (gamma_u, theta_u) float32 ``[n, d]``; zeros for an empty history."""
        return self.fold_in(queries.matrix(len(self.item_vectors_)))

    def fold_in(self, histories: csr_matrix) -> Scores:
        """Return (gamma_u, theta_u) of binary histories ``[n, n_items]``."""
        return fold_in(histories, self.item_vectors_, self.item_biases_, self.sample_, self.reg / 2)

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return x_ui; NaN for items of which neither events nor a picture are known."""
        return self.score_of(self.query_vectors(queries), items)

    def score_of(self, users: Scores, items: Items = None) -> Scores:
        """The same of people whose (gamma_u, theta_u) ``[n, d]`` are given."""
        scores = score_factors(users, self.item_vectors_, items)
        biases = np.where(self.described_, self.item_biases_, np.float32(np.nan))
        scores += biases if items is None else biases[items]
        return scores

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return each liked item's share in (gamma_u, theta_u), times the item: with the item's bias they are the score."""
        x, biases = queries.matrix(len(self.item_vectors_)), self.item_biases_[items]
        towards = np.where(self.described_[items, None], self.item_vectors_[items], np.float32(np.nan))
        values = shares(x, self.item_vectors_, self.item_biases_, self.sample_, self.reg / 2, towards)
        others = {"bias of the item": np.where(self.described_[items], biases, np.float32(np.nan))}
        return Explanation.of_sets(queries, values, others=others, exact=True)

    def memory(self, shape: Shape) -> int:
        """Vectors of both sides, those of items four times (fitted, before, best), a feature of 512 columns thrice, the log."""
        width = self.factors + self.visual_factors + 1
        return 4 * width * (shape.n_users + 4 * shape.n_items) + 4 * 3 * _COLUMNS * shape.n_items + 12 * shape.n_events

    def work(self, shape: Shape) -> float:
        """The difference of two pictures of each event through E, forward and backward, and the vectors it meets."""
        each = 4.0 * _COLUMNS * self.visual_factors + 60.0 * (self.factors + self.visual_factors)
        return self.epochs * each * shape.n_events
