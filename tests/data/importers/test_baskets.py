from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from vitrina.data.importers import baskets
from vitrina.errors import DataError


def write(folder: Path) -> Path:
    lines = {
        "household_id": ["900", "1", "1"],
        "basket_id": ["4.0128e+10", "40128000001", "40128000001"],
        "product_id": ["20", "30", "99"],
        "quantity": [1.0, 0.0, 2.0],
        "sales_value": [3.5, 0.0, 1.0],
        "transaction_timestamp": [datetime(2017, 1, 1, 12, 30), *[datetime(2017, 1, 2)] * 2],
    }
    pl.DataFrame(lines).write_parquet(folder / "transactions.parquet")
    products = pl.DataFrame(
        {"product_id": ["20", "25", "30"], "department": ["GROCERY", "DRUG", None], "brand": ["National"] * 3}
    )
    products.with_columns(pl.col("brand").cast(pl.Categorical)).write_parquet(folder / "products.parquet")
    return folder


def test_a_basket_is_a_session(tmp_path: Path) -> None:
    imported = baskets.read(write(tmp_path))
    data = imported.dataset
    assert data.items.ids.to_list() == ["20", "30", "99"]
    assert data.catalogue.table.rows() == [("GROCERY", "National"), (None, "National"), (None, None)]
    assert data.catalogue.table.schema["brand"] == pl.String
    assert data.interactions["session"].to_list() == [40128000000, 40128000001, 40128000001]
    assert data.interactions["timestamp"].to_list() == [1483273800, 1483315200, 1483315200]
    assert data.info.repeats
    assert len(data.positives()) == 2  # a quantity of 0 is no purchase
    assert "1 of 3 listed items have no event and are left out" in imported.notes


def test_faulty_files_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    whole = (tmp_path / "transactions.parquet").read_bytes()
    (tmp_path / "transactions.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        baskets.read(tmp_path)
    pl.DataFrame({"household_id": ["1"]}).write_parquet(tmp_path / "transactions.parquet")
    with pytest.raises(DataError, match="no column product_id, quantity"):
        baskets.read(tmp_path)
    lines = pl.DataFrame(
        {name: ["x"] for name in ("household_id", "basket_id", "product_id", "quantity", "transaction_timestamp")}
    )
    lines.write_parquet(tmp_path / "transactions.parquet")
    with pytest.raises(DataError, match="not in the layout"):
        baskets.read(tmp_path)


@pytest.mark.needs_data
def test_the_complete_journey(real) -> None:
    data = baskets.read(real("completejourney")).dataset
    assert (len(data), data.n_users, data.n_items) == (75_000, 2_377, 20_902)
    assert data.interactions["session"].n_unique() == 47_243
    assert data.has_times
    assert set(data.catalogue.attributes) >= {"department", "product_category", "product_type", "brand"}
    first = datetime.fromtimestamp(data.interactions["timestamp"].min())
    assert first.year in (2016, 2017)
