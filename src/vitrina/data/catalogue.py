"""The catalogue: what is known of each item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError, unknown

FeatureMatrix = NDArray[np.float32] | csr_matrix

#: Columns with a meaning of their own; every other column is an attribute.
TITLE, PRICE, STOCK = "title", "price", "stock"
AVAILABLE_FROM, AVAILABLE_UNTIL = "available_from", "available_until"
RESERVED = (TITLE, PRICE, STOCK, AVAILABLE_FROM, AVAILABLE_UNTIL, "image", "url")


@dataclass(frozen=True)
class Catalogue:
    """Items, their attributes and their named feature matrices.

    ``table`` has one row an item, in the vocabulary's order, without the id. ``title`` is text, ``price`` a number in the
    data set's currency, ``stock`` copies at hand, ``available_from`` / ``available_until`` seconds since 1970. An attribute
    is text, a list of texts or a number; missing is null. ``features`` maps names (``tfidf-title``, ``evf``) to float32
    matrices ``[n_items, dim]``.
    """

    items: Vocabulary
    table: pl.DataFrame = field(default_factory=pl.DataFrame)
    features: Mapping[str, FeatureMatrix] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.table.width and self.table.height != len(self.items):
            raise DataError(f"the catalogue has {self.table.height} rows for {len(self.items)} items.")
        for name, matrix in self.features.items():
            if matrix.shape[0] != len(self.items):
                raise DataError(f"feature {name!r} has {matrix.shape[0]} rows for {len(self.items)} items.")

    def __len__(self) -> int:
        return len(self.items)

    @property
    def attributes(self) -> list[str]:
        """Names of the attribute columns."""
        return [c for c in self.table.columns if c not in RESERVED]

    def attribute(self, name: str) -> pl.Series:
        """Return one attribute column ``[n_items]``; raises ``UnknownNameError`` when the catalogue lacks it."""
        if name not in self.table.columns:
            raise unknown("attribute", name, self.attributes)
        return self.table[name]

    @cached_property
    def titles(self) -> pl.Series:
        """Titles, or the external ids where there is none."""
        if TITLE not in self.table.columns:
            return self.items.ids.alias(TITLE)
        return pl.select(pl.coalesce(self.table[TITLE].cast(pl.String), self.items.ids).alias(TITLE)).to_series()

    def available(self, at: int | None = None) -> NDArray[np.bool_]:
        """Mark the items on offer ``[n_items]``: in stock and, when a moment ``at`` is given, in their time window."""
        on_offer = np.ones(len(self), bool)
        if STOCK in self.table.columns:
            on_offer &= (self.table[STOCK].fill_null(1) > 0).to_numpy()
        if at is not None:
            if AVAILABLE_FROM in self.table.columns:
                on_offer &= (self.table[AVAILABLE_FROM].fill_null(at) <= at).to_numpy()
            if AVAILABLE_UNTIL in self.table.columns:
                on_offer &= (self.table[AVAILABLE_UNTIL].fill_null(at + 1) > at).to_numpy()
        return on_offer
