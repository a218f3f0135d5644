"""FM: a factorisation machine on the candidate item, its side features, and the history.

Rendle, "Factorization Machines", ICDM 2010 (equation 1 and lemma 3.1). Every pair of features interacts by its vectors::

    y(x) = w0 + sum_i w_i x_i + sum_{i<j} <v_i, v_j> x_i x_j
         = w0 + sum_i w_i x_i + 1/2 ( |sum_i x_i v_i|^2 - sum_i x_i^2 |v_i|^2 )

The features x are the candidate item (1 of n), its attributes and named feature matrices, and the items of the history, each
with the value |history|^-power. The history stands where the paper's examples have the user's number: so anybody is folded in.
The sum of pairs falls into those within the history, those within the candidate, and the product of both: all items are scored
by one inner product each::

    y = const(history) + bias(item) + < sum over the history, item vector with side features >

Learned from events, each with the rest of its user's history, against items drawn uniformly from those the user has not
consumed. Items without events are never drawn: their side features alone score them, and those of items that come later. Time
O(events negatives factors) per epoch, memory items factors. Every step sums the side features of the whole catalogue, so dense
ones, as those of pictures, are reduced to some dozens of principal components first.
"""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.kernels.sparse import sparse_dense
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.factors.products import pair_products, score_factors
from vitrina.models.factors.side_features import fit_reductions, side_features
from vitrina.models.learned import array
from vitrina.models.space import Choice, Floats, Ints, hyperparameters
from vitrina.models.visual.reduction import Reduction
from vitrina.ranking.scorer import Items, Scores

if TYPE_CHECKING:
    from vitrina.models.factors.fm_network import FMNetwork


@hyperparameters
class FM(Recommender):
    """Factorisation machine with the history in the place of the user, and the item's side features."""

    factors: Annotated[int, Ints(8, 256, log=True), Field(ge=1), "dimension of the vectors"] = 64
    loss: Annotated[Literal["logistic", "bpr"], Choice(("logistic", "bpr")), "of single items, or of pairs"] = "logistic"
    negatives: Annotated[int, Ints(1, 8), Field(ge=1), "items drawn per event"] = 4
    power: Annotated[float, Floats(0.0, 1.0), Field(ge=0), "each item of a history of n has the value n^-power"] = 0.5
    lr: Annotated[float, Floats(1e-3, 3e-2, log=True), Field(gt=0), "learning rate of Adam"] = 0.003
    reg: Annotated[float, Floats(1e-5, 1e-1, log=True), Field(ge=0), "regularisation of the parameters that an event meets"] = (
        0.001
    )
    init: Annotated[float, Field(ge=0), "standard deviation of the initial vectors"] = 0.1
    batch: Annotated[int, Field(ge=1), "events per step, about: whole users are taken together"] = 2048
    attributes: Annotated[tuple[str, ...], "columns of the catalogue; * for all text of at most 1,000 values"] = ("*",)
    features: Annotated[tuple[str, ...], "names of feature matrices of the catalogue; dnn: that of a network"] = ()
    reduce: Annotated[int, Field(ge=0), "principal components of each dense feature; 0: the feature as it is"] = 32
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 50
    seed: Annotated[int, "seed of start, order and samples"] = 0

    name: ClassVar[str] = "fm"
    title: ClassVar[str] = "Factorisation machine"
    paper: ClassVar[str] = "Rendle 2010"
    declares: ClassVar[Declares] = Declares(epochs=True, shares_batches=True, new_items=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn ``item_vectors_`` and ``history_vectors_`` float32 ``[n_items, d]``, their biases and ``bias_``.

        Raises ``VitrinaError`` when training explodes before a single epoch is done.
        """
        from vitrina.models.factors.fm_network import FMNetwork
        from vitrina.training.negatives import uniform
        from vitrina.training.plan import Plan
        from vitrina.training.trainer import train

        x, known = dataset.matrix(), dataset.popularity > 0
        reductions = fit_reductions(dataset.catalogue, self.features, self.reduce)
        self._keep(reductions)
        lengths = np.diff(x.indptr)
        log = x[(lengths > 0) & (lengths < known.sum())]  # who consumed everything meets no other item
        network = FMNetwork(
            log,
            side_features(dataset.catalogue, self.attributes, self.features, reductions=reductions),
            uniform(x.shape[1], log, among=known),
            factors=self.factors,
            init=self.init,
            power=self.power,
            seed=self.seed,
        )
        self.epochs_ = self.epochs
        if log.nnz:
            users = max(1, round(self.batch * log.shape[0] / log.nnz))
            step = partial(network.loss, kind=self.loss, negatives=self.negatives, reg=self.reg)
            plan = Plan(epochs=self.epochs, batch_size=users, lr=self.lr, seed=self.seed)
            value = None if validate is None else lambda: validate(self._with(network))
            outcome = train(network, log.shape[0], step, plan, validate=value, devices=("cuda", "cpu"))
            self.epochs_ = outcome.checked(self.name).epochs
        return self._with(network)

    def _with(self, network: FMNetwork) -> Self:
        """Take over what the network has learned."""
        vectors, biases, _ = network.candidates()
        self.item_vectors_, self.item_biases_ = array(vectors), array(biases[:, 0])
        self.history_vectors_, self.history_biases_ = array(network.history), array(network.history_bias[:, 0])
        self.side_vectors_, self.side_biases_ = array(network.side), array(network.side_bias[:, 0])
        self.bias_ = network.bias.item()
        return self

    def _keep(self, reductions: list[Reduction | None]) -> None:
        """Keep ``reduction_means_ [columns of all features]`` and ``reduction_axes_``, as many rows; axes of zeros fill up."""
        there = [reduction for reduction in reductions if reduction is not None]
        self.reduction_means_ = np.concatenate([np.zeros(0, np.float32), *(r.mean for r in there)])
        self.reduction_axes_ = np.zeros((self.reduction_means_.size, self.reduce), np.float32)
        start = 0
        for reduction in there:
            self.reduction_axes_[start : start + reduction.mean.size, : len(reduction.axes)] = reduction.axes.T
            start += reduction.mean.size

    def _reductions(self, catalogue: Catalogue) -> list[Reduction | None]:
        """Return what ``_keep`` kept, one for each feature."""
        found: list[Reduction | None] = []
        start = 0
        for name in self.features:
            matrix = catalogue.feature(name)
            if not self.reduce or isinstance(matrix, csr_matrix):
                found.append(None)
                continue
            rows = slice(start, start + matrix.shape[1])
            found.append(Reduction(self.reduction_means_[rows], np.ascontiguousarray(self.reduction_axes_[rows].T)))
            start += matrix.shape[1]
        return found

    def with_items(self, catalogue: Catalogue) -> Self:
        """Return the model for a longer catalogue: of items after those of training, their side features are known."""
        n = len(self.item_vectors_)
        side = side_features(catalogue, self.attributes, self.features, reductions=self._reductions(catalogue), n_known=n)[n:]
        if side.shape[1] != len(self.side_vectors_):
            raise VitrinaError(
                f"fm: the catalogue makes {side.shape[1]} side features, but the model was trained with "
                f"{len(self.side_vectors_)}. Its first {n} items must be those of training, as they were."
            )
        vectors, squares = sparse_dense(side, self.side_vectors_), (self.side_vectors_**2).sum(axis=1, keepdims=True)
        pairs = (vectors**2).sum(axis=1) - sparse_dense(csr_matrix(side.power(2)), squares)[:, 0]
        biases = sparse_dense(side, self.side_biases_[:, None])[:, 0] + pairs / 2
        longer, nothing = copy(self), np.zeros_like(vectors)
        longer.item_vectors_ = np.concatenate([self.item_vectors_, vectors])
        longer.item_biases_ = np.concatenate([self.item_biases_, biases])
        longer.history_vectors_ = np.concatenate([self.history_vectors_, nothing])
        longer.history_biases_ = np.concatenate([self.history_biases_, nothing[:, 0]])
        return longer

    def query_vectors(self, queries: Queries) -> Scores:
        """Sum the vectors of the history, each times its value: float32 ``[n, d]``; an empty history gives zeros."""
        return sparse_dense(self._histories(queries), self.history_vectors_)

    def _histories(self, queries: Queries) -> csr_matrix:
        """The features that the history makes: n^-power for each of its n items, CSR ``[n, n_items]``."""
        x = queries.matrix(len(self.item_vectors_))
        lengths = np.diff(x.indptr)
        values = np.maximum(lengths, 1) ** np.float32(-self.power)
        return csr_matrix((np.repeat(values, lengths), x.indices, x.indptr), shape=x.shape)

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return y, with the terms that all items of a query share."""
        scores = score_factors(self.query_vectors(queries), self.item_vectors_, items)
        scores += self.item_biases_ if items is None else self.item_biases_[items]
        scores += self._shared(queries)
        return scores

    def _shared(self, queries: Queries) -> Scores:
        """What the history is worth by itself, float32 ``[n, 1]``: bias, linear terms, and the products of its pairs."""
        histories, bags = self._histories(queries), self.query_vectors(queries)
        linear = sparse_dense(histories, self.history_biases_[:, None])
        sizes = sparse_dense(histories.power(2), (self.history_vectors_**2).sum(axis=1, keepdims=True))
        pairs: Scores = ((bags**2).sum(axis=1, keepdims=True) - sizes) / 2
        return pairs + linear + np.float32(self.bias_)

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the product of each item of the history with the item: they, its bias and what all items share are the score."""
        histories, targets = self._histories(queries), self.item_vectors_[items]
        rows = np.repeat(np.arange(len(queries)), np.diff(histories.indptr))
        values = histories.data * pair_products(self.history_vectors_, histories.indices, targets, rows)
        others = {"bias of the item": self.item_biases_[items], "shared by all items": self._shared(queries)[:, 0]}
        return Explanation.of_sets(queries, values, others=others, exact=True)

    def memory(self, shape: Shape) -> int:
        """Six copies of the vectors (gradient, Adam, best, fitted), keys of the log, some arrays of a batch."""
        parameters = 2 * shape.n_items * (self.factors + 1)
        return 4 * 6 * parameters + 60 * shape.n_events + 4 * 6 * self.batch * self.factors * (self.negatives + 3)

    def work(self, shape: Shape) -> float:
        """Sums and products of each event with its drawn items, forward and backward; they wait for memory."""
        return self.epochs * 25.0 * self.factors * (self.negatives + 3) * shape.n_events
