"""Small readers that the importers share: tables, lines, lists of numbers, and ids that are numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import SCHEMA, Dataset, DatasetInfo
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError

#: Largest id for which a look-up table is made; public data sets number their ids from 0 or 1.
LARGEST_ID = 2**31 - 2


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, or Latin-1 where it is not UTF-8."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Expected it beside the other files.") from None
    if not raw.strip():
        raise DataError(f"{path} is empty. Copy or download it again.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read_lines(path: Path) -> pl.Series:
    """Return the lines of a text file without their ends; a last empty line is dropped."""
    text = read_text(path).replace("\r\n", "\n")
    return pl.Series("line", text.removesuffix("\n").split("\n"), dtype=pl.String)


def read_table(
    path: Path,
    *,
    separator: str = "\t",
    names: Sequence[str] = (),
    types: Mapping[str, Any] | None = None,
    quoted: bool = False,
) -> pl.DataFrame:
    """Read a table; ``names`` are its columns when it has no header line, and further columns are ignored.

    Bytes that are not UTF-8 are read as Latin-1. Raises ``DataError`` for a missing or empty file, and for values that
    do not fit ``types``.
    """
    types = dict(types or {})
    try:
        if not path.stat().st_size:
            raise DataError(f"{path} is empty. Copy or download it again.")
        frame = pl.read_csv(
            path,
            separator=separator,
            has_header=not names,
            schema_overrides=types if not names else None,
            infer_schema=bool(types) and not names,
            quote_char='"' if quoted else None,
            encoding="utf8-lossy",
        )
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Expected it beside the other files.") from None
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} cannot be read as a table: {reason}. Copy or download it again.") from None
    return frame
