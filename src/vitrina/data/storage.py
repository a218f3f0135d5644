"""A data set on disk: a folder of plain tables that anybody can read, and that is checked whole before it is used.

``dataset.toml`` (flags, counts, checksums), ``interactions.parquet`` (codes), ``items.parquet`` (id and catalogue),
``users.parquet`` (id and attributes), ``features/NAME.safetensors``, ``images/``, ``splits/NAME``. Nothing in it is ever
executed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import tomli_w
from polars.exceptions import PanicException
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix, issparse

import vitrina
from vitrina.data.catalogue import AVAILABLE_FROM, AVAILABLE_UNTIL, IMAGE, PRICE, STOCK, TITLE, Catalogue, FeatureMatrix, Recipe
from vitrina.data.dataset import SCHEMA, Dataset, DatasetInfo
from vitrina.data.files import atomic_file, atomic_folder, write_parquet
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError

if TYPE_CHECKING:
    from vitrina.data.splits.split import Split

FORMAT = 1
MARKER = "dataset.toml"
INTERACTIONS, ITEMS, USERS = "interactions.parquet", "items.parquet", "users.parquet"
FEATURES, IMAGES, SPLITS = "features", "images", "splits"
#: In the folder ``features``: the networks that came as files, and the weights of the autoencoder.
NETWORKS = "networks"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+@-]{0,99}")
_TEXT_COLUMNS = (TITLE, IMAGE, "url")
_INTEGER_COLUMNS = (STOCK, AVAILABLE_FROM, AVAILABLE_UNTIL)


class Manifest(BaseModel):
    """The content of ``dataset.toml``; ``files`` maps each file of the folder to its BLAKE2b checksum."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    vitrina: str
    fingerprint: str
    info: DatasetInfo
    counts: dict[str, int]
    files: dict[str, str]


def save_dataset(dataset: Dataset, folder: Path, *, overwrite: bool = False, splits: Mapping[str, Split] | None = None) -> None:
    """Write ``dataset`` (and ``splits`` by name) to ``folder``, all or nothing.

    Pictures that the catalogue names and that are there are put into ``images/`` (as further links to the same files where
    that can be done). An existing folder is replaced only with ``overwrite`` and only if it is a data set; what else was in
    it goes with it. Raises ``DataError`` for names or image paths that would leave the folder, ``VitrinaError`` when the
    folder cannot be written.
    """
    with atomic_folder(Path(folder), marker=MARKER, overwrite=overwrite) as part:
        write_dataset(dataset, part, splits=splits)


def write_dataset(dataset: Dataset, folder: Path, *, splits: Mapping[str, Split] | None = None) -> None:
    """Write ``dataset`` into an existing folder, for callers that add files of their own inside ``atomic_folder``."""
    splits = splits or {}
    for kind, names in (("feature", dataset.catalogue.features), ("split", splits)):
        for name in names:
            check_name(name, kind)
    items = _with_ids(dataset.items, dataset.catalogue.table)
    users = _with_ids(dataset.users, dataset.user_table)
    _check_attributes(users, "the table of users")
    _check_catalogue(items, "the catalogue")
    for name, frame in ((INTERACTIONS, dataset.interactions), (ITEMS, items), (USERS, users)):
        write_parquet(frame, folder / name)
    for name, matrix in dataset.catalogue.features.items():
        _write_feature(matrix, folder / _feature_file(name), dataset.catalogue.recipes.get(name))
    _write_pictures(dataset.catalogue, folder / IMAGES)
    manifest = Manifest(
        format=FORMAT,
        vitrina=vitrina.__version__,
        fingerprint=dataset.fingerprint,
        info=dataset.info,
        counts={"interactions": len(dataset), "users": dataset.n_users, "items": dataset.n_items},
        files={
            path: checksum(folder / path)
            for path in (INTERACTIONS, ITEMS, USERS, *map(_feature_file, dataset.catalogue.features))
        },
    )
    (folder / MARKER).write_text(tomli_w.dumps(manifest.model_dump()), encoding="utf-8")
    if splits:
        from vitrina.data.splits.storage import save_split

        for name, split in splits.items():
            save_split(split, folder / SPLITS / name)


def add_features(folder: Path, features: Mapping[str, FeatureMatrix], recipes: Mapping[str, Recipe] | None = None) -> None:
    """Add named features to a data set on disk, or replace those of the same name; nothing else is read or written.

    Stopped at any moment it leaves a data set that opens, without those of the new features that were not there yet. Raises
    ``DataError`` for names that are no file names and for matrices of another number of rows than items, ``VitrinaError`` when
    the folder cannot be written.
    """
    folder = Path(folder)
    manifest, recipes = read_manifest(folder), recipes or {}
    for name, matrix in features.items():
        check_name(name, "feature")
        if matrix.shape[0] != manifest.counts.get("items"):
            raise DataError(f"feature {name!r} has {matrix.shape[0]} rows for {manifest.counts.get('items')} items.")
    kept = {file: value for file, value in manifest.files.items() if file not in map(_feature_file, features)}
    if kept != manifest.files:  # old files go out of the books before they are replaced
        _write_manifest(manifest.model_copy(update={"files": kept}), folder)
    for name, matrix in features.items():
        with atomic_file(folder / _feature_file(name)) as part:
            _write_feature(matrix, part, recipes.get(name))
    fresh = {_feature_file(name): checksum(folder / _feature_file(name)) for name in features}
    _write_manifest(manifest.model_copy(update={"files": kept | fresh}), folder)


def _write_manifest(manifest: Manifest, folder: Path) -> None:
    with atomic_file(folder / MARKER) as part:
        part.write_text(tomli_w.dumps(manifest.model_dump()), encoding="utf-8")


def load_dataset(folder: Path) -> Dataset:
    """Read a data set written by ``save_dataset``, checking everything on the way.

    Raises ``DataError`` for a folder that is missing, is no data set, was written by a newer version, or whose files are
    missing, truncated, altered or inconsistent.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    for name in (INTERACTIONS, ITEMS, USERS, *manifest.files):
        _check_file(folder, name, manifest.files.get(name))
    users, items = (_read_ids(folder / name, kind) for name, kind in ((USERS, "user"), (ITEMS, "item")))
    _check_catalogue(items[1], str(folder / ITEMS))
    interactions = _read_interactions(folder / INTERACTIONS)
    paths = {name[len(FEATURES) + 1 : -len(".safetensors")]: folder / name for name in manifest.files if "/" in name}
    features = {name: _read_feature(path) for name, path in paths.items()}
    recipes = {name: recipe for name, path in paths.items() if (recipe := _read_recipe(path))}
    pictures = folder / IMAGES if (folder / IMAGES).is_dir() else None
    try:
        catalogue = Catalogue(items[0], items[1], features, recipes, pictures)
        dataset = Dataset(interactions, users[0], catalogue, manifest.info, users[1])
    except DataError as error:
        raise DataError(f"{folder} is not consistent: {error} {_AGAIN}") from None
    counts = {"interactions": len(dataset), "users": dataset.n_users, "items": dataset.n_items}
    if manifest.counts != counts:
        raise DataError(f"{folder / MARKER} announces {manifest.counts} but the files hold {counts}. {_AGAIN}")
    return dataset


def split_names(folder: Path) -> list[str]:
    """Names of the splits saved beside a data set, sorted."""
    home = Path(folder) / SPLITS
    return sorted(path.name for path in home.iterdir() if path.is_dir()) if home.is_dir() else []


def read_manifest(folder: Path) -> Manifest:
    """Read and check ``dataset.toml`` alone: name, flags and counts without loading the tables."""
    path = folder / MARKER
    if not folder.exists():
        raise DataError(f"there is no folder {folder}. Make one with: vitrina data import log.csv --out {folder}")
    if not path.is_file():
        hint = f"Make one with: vitrina data import log.csv --out {folder.with_suffix('') if folder.is_file() else folder}"
        raise DataError(f"{folder} is not a Vitrina data set (a folder with {MARKER}). {hint}")
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{path} cannot be read as TOML: {error}. {_AGAIN}") from None
    version = raw.get("format")
    if isinstance(version, int) and version > FORMAT:
        made_by = raw.get("vitrina", "unknown")
        raise DataError(
            f"{folder} was written by a newer Vitrina ({made_by}, format {version}); this one ({vitrina.__version__}) reads "
            f"formats up to {FORMAT}. Upgrade Vitrina, or import the data again with this version."
        )
    try:
        return Manifest.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise DataError(f"{path} is not as expected: {faults}. Correct these fields, or import the data again.") from None


def check_name(name: str, kind: str) -> None:
    """Refuse a ``name`` that is not a plain file name; raises ``DataError``."""
    if not _NAME.fullmatch(name):
        raise DataError(
            f"{kind} name {name!r} cannot be used for a file. Use letters, digits and . _ = + @ -, a letter or digit first."
        )


def unsafe_paths(paths: pl.Series) -> pl.Series:
    """Mark the paths that are absolute, climb out of their folder, or hide either behind other notations."""
    text = paths.cast(pl.String)
    climbs = text.str.contains(r"(^|[/\\])\.\.([/\\]|$)")
    absolute = text.str.contains(r"^([/\\~]|[A-Za-z]:)")
    return (climbs | absolute | text.str.contains(r"[\x00-\x1f]")).fill_null(False)


def lies_in(path: Path, folder: Path) -> bool:
    """Whether ``path``, with all links followed, lies below the resolved ``folder``; a link to itself lies nowhere."""
    try:
        return folder in path.resolve().parents
    except (OSError, RuntimeError):
        return False


def checksum(path: Path) -> str:
    """Return the BLAKE2b checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


_RECIPE = "recipe"  # key in the header of a feature's file
_AGAIN = "Restore it from a copy, or import the data again."


def _feature_file(name: str) -> str:
    return f"{FEATURES}/{name}.safetensors"


def _with_ids(vocabulary: Vocabulary, table: pl.DataFrame) -> pl.DataFrame:
    if "id" in table.columns:
        raise DataError(f"the table of {vocabulary.kind}s must not have an attribute named 'id'; rename it.")
    return vocabulary.ids.to_frame().hstack(table.get_columns())


def _check_file(folder: Path, name: str, expected: str | None) -> None:
    path = folder / name
    known = name in (INTERACTIONS, ITEMS, USERS) or re.fullmatch(rf"{FEATURES}/{_NAME.pattern}\.safetensors", name)
    if not known or expected is None:
        raise DataError(
            f"{folder / MARKER} must name {INTERACTIONS}, {ITEMS}, {USERS} and {FEATURES}/NAME.safetensors; got {name!r}."
        )
    if not path.is_file():
        raise DataError(f"{path} is missing. {_AGAIN}")
    if checksum(path) != expected:
        raise DataError(f"{path} is truncated or was altered: its checksum is not the one in {MARKER}. {_AGAIN}")


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, use_pyarrow=False, memory_map=False, hive_partitioning=False, glob=False)
    except (Exception, PanicException) as error:
        raise DataError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}. {_AGAIN}") from None


def _read_ids(path: Path, kind: str) -> tuple[Vocabulary, pl.DataFrame]:
    frame = _read_parquet(path)
    if frame.schema.get("id") != pl.String:
        raise DataError(f"{path} must have a text column 'id'; it has {dict(frame.schema)}. {_AGAIN}")
    _check_attributes(frame, str(path))
    try:
        return Vocabulary(frame["id"], kind), frame.drop("id") if frame.width > 1 else pl.DataFrame()
    except DataError as error:
        raise DataError(f"{path}: {error} {_AGAIN}") from None


def _check_attributes(table: pl.DataFrame, where: str) -> None:
    for name, dtype in table.schema.items():
        if not (dtype in (pl.String, pl.List(pl.String), pl.Boolean, pl.Null) or dtype.is_numeric()):
            raise DataError(f"{where}: column {name!r} is {dtype}; expected text, a list of texts or a number. Cast it first.")


def _check_catalogue(table: pl.DataFrame, where: str) -> None:
    _check_attributes(table, where)
    for name in table.columns:
        dtype = table.schema[name]
        fits = {**dict.fromkeys(_TEXT_COLUMNS, dtype == pl.String), **dict.fromkeys(_INTEGER_COLUMNS, dtype.is_integer())}
        fits[PRICE] = dtype.is_numeric()
        if not fits.get(name, True) and dtype != pl.Null:
            wanted = "text" if name in _TEXT_COLUMNS else "a number" if name == PRICE else "a whole number"
            raise DataError(f"{where}: column {name!r} must be {wanted}; it is {dtype}.")
    if table.schema.get("image") == pl.String:
        outside = table["image"].filter(unsafe_paths(table["image"]))
        if len(outside):
            raise DataError(
                f"{where}: {len(outside)} image path(s) leave the data folder, for example {outside[0]!r}. "
                "Image paths must be relative, without '..'."
            )


def _read_interactions(path: Path) -> pl.DataFrame:
    frame = _read_parquet(path)
    wrong = [f"{name} ({dtype})" for name, dtype in frame.schema.items() if SCHEMA.get(name) != dtype]
    lacking = {"user", "item"} - set(frame.columns)
    if wrong or lacking:
        expected = ", ".join(f"{name} ({dtype})" for name, dtype in SCHEMA.items())
        found = f"unexpected {', '.join(wrong)}" if wrong else f"no {' and no '.join(sorted(lacking))}"
        raise DataError(f"{path} has {found}; expected columns are {expected}. {_AGAIN}")
    if frame["user"].null_count() or frame["item"].null_count():
        raise DataError(f"{path} has rows without user or item. {_AGAIN}")
    return frame


def _write_feature(matrix: FeatureMatrix, path: Path, recipe: Recipe | None) -> None:
    path.parent.mkdir(exist_ok=True)
    if issparse(matrix):
        rows = csr_matrix(matrix)
        tensors = {
            "data": rows.data.astype(np.float32),
            "indices": rows.indices.astype(np.int64),
            "indptr": rows.indptr.astype(np.int64),
        }
        tensors["shape"] = np.array(rows.shape, np.int64)
    else:
        tensors = {"matrix": np.ascontiguousarray(matrix, np.float32)}
    try:
        save_file(tensors, path, None if recipe is None else {_RECIPE: recipe.model_dump_json()})
    except SafetensorError as error:
        raise OSError(errno.EIO, str(error)) from error
    shutil.copymode(path.parent.parent / ITEMS, path)  # safetensors would leave it readable by its owner alone


def _write_pictures(catalogue: Catalogue, folder: Path) -> None:
    """Put the catalogue's pictures under ``folder``, unless they lie there; missing ones stay missing."""
    home = catalogue.pictures
    if home is None or IMAGE not in catalogue.table.columns or home.resolve() == folder.resolve():
        return
    for path in catalogue.table[IMAGE].drop_nulls().unique(maintain_order=True):
        if path and (home / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link((home / path).resolve(), folder / path)
            except OSError:  # another disk, or one without links
                shutil.copyfile(home / path, folder / path)


def _read_feature(path: Path) -> FeatureMatrix:
    try:
        tensors = load_file(path)
        dense: FeatureMatrix | None = tensors.get("matrix")
        if dense is not None and dense.ndim == 2 and dense.dtype == np.float32:
            return dense
        rows = csr_matrix((tensors["data"], tensors["indices"], tensors["indptr"]), shape=tuple(tensors["shape"].tolist()))
        rows.check_format(full_check=True)
        if rows.dtype == np.float32:
            matrix: FeatureMatrix = rows
            return matrix
    except (SafetensorError, KeyError, ValueError, TypeError, OverflowError, MemoryError, OSError) as error:
        raise DataError(f"{path} does not hold a feature matrix: {error}. {_AGAIN}") from None
    raise DataError(f"{path} does not hold a float32 matrix. {_AGAIN}")


def _read_recipe(path: Path) -> Recipe | None:
    """Read how a feature was made from the header of its file, whose checksum was right."""
    try:
        with safe_open(path, "np") as file:
            text = (file.metadata() or {}).get(_RECIPE)
        return None if text is None else Recipe.model_validate_json(text)
    except (SafetensorError, OSError, ValidationError) as error:
        raise DataError(f"{path} does not say how it was made: {error}. {_AGAIN}") from None
