"""Small files for the tests of the importer."""

from pathlib import Path

import polars as pl

from vitrina.data.importers.log import ImportResult, import_log

#: 2025-10-09: the clock of the tests.
NOW = 1_760_000_000


def write(folder: Path, text: str | bytes, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def imported(folder: Path, text: str | bytes, file: str = "log.csv", **options) -> ImportResult:
    return import_log(write(folder, text, file), now=NOW, **options)


def events(result: ImportResult) -> list[tuple]:
    """The events in external ids."""
    dataset = result.dataset
    rest = [c for c in dataset.interactions.columns if c not in ("user", "item")]
    ids = pl.DataFrame([dataset.users.decode(dataset.user_codes).alias("u"), dataset.items.decode(dataset.item_codes).alias("i")])
    return ids.hstack(dataset.interactions.select(rest)).rows()


def roles(result: ImportResult, file: str = "log") -> dict[str, str | None]:
    """Role -> column of one file."""
    return {use.role: use.column for use in result.mapping if use.file.startswith(file) and use.column}


def reasons(result: ImportResult) -> list[tuple[int, str]]:
    return result.rejected.select("line", "reason").rows()
