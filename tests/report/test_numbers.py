from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.report import numbers

NB = "\N{NO-BREAK SPACE}"
positive = st.floats(1e-5, 1e3, allow_nan=False)


@pytest.mark.parametrize(
    ("half_width", "decimals"),
    [
        (0.010, 3),
        (0.0098, 3),
        (0.0354, 3),
        (0.0356, 2),
        (0.09, 2),
        (0.0012, 4),
        (0.004, 3),
        (0.3, 2),
        (0.5, 1),
        (4.0, 0),
        (25.0, 0),
        (1e-9, 6),
    ],
)
def test_decimals_follow_the_uncertainty(half_width: float, decimals: int) -> None:
    assert numbers.decimals_for(half_width) == decimals


@given(positive)
def test_the_last_decimal_is_never_finer_than_a_tenth_of_the_uncertainty(half_width: float) -> None:
    decimals = numbers.decimals_for(half_width)
    if decimals < 6:
        assert 10.0**-decimals <= half_width
    if decimals > 0:
        assert 10.0**-decimals >= half_width / 36


@given(st.lists(st.tuples(positive, positive), min_size=1))
def test_a_column_is_written_as_its_widest_interval_allows(spans: list[tuple[float, float]]) -> None:
    widths = [abs(high - low) / 2 for low, high in spans if high != low]
    expected = min((numbers.decimals_for(w) for w in widths), default=3)
    assert numbers.column_decimals(spans) == expected


def test_columns_without_intervals() -> None:
    assert numbers.column_decimals([None, (0.2, 0.2)]) == 3
    assert numbers.plain_decimals([0.412, 0.02, None]) == 3
    assert numbers.plain_decimals([12.6, 7.0]) == 1
    assert numbers.plain_decimals([1234.0]) == 0
    assert numbers.plain_decimals([0.0, None]) == 2


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.31249, 3, "0.312"),
        (-0.0151, 3, "−0.015"),
        (-0.0001, 3, "0.000"),
        (1234567.0, 0, "1,234,567"),
        (None, 2, "–"),
        (float("nan"), 2, "–"),
        (float("inf"), 2, "–"),
    ],
)
def test_number(value: float | None, decimals: int, text: str) -> None:
    assert numbers.number(value, decimals) == text


def test_signed() -> None:
    assert numbers.signed(0.0131, 3) == "+0.013"
    assert numbers.signed(-0.0131, 3) == "−0.013"
    assert numbers.signed(0.0001, 3) == "0.000"
    assert numbers.signed(None, 3) == "–"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0"), (0.0003, f"<{NB}0.1"), (0.031, "3.1"), (0.4, "40"), (0.9955, "99.6"), (0.9997, f">{NB}99.9"), (1.0, "100")],
)
def test_percent_never_rounds_to_a_false_end(share: float, text: str) -> None:
    assert numbers.percent(share) == f"{text}{NB}%"


@given(st.floats(0, 1, allow_nan=False, exclude_min=True, exclude_max=True))
def test_percent_of_an_open_share_is_neither_0_nor_100(share: float) -> None:
    assert numbers.percent(share) not in (f"0{NB}%", f"100{NB}%")


@pytest.mark.parametrize(("p", "text"), [(0.00049, f"<{NB}0.001"), (0.0123, "0.012"), (0.34, "0.34"), (1.0, "1.00"), (None, "–")])
def test_p_value(p: float | None, text: str) -> None:
    assert numbers.p_value(p) == text


def test_p_phrase() -> None:
    assert numbers.p_phrase(0.0001) == f"p{NB}<{NB}0.001"
    assert numbers.p_phrase(0.04) == f"p{NB}={NB}0.040"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 s"), (0.00002, "< 0.1 ms"), (0.0096, "9.6 ms"), (0.018, "18 ms"), (0.4, "0.40 s"), (1.13, "1.1 s"), (81.2, "81 s"), (200.0, "3 min 20 s"), (180.0, "3 min"), (3599.7, "1 h"), (7500.0, "2 h 5 min"), (None, "–")],
)  # fmt: skip
def test_seconds(value: float | None, text: str) -> None:
    assert numbers.seconds(value).replace(NB, " ") == text


def test_words() -> None:
    assert numbers.counted(1, "user") == f"1{NB}user"
    assert numbers.counted(2300, "user") == f"2,300{NB}users"
    assert numbers.listed(["a"]) == "a"
    assert numbers.listed(["a", "b", "c"]) == "a, b and c"
    assert numbers.listed([]) == ""
    assert numbers.times(3.24) == f"3.2{NB}times"
    assert numbers.times(0.0434) == f"0.043{NB}times"
    assert numbers.times(9.96) == f"10{NB}times"
    assert numbers.times(40.0) == f"40{NB}times"
    assert numbers.times(0.0) == f"0{NB}times"
    assert numbers.times(1234.0) == f"1,200{NB}times"


def test_date() -> None:
    assert numbers.date("2024-12-30T21:48:42Z") == "2024-12-30"
    assert numbers.date(0) == "1970-01-01"
    assert numbers.date(1e300) == "–"
    assert numbers.date(None) == "–"
