"""Features by the content of pictures: what was computed once is not computed again while neither picture nor recipe change.

``features/.cache/NAME-RECIPE/`` of a data set holds parts, safetensors with ``keys`` uint8 ``[n, 16]`` (BLAKE2b of the file's
bytes) and ``matrix`` float32 ``[n, columns]``. A part is written whenever some hundred pictures are done, so that a run that was
killed goes on from there. All of it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from vitrina.data.catalogue import Recipe
from vitrina.data.files import atomic_file
from vitrina.errors import VitrinaError

FOLDER = ".cache"
EVERY = 500  #: Pictures between two parts.
_VERSION = 1  # of loading and measuring: another one makes all features anew


def content_key(content: bytes) -> bytes:
    """Return the key of a picture: the BLAKE2b of its file's bytes."""
    return hashlib.blake2b(content, digest_size=16).digest()


def recipe_key(recipe: Recipe) -> str:
    """Return what tells a recipe from others: a hash of its fields and of the version of this code."""
    return hashlib.blake2b(f"{_VERSION}/{recipe.model_dump_json()}".encode(), digest_size=8).hexdigest()


class FeatureCache:
    """The features made by one recipe, under ``home`` (the folder ``features`` of a data set).

    A damaged part counts as absent. Raises ``VitrinaError`` when the disk cannot take a part.
    """

    def __init__(self, home: Path, name: str, recipe: Recipe) -> None:
        self.folder = home / FOLDER / f"{name}-{recipe_key(recipe)}"
        self._name = name
        self._rows: dict[bytes, NDArray[np.float32]] = {}
        self._fresh: dict[bytes, NDArray[np.float32]] = {}
        for path in self._files():
            self._rows |= _read(path)

    def __contains__(self, key: bytes) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, key: bytes, features: NDArray[np.float32]) -> None:
        """Remember the features float32 ``[columns]`` of a picture; every ``EVERY`` pictures they are written."""
        self._rows[key] = self._fresh[key] = features
        if len(self._fresh) >= EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what is new."""
        if self._fresh:
            self._write(self._fresh)
            self._fresh = {}

    def matrix(self, keys: Iterable[bytes | None], columns: int) -> NDArray[np.float32]:
        """Return one row for each of ``keys``, float32 ``[n, columns]``; NaN for None and for what is not here."""
        nothing = np.full(columns, np.nan, np.float32)
        return np.array([self._rows.get(key, nothing) if key else nothing for key in keys], np.float32).reshape(-1, columns)

    def tidy(self, wanted: Collection[bytes]) -> None:
        """Keep only ``wanted`` pictures, in one part, and drop what other recipes made under this name."""
        self.flush()
        files = self._files()
        if len(files) > 1 or not self._rows.keys() <= set(wanted):
            self._rows = {key: row for key, row in self._rows.items() if key in wanted}
            if self._rows:
                self._write(self._rows)
            for path in files:
                path.unlink(missing_ok=True)
        for other in self.folder.parent.glob(f"{self._name}-*"):
            if other != self.folder and len(other.name) == len(self.folder.name):
                shutil.rmtree(other, ignore_errors=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.safetensors"))

    def _write(self, rows: dict[bytes, NDArray[np.float32]]) -> None:
        keys = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 16)
        number = max((int(path.stem) for path in self._files() if path.stem.isdecimal()), default=0) + 1
        with atomic_file(self.folder / f"{number:06d}.safetensors") as part:
            try:
                save_file({"keys": keys, "matrix": np.stack(list(rows.values()))}, part)
            except SafetensorError as error:  # how a full disk is reported
                raise VitrinaError(f"cannot write {self.folder}: {error}. Free some space.") from error


def _read(path: Path) -> dict[bytes, NDArray[np.float32]]:
    """Read a part; one that is damaged is as good as none."""
    try:
        tensors = load_file(path)
        keys, matrix = tensors["keys"], tensors["matrix"]
    except (SafetensorError, OSError, KeyError, ValueError):
        return {}
    if keys.ndim != 2 or keys.shape[1] != 16 or keys.dtype != np.uint8 or matrix.dtype != np.float32:
        return {}
    return {bytes(key): row for key, row in zip(keys, matrix, strict=True)} if len(keys) == len(matrix) else {}
