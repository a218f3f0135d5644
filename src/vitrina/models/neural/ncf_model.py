"""What the models of neural collaborative filtering share: training, scores of pairs, their explanation, and what it costs."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import REST, Explanation, blocks
from vitrina.models.factors.known_users import forget_inactive, trained_vectors
from vitrina.models.factors.products import score_factors
from vitrina.models.factors.systems import solve_histories
from vitrina.models.learned import array
from vitrina.models.neural.pair_tower import PairTower
from vitrina.models.space import Floats, Ints, hyperparameters
from vitrina.ranking.scorer import Items, Scores

if TYPE_CHECKING:
    from vitrina.models.neural.ncf_network import NCFNetwork
    from vitrina.training.plan import Plan

Layers = Annotated[
    tuple[Annotated[int, Field(ge=1)], ...],
    "widths of the tower, first that of both vectors side by side; none: 8, 4, 2 and 1 times factors",
]

_EXPLAINED = 2**23  # activations of pairs that are explained at a time
_STEPS = 100  # at least, from one validation to the next: in an epoch of a small log nothing seems to move
_TYPICAL = 1000  # items whose mean stands for a large catalogue


def tower_of(layers: tuple[int, ...], factors: int) -> tuple[int, ...]:
    """Return ``layers``, or those of the authors' repository for so many predictive factors."""
    return layers or (8 * factors, 4 * factors, 2 * factors, factors)


def refuse_no_tower(layers: tuple[int, ...]) -> None:
    """Raise ``VitrinaError`` for layers that are no tower over two vectors of one width."""
    if layers and (len(layers) < 2 or layers[0] % 2):
        raise VitrinaError(
            f"layers = {list(layers)} is no tower: its first number is the width of two equal vectors side by side, "
            "and layers follow, as in [64, 32, 16, 8]."
        )


@hyperparameters
class NCFModel(Recommender):
    """A network over pairs of a person and an item, both known from training.

    Learned, all float32: ``user_factors_ [n_users, d]`` and ``item_factors_`` where there is a product; ``user_inputs_
    [n_users, e]``, ``item_inputs_``, ``user_weight_ [m, e]``, ``item_weight_``, ``bias_1_ [m]``, ``weight_2_ [out, in]``,
    ``bias_2_`` and so on where there is a tower; ``output_ [d + last]`` and ``output_bias_``. Rows of people without events
    are NaN.
    """

    factors: Annotated[int, Ints(8, 64, log=True), Field(ge=1), "predictive factors: width of what the output weighs"] = 64
    lr: Annotated[float, Floats(1e-4, 5e-3, log=True), Field(gt=0), "learning rate of Adam"] = 1e-3
    negatives: Annotated[int, Field(ge=1), "items drawn per event"] = 4
    batch: Annotated[int, Field(ge=1), "pairs per step, those with drawn items too"] = 256
    epochs: Annotated[int, Field(ge=1), "passes over the log; with validation the best number up to this"] = 100
    seed: Annotated[int, "seed of start, order and samples"] = 0

    patience: ClassVar[int] = 8  #: validations without gain after which training stops: the value wavers from epoch to epoch
    paper: ClassVar[str] = "He et al. 2017"
    declares: ClassVar[Declares] = Declares(epochs=True, neural=True, shares_batches=True, folds_in=False, missing_scores=True)

    @property
    @abstractmethod
    def product(self) -> int:
        """Dimension of the vectors whose product is weighted; 0 for none."""

    @property
    @abstractmethod
    def tower(self) -> tuple[int, ...]:
        """Widths of the tower, first that of both inputs side by side; none for no tower."""

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn; raises ``VitrinaError`` when training explodes before a single epoch is done."""
        network = self._network(dataset)
        return self._train(network, self._plan(network, self.lr), validate)

    @property
    def events(self) -> int:
        """Events per step, each with its drawn items."""
        return max(1, self.batch // (1 + self.negatives))

    def _plan(self, network: NCFNetwork, lr: float, optimiser: Literal["adam", "sgd"] = "adam") -> Plan:
        from vitrina.training.plan import Plan

        return Plan(
            epochs=self.epochs,
            batch_size=self.events,
            lr=lr,
            optimiser=optimiser,
            validate_every=-(-_STEPS // max(1, network.n_events // self.events)),
            patience=self.patience,
            seed=self.seed,
        )

    def _network(self, dataset: Dataset) -> NCFNetwork:
        from vitrina.models.neural.ncf_network import NCFNetwork
        from vitrina.training.negatives import uniform

        log = dataset.matrix()
        lengths = np.diff(log.indptr)
        if (lengths == log.shape[1]).any():  # for who consumed everything there is no other item to draw
            log = csr_matrix(log.multiply((lengths < log.shape[1])[:, None]), dtype=np.float32)
            log.eliminate_zeros()
        return NCFNetwork(log, uniform(log.shape[1], log), factors=self.product, layers=self.tower, seed=self.seed)

    def _train(self, network: NCFNetwork, plan: Plan, validate: Validate | None) -> Self:
        from vitrina.training.trainer import train

        self.epochs_ = plan.epochs
        if network.n_events:
            step = partial(network.step, negatives=self.negatives)
            compiled = network.compiled(self.negatives, plan.lr, by_adam=plan.optimiser == "adam")
            value = None if validate is None else lambda: validate(self._with(network))
            outcome = train(network, network.n_events, step, plan, validate=value, compiled=compiled, devices=("cuda", "cpu"))
            self.epochs_ = outcome.checked(self.name).epochs
        return self._with(network)

    def _with(self, network: NCFNetwork) -> Self:
        """Take over what the network has learned."""
        network.settle()
        tower, output, bias = network.parts()
        users, items = forget_inactive(array(network.users), network.lengths), array(network.items)
        if self.product:
            self.user_factors_, self.item_factors_ = (rows[:, : self.product].copy() for rows in (users, items))
        if self.tower:
            self.user_inputs_, self.item_inputs_ = (rows[:, self.product :].copy() for rows in (users, items))
            for name, part in zip(self._layer_names, tower, strict=True):
                setattr(self, name, array(part))
        self.output_, self.output_bias_ = array(output), bias.item()
        return self

    @property
    def _layer_names(self) -> list[str]:
        numbers = range(2, len(self.tower))
        return ["user_weight_", "item_weight_", "bias_1_", *(f"{kind}_{n}_" for n in numbers for kind in ("weight", "bias"))]

    def layer_parts(self) -> list[Scores]:
        """Return weights and biases of the tower in their order, those of the first layer in two halves."""
        return [getattr(self, name) for name in self._layer_names]

    def _pairs(self) -> PairTower:
        of_user, of_item, bias, *rest = self.layer_parts()
        return PairTower(of_user, of_item, bias, tuple(zip(rest[::2], rest[1::2], strict=True)))

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the scores before the sigmoid, which would not change their order; NaN for people without training."""
        h, last = self.output_[: self.product], self.output_[self.product :]
        parts = []
        if self.product:
            people = trained_vectors(queries, self.user_factors_) * h
            parts.append(score_factors(people, self.item_factors_, items))
        if self.tower:
            tower = self._pairs()
            people = tower.people(trained_vectors(queries, self.user_inputs_))
            parts.append(tower.scores(people, self.item_inputs_, last, items))
        scores = parts[0]
        for part in parts[1:]:
            scores += part
        scores += np.float32(self.output_bias_)
        return scores

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Estimate which items of the history the score stands for.

        A score is h . v_j + bias, with v_j what the output weighs of the person and item j. A ridge regression writes h as a
        sum over the history of how v_i differs from the mean v of the catalogue, as nearly as it can::

            minimise |h - sum of c_i (v_i - v)|^2 + ridge |c|^2       item i contributes c_i (v_i - v) . (v_j - v)

        with the ridge the mean |v_i - v|^2. The score of the mean is no item's, nor is the rest. Of a large catalogue v is the
        mean of 1,000 items.
        """
        x = queries.matrix(self._n_items)
        values, mean, rest = np.empty(x.nnz, np.float32), *np.empty((2, len(queries)), np.float32)
        several = np.diff(x.indptr) + min(self._n_items, _TYPICAL)
        for block in blocks(several, max(1, _EXPLAINED // (self.product + sum(self.tower)))):
            part = slice(x.indptr[block.start], x.indptr[block.stop])
            asked = queries.rows(block.start, block.stop)
            values[part], mean[block], rest[block] = self._explained(asked, x[block], items[block])
        others = {"mean of all items": mean + np.float32(self.output_bias_), REST: rest}
        return Explanation.of_sets(queries, values, others=others, exact=False)

    @property
    def _n_items(self) -> int:
        return len(self.item_factors_ if self.product else self.item_inputs_)

    def _explained(self, queries: Queries, x: csr_matrix, items: NDArray[np.int32]) -> tuple[Scores, Scores, Scores]:
        """Return contributions of the entries of ``x``; of each query the score of the mean, without bias, and the rest."""
        n, h = len(queries), self.output_
        each, rows = np.arange(n), np.repeat(np.arange(n), np.diff(x.indptr))
        typical = np.linspace(0, self._n_items - 1, min(self._n_items, _TYPICAL)).astype(np.int64)
        mean = self._weighed(queries, np.repeat(each, typical.size), np.tile(typical, n)).reshape(n, -1, h.size).mean(axis=1)
        mine = self._weighed(queries, rows, x.indices) - mean[rows]
        target = self._weighed(queries, each, items) - mean
        ridge = np.bincount(rows, np.einsum("pf,pf->p", mine, mine), n) / np.maximum(np.diff(x.indptr), 1)
        ridge = np.maximum(np.nan_to_num(ridge), np.finfo(np.float32).tiny)
        entries = csr_matrix((np.ones(x.nnz, np.float32), np.arange(x.nnz, dtype=np.int32), x.indptr), shape=(n, x.nnz))
        right, nothing_else = np.broadcast_to(h, (n, h.size)), np.zeros((h.size, h.size), np.float32)
        solved = solve_histories(entries, np.nan_to_num(mine), nothing_else, ridge, right)
        values = np.einsum("pf,pf->p", mine, solved[rows]) * np.einsum("pf,pf->p", mine, target[rows])
        return values, mean @ h, target @ h - np.bincount(rows, values, n).astype(np.float32)

    def _weighed(self, queries: Queries, rows: NDArray[np.integer], items: NDArray[np.integer]) -> Scores:
        """Return what the output weighs of pairs of a query and an item ``[n, d + last]``."""
        parts = []
        if self.product:
            parts.append(trained_vectors(queries, self.user_factors_)[rows] * self.item_factors_[items])
        if self.tower:
            tower = self._pairs()
            people = tower.people(trained_vectors(queries, self.user_inputs_))
            parts.append(tower.climb(people[rows] + tower.items(self.item_inputs_[items])))
        return np.concatenate(parts, axis=1)

    def _n_weights(self, shape: Shape) -> int:
        of_pairs = sum(n * m for n, m in pairwise(self.tower))
        return (shape.n_users + shape.n_items) * (self.product + sum(self.tower[:1]) // 2) + of_pairs

    def memory(self, shape: Shape) -> int:
        """Seven copies of the weights (Adam's means, the best of all three, fitted), keys of the log, layers of a batch."""
        activations = 2 * self.batch * (self.product + sum(self.tower[1:2]))
        return 4 * 7 * self._n_weights(shape) + 75 * shape.n_events + 4 * activations

    def work(self, shape: Shape) -> float:
        """All layers for each pair, forward and back, and steps of Adam, which all weights make sooner or later."""
        pairs = shape.n_events * (1 + self.negatives)
        of_pair = self.product + sum(n * m for n, m in pairwise(self.tower))
        return self.epochs * (3.0 * pairs * of_pair + 10.0 * pairs / self.batch * self._n_weights(shape))
