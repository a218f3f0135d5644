"""What is known of items beside their number, as one sparse matrix: attributes of the catalogue and feature matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix, hstack

from vitrina.data.catalogue import Catalogue, holds_text, value_pairs
from vitrina.errors import VitrinaError
from vitrina.models.visual.reduction import Reduction, fit_pca, known_rows

#: Stands for all text attributes that describe more than single items.
ALL = "*"

_MOST_VALUES = 1000  # a column with more distinct values is taken only when it is named


def side_features(
    catalogue: Catalogue,
    attributes: Sequence[str],
    features: Sequence[str],
    *,
    reductions: Sequence[Reduction | None] = (),
    n_known: int | None = None,
) -> csr_matrix:
    """Return float32 ``[n_items, n_columns]``, columns of zeros only left out.

    A text attribute has one column a value; the values of a list share the weight 1. Values of a single item are left out:
    they would say no more than its number. A numeric attribute is one column, centred, with standard deviation 1 and 0 where
    it is missing. ``ALL`` among ``attributes`` stands for all text attributes of at most 1,000 values. ``features`` are
    names of feature matrices, each seen through its one of ``reductions``, or taken as it is; a row of NaN, of an item without
    the feature, becomes zeros. What the columns are is decided by the first ``n_known`` items, by default all. Raises
    ``UnknownNameError`` for names that the catalogue lacks.
    """
    n_known = len(catalogue) if n_known is None else n_known
    blocks = [csr_matrix(np.empty((len(catalogue), 0), np.float32))]
    for name in _named(catalogue, attributes, n_known):
        blocks.append(_columns_of(catalogue.attribute(name), n_known))
    for n, name in enumerate(features):
        matrix, reduction = catalogue.feature(name), reductions[n] if reductions else None
        known = known_rows(matrix)
        if reduction is None and not isinstance(matrix, csr_matrix):
            matrix = np.where(known[:, None], matrix, np.float32(0))
        blocks.append(csr_matrix(matrix if reduction is None else reduction.transform(matrix), dtype=np.float32))
    matrix = csr_matrix(hstack(blocks, format="csr"), dtype=np.float32)
    return matrix[:, np.flatnonzero(np.diff(matrix[:n_known].tocsc().indptr))]


def fit_reductions(catalogue: Catalogue, features: Sequence[str], columns: int) -> list[Reduction | None]:
    """Find ``columns`` principal components of each dense feature, scaled to lengths of 1 on average; None: as it is."""
    found: list[Reduction | None] = []
    for name in features:
        matrix = catalogue.feature(name)
        if not columns or isinstance(matrix, csr_matrix):
            found.append(None)
            continue
        reduction = fit_pca(matrix, columns)
        lengths = np.linalg.norm(reduction.transform(matrix)[known_rows(matrix)], axis=1)
        mean = lengths.mean() if lengths.any() else np.float32(1)
        found.append(Reduction(reduction.mean, reduction.axes / mean))
    return found


def _named(catalogue: Catalogue, attributes: Sequence[str], n_known: int) -> list[str]:
    """Put all text attributes with few values in the place of ``ALL``."""
    few = [name for name in catalogue.attributes if ALL in attributes and _describes(catalogue.attribute(name)[:n_known])]
    return list(dict.fromkeys([*few, *(name for name in attributes if name != ALL)]))


def _describes(column: pl.Series) -> bool:
    return holds_text(column.dtype) and value_pairs(column)["value"].n_unique() <= _MOST_VALUES


def _columns_of(column: pl.Series, n_known: int) -> csr_matrix:
    if not holds_text(column.dtype):
        return _number(column, n_known)
    pairs = value_pairs(column).with_columns(pl.col("value").cast(pl.String))
    weighted = pairs.with_columns(weight=1 / pl.len().over("item").cast(pl.Float32))
    shared = weighted.filter((pl.col("item") < n_known).sum().over("value") > 1).sort("value", "item")
    value = shared["value"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (len(column), int(value.max(initial=-1)) + 1)
    return csr_matrix((shared["weight"].to_numpy(), (shared["item"].to_numpy(), value)), shape=shape)


def _number(column: pl.Series, n_known: int) -> csr_matrix:
    try:
        numbers = column.cast(pl.Float64).to_numpy()
    except pl.exceptions.PolarsError:
        raise VitrinaError(f"attribute {column.name!r} is {column.dtype}; expected text, a list of texts or numbers.") from None
    known = np.isfinite(numbers)
    measured = numbers[:n_known][known[:n_known]]
    spread = measured.std() if measured.size else 0.0
    if spread == 0:
        return csr_matrix(np.empty((len(numbers), 0), np.float32))
    standard = np.where(known, (numbers - measured.mean()) / spread, 0)
    return csr_matrix(standard[:, None], dtype=np.float32)
