"""UserKNN: an item is scored by how similar the people are who consumed it.

Resnick et al., "GroupLens: an open architecture for collaborative filtering of netnews", CSCW 1994, for events without
ratings as in Ferrari Dacrema et al., TOIS 2021 (section 3). With x_u row u of the user-item matrix::

    score(u, j) = sum over people v with j, for whom u and v are neighbours, of s_uv;   s_uu = 0

Neighbourhood ``reverse`` (that of the source): u is among the ``neighbours`` people most similar to v, and v is the target of
the similarity. Neighbourhood ``own`` (the textbook's): v is among the people most similar to u, and u is the target. All
similarities are in ``similarity``; with weighting, items are documents and people the terms. What v consumed counts binary.

Anybody is scored from a history, as if the person had been there at training, and known people are no exception: a new person
joins v's neighbourhood when at least as similar as the last one kept at training (among equals, by hash). One person of the
training data with exactly the items of the history, if there is one, is taken to be the one who asks, and left out. Weights
of new people use the item lengths of the training data.

Time O(sum over items of users^2) to fit (``reverse``; nothing for ``own``) and about as much to score all people; memory the
log a few times, since a person's neighbours can be told only from everybody's history.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.kernels.hashing import hash_bags
from vitrina.kernels.sparse import sparse_sparse, sparse_sparse_at
from vitrina.kernels.strongest import Measure, admitted_products, strongest_products, weakest_kept
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.explanation import Explanation
from vitrina.models.neighbours.neighbourhood import presence
from vitrina.models.neighbours.similarity import SimilaritySettings, Sizes, fractions
from vitrina.models.neighbours.weighting import document_lengths, weighted
from vitrina.models.space import Choice, hyperparameters
from vitrina.ranking.scorer import Items, Scores

#: Similarities of a block of queries with all people hold at most this many entries at a time.
_ENTRIES = 2**24


class _People(NamedTuple):
    """What scoring needs of the people of the training data, made of their histories once."""

    by_item: csr_matrix  # weighted, [n_items, n_people]
    sizes: Sizes
    lengths: NDArray[np.float64]  # of the items
    bags: NDArray[np.uint64]  # hashes of the sets of items, ascending ...
    of_bag: NDArray[np.int32]  # ... and whose they are


@hyperparameters
class UserKNN(SimilaritySettings, Recommender):
    """Similarity between people by what they consumed, shrunk for short histories, the nearest kept."""

    neighbourhood: Annotated[
        Literal["reverse", "own"],
        Choice(("reverse", "own")),
        "whose nearest count: reverse, people who have you among their nearest; own, your nearest",
    ] = "reverse"

    name: ClassVar[str] = "userknn"
    title: ClassVar[str] = "UserKNN"
    paper: ClassVar[str] = "Resnick et al. 1994"
    declares: ClassVar[Declares] = Declares(closed_form=True, explains="exact")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Keep the binary ``histories_`` ``[n_people, n_items]``, and what it takes to be near each person.

        ``keys_`` uint64 ``[n_people]`` break ties; for reverse neighbourhoods ``weakest_`` float32 is the similarity of the
        last neighbour kept and ``lowest_`` uint64 its tie-breaking hash.
        """
        self.histories_ = dataset.matrix()
        self.keys_ = dataset.users.keys
        self._people = self._gather()
        if self.neighbourhood == "reverse":
            people = self._people
            self.weakest_, self.lowest_ = weakest_kept(
                people.by_item.T.tocsr(),
                people.by_item,
                self.neighbours,
                measure=self.measure(people.sizes, people.sizes, targets="rows"),
                keys=self.keys_,
            )
        return self

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the summed similarities of the people who consumed each item."""
        n_items = self.histories_.shape[1]
        scores = np.empty((len(queries), n_items if items is None else items.shape[-1]), np.float32)
        for start, batch in queries.batches(max(16, _ENTRIES // max(1, self.histories_.shape[0]))):
            rows = slice(start, start + len(batch))
            neighbours = self._neighbours(batch.matrix(n_items), batch)
            if items is None:
                scores[rows] = sparse_sparse(neighbours, self.histories_)
            else:
                mine = items if items.ndim == 1 else items[rows]
                scores[rows] = sparse_sparse_at(neighbours, self.histories_, mine)
        return scores

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return how much each item of the history brings the neighbours near who consumed ``items [n]``.

        The numerator of s_uv is a sum over common items: given the denominator, item i contributes x_ui x_vi / denominator
        for each such neighbour v. What a correlation subtracts is no item's: "shared by chance", which is negative.
        """
        by_person = self._people_at_hand().by_item.T.tocsr()
        values, by_chance = [np.empty(0, np.float32)], np.empty(len(queries), np.float32)
        for start, batch in queries.batches(max(1, _ENTRIES // max(1, *self.histories_.shape))):
            rows = slice(start, start + len(batch))
            common, by_chance[rows] = self._explained(batch, items[rows], by_person)
            values.append(common)
        others = {"shared by chance": by_chance} if self.similarity == "correlation" else None
        return Explanation.of_sets(queries, np.concatenate(values), others=others, exact=True)

    def _explained(self, queries: Queries, items: NDArray[np.int32], by_person: csr_matrix) -> tuple[Scores, Scores]:
        """Return the contribution of each entry of the histories' matrix, and of what is subtracted, ``[n]``."""
        people, x = self._people_at_hand(), queries.matrix(self.histories_.shape[1])
        found = self._neighbours(x, queries).multiply(presence(people.by_item[items])).tocsr()
        rows, n = np.repeat(np.arange(len(queries)), np.diff(found.indptr)), len(queries)
        x = weighted(x, self.weighting, people.lengths)
        products = sparse_sparse(x, people.by_item)[rows, found.indices]
        subtracted, sizes = fractions(self._measure(x, people), products, rows, found.indices)
        shares = csr_matrix(((1 / sizes).astype(np.float32), found.indices, found.indptr), shape=found.shape)
        common = sparse_sparse(shares, by_person)[np.repeat(np.arange(n), np.diff(x.indptr)), x.indices]
        return x.data * common, -np.bincount(rows, subtracted / sizes, n).astype(np.float32)

    def _neighbours(self, x: csr_matrix, queries: Queries) -> csr_matrix:
        """Return the similarities of histories ``x`` with their neighbours, CSR ``[n_queries, n_people]``."""
        people = self._people_at_hand()
        askers = self._askers(x, people)
        x = weighted(x, self.weighting, people.lengths)
        measure = self._measure(x, people)
        if self.neighbourhood == "own":
            return strongest_products(
                x,
                people.by_item,
                self.neighbours,
                measure=measure,
                excluded=askers,
                row_keys=queries.keys,
                column_keys=self.keys_,
            )
        return admitted_products(
            x,
            people.by_item,
            measure=measure,
            excluded=askers,
            weakest=self.weakest_,
            lowest=self.lowest_,
            row_keys=queries.keys,
            column_keys=self.keys_,
        )

    def _measure(self, x: csr_matrix, people: _People) -> Measure:
        """Return the similarity of weighted histories ``x`` with all people."""
        targets: Literal["rows", "columns"] = "rows" if self.neighbourhood == "own" else "columns"
        return self.measure(Sizes.of_rows(x), people.sizes, targets=targets)

    def _askers(self, x: csr_matrix, people: _People) -> NDArray[np.int32]:
        """Return for each history one person of the training data with the same items, -1 where there is none."""
        bags = _bags(x)
        at = np.minimum(np.searchsorted(people.bags, bags), people.bags.size - 1)
        return np.where(people.bags[at] == bags, people.of_bag[at], np.int32(-1))

    def _people_at_hand(self) -> _People:
        if not hasattr(self, "_people"):  # loaded from disk
            self._people = self._gather()
        return self._people

    def _gather(self) -> _People:
        lengths = document_lengths(self.histories_)
        x = weighted(self.histories_, self.weighting, lengths)
        bags = _bags(self.histories_)
        order = np.lexsort((self.keys_, bags)).astype(np.int32)
        return _People(x.T.tocsr(), Sizes.of_rows(x), lengths, bags[order], order)

    def memory(self, shape: Shape) -> int:
        """The histories, their weighted copies by person and by item while these are made, and a few numbers a person."""
        return 5 * 8 * shape.n_events + 80 * shape.n_users

    def work(self, shape: Shape) -> float:
        """The products of all pairs of people; popular items make them about four times those of even popularity."""
        products = 4.0 * shape.n_events**2 / max(1, shape.n_items)
        return shape.n_events + (products if self.neighbourhood == "reverse" else 0.0)


def _bags(x: csr_matrix) -> NDArray[np.uint64]:
    """Hash the set of items of each row."""
    return hash_bags(x.indptr.astype(np.int64), x.indices, np.arange(x.shape[1], dtype=np.uint64))
