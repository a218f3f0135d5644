"""Splits on disk: a folder with ``split.toml`` (what it is), ``labels.parquet`` and the candidates, if any."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import tomli_w
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.files import atomic_folder, write_parquet
from vitrina.data.ragged import Ragged
from vitrina.data.splits import replay
from vitrina.data.splits.inventory import Inventory
from vitrina.data.splits.split import Candidates, Label, Split
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError

MARKER = "split.toml"
_FORMAT = 1


def save_split(split: Split, folder: Path, *, overwrite: bool = False) -> None:
    """Write ``split`` to ``folder``, whole or not at all. An existing split is replaced only with ``overwrite``.

    The settings are kept as JSON text, so that nothing (such as null) is lost and the hash stays the same.
    """
    described = split.describe()
    about: dict[str, Any] = {
        "format": _FORMAT,
        "protocol": split.protocol,
        "settings": json.dumps(dict(split.settings), sort_keys=True, default=str),
        "seed": split.seed,
        "hash": split.hash,
        "events": described["events"],
        "test_users": described["test_users"],
        "dataset": {"name": split.dataset.info.name, "fingerprint": split.dataset.fingerprint, **_facts(split.dataset)},
    }
    ranked = {name: candidates for name, candidates in split.candidates.items() if candidates is not None}
    if ranked:
        about["candidates"] = {name: _kind(candidates) for name, candidates in ranked.items()}
        about["codes"] = {"users": _order(split.dataset.users), "items": _order(split.dataset.items)}
    with atomic_folder(folder, marker=MARKER, overwrite=overwrite) as part:
        write_parquet(pl.DataFrame({"label": split.labels}), part / "labels.parquet")
        for name, candidates in ranked.items():
            write_parquet(_frame(candidates), part / f"candidates-{name}.parquet")
        (part / MARKER).write_text(tomli_w.dumps(about), encoding="utf-8")


def load_split(folder: Path, dataset: Dataset) -> Split:
    """Read a split of ``dataset`` (before or after ``positives()``) and verify it.

    Raises ``DataError`` when the folder is no split, is damaged or newer than this version, when the data set is not the
    one that was split (saying what differs), or when labels, settings or candidates no longer match the hash.
    """
    about = _read_about(folder)
    try:
        dataset = _same_dataset(dataset, about, folder)
        split = Split(
            dataset,
            _read_labels(folder, len(dataset)),
            str(about["protocol"]),
            json.loads(about["settings"]),
            int(about["seed"]),
            {name: _read_candidates(folder, name, kind, dataset.n_items) for name, kind in about.get("candidates", {}).items()},
        )
        saved_hash = str(about["hash"])
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise DataError(f"{folder / MARKER} is damaged ({error!r}). Make the split again.") from None
    if split.hash != saved_hash:
        raise DataError(
            f"the split in {folder} was altered after it was saved: its labels, settings or candidates give hash {split.hash}, "
            f"saved was {saved_hash}. Make the split again."
        )
    return split


def _facts(dataset: Dataset) -> dict[str, Any]:
    """What is compared, in this order, to say how two data sets differ."""
    return {
        "events": len(dataset),
        "users": dataset.n_users,
        "items": dataset.n_items,
        "timestamps": dataset.has_times,
        "repeats": dataset.info.repeats,
    }


def _same_dataset(dataset: Dataset, about: dict[str, Any], folder: Path) -> Dataset:
    """Return the positive events of ``dataset`` if they are those that were split; else raise, saying what differs."""
    saved = about["dataset"]
    if dataset.fingerprint != saved["fingerprint"]:
        dataset = _split_events(dataset, about)
    found = _facts(dataset)
    different = [f"{name} was {saved[name]}, is {found[name]}" for name in found if saved[name] != found[name]]
    if dataset.fingerprint != saved["fingerprint"] and not different:
        different = ["the events themselves or their order (fingerprint)"]
    for name, vocabulary in (("users", dataset.users), ("items", dataset.items)):
        if not different and "codes" in about and about["codes"][name] != _order(vocabulary):
            different = [f"the order of the {name} (the saved candidates count on it)"]
    if different:
        raise DataError(
            f"the split in {folder} belongs to another data set ({saved['name']!r}; given {dataset.info.name!r}). "
            f"Different: {'; '.join(different)}. Load the data set that was split, or make a new split."
        )
    return dataset


def _split_events(dataset: Dataset, about: dict[str, Any]) -> Dataset:
    """The events that a protocol takes from a data set: the purchases of a replay, the positive ones of all others."""
    condition = json.loads(about["settings"]).get("events") if about["protocol"] == replay.NAME else None
    if condition and condition != replay.POSITIVE:
        dataset = replace(dataset, info=dataset.info.model_copy(update={"positive": condition}))
    return dataset.positives()


def _order(vocabulary: Vocabulary) -> str:
    """A short hash of a vocabulary in its order."""
    return hashlib.blake2b(vocabulary.keys.tobytes(), digest_size=8).hexdigest()


def _kind(candidates: NDArray[np.int32] | Ragged | Inventory) -> str:
    if isinstance(candidates, Inventory):
        return "in time"
    return "per query" if isinstance(candidates, Ragged) else "shared"


def _frame(candidates: NDArray[np.int32] | Ragged | Inventory) -> pl.DataFrame:
    if isinstance(candidates, Inventory):
        return pl.DataFrame({"item": candidates.items, "start": candidates.start, "stop": candidates.stop})
    if isinstance(candidates, Ragged):
        lists = pa.LargeListArray.from_arrays(pa.array(candidates.offsets), pa.array(candidates.values))
        return pl.DataFrame({"items": pl.Series(pl.from_arrow(lists))})
    return pl.DataFrame({"item": candidates})


def _read_about(folder: Path) -> dict[str, Any]:
    try:
        about = tomllib.loads((folder / MARKER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{folder} is no saved split: it has no {MARKER}.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{folder / MARKER} cannot be read ({error}). Make the split again.") from None
    if about.get("format") != _FORMAT:
        raise DataError(
            f"{folder / MARKER} has format {about.get('format')!r}; this version reads {_FORMAT}. Upgrade Vitrina or split again."
        )
    return about


def _read_table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing. Make the split again.") from None
    except Exception as error:  # Polars raises many kinds for a damaged file
        raise DataError(f"{path} cannot be read ({error}). Make the split again.") from None


def _read_labels(folder: Path, n_events: int) -> NDArray[np.uint8]:
    table = _read_table(folder / "labels.parquet")
    if table.schema != {"label": pl.UInt8} or table.height != n_events or table["label"].null_count():
        raise DataError(f"{folder / 'labels.parquet'} does not hold one label for each of {n_events:,} events. Split again.")
    labels: NDArray[np.uint8] = table["label"].to_numpy()
    if labels.max(initial=0) > max(Label):
        raise DataError(f"{folder / 'labels.parquet'} has labels unknown to this version. Upgrade Vitrina or split again.")
    return labels


def _read_candidates(folder: Path, name: str, kind: str, n_items: int) -> Candidates:
    path = folder / f"candidates-{Path(name).name}.parquet"
    table = _read_table(path)
    if kind == "shared" and table.schema == {"item": pl.Int32}:
        items: NDArray[np.int32] = table["item"].to_numpy()
        return items
    if kind == "in time" and table.schema == {"item": pl.Int32, "start": pl.Int64, "stop": pl.Int64}:
        columns = [table[column].to_numpy() for column in table.columns]
        if not table.null_count().sum_horizontal()[0] and ((columns[0] >= 0) & (columns[0] < n_items)).all():
            return Inventory(n_items, *columns)
    if kind == "per query" and table.schema == {"items": pl.List(pl.Int32)}:
        lists = table["items"]
        offsets = np.concatenate([[0], np.cumsum(lists.list.len().to_numpy())]).astype(np.int64)
        return Ragged(offsets, lists.to_arrow().flatten().to_numpy())
    raise DataError(f"{path} is not a table of {kind} candidates. Make the split again.")
