"""Museum labels: title, artist, year, medium, price, id, from whatever names a catalogue gives these columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.catalogue import PRICE, Catalogue

ARTIST = ("artist", "artists", "artist_name", "author", "creator", "maker", "painter")
YEAR = ("year", "date", "created", "creation_year")
MEDIUM = ("medium", "technique", "material", "materials")
STYLE = ("style", "styles", "movement", "school", "genre")

_LONGEST = 200  # characters of a text that still make a label


def find_column(catalogue: Catalogue, names: tuple[str, ...]) -> str | None:
    """Return the attribute that goes by one of ``names``, capitals aside, the first name first; None when there is none."""
    by_name = {column.lower(): column for column in reversed(catalogue.attributes)}
    return next((by_name[name] for name in names if name in by_name), None)


def museum_labels(catalogue: Catalogue, codes: NDArray[np.int64], currency: str = "") -> dict[str, list[str | None]]:
    """Return ``title``, ``artist``, ``year``, ``medium``, ``price`` and ``id`` of the items, each a list of texts or None."""
    columns: dict[str, list[str | None]] = {"title": texts(catalogue.titles.gather(codes))}
    for key, names in (("artist", ARTIST), ("year", YEAR), ("medium", MEDIUM)):
        found = find_column(catalogue, names)
        columns[key] = texts(catalogue.table[found].gather(codes)) if found else [None] * len(codes)
    prices = catalogue.table[PRICE].gather(codes).to_list() if PRICE in catalogue.table.columns else [None] * len(codes)
    columns["price"] = [_price(price, currency) for price in prices]
    columns["id"] = texts(catalogue.items.ids.gather(codes))
    return columns


def texts(column: pl.Series) -> list[str | None]:
    """Write the values of a column as a person would: lists joined, whole numbers without decimals, nothing for nothing."""
    return [as_text(value) for value in column.to_list()]


def as_text(value: Any) -> str | None:
    """Write one value as ``texts`` does; None for nothing."""
    if isinstance(value, list):
        value = ", ".join(str(v) for v in value if v is not None)
    if isinstance(value, float):
        value = f"{value:.10g}" if np.isfinite(value) else ""
    text = "" if value is None else " ".join(str(value).split())
    return (f"{text[: _LONGEST - 1]}…" if len(text) > _LONGEST else text) or None


def _price(price: float | None, currency: str) -> str | None:
    if price is None or not np.isfinite(price):
        return None
    amount = f"{price:,.0f}" if float(price).is_integer() else f"{price:,.2f}"
    return f"{currency} {amount}".strip()
