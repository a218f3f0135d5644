"""Shop baskets of The Complete Journey: ``transactions.parquet`` and ``products.parquet``, one line a product bought."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.numbered import note_unused
from vitrina.data.importers.reading import require_columns, require_values
from vitrina.errors import DataError

#: A line of quantity 0 is a coupon or a return, not a purchase.
POSITIVE = "value > 0"

_LINES, _PRODUCTS = "transactions.parquet", "products.parquet"
_COLUMNS = {
    "user": "household_id",
    "item": "product_id",
    "value": "quantity",
    "timestamp": "transaction_timestamp",
    "session": "basket_id",
}


def recognises(folder: Path) -> bool:
    """Whether ``folder`` holds the two tables."""
    return (folder / _LINES).is_file() and (folder / _PRODUCTS).is_file()


def read(folder: Path) -> Imported:
    """Read the baskets: a basket is a ``session``, the quantity is the ``value``, and people buy the same thing again.

    Products are those sold; their attributes keep the columns' names. Local times are taken as they are. Raises
    ``DataError`` for files that are missing, damaged or lack a column.
    """
    lines = _read(folder / _LINES)
    require_columns(folder / _LINES, lines.columns, list(_COLUMNS.values()))
    session = pl.col("basket_id").cast(pl.String)  # some are written as 4.0128e+10
    try:
        events = lines.select(
            pl.col("household_id").cast(pl.String).alias("user"),
            pl.col("product_id").cast(pl.String).alias("item"),
            pl.col("quantity").cast(pl.Float32).alias("value"),
            pl.col("transaction_timestamp").dt.epoch("s").alias("timestamp"),
            pl.coalesce(session.cast(pl.Int64, strict=False), session.cast(pl.Float64).cast(pl.Int64)).alias("session"),
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{folder / _LINES} is not in the layout: {str(error).splitlines()[0]}.") from None
    require_values(folder / _LINES, events, list(_COLUMNS))
    products = _read(folder / _PRODUCTS)
    require_columns(folder / _PRODUCTS, products.columns, ["product_id"])
    products = products.rename({"product_id": "id"}).with_columns(pl.all().cast(pl.String))
    sold = events["item"].unique()
    info = DatasetInfo(name=folder.name, positive=POSITIVE, repeats=True, notes=note_unused(products["id"], sold))
    return Imported(Dataset.from_frame(events, items=products.filter(pl.col("id").is_in(sold.implode())), info=info))


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}. Copy or download it again.") from None
