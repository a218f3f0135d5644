"""VBPR: matrix factorisation that also sees the pictures, so that works nobody has met yet are ranked too.

He and McAuley, "VBPR: Visual Bayesian Personalized Ranking from Implicit Feedback", AAAI 2016 (equation 4), less what is the
same for all items of a user::

    x_ui = b_i + gamma_u . gamma_i + theta_u . (E f_i) + b' . f_i
    minimise  mean over events (u, i) and items j of  -ln sigma(x_ui - x_uj) + reg |parameters they meet|^2
              + reg_visual |E, b'|^2

with f_i a feature of the picture, standardised by column and then divided by one number, so that its norm is 1 in the mean:
else the first steps of E would depend on the network that made it. The items j are drawn from those that have events and that
the user has not consumed. So gamma_i and b_i of an item without events stay zero, and its picture alone ranks it.

The paper has no vector for a person who came after training. Here everybody's vector (gamma_u, theta_u) is folded in: the
one that BPR gives the history when the items stay as they are, see ``vitrina.models.factors.fold_in``; on the data of the
tests it ranks as well as the trained one. An item with neither events nor a picture has no score. Time O(events (columns +
factors)) per epoch, memory items columns + (users + items) factors.

The paper's reg of 10 (Amazon) or 0.1 (Tradesy) multiplies sums of another scale than this mean; 0.01 is what reproductions of it
use. Its reg of E, 0, is kept.
"""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.factors.fold_in import fold_in, shares
from vitrina.models.factors.products import score_factors
from vitrina.models.space import Floats, Ints, hyperparameters
from vitrina.models.visual.pictures import Pictures
from vitrina.models.visual.reduction import known_rows
from vitrina.models.visual.scaling import Scaling
from vitrina.ranking.scorer import Items, Scores

if TYPE_CHECKING:
    from vitrina.models.visual.vbpr_network import VBPRNetwork

_SAMPLE = 256  # items that a history is held against when a person is folded in
_COLUMNS = 512  # of a feature, for foretelling costs: data sets do not tell them beforehand


@hyperparameters
class VBPR(Recommender):
    """Matrix factorisation with the BPR loss and a visual part."""

    feature: Annotated[str, Field(min_length=1), "name of the feature matrix of the catalogue; dnn: that of a network"] = "dnn"
    factors: Annotated[int, Ints(2, 64, log=True), Field(ge=0), "dimension of gamma"] = 10
    visual_factors: Annotated[int, Ints(2, 64, log=True), Field(ge=1), "dimension of theta"] = 10
    lr: Annotated[float, Floats(1e-3, 3e-2, log=True), Field(gt=0), "learning rate of Adam"] = 0.01
    reg: Annotated[float, Floats(1e-3, 1e-1, log=True), Field(gt=0), "regularisation of users, items and biases"] = 0.01
    reg_visual: Annotated[float, Field(ge=0), "regularisation of E and b'"] = 0.0
    init: Annotated[float, Field(ge=0), "standard deviation of the initial vectors and of E"] = 0.1
    batch: Annotated[int, Field(ge=1), "events per step"] = 256
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 50
    seed: Annotated[int, "seed of start, order and samples"] = 0

    name: ClassVar[str] = "vbpr"
    title: ClassVar[str] = "VBPR"
    paper: ClassVar[str] = "He and McAuley 2016"
    declares: ClassVar[Declares] = Declares(
        needs_feature=True, new_items=True, epochs=True, missing_scores=True, explains="exact"
    )

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn ``item_vectors_ [n_items, d]``, ``item_biases_`` and ``visual_ [visual_factors + 1, n_columns]``, float32.

        Raises ``UnknownNameError`` when the catalogue lacks the feature, ``VitrinaError`` when training explodes before a
        single epoch is done.
        """
        from vitrina.models.visual.vbpr_network import VBPRNetwork
        from vitrina.training.negatives import uniform
        from vitrina.training.plan import Plan
        from vitrina.training.trainer import train

        features, x, met = dataset.catalogue.feature(self.feature), dataset.matrix(), dataset.popularity > 0
        scaling = Scaling.of(Pictures.of(features), unit=True)
        self.feature_mean_, self.feature_factor_ = scaling.mean, scaling.factor
        self.described_ = met | known_rows(features)
        rng = np.random.default_rng(self.seed)
        self.sample_ = np.sort(rng.permutation(np.flatnonzero(met))[:_SAMPLE]).astype(np.int32)
        lengths = np.diff(x.indptr)
        log = x[(lengths > 0) & (lengths < met.sum())]  # who consumed everything meets no other item
        sampler = uniform(x.shape[1], log, among=met)
        sizes = {"factors": self.factors, "visual_factors": self.visual_factors}
        network = VBPRNetwork(log, scaling.transform(features), sampler, **sizes, init=self.init, seed=self.seed)
        self.epochs_ = self.epochs
        if log.nnz:
            step = partial(network.loss, reg=self.reg, reg_visual=self.reg_visual)
            plan = Plan(epochs=self.epochs, batch_size=self.batch, lr=self.lr, seed=self.seed)
            value = None if validate is None else lambda: validate(self._with(network))
            outcome = train(network, log.nnz, step, plan, validate=value, devices=("cuda", "cpu"))
            if outcome.failed:
                raise VitrinaError(f"vbpr: {outcome.message}")
            self.epochs_ = outcome.epochs
        return self._with(network)

    def _with(self, network: VBPRNetwork) -> Self:
        """Take over what the network has learned."""
        vectors, biases = (t.detach().cpu().numpy() for t in network.candidates())
        self.item_vectors_, self.item_biases_ = np.array(vectors), np.array(biases[:, 0])
        self.visual_ = np.array(network.visual.detach().cpu().numpy())
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
        x = queries.matrix(len(self.item_vectors_))
        return fold_in(x, self.item_vectors_, self.item_biases_, self.sample_, self.reg)

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return x_ui; NaN for items of which neither events nor a picture are known."""
        scores = score_factors(self.query_vectors(queries), self.item_vectors_, items)
        biases = np.where(self.described_, self.item_biases_, np.float32(np.nan))
        scores += biases if items is None else biases[items]
        return scores

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return each liked item's share in (gamma_u, theta_u), times the item: with the item's bias they are the score."""
        x, biases = queries.matrix(len(self.item_vectors_)), self.item_biases_[items]
        towards = np.where(self.described_[items, None], self.item_vectors_[items], np.float32(np.nan))
        values = shares(x, self.item_vectors_, self.item_biases_, self.sample_, self.reg, towards)
        others = {"bias of the item": np.where(self.described_[items], biases, np.float32(np.nan))}
        return Explanation.of_sets(queries, values, others=others, exact=True)

    def memory(self, shape: Shape) -> int:
        """Six copies of the vectors (gradient, Adam, best, fitted), three of a feature of 512 columns, keys of the log."""
        parameters = (self.factors + self.visual_factors + 1) * (shape.n_users + shape.n_items)
        return 4 * 6 * parameters + 4 * 3 * _COLUMNS * shape.n_items + 60 * shape.n_events

    def work(self, shape: Shape) -> float:
        """The pictures of two items of each event through E, forward and backward, and updates of all vectors each step."""
        steps = shape.n_events / self.batch
        updated = (self.factors + self.visual_factors) * (shape.n_users + shape.n_items)
        return self.epochs * (6.0 * _COLUMNS * self.visual_factors * shape.n_events + 10.0 * updated * steps)
