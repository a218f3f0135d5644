"""Timestamps in whatever notation -> whole seconds since 1970 (UTC)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from vitrina.data.importers.log_values import MISSING, Faults, as_text
from vitrina.errors import DataError

#: Largest median of a column in each unit: seconds up to the year 5138, and so on by thousands.
_UNITS = ((1e11, 1, "seconds"), (1e14, 1_000, "milliseconds"), (1e17, 1_000_000, "microseconds"), (np.inf, 10**9, "nanoseconds"))
_CLOCKS = ("%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_DAYS = ("%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%a %b %d %Y")
_FAST = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%dT%H:%M:%S%.f%z")
_ODD_DAY = r"^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4})"
_DAY = 86_400
_EARLY = 315_532_800  # 1980: events dated before it were rather numbered than timed


@dataclass(frozen=True)
class Times:
    """Seconds since 1970 ``[n]`` (Int64, null: missing), the faults, how they were read, and what to doubt."""

    seconds: pl.Series
    faults: Faults
    how: str
    warnings: list[str] = field(default_factory=list)


def clean_times(column: pl.Series, *, now: int, pattern: str | None = None, future: bool = False) -> Times:
    """Read a column of moments.

    Numbers are seconds, milli-, micro- or nanoseconds by their size, or days such as 20240131; texts are ISO 8601 (no zone:
    UTC) or a common day notation, or follow ``pattern`` (strftime). 0 is a missing time. Faults: unreadable, before 1970
    and, unless ``future``, more than a day after ``now``. Raises ``DataError`` when day and month cannot be told apart.
    """
    warnings: list[str] = []
    if column.dtype.is_temporal():
        if not isinstance(column.dtype, (pl.Datetime, pl.Date)):
            raise DataError(f"column {column.name!r} (timestamp) holds {column.dtype}; expected moments or days.")
        seconds, unread, how = _from_moments(column), None, "dates"
    elif column.dtype.is_numeric():
        seconds, unread, how = _from_numbers(column)
    else:
        text = as_text(column, "timestamp")
        text = text.set(text.is_in((*MISSING, "NaN", "nan", "NaT")), None)
        seconds, unread, how = _from_text(text, pattern)
    zeros = int((seconds == 0).sum())
    if zeros:
        warnings.append(f"{zeros:,} event(s) have the timestamp 0, which stands for an unknown time.")
    seconds = seconds.set(seconds == 0, None).alias("timestamp")
    known = seconds.drop_nulls()
    middle = int(np.median(known.to_numpy())) if len(known) else _EARLY
    if middle < _EARLY:
        warnings.append(f"column {column.name!r} lies around {_iso(middle)}, read as {how}: are these really times?")
    faults: Faults = [((seconds < 0).fill_null(False).to_numpy(), "timestamp is negative (before 1970)")]
    if unread is not None:
        faults.append((unread.to_numpy(), "timestamp cannot be read"))
    if not future:
        faults.append(((seconds > now + _DAY).fill_null(False).to_numpy(), "timestamp lies in the future"))
    return Times(seconds, faults, how, warnings)


def looks_like_times(column: pl.Series, now: int) -> bool:
    """Whether a sample of a column holds moments: dates, or numbers between 1990 and now in some unit."""
    if column.dtype.is_temporal():
        return True
    if column.dtype.is_nested() or not column.drop_nulls().len():
        return False
    if not column.dtype.is_numeric():
        text = as_text(column, "timestamp").drop_nulls()
        numbers = text.cast(pl.Float64, strict=False)
        if numbers.null_count() > len(text) // 20:
            dated = text.str.contains(r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
            return bool(dated.mean() >= 0.95)  # type: ignore[operator]
        column = numbers
    numbers = column.cast(pl.Float64).drop_nulls()
    numbers = numbers.filter(numbers > 0)
    return any(
        len(numbers) > 0 and bool((numbers / unit).is_between(631_152_000, now + _DAY).mean() >= 0.95)  # type: ignore[operator]
        for _, unit, _ in _UNITS
    )


def _from_moments(column: pl.Series) -> pl.Series:
    zone = column.dtype.time_zone if isinstance(column.dtype, pl.Datetime) else None
    return column.cast(pl.Datetime("us", zone)).dt.epoch("s")


def _iso(seconds: int) -> str:
    return str(np.datetime64(seconds, "s"))[:10]


def _from_numbers(numbers: pl.Series) -> tuple[pl.Series, pl.Series, str]:
    finite = numbers.is_finite().fill_null(False) if numbers.dtype.is_float() else numbers.is_not_null()
    unread = numbers.is_not_null() & ~finite
    numbers = numbers.set(unread, None) if unread.any() else numbers
    positive = numbers.filter((numbers > 0).fill_null(False))
    if len(positive) and numbers.is_between(19_000_101, 21_001_231).filter((numbers != 0).fill_null(False)).all():
        days = numbers.cast(pl.Int64).cast(pl.String).str.to_date("%Y%m%d", strict=False)
        if days.filter((numbers > 0).fill_null(False)).null_count() == 0:
            return days.cast(pl.Datetime("us")).dt.epoch("s"), unread, "days (YYYYMMDD)"
    median = float(positive.median()) if len(positive) else 0.0  # type: ignore[arg-type]
    _, unit, name = next(u for u in _UNITS if median < u[0])
    if numbers.dtype.is_integer():
        seconds = numbers.cast(pl.Int64, strict=False) // unit
    else:
        seconds = (numbers.cast(pl.Float64) / unit).floor().cast(pl.Int64, strict=False)
    unread |= numbers.is_not_null() & seconds.is_null()
    return seconds, unread, f"numbers ({name} since 1970)"


def _from_text(text: pl.Series, pattern: str | None) -> tuple[pl.Series, pl.Series, str]:
    if pattern is not None:
        seconds = _parse(text, pattern)
        if seconds.null_count() == len(text) > text.null_count():
            first = text.drop_nulls()[0]
            raise DataError(f"no timestamp follows {pattern!r}; the first is {first!r}. Use strftime codes (%Y-%m-%d).")
        return seconds, text.is_not_null() & seconds.is_null(), f"texts ({pattern})"
    whole = text.cast(pl.Int64, strict=False)
    numbers = whole if whole.null_count() == text.null_count() else text.cast(pl.Float64, strict=False)
    read = len(text) - numbers.null_count()
    if read and read >= (len(text) - text.null_count()) / 2:
        seconds, unread, how = _from_numbers(numbers)
        return seconds, unread | (text.is_not_null() & numbers.is_null()), how
    return _from_dates(text)


def _from_dates(text: pl.Series) -> tuple[pl.Series, pl.Series, str]:
    used: list[str] = []
    seconds = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(text))
    left = text.is_not_null().arg_true()
    stages = ((_ranked(text, _FAST), lambda t: t), (_slow_patterns(), _plain))
    for patterns, prepare in stages:
        if not len(left):
            break
        texts = prepare(text.gather(left))
        for pattern in patterns:
            if not len(left):
                break
            found = _parse(texts, pattern)
            hit = found.is_not_null()
            if hit.any():
                used.append(pattern)
                seconds = seconds.scatter(left.filter(hit), found.filter(hit))
                left, texts = left.filter(~hit), texts.filter(~hit)
    unread = text.is_not_null() & seconds.is_null()
    return seconds, unread, f"texts ({', '.join(dict.fromkeys(used)) or 'no known notation'})"


def _slow_patterns() -> list[str]:
    clocks = [f" {clock}{zone}" for clock in _CLOCKS for zone in ("", " %z")]
    return [day + clock for day in _DAYS for clock in ("", *clocks)]


def _ranked(text: pl.Series, patterns: tuple[str, ...]) -> list[str]:
    """Put the pattern that reads most of a sample first, so that a clean column is read in one pass."""
    sample = text.drop_nulls().head(200)
    return sorted(patterns, key=lambda p: _parse(sample, p).null_count())


def _parse(text: pl.Series, pattern: str) -> pl.Series:
    try:
        if "%H" in pattern or "%I" in pattern or "%T" in pattern or "%s" in pattern:
            return text.str.to_datetime(pattern, time_unit="us", strict=False, ambiguous="null").dt.epoch("s")
        return text.str.to_date(pattern, strict=False).cast(pl.Datetime("us")).dt.epoch("s")
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{pattern!r} is no way to write times: {error}. Use strftime codes, such as %d/%m/%Y %H:%M.") from None


def _plain(text: pl.Series) -> pl.Series:
    """Bring the other notations to one: ``2024-1-31 09:30:00 +0200``."""
    day, mark, month = (text.str.extract(_ODD_DAY, group) for group in (1, 2, 3))
    if day.null_count() < len(day):
        first = _day_first(day, mark, month)
        text = text.str.replace(_ODD_DAY, "${4}-${3}-${1}" if first else "${4}-${1}-${3}")
    text = text.str.replace(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})", "${1}-${2}-${3}")
    text = text.str.replace(r"^(\d{4}-\d{1,2}-\d{1,2})[T,\s]+", "${1} ")
    text = text.str.replace(r"\s*(Z|UTC|GMT)$", " +0000")
    text = text.str.replace(r"(:\d{2}(?:\.\d+)?)\s*([+-]\d{2}):?(\d{2})?$", "${1} ${2}${3}")
    text = text.str.replace(r"(:\d{2}(?:\.\d+)?) ([+-]\d{2})$", "${1} ${2}00")
    return text.str.replace(r"^(\d{1,2})-([A-Za-z]{3,9})-(\d{4})", "${1} ${2} ${3}").str.replace(r"^([A-Za-z]+ \d{1,2}),", "${1}")


def _day_first(first: pl.Series, mark: pl.Series, second: pl.Series) -> bool:
    a, b = (int((part.cast(pl.Int32) > 12).sum()) for part in (first, second))
    if a or b:
        return a >= b
    if bool((mark == ".").any()):
        return True
    both = first.drop_nulls()
    example = both[0] + mark.drop_nulls()[0] + second.drop_nulls()[0]
    raise DataError(
        f"dates such as {example}... can be day first or month first, and no date tells which. Pass "
        "--timestamp-format '%d/%m/%Y' or '%m/%d/%Y' (with %H:%M:%S where there is a time of day)."
    )
