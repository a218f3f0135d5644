"""Writing so that nothing half-written is ever seen: a temporary name first, then one rename."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from vitrina.errors import VitrinaError


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is renamed to ``path``, on any error it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _temporary(path)
    try:
        yield part
        os.replace(part, path)
    except OSError as error:
        raise VitrinaError(f"cannot write {path}: {error.strerror or error}. Free some space or choose another --out.") from error
    finally:
        part.unlink(missing_ok=True)


def refuse_existing(path: Path, *, marker: str, overwrite: bool = False) -> None:
    """Raise ``VitrinaError`` where ``atomic_folder`` would: for callers with long work to do before."""
    if path.exists() and any(path.iterdir() if path.is_dir() else [path]):
        if not overwrite:
            raise VitrinaError(f"{path} exists already. Choose another --out, or pass --overwrite to replace it.")
        if not (path / marker).is_file():
            raise VitrinaError(f"{path} was not written by Vitrina (it has no {marker}), so it is not replaced.")


@contextmanager
def atomic_folder(path: Path, *, marker: str, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``path`` on success and is removed on any error.

    An existing ``path`` is replaced only with ``overwrite`` and only if it contains the file ``marker``, so that a
    mistyped option never deletes somebody's folder.
    """
    refuse_existing(path, marker=marker, overwrite=overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    part, old = _temporary(path), _temporary(path)
    try:
        part.mkdir()
        yield part
        if path.exists():
            os.replace(path, old)
        os.replace(part, path)
    except OSError as error:
        raise VitrinaError(f"cannot write {path}: {error.strerror or error}. Free some space or choose another --out.") from error
    finally:
        if old.exists() and not path.exists():  # stopped between the two renames: the old folder comes back
            os.replace(old, path)
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, UTF-8."""
    with atomic_file(path) as part:
        part.write_text(text, encoding="utf-8")


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write one table; whatever goes wrong below is raised as ``OSError``, so that callers clean up in one place."""
    try:
        frame.write_parquet(path, compression="zstd", compression_level=3)
    except pl.exceptions.PolarsError as error:
        raise OSError(errno.EIO, str(error)) from error
