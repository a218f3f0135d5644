"""What metrics read: ranked lists with their hits, and facts about the catalogue and the training users.

The cumulative sums that metrics share are computed once per `RankedLists`, so a metric at a cut-off is one column.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FloatArray = NDArray[np.float64]
Vectors = sparse.csr_matrix | sparse.csr_array | NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class RankedLists:
    """Ranked lists of n users, cut at K, and which of the listed items were in each user's held-out set T.

    Attributes:
        items: [n, K] item ids, best first; -1 is an empty slot.
        hits: [n, K] True where the listed item is in T.
        n_relevant: [n] |T|; a user with 0 cannot be judged, and accuracy metrics give NaN.
        auc: [n] area under the ROC curve over the full ranking, equal scores counting half; None when not asked for.
        first_rank: [n] 1-based rank of the first relevant item in the full ranking, inf when it has none; None when
            not asked for.

    Raises:
        ValueError: shapes or dtypes disagree, an empty slot is marked as a hit, or a list has more hits than |T|.
    """

    items: NDArray[np.int32]
    hits: NDArray[np.bool_]
    n_relevant: NDArray[np.int32]
    auc: FloatArray | None = None
    first_rank: FloatArray | None = None

    def __post_init__(self) -> None:
        _check_dtype("items", self.items, "iu", "integer item ids")
        _check_dtype("hits", self.hits, "b", "booleans")
        _check_dtype("n_relevant", self.n_relevant, "iu", "integer counts")
        if self.items.ndim != 2 or self.hits.shape != self.items.shape:
            raise ValueError(f"items and hits must have one shape [users, K], but have {self.items.shape} and {self.hits.shape}")
        for name in ("n_relevant", "auc", "first_rank"):
            _check_per_user(name, getattr(self, name), self.n)
        if np.any(self.hits & (self.items < 0)):
            raise ValueError("an empty slot (item -1) is marked as a hit; pad hits with False")
        if self.depth and np.any(self.cumulative_hits[:, -1] > self.n_relevant):
            user = int(np.argmax(self.cumulative_hits[:, -1] > self.n_relevant))
            raise ValueError(f"row {user} has more hits than relevant items; are its items or its held-out set repeated?")

    @property
    def n(self) -> int:
        """Number of users."""
        return len(self.items)

    @property
    def depth(self) -> int:
        """K, the length of the lists."""
        return int(self.items.shape[1])

    @cached_property
    def cumulative_hits(self) -> NDArray[np.int32]:
        """[n, K] hits among the first r items."""
        return np.cumsum(self.hits, axis=1, dtype=np.int32)

    @cached_property
    def cumulative_gain(self) -> FloatArray:
        """[n, K] DCG at each rank: sum of rel(r) / log2(r + 1)."""
        return np.cumsum(np.where(self.hits, discounts(self.depth), 0.0), axis=1)

    @cached_property
    def cumulative_precision(self) -> FloatArray:
        """[n, K] sum of Precision@r over the ranks r of the hits, the numerator of average precision."""
        precision = self.cumulative_hits / np.arange(1.0, self.depth + 1)
        return np.cumsum(np.where(self.hits, precision, 0.0), axis=1)

    @cached_property
    def first_hit(self) -> FloatArray:
        """[n] 1-based rank of the first hit within the list, inf when the list has none."""
        if not self.depth:
            return np.full(self.n, np.inf)
        return np.where(self.hits.any(axis=1), self.hits.argmax(axis=1) + 1.0, np.inf)

    @cached_property
    def _counts(self) -> dict[tuple[int, int], NDArray[np.int64]]:
        return {}

    def top(self, k: int) -> NDArray[np.int32]:
        """[n, k] the first k items of each list.

        Raises:
            ValueError: the lists are shorter than k.
        """
        self.check_depth(k)
        return self.items[:, :k]

    def check_depth(self, k: int) -> None:
        """Raise ValueError when the lists are shorter than k, so that a cut-off never means less than it says."""
        if k > self.depth:
            raise ValueError(
                f"a cut-off of {k} needs lists of at least {k} items, but these hold {self.depth}; "
                "rank deeper, and pad with -1 when the catalogue itself is smaller"
            )

    def item_counts(self, k: int, n_items: int) -> NDArray[np.int64]:
        """[n_items] number of users whose first k items contain each item.

        Raises:
            ValueError: the lists are shorter than k, or hold an item outside the catalogue.
        """
        if (k, n_items) not in self._counts:
            self.check_items(n_items)
            # Empty slots (-1) fall into bin 0, which is cut off.
            self._counts[k, n_items] = np.bincount(self.top(k).ravel() + 1, minlength=n_items + 1)[1:]
        return self._counts[k, n_items]

    def check_items(self, n_items: int) -> None:
        """Raise ValueError when a listed item is not in a catalogue of n_items."""
        if self._largest_item >= n_items:
            raise ValueError(f"item {self._largest_item} is listed, but the catalogue has items 0 to {n_items - 1} only")

    @cached_property
    def _largest_item(self) -> int:
        return int(self.items.max(initial=-1))


@dataclass(frozen=True, eq=False)
class Context:
    """What metrics beyond accuracy need to know about the catalogue and the training data.

    Attributes:
        n_items: number of items that could have been recommended; item ids lie in [0, n_items).
        popularity: [n_items] number of training users who consumed each item (users, not interactions).
        n_users: number of training users.
        item_vectors: [n_items, d] rows compared by intra-list diversity, dense or CSR; they need not be normalised.

    Raises:
        ValueError: lengths disagree, or an item is counted more often than there are users.
    """

    n_items: int
    popularity: NDArray[np.int64]
    n_users: int
    item_vectors: Vectors | None = None

    def __post_init__(self) -> None:
        if self.popularity.shape != (self.n_items,):
            raise ValueError(f"popularity must have shape ({self.n_items},), but has {self.popularity.shape}")
        if self.popularity.min(initial=0) < 0 or self.popularity.max(initial=0) > self.n_users:
            raise ValueError(
                f"popularity counts training users, so it lies between 0 and {self.n_users}, but it ranges from "
                f"{self.popularity.min()} to {self.popularity.max()}; count each user once per item"
            )
        if self.item_vectors is not None and self.item_vectors.shape[0] != self.n_items:
            raise ValueError(
                f"item_vectors must have one row for each of {self.n_items} items, but has {self.item_vectors.shape[0]}"
            )


def discounts(k: int) -> FloatArray:
    """[k] 1 / log2(r + 1) for ranks r = 1..k."""
    return np.asarray(1.0 / np.log2(np.arange(2.0, k + 2)), dtype=np.float64)


def mean(values: FloatArray | float) -> float:
    """Mean over the users that could be judged: NaN entries are left out; NaN when nobody could be judged."""
    array = np.asarray(values, dtype=np.float64)
    judged = array[~np.isnan(array)]
    return float(judged.mean()) if judged.size else float("nan")


def _check_dtype(name: str, array: NDArray[np.generic], kinds: str, expected: str) -> None:
    if array.dtype.kind not in kinds:
        raise ValueError(f"{name} must hold {expected}, but its dtype is {array.dtype}")


def _check_per_user(name: str, array: NDArray[np.generic] | None, n: int) -> None:
    if array is not None and array.shape != (n,):
        raise ValueError(f"{name} must have one entry for each of {n} users, but has shape {array.shape}")
