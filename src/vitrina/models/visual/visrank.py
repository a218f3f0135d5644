"""VisRank: an item is scored by how much its picture looks like those of the history.

Messina et al., "Exploring content-based artwork recommendation with metadata and visual features", UMUAI 2018 (arXiv
1706.05786), where it serves the methods EVF, LBP and DNN. With v_i the feature of item i's picture and P the distinct items of
the history that have one::

    sim(i, j) = v_i . v_j / (|v_i| |v_j|)                  0 where a length is 0
    max            score(u, i) = max over j in P of sim(i, j)
    average        score(u, i) = sum over j in P of sim(i, j) / |P|
    average_top_k  score(u, i) = sum of the min(K, |P|) largest sim(i, j) / min(K, |P|)

K = 1 is ``max``, K >= |P| is ``average``. Measured features are standardised first, each column by its mean and standard
deviation over the catalogue: left as they are, the column with the largest numbers decides. Features made by networks are
compared as they are: their columns are of one kind. A single column has no angle: there sim(i, j) = -|z_i - z_j|.

An item without a picture has no score (NaN), and a history without a picture none at all; nothing else is learned, so works
that arrive later are scored alike. Scoring reads the vectors once, in blocks, for all histories of a batch: items x columns x
distinct items of the histories multiply-adds. Vectors that lie in a file, mapped to memory, stay there: they are used as they
are, or standardised block by block into a nameless file.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import NETWORK, Catalogue
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.profiles import mean_of_largest, mean_of_largest_at
from vitrina.kernels.sparse import sparse_dense
from vitrina.kernels.threads import over_blocks
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation, blocks
from vitrina.models.factors.products import pair_products
from vitrina.models.space import Choice, Ints, Only, hyperparameters, refuse_idle
from vitrina.models.visual.pictures import inverse_lengths, pictures_of
from vitrina.models.visual.scaling import Scaling, scaled
from vitrina.ranking.scorer import Items, Scores

_ROWS = 2048  # items compared at a time by a thread
_LIKED = 8192  # with about so many items of histories
_COLUMNS = 64  # of a measured feature, for foretelling costs: data sets do not tell them beforehand


@dataclass(frozen=True)
class Profiles:
    """What people like, as vectors of length 1 ``[k, d]``: profile q is those of ``members[offsets[q]:offsets[q + 1]]``."""

    vectors: Scores
    offsets: NDArray[np.int64]
    members: NDArray[np.int32]

    def averaged(self) -> Profiles:
        """Replace each profile by its mean: the mean of products is the product with the mean."""
        lengths = np.diff(self.offsets)
        weights = np.repeat(1 / np.maximum(lengths, 1), lengths).astype(np.float32)
        means = csr_matrix((weights, self.members, self.offsets), shape=(lengths.size, len(self.vectors)))
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths > 0)])
        return Profiles(sparse_dense(means, self.vectors), offsets, np.flatnonzero(lengths).astype(np.int32))


@hyperparameters
class VisRank(Recommender):
    """Likeness of pictures to those of the history."""

    feature: Annotated[
        str, Field(min_length=1), "feature of the pictures, or several as evf+lbp; dnn: the one that a network made"
    ] = NETWORK
    columns: Annotated[tuple[str, ...], "only these columns of the feature, by name; none named: all"] = ()
    aggregation: Annotated[
        Literal["max", "average", "average_top_k"],
        Choice(("max", "average", "average_top_k")),
        "from likeness to single works to likeness to a history",
    ] = "average_top_k"
    top_k: Annotated[
        int, Ints(2, 10), Field(ge=1), Only("aggregation", ("average_top_k",)), "works of the history that count: the most alike"
    ] = 2
    standardise: Annotated[
        Literal["auto", "yes", "no"], "give all columns mean 0 and deviation 1; auto: those of measured features"
    ] = "auto"

    name: ClassVar[str] = "visrank"
    title: ClassVar[str] = "VisRank"
    paper: ClassVar[str] = "Messina et al. 2018"
    declares: ClassVar[Declares] = Declares(
        needs_feature=True, new_items=True, missing_scores=True, closed_form=True, explains="exact"
    )

    def __post_init__(self) -> None:
        refuse_idle(self)

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Keep ``vectors_`` float32 ``[n_items, d]``, the (standardised) features, and ``lengths_``, 1 / the length of each.

        ``lengths_`` is 0 for a row of zeros and NaN for items without a picture. ``mean_`` and ``factor_`` float32 ``[d]``
        are the standardisation, for pictures that come later. Raises ``UnknownNameError`` when the catalogue lacks the
        feature or a column of it.
        """
        pictures = pictures_of(dataset.catalogue, self.feature, self.columns)
        standardised = self.standardise == "yes" or (self.standardise == "auto" and pictures.measured)
        scaling = Scaling.of(pictures) if standardised else Scaling.none(pictures.shape[1])
        self.mean_, self.factor_ = scaling.mean, scaling.factor
        self.vectors_ = scaled(pictures, scaling)
        self.lengths_ = self._inverse_lengths(self.vectors_)
        return self

    def _inverse_lengths(self, vectors: Scores) -> Scores:
        """1 / the length of each row; of single columns 1, since they are compared by their difference."""
        found = inverse_lengths(vectors)
        return np.where(np.isnan(found), found, np.float32(1)) if self._one_column else found

    def _refuse_other_columns(self, n: int) -> None:
        if n != self.mean_.size:
            raise VitrinaError(f"{self.feature} has {n} columns; at training it had {self.mean_.size}.")

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the likeness; NaN for items without a picture, and where no item of the history has one."""
        pieces = []
        for block in blocks(queries.histories.lengths, _LIKED):
            asked = items if items is None or items.ndim == 1 else items[block]
            pieces.append(self._score(self._profiles(queries.rows(block.start, block.stop)), asked))
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces or [self._score(self._profiles(queries), items)])

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the share of each item of the history: of the most alike the likeness, or that of several by their number."""
        sets = queries.sets
        rows = np.repeat(np.arange(len(queries)), sets.lengths)
        alike = self._pairs(sets.values, items[rows])
        seen = ~np.isnan(self.lengths_[sets.values])
        order = np.lexsort((-alike, ~seen, rows))
        place = np.empty(rows.size, np.int64)
        place[order] = np.arange(rows.size) - sets.offsets[rows[order]]
        n_seen = np.bincount(rows, seen, len(queries)).astype(np.int64)
        used = np.minimum(self._most or n_seen, n_seen)
        parts = np.where(seen & (place < used[rows]), alike, 0) / np.maximum(used, 1)[rows]
        lost = np.isnan(self.lengths_[items]) | (n_seen == 0)
        found = Explanation.of_sets(queries, parts.astype(np.float32), exact=True)
        found.contributions[lost[found.rows]] = np.nan
        return found

    def why_not(self, dataset: Dataset) -> str:
        """Say which feature or column is missing."""
        try:
            pictures_of(dataset.catalogue, self.feature, self.columns)
        except VitrinaError as error:
            return f"needs the feature {self.feature!r} of the pictures: {str(error).rstrip('.')}"
        return ""

    def with_items(self, catalogue: Catalogue) -> Self:
        """Look at the new items like at all others, with the standardisation that was learned; the others stay as they are."""
        pictures, n = pictures_of(catalogue, self.feature, self.columns), len(self.vectors_)
        self._refuse_other_columns(pictures.shape[1])
        vectors = Scaling(self.mean_, self.factor_)(pictures.rows(slice(n, None)))
        longer = copy(self)
        longer.vectors_ = np.concatenate([self.vectors_, vectors])
        longer.lengths_ = np.concatenate([self.lengths_, self._inverse_lengths(vectors)])
        return longer

    @property
    def _one_column(self) -> bool:
        return bool(self.mean_.size == 1)

    @property
    def _most(self) -> int:
        """How many items of a history count; 0: all."""
        return {"max": 1, "average": 0, "average_top_k": self.top_k}[self.aggregation]

    def _profiles(self, queries: Queries) -> Profiles:
        """The distinct items of the histories, as far as they have pictures."""
        sets = queries.sets
        seen = ~np.isnan(self.lengths_[sets.values])
        kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(seen)])
        distinct, members = np.unique(sets.values[seen], return_inverse=True)
        vectors = np.asarray(self.vectors_[distinct]) * self.lengths_[distinct, None]
        return Profiles(vectors, kept[sets.offsets], members.astype(np.int32))

    def _score(self, profiles: Profiles, items: Items) -> Scores:
        if self._most == 0 and not self._one_column:
            profiles = profiles.averaged()
        if items is not None and items.ndim == 2:
            return self._score_pairs(profiles, items)
        width = len(self.vectors_) if items is None else items.size
        out = np.empty((profiles.offsets.size - 1, width), np.float32)

        def compare(block: slice) -> None:
            at = block if items is None else items[block]
            part = np.empty((len(out), block.stop - block.start), np.float32)
            mean_of_largest(self._alike(profiles.vectors, at), profiles.offsets, profiles.members, self._most, part)
            np.multiply(part, self.lengths_[at], out=out[:, block])

        with one_blas_thread():
            over_blocks(width, _ROWS, compare)
        return out

    def _score_pairs(self, profiles: Profiles, items: NDArray[np.int32]) -> Scores:
        """Score each query's own items: every item that anybody asks about is compared once, and looked up where it is."""
        asked, of_pair = np.unique(items, return_inverse=True)
        of_pair = of_pair.ravel()
        order = np.argsort(of_pair, kind="stable")
        starts = np.searchsorted(of_pair[order], np.arange(0, asked.size + _ROWS, _ROWS))
        out = np.empty(items.size, np.float32)

        def compare(block: slice) -> None:
            number = block.start // _ROWS
            pairs = order[starts[number] : starts[number + 1]]
            alike = self._alike(profiles.vectors, asked[block])
            rows, columns = pairs // items.shape[1], of_pair[pairs] - block.start
            found = mean_of_largest_at(alike, profiles.offsets, profiles.members, self._most, rows, columns)
            out[pairs] = found * self.lengths_[asked[of_pair[pairs]]]

        with one_blas_thread():
            over_blocks(asked.size, _ROWS, compare)
        return out.reshape(items.shape)

    def _alike(self, profile: Scores, at: slice | NDArray[np.int32]) -> Scores:
        """Products ``[k, m]`` of the profile's vectors with those of some items, or the negative distances of one column."""
        vectors = np.asarray(self.vectors_[at])
        if self._one_column:
            return np.ascontiguousarray(-np.abs(profile - vectors.T))
        return np.asarray(np.matmul(profile, vectors.T))

    def _pairs(self, one: NDArray[np.int32], other: NDArray[np.int32]) -> Scores:
        """The likeness of items, pair by pair."""
        if self._one_column:
            return np.asarray(-np.abs(self.vectors_[one, 0] - self.vectors_[other, 0]))
        return pair_products(self.vectors_, one, self.vectors_, other) * self.lengths_[one] * self.lengths_[other]

    def memory(self, shape: Shape) -> int:
        """A measured feature twice; those of networks stay where they are."""
        return 2 * 4 * _COLUMNS * shape.n_items

    def work(self, shape: Shape) -> float:
        """Reading the features a few times."""
        return 4.0 * _COLUMNS * shape.n_items
