"""Scores by counts of attribute values: what the methods that count for everybody and for one person share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import Catalogue
from vitrina.data.queries import Queries
from vitrina.kernels import sparse
from vitrina.models.metadata.values import largest_of_attribute, values_of
from vitrina.ranking.scorer import Items, Scores


class CountsValues:
    """What is learned of a catalogue for ``score(i) = sum over the values a of item i of n(a) / number of its values``.

    ``held_`` and ``shares_`` are the matrices of ``Values``; ``attributes_`` int32 ``[n_values]`` says to which of the
    attributes ``names_`` a value belongs; ``described_`` bool ``[n_items]`` marks the items that have any value. With
    several attributes, the counts of each are divided by the largest, so that its score lies in [0, 1]: the same whichever
    items the catalogue holds.
    """

    held_: csr_matrix
    shares_: csr_matrix
    attributes_: NDArray[np.int32]
    names_: list[str]
    described_: NDArray[np.bool_]

    def learn_values(self, catalogue: Catalogue, attribute: str) -> None:
        """Collect the values of the attribute (or attributes) of a setting, see ``values_of``."""
        values = values_of(catalogue, attribute)
        self.held_, self.shares_, self.attributes_ = values.held, values.shares, values.attributes
        self.names_ = list(values.names)
        self.described_ = np.diff(values.held.indptr) > 0

    def scaled(self, counts: Scores) -> Scores:
        """Bring the counts ``[n, n_values]`` of several attributes to one scale; those of one attribute stay counts."""
        n_attributes = len(self.names_)
        if n_attributes < 2:
            return counts
        largest = largest_of_attribute(counts, self.attributes_, n_attributes)
        largest[largest == 0] = 1
        return np.asarray(counts / largest[:, self.attributes_], np.float32)

    def score_counts(self, counts: Scores, queries: Queries, items: Items) -> Scores:
        """Return the scores that counts ``[n, n_values]`` give; NaN for items without a value, and where nothing was counted."""
        weights = csr_matrix(self.scaled(counts))
        product = sparse.sparse_sparse if items is None else sparse.sparse_sparse_at
        scores = product(weights, self.shares_, *(() if items is None else (items,)))
        nothing = ~counts.any(axis=1)
        scores[nothing] = np.nan
        known = self.described_ if items is None else self.described_[items]
        np.copyto(scores, np.float32(np.nan), where=~known)
        return scores
