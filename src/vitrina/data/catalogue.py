"""The catalogue: what is known of each item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.sparse import csr_matrix, hstack

from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError, unknown

FeatureMatrix = NDArray[np.float32] | csr_matrix

#: Columns with a meaning of their own; every other column is an attribute.
TITLE, PRICE, STOCK, IMAGE = "title", "price", "stock", "image"
AVAILABLE_FROM, AVAILABLE_UNTIL = "available_from", "available_until"
#: Stands for the feature that a network made of the pictures, whichever there is: a pre-trained one rather than our own.
NETWORK = "dnn"
RESERVED = (TITLE, PRICE, STOCK, AVAILABLE_FROM, AVAILABLE_UNTIL, IMAGE, "url")


class Recipe(BaseModel):
    """How a feature was made, so that it can be made again for pictures that come later.

    ``source`` is ``evf`` or ``lbp`` (measured), ``network`` (an ONNX file), ``autoencoder`` (trained on the pictures of the
    data set), or empty where nothing is known. ``network`` names the preset or file and ``checksum`` the BLAKE2b of its
    content; ``layer`` the output used. ``columns`` are names of the columns, where they have any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = ""
    network: str = ""
    checksum: str = ""
    layer: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """Items, their attributes and their named feature matrices.

    ``table`` has one row an item, in the vocabulary's order, without the id. ``title`` is text, ``price`` a number in the
    data set's currency, ``stock`` copies at hand, ``available_from`` / ``available_until`` seconds since 1970. An attribute
    is text, a list of texts or a number; missing is null. ``features`` maps names (``tfidf-title``, ``evf``) to float32
    matrices ``[n_items, dim]``; a row of NaN means that the item has none, such as one whose picture could not be read.
    ``recipes`` say how features were made. ``pictures`` is the folder under which the paths of the column ``image`` lie.
    """

    items: Vocabulary
    table: pl.DataFrame = field(default_factory=pl.DataFrame)
    features: Mapping[str, FeatureMatrix] = field(default_factory=dict)
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    pictures: Path | None = None

    def __post_init__(self) -> None:
        if self.table.width and self.table.height != len(self.items):
            raise DataError(f"the catalogue has {self.table.height} rows for {len(self.items)} items.")
        for name, matrix in self.features.items():
            if matrix.shape[0] != len(self.items):
                raise DataError(f"feature {name!r} has {matrix.shape[0]} rows for {len(self.items)} items.")
        if self.recipes.keys() - self.features.keys():
            raise DataError(f"recipes without a feature: {', '.join(sorted(self.recipes.keys() - self.features.keys()))}.")

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

    def feature_name(self, name: str) -> str | None:
        """Return which feature ``name`` means, None when there is none.

        ``NETWORK`` is the first that a network made; names joined by + are features side by side.
        """
        if name in self.features:
            return name
        if "+" in name:
            parts = [self.feature_name(part) for part in name.split("+")]
            return None if None in parts else "+".join(filter(None, parts))
        if name != NETWORK:
            return None
        made = [n for source in ("network", "autoencoder") for n, recipe in self.recipes.items() if recipe.source == source]
        return made[0] if made else None

    def feature(self, name: str) -> FeatureMatrix:
        """Return one feature matrix ``[n_items, dim]``; raises ``UnknownNameError`` when the catalogue lacks it."""
        found = self.feature_name(name)
        if found is None:
            raise unknown("feature", name, self.features, "" if self.features else "The catalogue has no features.")
        if found in self.features:
            return self.features[found]
        parts = [self.features[part] for part in found.split("+")]
        dense = [part for part in parts if not isinstance(part, csr_matrix)]
        if len(dense) == len(parts):
            return np.concatenate(dense, axis=1)
        return csr_matrix(hstack([csr_matrix(part) for part in parts], format="csr"), dtype=np.float32)

    def picture(self, code: int) -> Path | None:
        """Return where the picture of an item should lie, or None when it has none."""
        if self.pictures is None or IMAGE not in self.table.columns:
            return None
        path = self.table[IMAGE][code]
        return None if path is None else self.pictures / path

    @cached_property
    def titles(self) -> pl.Series:
        """Titles, or the external ids where there is none."""
        if TITLE not in self.table.columns:
            return self.items.ids.alias(TITLE)
        return pl.select(pl.coalesce(self.table[TITLE].cast(pl.String), self.items.ids).alias(TITLE)).to_series()

    def take(self, codes: NDArray[np.integer]) -> Catalogue:
        """Return a catalogue of the given items alone, in that order."""
        return Catalogue(
            Vocabulary(self.items.ids.gather(codes), self.items.kind),
            self.table[codes] if self.table.width else self.table,
            {name: matrix[codes] for name, matrix in self.features.items()},
            self.recipes,
            self.pictures,
        )

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


def holds_text(kind: pl.DataType) -> bool:
    """Say whether a column of this type holds texts, or lists of texts."""
    inner = kind.inner if isinstance(kind, pl.List) else kind
    return isinstance(inner, pl.String | pl.Categorical | pl.Enum)


def value_pairs(column: pl.Series) -> pl.DataFrame:
    """List the distinct pairs of ``item`` (row number) and ``value`` of a column, lists taken apart, missing ones left out."""
    pairs = pl.DataFrame({"item": np.arange(len(column)), "value": column})
    pairs = pairs.explode("value") if isinstance(column.dtype, pl.List) else pairs
    return pairs.drop_nulls().unique(maintain_order=True)
