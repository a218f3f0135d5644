"""A table as it was read: raw columns, the line each row came from, and the lines that could not be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.exceptions import PanicException

Lines = NDArray[np.int64]

#: More unreadable lines than this mean another format, not a few accidents.
MOST_BAD_LINES = 10_000


@dataclass(frozen=True)
class RawTable:
    """Raw columns of a file or frame.

    ``frame`` holds text for text formats and typed columns for Parquet and frames. ``lines`` ``[rows]`` numbers the rows
    as an editor does (text) or from 1 (Parquet, frames). ``bad`` has the columns ``line``, ``reason``, ``text``.
    ``header`` is false where the file named no columns, which are then ``column_1``, ``column_2``...
    """

    name: str
    frame: pl.DataFrame
    lines: Lines
    header: bool = True
    bad: pl.DataFrame = field(default_factory=lambda: bad_lines([], []))
    warnings: list[str] = field(default_factory=list)


def bad_lines(lines: list[int] | Lines, texts: list[str], reason: str = "") -> pl.DataFrame:
    """Make the table of unreadable lines."""
    columns = {"line": pl.Series(np.asarray(lines, np.int64)), "reason": [reason] * len(texts), "text": texts}
    return pl.DataFrame(columns, schema={"line": pl.Int64, "reason": pl.String, "text": pl.String})


def salvage(
    lines: list[bytes], parse: Callable[[bytes], pl.DataFrame], limit: int = MOST_BAD_LINES
) -> tuple[list[pl.DataFrame], list[int], list[int]] | None:
    """Parse what can be parsed by halving, so that a few bad lines cost little.

    Returns the frames in order, the positions of the lines that were read (one row each) and of those that were not;
    None when more than ``limit`` lines cannot be read.
    """
    frames: list[pl.DataFrame] = []
    good: list[int] = []
    bad: list[int] = []
    blocks = [(0, len(lines))]
    while blocks:
        start, stop = blocks.pop()
        frame = attempt(parse, b"\n".join(lines[start:stop]) + b"\n")
        if frame is not None and frame.height == stop - start:
            frames.append(frame)
            good.extend(range(start, stop))
        elif stop - start == 1:
            bad.append(start)
            if len(bad) > limit:
                return None
        else:
            middle = (start + stop) // 2
            blocks += [(middle, stop), (start, middle)]
    return frames, good, bad


def attempt(parse: Callable[..., Any], *arguments: Any) -> Any:
    """Call a parser; None where it refuses the input (Polars panics on some, which Python must not see)."""
    try:
        return parse(*arguments)
    except (pl.exceptions.PolarsError, PanicException):
        return None
