"""CuratorNet: a network that sees what somebody bought and ranks works by their pictures alone.

Messina, Cartagena, Cerda, del Rio and Parra, "CuratorNet: Visually-aware Recommendation of Art Images", 2020. With f_i the
feature of a picture, standardised by column, and P the profile, the works that somebody bought::

    g(i) = SELU(FC 200, SELU(FC 200, f_i))                                        the same for candidates and profile
    u    = SELU(FC 200, SELU(FC 300, SELU(FC 300, [mean of g(j), maximum of g(j), j in P])))
    score(P, i) = u . g(i)
    minimise  mean over triplets (P, i, j) of  -ln sigma(score(P, i) - score(P, j))  +  reg |weights that are no biases|^2

with triplets of six strategies, see ``vitrina.models.visual.triplets``. There are no parameters of users or items, so anybody
with a profile, and any work with a picture, is scored without retraining; all others have no score. Time O(works columns) per
step, memory items columns and the triplets of an epoch.

The paper draws ten million triplets for ten epochs, whatever the log; here an epoch has 16 an event, at most 100,000, which
trains on some thousands of sales within a minute on two cores, and on any log within some minutes. With so few steps its learning
rate of .0001 does not suffice (AUC .825 on works of the demo that nobody had met, .859 with .001). All else is the paper's.
Where what sells does not show in the clusters, ``alike`` and ``artist`` mislead: leave them out.
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
from vitrina.kernels.dense import row_products
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import REST, Explanation
from vitrina.models.factors.products import pair_products, score_factors
from vitrina.models.learned import array, keep_layers
from vitrina.models.space import Choice, Floats, hyperparameters
from vitrina.models.visual.clusters import k_means
from vitrina.models.visual.pictures import Pictures
from vitrina.models.visual.reduction import fit_pca, known_rows
from vitrina.models.visual.scaling import Scaling
from vitrina.models.visual.triplets import GUIDED, Looks, Strategy, TripletSampler
from vitrina.ranking.scorer import Items, Scores

if TYPE_CHECKING:
    from vitrina.models.visual.curatornet_network import CuratorNetwork

_REDUCED = 50  # principal components that clusters and near-duplicates are found by
_LONGEST = 50  # works of a profile at training
_POOLED = 2**16  # vectors of histories that are pooled at a time
_COLUMNS = 512  # of a feature, for foretelling costs: data sets do not tell them beforehand
_SELU = np.float32(1.0507009873554805), np.float32(1.6732632423543772)  # scale and alpha
_LAYERS = {"item": 2, "user": 3}


@hyperparameters
class CuratorNet(Recommender):
    """A network over pictures: the profile pooled, the candidate, their inner product."""

    feature: Annotated[str, Field(min_length=1), "name of the feature matrix of the catalogue; dnn: that of a network"] = "dnn"
    strategies: Annotated[
        tuple[Strategy, ...],
        Field(min_length=1),
        "how triplets are drawn: profile, single, alike, artist, next, hidden; or random, the control",
    ] = GUIDED
    artist: Annotated[str, Field(min_length=1), "column of the catalogue with the artist; without it clusters stand for it"] = (
        "artist"
    )
    triplets: Annotated[int, Field(ge=1), "triplets of an epoch at most"] = 100_000
    per_event: Annotated[int, Field(ge=1), "triplets of an epoch for each event"] = 16
    hard: Annotated[float, Choice((0.0, 0.3, 0.6)), Field(ge=0, le=1), "share of negatives that look like the positive"] = 0.6
    margin: Annotated[float, Field(ge=0, le=2), "negatives whose cosine with the positive is above 1 - margin are refused"] = 0.1
    clusters: Annotated[int, Field(ge=1), "visual clusters, at most one for ten works"] = 100
    lr: Annotated[float, Floats(1e-4, 3e-3, log=True), Field(gt=0), "learning rate of Adam in the first epoch"] = 1e-3
    decay: Annotated[float, Field(gt=0, le=1), "times the learning rate after each epoch, down to a hundredth"] = 0.6
    reg: Annotated[float, Floats(1e-6, 1e-2, log=True), Field(ge=0), "regularisation of the weights that are no biases"] = 1e-4
    batch: Annotated[int, Field(ge=1), "triplets per step"] = 256
    epochs: Annotated[int, Field(ge=1), "passes over the triplets; with validation the best number up to this"] = 10
    seed: Annotated[int, "seed of start, clusters, order and triplets"] = 0

    name: ClassVar[str] = "curatornet"
    title: ClassVar[str] = "CuratorNet"
    paper: ClassVar[str] = "Messina et al. 2020"
    declares: ClassVar[Declares] = Declares(
        neural=True, needs_feature=True, new_items=True, epochs=True, shares_batches=True, missing_scores=True
    )

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn the weights of the layers and ``item_vectors_ [n_items, 200]``, float32.

        Raises ``UnknownNameError`` when the catalogue lacks the feature, ``VitrinaError`` when training explodes before a
        single epoch is done.
        """
        from vitrina.models.visual.curatornet_network import CuratorNetwork
        from vitrina.training.plan import Plan
        from vitrina.training.schedules import Steps
        from vitrina.training.trainer import train

        features = dataset.catalogue.feature(self.feature)
        self.described_, scaling = known_rows(features), Scaling.of(Pictures.of(features))
        self.feature_mean_, self.feature_factor_ = scaling.mean, scaling.factor
        scaled = scaling.transform(features)
        sampler = self._sampler(dataset, scaled)
        n = min(self.triplets, self.per_event * len(dataset))
        network = CuratorNetwork(scaled, lambda epoch: sampler.draw(n, self._random(epoch)), seed=self.seed)
        self.epochs_ = self.epochs
        if len(sampler.draw(1, self._random(0))):
            schedule = Steps(every=1, factor=self.decay, floor=0.01)
            plan = Plan(epochs=self.epochs, batch_size=self.batch, lr=self.lr, schedule=schedule, seed=self.seed)
            value = None if validate is None else lambda: validate(self._with(network))
            outcome = train(network, n, partial(network.loss, reg=self.reg), plan, validate=value, devices=("cuda", "cpu"))
            self.epochs_ = outcome.checked(self.name).epochs
        return self._with(network)

    def _random(self, epoch: int) -> np.random.Generator:
        """An epoch's triplets depend on nothing before it, so that training goes on from anywhere."""
        return np.random.default_rng([self.seed % 2**63, epoch])

    def _sampler(self, dataset: Dataset, scaled: Scores) -> TripletSampler:
        histories = dataset.histories()
        histories = histories.keep(self.described_[histories.items])
        bought = np.unique(histories.items)
        reduction = fit_pca(scaled[bought], _REDUCED)
        unit = reduction.transform(scaled)
        unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        cluster = np.full(len(unit), -1, np.int32)
        n_clusters = min(self.clusters, max(1, bought.size // 10))
        cluster[bought] = k_means(reduction.transform(scaled[bought]), n_clusters, self._random(0))
        looks = Looks(cluster, _artists(dataset.catalogue, self.artist), unit)
        return TripletSampler(histories, looks, self.strategies, hard=self.hard, margin=self.margin, longest=_LONGEST)

    def _with(self, network: CuratorNetwork) -> Self:
        """Take over what the network has learned: ``item_weight_1_`` to ``user_bias_3_`` and the vectors of items."""
        keep_layers(self, "item", network.item)
        keep_layers(self, "user", network.user)
        self.item_vectors_ = array(network.items())
        return self

    def _through(self, tower: str, x: Scores) -> Scores:
        """Send rows through the layers of ``item`` or ``user``."""
        scale, alpha = _SELU
        for number in range(1, _LAYERS[tower] + 1):
            x = row_products(x, getattr(self, f"{tower}_weight_{number}_")) + getattr(self, f"{tower}_bias_{number}_")
            x = scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
        return x

    def with_items(self, catalogue: Catalogue) -> Self:
        """Return the model for a longer catalogue: of items after those of training, their pictures are known."""
        features = catalogue.feature(self.feature)[len(self.item_vectors_) :]
        seen = self._through("item", Scaling(self.feature_mean_, self.feature_factor_).transform(features))
        longer = copy(self)
        longer.item_vectors_ = np.concatenate([self.item_vectors_, seen])
        longer.described_ = np.concatenate([self.described_, known_rows(features)])
        return longer

    def query_vectors(self, queries: Queries) -> Scores:
        """Return u of each profile, float32 ``[n, 200]``; NaN where a history holds no item with a picture."""
        seen = queries.keep(self.described_[queries.items]).sets
        pooled = np.zeros((len(queries), 2 * self.item_vectors_.shape[1]), np.float32)
        filled = np.flatnonzero(seen.lengths)
        for rows in np.split(filled, np.flatnonzero(np.diff(np.cumsum(seen.lengths[filled]) // _POOLED)) + 1):
            mine = seen.take(rows)
            if len(mine):
                vectors, starts = self.item_vectors_[mine.values], mine.offsets[:-1]
                mean = np.add.reduceat(vectors, starts, axis=0) / mine.lengths[:, None].astype(np.float32)
                pooled[rows] = np.concatenate([mean, np.maximum.reduceat(vectors, starts, axis=0)], axis=1)
        users = self._through("user", pooled)
        users[seen.lengths == 0] = np.nan
        return users

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return u . g(i); NaN for items without a picture, and for people none of whose items has one."""
        scores = score_factors(self.query_vectors(queries), self.item_vectors_, items)
        known = self.described_ if items is None else self.described_[items]
        np.copyto(scores, np.float32(np.nan), where=~known)
        return scores

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Estimate what each item of the history contributes: its share of what it says when it is the whole profile.

        Only differences of scores are learned, so an item j of a profile of n speaks for i by how far it lifts i above the mean
        of all items, ``u({j}) . (g(i) - mean g) / n``. Leaving items out would not do: those of one kind stand in for each other.
        """
        mean = self.item_vectors_[self.described_].sum(axis=0) / np.float32(max(1, self.described_.sum()))
        x = queries.matrix(len(self.item_vectors_))
        rows = np.repeat(np.arange(len(queries)), np.diff(x.indptr))
        alone = np.unique(x.indices)
        profiles = Queries(np.arange(alone.size + 1), alone, alone.astype(np.uint64))
        towards = np.where(self.described_[items, None], self.item_vectors_[items] - mean, np.float32(np.nan))
        values = pair_products(self.query_vectors(profiles), np.searchsorted(alone, x.indices), towards, rows)
        known = self.described_[x.indices]
        values[~known & self.described_[items][rows]] = 0
        values /= np.maximum(1, np.bincount(rows, known, len(queries)))[rows].astype(np.float32)
        scores = self.score(queries, items[:, None])[:, 0]
        values[np.isnan(scores)[rows]] = np.nan
        shared = np.where(np.isnan(scores), np.float32(np.nan), self.query_vectors(queries) @ mean)
        rest = scores - shared - np.bincount(rows, values, len(queries)).astype(np.float32)
        return Explanation.of_sets(queries, values, others={"shared by all items": shared, REST: rest}, exact=False)

    def memory(self, shape: Shape) -> int:
        """Three copies of a feature of 512 columns, the triplets of an epoch three times, the layers of a batch, the log."""
        triplets = min(self.triplets, self.per_event * shape.n_events)
        looked_at = min(shape.n_items, self.batch * (2 + _LONGEST))
        features = 4 * shape.n_items * (3 * _COLUMNS + 2 * _REDUCED + 400)
        return features + 3 * 8 * 5 * triplets + 4 * looked_at * (2 * _COLUMNS + 6 * 200) + 100 * shape.n_events

    def work(self, shape: Shape) -> float:
        """The works of each batch through both layers, forward and backward; a profile is about as long as histories are."""
        triplets = min(self.triplets, self.per_event * shape.n_events)
        length = min(_LONGEST, shape.n_events / max(1, shape.n_users))
        looked_at = min(shape.n_items, self.batch * (2 + length)) * triplets / self.batch
        return self.epochs * 3.0 * (looked_at * 200 * (_COLUMNS + 200) + triplets * 300 * 900)


def _artists(catalogue: Catalogue, column: str) -> NDArray[np.int32]:
    """Number the values of a column of the catalogue ``[n_items]``; -1 where there is none."""
    if column not in catalogue.table.columns:
        return np.full(len(catalogue), -1, np.int32)
    import polars as pl

    values = catalogue.attribute(column)
    if isinstance(values.dtype, pl.List):
        values = values.list.first()
    values = values.cast(pl.String)
    numbers = values.rank("dense").cast(pl.Int32) - 1
    return numbers.fill_null(-1).to_numpy()
