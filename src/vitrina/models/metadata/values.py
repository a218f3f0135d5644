"""The values of attributes as columns: what each item holds, and how much of an attribute's score each value makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import Catalogue, holds_text, value_pairs
from vitrina.errors import VitrinaError, unknown
from vitrina.ranking.scorer import Scores

#: Stands for all attributes that describe works.
ALL = "*"
#: Whose work it is: the favourite artist's own method, so ``ALL`` leaves it out.
ARTIST = "artist"

_MOST_VALUES = 1000  # a column with more distinct values is taken only when it is named


@dataclass(frozen=True)
class Values:
    """The values of some attributes, one column a value, all float32.

    ``held`` CSR ``[n_items, n_values]`` is 1 where an item has a value; ``shares`` CSR ``[n_values, n_items]`` is there 1
    divided by the number of values that the item has of the same attribute. ``attributes`` int32 ``[n_values]`` says which of
    ``names`` a value belongs to.
    """

    held: csr_matrix
    shares: csr_matrix
    attributes: NDArray[np.int32]
    names: list[str]


def values_of(catalogue: Catalogue, attribute: str) -> Values:
    """Collect the values of an attribute: of the column of that name, of all columns ``NAME_...``, or of ``ALL`` attributes.

    Texts, lists of texts, whole numbers and yes/no are values; columns ``NAME_...`` are one attribute, in which the same
    value in two columns is two values. ``ALL`` takes the text attributes of at most 1,000 values and the attributes of several
    columns of texts or whole numbers, each as one, but not the artist. Raises ``UnknownNameError`` for an attribute that the
    catalogue lacks, ``VitrinaError`` for one whose values are numbers with fractions, which items do not share.
    """
    named = _named(catalogue, attribute)
    pairs = [_pairs(catalogue, columns).with_columns(attribute=pl.lit(n, pl.Int32)) for n, columns in enumerate(named.values())]
    empty = pl.DataFrame(schema={"item": pl.Int64, "value": pl.String, "attribute": pl.Int32})
    table = pl.concat([empty, *pairs])
    values = table.select("attribute", "value").unique().sort("attribute", "value").with_row_index("code")
    coded = table.join(values, on=["attribute", "value"]).sort("item", "code")
    items, codes = coded["item"].to_numpy(), coded["code"].to_numpy()
    same = items * len(named) + coded["attribute"].to_numpy()  # the values of one attribute of one item
    numbers = np.bincount(same, minlength=1)[same]
    shape = (len(catalogue), len(values))
    held = csr_matrix((np.ones(len(coded), np.float32), (items, codes)), shape=shape)
    shares = csr_matrix(((1 / numbers).astype(np.float32), (codes, items)), shape=shape[::-1])
    return Values(held, shares, values["attribute"].to_numpy().astype(np.int32), list(named))


def lacks(catalogue: Catalogue, attribute: str) -> str:
    """Say why the values of an attribute cannot be had from a catalogue; empty when they can."""
    if attribute == ALL:
        return "" if _named(catalogue, ALL) else "needs attributes with values that items share; the catalogue has none"
    try:
        values_of(catalogue, attribute)
    except VitrinaError as error:
        return f"needs the attribute {attribute!r}: {str(error).rstrip('.')}"
    return ""


def largest_of_attribute(counts: Scores, attributes: NDArray[np.int32], n_attributes: int) -> Scores:
    """Return the largest count of the values of each attribute ``[n, n_attributes]`` from counts ``[n, n_values]``."""
    largest = np.zeros((len(counts), n_attributes), np.float32)
    if attributes.size:  # the values of an attribute lie side by side
        present, starts = np.unique(attributes, return_index=True)
        largest[:, present] = np.maximum.reduceat(counts, starts, axis=1)
    return largest


def _named(catalogue: Catalogue, attribute: str) -> dict[str, list[str]]:
    """Which columns make up which attribute."""
    if attribute == ALL:
        return _all(catalogue)
    columns = catalogue.attributes
    if attribute in columns:
        return {attribute: [attribute]}
    family = [column for column in columns if column.startswith(f"{attribute}_")]
    if not family:
        raise unknown("attribute", attribute, columns)
    return {attribute: family}


def _all(catalogue: Catalogue) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in catalogue.attributes:
        kind, stem = catalogue.table.schema[name], name.split("_")[0]
        family = [c for c in catalogue.attributes if c.startswith(f"{stem}_") and _is_shared(catalogue.table.schema[c])]
        if name in family and len(family) > 1:
            found.setdefault(stem, family)
        elif name != ARTIST and holds_text(kind) and _pairs(catalogue, [name])["value"].n_unique() <= _MOST_VALUES:
            found[name] = [name]
    return found


def _is_shared(kind: pl.DataType) -> bool:
    """Whether values of this type are the same for several items: words and whole numbers."""
    return holds_text(kind) or kind.is_integer()


def _pairs(catalogue: Catalogue, columns: list[str]) -> pl.DataFrame:
    """List the distinct (item, value) pairs of an attribute's columns."""
    parts = []
    for column in columns:
        part = value_pairs(catalogue.attribute(column))
        values = _as_text(part["value"], column)
        parts.append(part.with_columns(value=pl.lit(f"{column}=") + values if len(columns) > 1 else values))
    return pl.concat(parts).drop_nulls().unique()


def _as_text(values: pl.Series, column: str) -> pl.Series:
    kind = values.dtype
    if kind.is_float():
        known = values.drop_nulls().drop_nans()
        if (known != known.floor()).any():
            raise VitrinaError(f"{column} holds numbers with fractions, which items do not share; round it or make it a text.")
        values = values.fill_nan(None).cast(pl.Int64)
    elif not (holds_text(kind) or kind.is_integer() or kind in (pl.Boolean, pl.Null)):
        raise VitrinaError(f"{column} is {kind}; expected texts, lists of texts, whole numbers or yes and no.")
    return values.cast(pl.String)
