"""What an import gives back, and how it is written."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from vitrina.data.dataset import Dataset
from vitrina.data.files import atomic_folder
from vitrina.data.importers.columns import ColumnUse
from vitrina.data.storage import IMAGES, MARKER, write_dataset

REJECTED, REPORT, UNMATCHED = "rejected.csv", "import.json", "pictures.csv"


@dataclass(frozen=True)
class MappedColumn:
    """One decision of an import: the ``column`` of a ``file`` that plays a ``role`` (None: no column does), and why."""

    file: str
    role: str
    column: str | None
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.role} = {self.column or 'none'} ({self.why})"


def mapped(file: str, uses: Mapping[str, ColumnUse]) -> list[MappedColumn]:
    """Name the file beside each of its columns' roles."""
    return [MappedColumn(file, role, use.column, use.why) for role, use in uses.items()]


@dataclass(frozen=True)
class PictureMatch:
    """Pictures found for items: ``files`` maps their paths in the data set to where they are now; ``matched`` counts the items.

    ``unmatched`` has a row (``what``, ``item``, ``path``, ``why``) for every item without a picture, every picture without an
    item, and every file that was refused.
    """

    files: Mapping[str, Path]
    unmatched: pl.DataFrame
    matched: int


@dataclass(frozen=True)
class ImportResult:
    """A data set, and everything a person should know of how it was read.

    ``mapping`` says which column of which file plays which role and why. ``rejected`` has the columns
    ``file``, ``line``, ``reason`` and the raw columns as text; ``counts`` the rows refused for each reason, in the
    ``"log"``, ``"items"`` and ``"users"``; ``read`` the rows found there. ``warnings`` are full sentences. ``pictures`` are
    those of the items, where some were looked for.
    """

    dataset: Dataset
    mapping: list[MappedColumn]
    rejected: pl.DataFrame
    counts: Mapping[str, Mapping[str, int]]
    read: Mapping[str, int]
    warnings: list[str] = field(default_factory=list)
    pictures: PictureMatch | None = None

    @property
    def n_rejected(self) -> int:
        """Number of rows refused, over all files."""
        return sum(sum(reasons.values()) for reasons in self.counts.values())

    def report(self) -> dict[str, Any]:
        """Return mapping, counts and warnings as plain values for JSON."""
        pictures = {} if self.pictures is None else {"pictures": self._pictures(self.pictures)}
        return {
            "mapping": [asdict(use) for use in self.mapping],
            "read": dict(self.read),
            "rejected": {file: dict(reasons) for file, reasons in self.counts.items()},
            "kept": {"events": len(self.dataset), "users": self.dataset.n_users, "items": self.dataset.n_items},
            **pictures,
            "warnings": self.warnings,
        }

    @staticmethod
    def _pictures(found: PictureMatch) -> dict[str, int]:
        missed = dict(found.unmatched["what"].value_counts().rows())
        return {"items with picture": found.matched, **missed}


def save_import(result: ImportResult, folder: Path, *, overwrite: bool = False) -> None:
    """Write the data set to ``folder`` with ``import.json`` and, where rows were refused, ``rejected.csv`` beside.

    Its pictures are copied; what did not match is in ``pictures.csv``.

    All or nothing; raises as ``save_dataset`` does.
    """
    with atomic_folder(Path(folder), marker=MARKER, overwrite=overwrite) as part:
        write_dataset(result.dataset, part)
        if result.rejected.height:
            _write_csv(result.rejected, part / REJECTED)
        if result.pictures is not None:
            copy_pictures(result.pictures.files, part)
            if result.pictures.unmatched.height:
                _write_csv(result.pictures.unmatched, part / UNMATCHED)
        text = json.dumps(result.report(), indent=2, ensure_ascii=False)
        (part / REPORT).write_text(text + "\n", encoding="utf-8")


def copy_pictures(files: Mapping[str, Path], folder: Path) -> None:
    """Copy pictures into ``images/`` of a data set in the making; raises ``OSError`` when the disk is full."""
    for path, source in files.items():
        target = folder / IMAGES / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _write_csv(frame: pl.DataFrame, path: Path) -> None:
    try:
        frame.write_csv(path)
    except pl.exceptions.PolarsError as error:
        raise OSError(errno.EIO, str(error)) from error
