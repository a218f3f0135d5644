"""Models on disk: a JSON manifest and safetensors. Loading never executes anything, and nothing is pickled.

A folder: ``manifest.json`` (format, model, settings, what each array is, checksums), ``state.safetensors`` (what ``fit``
learned), ``items.parquet`` (ids and catalogue), and, where there are such, ``histories.parquet`` (known users),
``measures.safetensors`` (the measured look of pictures, for explanations) and ``features/networks/`` (weights that the model's
features were made with, for pictures that come later).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix, issparse

from vitrina import __version__
from vitrina.data.catalogue import IMAGE, Catalogue, Recipe
from vitrina.data.dataset import DatasetInfo
from vitrina.data.files import atomic_folder, write_parquet, write_text
from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.data.storage import FEATURES, NETWORKS, checksum, unsafe_paths
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import ModelFileError
from vitrina.models.base import Recommender
from vitrina.models.combine.parts import parse_part
from vitrina.models.likeness import EVF
from vitrina.models.registry import in_words, make
from vitrina.models.trained import Trained
from vitrina.ranking.rank import rank

FORMAT = 1
_PARTS = "parts_"  # the attribute of a model that is made of others: text -> model
MANIFEST, _STATE, _ITEMS, _HISTORIES = "manifest.json", "state.safetensors", "items.parquet", "histories.parquet"
_MEASURES = "measures.safetensors"


def save_trained(trained: Trained, folder: Path, *, overwrite: bool = False, histories: bool = True) -> None:
    """Write a trained model so that it recommends without its training data.

    ``histories=False`` leaves the known users out: then only histories given with the request can be served.
    """
    with atomic_folder(folder, marker=MANIFEST, overwrite=overwrite) as part:
        arrays, numbers, parts = _state(trained.model)
        if trained.popularity is not None:
            arrays["popularity"] = trained.popularity
        _write_state(arrays, part / _STATE)
        items = pl.concat([trained.catalogue.items.ids.to_frame(), trained.catalogue.table], how="horizontal")
        write_parquet(items, part / _ITEMS)
        if histories and trained.users is not None and trained.histories is not None:
            _write_histories(trained.users, trained.histories, part / _HISTORIES)
        measures = {name: recipe for name, recipe in trained.catalogue.recipes.items() if recipe.source == EVF}
        if measures:
            save_file({name: np.asarray(trained.catalogue.features[name], np.float32) for name in measures}, part / _MEASURES)
        manifest = {
            "format": FORMAT,
            "vitrina": __version__,
            "model": trained.model.name,
            "settings": trained.model.settings,
            "arrays": _described(arrays),
            "numbers": numbers,
            "parts": parts,
            "dataset": trained.info.model_dump(),
            "provenance": dict(trained.provenance),
            "recipes": {name: recipe.model_dump() for name, recipe in trained.recipes.items()},
            "measures": {name: recipe.model_dump() for name, recipe in measures.items()},
            "pictures": None if trained.catalogue.pictures is None else str(trained.catalogue.pictures.resolve()),
            "checksums": {f.name: checksum(f) for f in sorted(part.iterdir())},
        }
        _keep_networks(trained, part)
        write_text(part / MANIFEST, json.dumps(manifest, indent=2))


def load_trained(folder: Path) -> Trained:
    """Read a trained model; raises ``ModelFileError`` when it is missing, truncated, altered or from a newer version.

    A hostile folder can make it recommend nonsense, but not run code or read outside its arrays: names, sizes and codes are
    checked, and the model is asked once before it is handed out.
    """
    manifest = _manifest(folder)
    for name, expected in manifest["checksums"].items():
        path = folder / Path(name).name
        if not path.is_file():
            raise ModelFileError(f"{folder} is incomplete: {path.name} is missing. Fit and save the model again.")
        if checksum(path) != expected:
            raise ModelFileError(f"{path} is truncated or was altered since it was saved. Fit and save the model again.")
    try:
        arrays = load_file(folder / _STATE)
        items = pl.read_parquet(folder / _ITEMS)
        if manifest["arrays"] != _described(arrays):
            raise ValueError(f"{_STATE} holds {_described(arrays)}, but {MANIFEST} says {manifest['arrays']}")
        model = make(manifest["model"], **manifest["settings"])
        popularity = arrays.pop("popularity", None)
        _restore(model, arrays, manifest["numbers"], manifest.get("parts", {}))
        measures = load_file(folder / _MEASURES) if _MEASURES in manifest["checksums"] else {}
        pictures = manifest.get("pictures")
        users, histories = _read_histories(folder / _HISTORIES) if _HISTORIES in manifest["checksums"] else (None, None)
        trained = Trained(
            model=model,
            catalogue=Catalogue(
                Vocabulary(items["id"], "item"),
                items.drop("id"),
                {name: _matrix(matrix) for name, matrix in measures.items()},
                {name: Recipe(**recipe) for name, recipe in manifest.get("measures", {}).items()},
                None if pictures is None else Path(str(pictures)),
            ),
            info=DatasetInfo(**manifest["dataset"]),
            users=users,
            histories=histories,
            popularity=popularity,
            recipes={str(name): Recipe(**recipe) for name, recipe in manifest.get("recipes", {}).items()},
            provenance=manifest["provenance"],
        )
        _check(trained)
        return trained
    except (
        SafetensorError, pl.exceptions.PolarsError, AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError,
    ) as error:  # fmt: skip
        reason = in_words(error) if isinstance(error, ValidationError) else str(error).rstrip(".")
        raise ModelFileError(f"{folder} cannot be read as a model: {reason}. Fit and save the model again.") from None


def _keep_networks(trained: Trained, folder: Path) -> None:
    """Take along the weights that made the model's features, as they lie beside those of the data set, where they are there.

    Networks with a public address are left where they are: they can be had again.
    """
    pictures = trained.catalogue.pictures
    if pictures is None:
        return
    kept = pictures.parent / FEATURES / NETWORKS
    wanted = {recipe.checksum for recipe in trained.recipes.values() if recipe.source in ("autoencoder", "network")}
    for path in sorted(kept.glob("*")) if kept.is_dir() and wanted else []:
        if path.is_file() and checksum(path) in wanted:
            (folder / FEATURES / NETWORKS).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / FEATURES / NETWORKS / path.name)


def _matrix(matrix: NDArray[Any]) -> NDArray[np.float32]:
    if matrix.ndim != 2 or matrix.dtype != np.float32:
        raise ValueError(f"{_MEASURES} must hold float32 matrices, not {matrix.dtype} {list(matrix.shape)}")
    return matrix


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelFileError(
            f"no model at {folder} (there is no {MANIFEST}). Make one with: vitrina fit MODEL DATA --out {folder}"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = int(manifest["format"])
        checksums = manifest["checksums"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged: {error}. Fit and save the model again.") from None
    if version > FORMAT:
        raise ModelFileError(
            f"{folder} was saved by Vitrina {manifest.get('vitrina')} in format {version}; this is Vitrina {__version__}, "
            f"which reads formats up to {FORMAT}. Upgrade Vitrina, or fit the model again."
        )
    if not isinstance(checksums, dict) or not {_STATE, _ITEMS} <= set(checksums):
        raise ModelFileError(f"{path} is damaged: it does not list its files. Fit and save the model again.")
    return dict(manifest)


def _state(model: Recommender) -> tuple[dict[str, NDArray[Any]], dict[str, Any], dict[str, Any]]:
    """Split the fitted attributes (those that end with an underscore) into arrays, plain numbers and the model's parts.

    The arrays of the n-th part lie among the others as ``n:NAME``; of each part the numbers, and its own parts, are told.
    """
    arrays: dict[str, NDArray[Any]] = {}
    numbers: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for name, value in vars(model).items():
        if not _is_learned(name):
            continue
        if name == _PARTS:
            for n, (text, part) in enumerate(value.items()):
                of_part, its_numbers, its_parts = _state(part)
                arrays |= {f"{n}:{key}": array for key, array in of_part.items()}
                parts[text] = {"numbers": its_numbers, "parts": its_parts}
        elif issparse(value):
            matrix = csr_matrix(value)  # type: ignore[call-overload]
            arrays |= {f"{name}/data": matrix.data, f"{name}/indices": matrix.indices, f"{name}/indptr": matrix.indptr}
            arrays[f"{name}/shape"] = np.array(matrix.shape, np.int64)
        elif isinstance(value, np.ndarray):
            arrays[name] = np.ascontiguousarray(value)
        else:
            numbers[name] = value.item() if isinstance(value, np.generic) else value
    return arrays, numbers, parts


def _described(arrays: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """Say what each array is: its type and size."""
    return {name: f"{array.dtype} {list(array.shape)}" for name, array in sorted(arrays.items())}


def _restore(
    model: Recommender, arrays: Mapping[str, NDArray[Any]], numbers: Mapping[str, Any], parts: Mapping[str, Any]
) -> None:
    """Give the model what ``fit`` learned; sparse matrices are checked, since compiled code trusts their indices."""
    own = {name: value for name, value in arrays.items() if ":" not in name}
    learned = {name: value for name, value in own.items() if "/" not in name} | dict(numbers)
    for name in {name.split("/")[0] for name in own if "/" in name}:
        of_matrix = (own[f"{name}/data"], own[f"{name}/indices"], own[f"{name}/indptr"])
        learned[name] = csr_matrix(of_matrix, shape=tuple(own[f"{name}/shape"].tolist()))
        learned[name].check_format(full_check=True)
    if parts:
        learned[_PARTS] = _restored_parts(model, arrays, parts)
    for name, value in learned.items():
        if not _is_learned(name):
            raise ValueError(f"{name!r} is not something a model learns")
        setattr(model, name, value)


def _restored_parts(model: Recommender, arrays: Mapping[str, NDArray[Any]], parts: Mapping[str, Any]) -> dict[str, Recommender]:
    """Build the parts that the model's own settings name, and no others."""
    named = list(model.settings.get("parts", ()))
    if list(parts) != named:
        raise ValueError(f"{MANIFEST} holds the parts {list(parts)}, but the settings name {named}")
    restored = {}
    for n, text in enumerate(named):
        restored[text] = parse_part(text).make()
        mine = {key.partition(":")[2]: array for key, array in arrays.items() if key.partition(":")[0] == str(n)}
        _restore(restored[text], mine, parts[text]["numbers"], parts[text]["parts"])
    return restored


def _is_learned(attribute: str) -> bool:
    return attribute.endswith("_") and not attribute.startswith("_")


def _check(trained: Trained) -> None:
    """Refuse parts that do not fit together; a question about the last item meets every size."""
    n_items = len(trained.catalogue)
    popularity, histories, table = trained.popularity, trained.histories, trained.catalogue.table
    if IMAGE in table.columns and unsafe_paths(table[IMAGE]).any():
        raise ValueError("image paths leave the folder of the pictures")
    if popularity is not None and (popularity.shape != (n_items,) or popularity.dtype != np.float32):
        raise ValueError(f"popularity must hold {n_items} float32 numbers")
    if histories is not None and not ((histories.values >= 0) & (histories.values < n_items)).all():
        raise ValueError("the histories name items that the catalogue lacks")
    question = Queries.from_lists([[], [n_items - 1]], trained.catalogue.items.keys)
    for _ in rank(trained.model, question, 1, item_keys=trained.catalogue.items.keys):
        pass


def _write_state(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    path.touch()
    mode = path.stat().st_mode
    try:
        save_file(dict(arrays), path)
    except SafetensorError as error:  # how a full disk is reported
        raise OSError(str(error)) from error
    path.chmod(mode)  # safetensors would leave it readable by its owner alone


def _write_histories(users: Vocabulary, histories: Ragged, path: Path) -> None:
    items = pl.Series(histories.values)
    lengths = pl.Series(histories.lengths)
    rows = pl.DataFrame({"user": np.repeat(np.arange(len(users)), lengths), "item": items})
    listed = rows.group_by("user", maintain_order=True).agg("item")
    table = pl.DataFrame({"user": np.arange(len(users)), "id": users.ids}).join(listed, on="user", how="left")
    write_parquet(table.select("id", pl.col("item").fill_null([])), path)


def _read_histories(path: Path) -> tuple[Vocabulary, Ragged]:
    table = pl.read_parquet(path)
    lengths = table["item"].list.len().to_numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    items = table["item"].explode().drop_nulls().cast(pl.Int32).to_numpy()
    return Vocabulary(table["id"], "user"), Ragged(offsets, items)
