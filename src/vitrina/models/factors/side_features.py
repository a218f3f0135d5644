"""What is known of items beside their number, as one sparse matrix: attributes of the catalogue and feature matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix, hstack

from vitrina.data.catalogue import Catalogue
from vitrina.errors import VitrinaError, unknown

#: Stands for all text attributes that describe more than single items.
ALL = "*"

_MOST_VALUES = 1000  # a column with more distinct values is taken only when it is named


def side_features(catalogue: Catalogue, attributes: Sequence[str], features: Sequence[str]) -> csr_matrix:
    """Return float32 ``[n_items, n_columns]``, columns of zeros only left out.

    A text attribute has one column a value; the values of a list share the weight 1. Values of a single item are left out:
    they would say no more than its number. A numeric attribute is one column, centred, with standard deviation 1 and 0 where
    it is missing. ``ALL`` among ``attributes`` stands for all text attributes of at most 1,000 values. ``features`` are
    names of feature matrices, taken as they are. Raises ``UnknownNameError`` for names that the catalogue lacks.
    """
    blocks = [csr_matrix(np.empty((len(catalogue), 0), np.float32))]
    for name in _named(catalogue, attributes):
        blocks.append(_columns_of(catalogue.attribute(name)))
    for name in features:
        if name not in catalogue.features:
            raise unknown("feature", name, catalogue.features)
        blocks.append(csr_matrix(catalogue.features[name], dtype=np.float32))
    matrix = csr_matrix(hstack(blocks, format="csr"), dtype=np.float32)
    if not np.isfinite(matrix.data).all():
        raise VitrinaError(f"the features {', '.join([*attributes, *features])} contain values that are not finite numbers.")
    return matrix[:, np.flatnonzero(np.diff(matrix.tocsc().indptr))]


def _named(catalogue: Catalogue, attributes: Sequence[str]) -> list[str]:
    """Put all text attributes with few values in the place of ``ALL``."""
    few = [name for name in catalogue.attributes if ALL in attributes and _describes(catalogue.attribute(name))]
    return list(dict.fromkeys([*few, *(name for name in attributes if name != ALL)]))


def _describes(column: pl.Series) -> bool:
    return _is_text(column) and _values(column)["value"].n_unique() <= _MOST_VALUES


def _is_text(column: pl.Series) -> bool:
    inner = column.dtype.inner if isinstance(column.dtype, pl.List) else column.dtype
    return isinstance(inner, pl.String | pl.Categorical | pl.Enum)


def _values(column: pl.Series) -> pl.DataFrame:
    """List the distinct (item, value) pairs of a text column, missing ones left out."""
    listed = column if isinstance(column.dtype, pl.List) else column.to_frame("v").select(pl.concat_list("v")).to_series()
    pairs = pl.DataFrame({"item": np.arange(len(column)), "value": listed}).explode("value").drop_nulls()
    return pairs.with_columns(pl.col("value").cast(pl.String)).unique(maintain_order=True)


def _columns_of(column: pl.Series) -> csr_matrix:
    if not _is_text(column):
        return _number(column)
    pairs = _values(column)
    weighted = pairs.with_columns(weight=1 / pl.len().over("item").cast(pl.Float32))
    shared = weighted.filter(pl.len().over("value") > 1).sort("value", "item")
    value = shared["value"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (len(column), int(value.max(initial=-1)) + 1)
    return csr_matrix((shared["weight"].to_numpy(), (shared["item"].to_numpy(), value)), shape=shape)


def _number(column: pl.Series) -> csr_matrix:
    try:
        numbers = column.cast(pl.Float64).to_numpy()
    except pl.exceptions.PolarsError:
        raise VitrinaError(f"attribute {column.name!r} is {column.dtype}; expected text, a list of texts or numbers.") from None
    known = np.isfinite(numbers)
    spread = numbers[known].std() if known.any() else 0.0
    if spread == 0:
        return csr_matrix(np.empty((len(numbers), 0), np.float32))
    standard = np.where(known, (numbers - numbers[known].mean()) / spread, 0)
    return csr_matrix(standard[:, None], dtype=np.float32)
