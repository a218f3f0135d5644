"""Moments in every notation that logs use."""

import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data.importers.log_times import clean_times, looks_like_times

from .import_help import NOW

MOMENT = 1_577_959_872  # 2020-01-02 10:11:12 UTC
DAY = 1_577_923_200


def read(*texts, **options) -> list[int | None]:
    return clean_times(pl.Series("when", list(texts), strict=False), now=NOW, **options).seconds.to_list()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2020-01-02T10:11:12Z", MOMENT),
        ("2020-01-02T10:11:12", MOMENT),
        ("2020-01-02 10:11:12", MOMENT),
        ("2020-01-02 10:11:12.987", MOMENT),
        ("2020-01-02T10:11:12.987654321Z", MOMENT),
        ("2020-01-02T12:11:12+02:00", MOMENT),
        ("2020-01-02T12:11:12+0200", MOMENT),
        ("2020-01-02T12:11:12+02", MOMENT),
        ("2020-01-02 07:11:12 -03:00", MOMENT),
        ("2020-01-02 10:11:12 UTC", MOMENT),
        ("2020-01-02 10:11", MOMENT - 12),
        ("2020-01-02", DAY),
        ("2020/1/2", DAY),
        ("2020.01.02", DAY),
        ("02.01.2020 10:11:12", MOMENT),
        ("02 Jan 2020", DAY),
        ("2-Jan-2020", DAY),
        ("Jan 2, 2020", DAY),
        ("January 2 2020 10:11:12", MOMENT),
        ("1577959872", MOMENT),
        ("1577959872.75", MOMENT),
        ("1577959872987", MOMENT),
        ("1577959872987654", MOMENT),
        ("1577959872987654321", MOMENT),
        ("1.577959872e9", MOMENT),
        ("20200102", DAY),
        ("0", None),
        ("", None),
        ("NaT", None),
        ("2020-02-30", None),
        ("12:30", None),
    ],
)
def test_notations(text: str, seconds: int | None) -> None:
    assert read(text) == [seconds]


def test_one_late_day_settles_the_order_for_all() -> None:
    assert read("31/12/2019", "02/01/2020") == [DAY - 2 * 86_400, DAY]
    assert read("12/31/2019 9:00 AM", "01/02/2020 10:11 PM") == [DAY - 2 * 86_400 + 9 * 3600, DAY + 22 * 3600 + 660]


def test_mixed_notations_in_one_column() -> None:
    assert read("2020-01-02", "2020-01-02T10:11:12Z", "Jan 2, 2020", "rubbish") == [DAY, MOMENT, DAY, None]


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000, 1_000_000_000])
@given(moments=st.lists(st.integers(1_000_000_000, NOW), min_size=1, max_size=20))
def test_units_are_told_by_size(unit: int, moments: list[int]) -> None:
    column = pl.Series("when", [m * unit for m in moments])
    assert clean_times(column, now=NOW).seconds.to_list() == moments
    assert clean_times(column.cast(pl.String), now=NOW).seconds.to_list() == moments
    assert looks_like_times(column, NOW)


@given(st.lists(st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2025, 1, 1)), min_size=1, max_size=10))
def test_iso_texts_and_typed_moments_agree(moments: list[datetime.datetime]) -> None:
    want = [int(m.replace(tzinfo=datetime.UTC).timestamp() // 1) for m in moments]
    assert read(*[m.isoformat() for m in moments]) == want
    assert clean_times(pl.Series("when", moments), now=NOW).seconds.to_list() == want
    zoned = pl.Series("when", moments).dt.replace_time_zone("UTC").dt.convert_time_zone("America/Santiago")
    assert clean_times(zoned, now=NOW).seconds.to_list() == want
    days = [m.date() for m in moments]
    assert clean_times(pl.Series("when", days), now=NOW).seconds.to_list() == read(*[d.isoformat() for d in days])


def test_availability_may_lie_in_the_future() -> None:
    column = pl.Series("until", ["2099-01-01"])
    assert any(mask.any() for mask, _ in clean_times(column, now=NOW).faults)
    assert not any(mask.any() for mask, _ in clean_times(column, now=NOW, future=True).faults)


@pytest.mark.parametrize("values", [["a", "b"], [1, 2, 3], [1.5, 4.0], ["5", "3"], [None, None], [["x"]]])
def test_other_columns_do_not_look_like_times(values: list) -> None:
    assert not looks_like_times(pl.Series(values), NOW)
