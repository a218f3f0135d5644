"""Numbers as people read them: never finer than the interval supports, a true minus, units in words.

The rule for decimals is the Particle Data Group's (Review of Particle Physics, introduction, section 5.3): an uncertainty
is given with two significant digits when these lie between 10 and 35, with one above, and its value to the same place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

NONE = "–"
"""What stands in a cell that has no number."""

_MINUS = "−"
_SPACE = "\N{NO-BREAK SPACE}"

LEVEL = f"95{_SPACE}%"
"""Coverage of every interval of a comparison."""

ALPHA = f"5{_SPACE}%"
"""Level of its tests."""


def decimals_for(half_width: float) -> int:
    """Return how many decimals a value with an interval of this half-width (> 0) supports, from 0 to 6."""
    exponent = math.floor(math.log10(half_width))
    leading = half_width / 10.0**exponent
    return min(6, max(0, -exponent + (1 if leading < 3.55 else 0)))


def column_decimals(intervals: Iterable[tuple[float, float] | None], default: int = 3) -> int:
    """Return the decimals that every interval of a column supports: those of its widest one.

    Intervals that are absent or of width zero say nothing; if all are, ``default``.
    """
    widths = [abs(pair[1] - pair[0]) / 2 for pair in intervals if pair is not None]
    widest = max((w for w in widths if math.isfinite(w)), default=0.0)
    return decimals_for(widest) if widest > 0 else default


def plain_decimals(values: Iterable[float | None], significant: int = 3) -> int:
    """Return decimals that show ``significant`` digits of the largest value of a column that has no intervals."""
    largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    return min(6, max(0, significant - 1 - math.floor(math.log10(largest)))) if largest > 0 else 2


def number(value: float | None, decimals: int) -> str:
    """Write a number with fixed decimals, thousands separated, a true minus and no minus zero; ``None`` as a dash."""
    if value is None or not math.isfinite(value):
        return NONE
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in text for digit in "123456789")
    return f"{_MINUS}{text}" if negative else text


def signed(value: float | None, decimals: int) -> str:
    """Write a difference: as :func:`number`, with a plus sign when it is above zero."""
    text = number(value, decimals)
    rounds_to_zero = not any(digit in text for digit in "123456789")
    return text if value is None or value < 0 or rounds_to_zero else f"+{text}"


def interval(low: float, high: float, decimals: int) -> str:
    """Write an interval: ``0.302 to 0.322``, a word and not a dash, since either end may be negative."""
    return f"{number(low, decimals)} to {number(high, decimals)}"


def count(value: float | None) -> str:
    """Write a whole number with thousands separated."""
    return number(value, 0)


def counted(value: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun: ``1 user``, ``2,300 users``."""
    return f"{count(value)}{_SPACE}{noun if value == 1 else plural or noun + 's'}"


def listed(names: Sequence[str]) -> str:
    """Join names as in a sentence: ``a, b and c``."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def percent(share: float | None) -> str:
    """Write a share of one as a percentage: whole from 10 to 99, finer near the ends, never a false 0 or 100."""
    if share is None or not math.isfinite(share):
        return NONE
    value = 100 * share
    if 0 < value < 0.1:
        return f"<{_SPACE}0.1{_SPACE}%"
    if 99.9 < value < 100:
        return f">{_SPACE}99.9{_SPACE}%"
    near_an_end = 0 < abs(value) < 9.95 or 99 < value < 100
    return f"{number(value, 1 if near_an_end else 0)}{_SPACE}%"


def p_value(p: float | None) -> str:
    """Write a p value to two significant digits, ``< 0.001`` below that."""
    if p is None or not math.isfinite(p):
        return NONE
    if p < 0.001:
        return f"<{_SPACE}0.001"
    return f"{p:.2f}" if p >= 0.1 else f"{p:.3f}"


def p_phrase(p: float | None) -> str:
    """Write a p value as part of a sentence: ``p < 0.001``, ``p = 0.012``."""
    text = p_value(p)
    return f"p{_SPACE}{text}" if text.startswith("<") else f"p{_SPACE}={_SPACE}{text}"


def seconds(value: float | None) -> str:
    """Write a duration in the unit a person would use: ``9.6 ms``, ``81 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if value is None or not math.isfinite(value):
        return NONE
    if value < 0.0001:
        return f"<{_SPACE}0.1{_SPACE}ms" if value > 0 else f"0{_SPACE}s"
    if value < 0.0995:
        return f"{1000 * value:.{0 if value >= 0.00995 else 1}f}{_SPACE}ms"
    if value < 119.5:
        return f"{value:.{0 if value >= 9.95 else 1 if value >= 0.995 else 2}f}{_SPACE}s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes}{_SPACE}min" + (f" {rest}{_SPACE}s" if rest else "")
    hours, minutes = divmod(round(value / 60), 60)
    return f"{hours:,}{_SPACE}h" + (f" {minutes}{_SPACE}min" if minutes else "")


def times(ratio: float) -> str:
    """Write a ratio in words: ``0.043 times``, ``3.2 times``, ``40 times``, ``1,200 times``."""
    return f"{multiple(ratio)}{_SPACE}times"


def multiple(ratio: float) -> str:
    """Write a ratio to two digits, so that none looks like nothing: ``0.043``, ``3.2``, ``40``, ``1,200``."""
    rounded = float(f"{ratio:.2g}")
    digits = max(1 - math.floor(math.log10(rounded)), 0) if rounded > 0 else 0
    return number(rounded, digits)


def date(value: str | float | None) -> str:
    """Write a date: an ISO date or time is cut to its day, a number is taken as seconds since 1970 (UTC)."""
    if value is None:
        return NONE
    if isinstance(value, str):
        return value[:10]
    try:
        return datetime.fromtimestamp(value, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return NONE


def setting(value: object) -> str:
    """Write a setting as a person would type it: floats to four digits, lists and tables as they are."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
