"""Data sets by name or folder: where they are, how they are fetched, and that they are what they should be.

A name is looked for in the folder that ``VITRINA_DATA`` names, then in Vitrina's cache (``VITRINA_HOME``). Imports take
well under a second for a million events, so only the owners' files are kept.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from vitrina.data.archive import safe_extract
from vitrina.data.dataset import Dataset
from vitrina.data.download import download
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.layouts import read_layout, recognise
from vitrina.data.public import DEMO, PUBLIC, Counts, KnownDataset
from vitrina.data.splits.split import Split
from vitrina.errors import DataError, unknown

__all__ = [
    "Counts",
    "KnownDataset",
    "cache_folder",
    "find",
    "get",
    "known_datasets",
    "locate",
    "open_dataset",
    "open_split",
]

DEMO_SEED = 0

_HINT = "A data set is a folder, or one of those that `vitrina data list` shows."

#: Called with the file's name, the bytes at hand and the total (or None where it is not known); while the simulated gallery
#: is drawn, with "pictures", those done and those in all.
Progress = Callable[[str, int, int | None], None]


def known_datasets() -> list[KnownDataset]:
    """Return all known data sets, the simulated one first."""
    return [DEMO, *PUBLIC]


def find(name: str) -> KnownDataset:
    """Return the known data set called ``name``; raises ``UnknownNameError`` with the nearest name."""
    for entry in known_datasets():
        if entry.name == name:
            return entry
    raise unknown("data set", name, [e.name for e in known_datasets()], _HINT)


def cache_folder() -> Path:
    """Return ``VITRINA_HOME``, or the platform's folder for caches."""
    if home := os.environ.get("VITRINA_HOME"):
        return Path(home)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "vitrina"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "vitrina"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vitrina"


def locate(name: str) -> Path | None:
    """Return the folder that holds a known data set on this machine, or None; for the simulated one always None."""
    entry = find(name)
    given = os.environ.get("VITRINA_DATA")
    for folder in ([Path(given) / name] if given else []) + [_cached(name)]:
        if folder.is_dir() and recognise(folder) in entry.layouts:
            return folder
    return None


def get(name: str, *, out: Path | None = None, progress: Progress | None = None, processes: bool = False) -> Imported:
    """Return a known data set with its published splits, downloading it from its owner if it is not at hand.

    With ``out`` it is also saved there as a Vitrina data set; the simulated gallery then has its pictures, which are drawn
    by ``processes`` or threads as for ``draw_pictures``. Raises ``UnknownNameError``, ``DataError`` when it cannot
    be fetched or is not what it should be, ``VitrinaError`` when ``out`` cannot be written.
    """
    entry = find(name)
    if entry.simulated and out is not None:
        return _drawn(Path(out), progress, processes)
    if not entry.simulated and locate(name) is None:
        _fetch(entry, progress)
    imported = _open_known(entry)
    if out is not None:
        from vitrina.data.storage import save_dataset

        save_dataset(imported.dataset, out, splits=imported.splits)
    return imported


def open_dataset(name_or_folder: str | Path) -> Dataset:
    """Return the data set that a DATA argument means: a folder (saved by Vitrina or in a known layout) or a known name.

    Raises ``DataError`` or ``UnknownNameError``, saying what to do.
    """
    return _open(name_or_folder).dataset


def open_split(name_or_folder: str | Path, split_name: str) -> Split:
    """Return a published split of a data set; raises ``UnknownNameError`` with the nearest name when it has none such."""
    folder = Path(name_or_folder)
    if _is_saved(folder):
        from vitrina.data.splits.storage import load_split
        from vitrina.data.storage import SPLITS, load_dataset, split_names

        if split_name in split_names(folder):
            return load_split(folder / SPLITS / split_name, load_dataset(folder))
        raise unknown("split", split_name, split_names(folder), f"{folder} has no such split.")
    splits = _open(name_or_folder).splits
    if split_name not in splits:
        raise unknown("split", split_name, splits, f"{name_or_folder} has {len(splits)} published splits.")
    return splits[split_name]


def _open(name_or_folder: str | Path) -> Imported:
    folder = Path(name_or_folder)
    if _is_saved(folder):
        from vitrina.data.storage import load_dataset

        return Imported(load_dataset(folder))
    names = [entry.name for entry in known_datasets()]
    is_name = isinstance(name_or_folder, str) and name_or_folder in names
    if folder.is_dir() and not (is_name and recognise(folder) is None):
        return _described(read_layout(folder), recognise(folder))
    if is_name:
        return _open_known(find(str(name_or_folder)))
    if isinstance(name_or_folder, Path) or len(folder.parts) > 1 or folder.exists():
        raise DataError(f"there is no data folder {folder}. Make one with: vitrina data import log.csv --out {folder}")
    raise unknown("data set", str(folder), names, _HINT)


def _is_saved(folder: Path) -> bool:
    from vitrina.data.storage import MARKER

    return (folder / MARKER).is_file()


def _open_known(entry: KnownDataset) -> Imported:
    if entry.simulated:
        from vitrina.data.gallery import simulate

        return Imported(simulate(DEMO_SEED))
    folder = locate(entry.name)
    if folder is None:
        raise _absent(entry)
    return _checked(entry, folder)


def _drawn(out: Path, progress: Progress | None, processes: bool) -> Imported:
    """Save the simulated gallery with its pictures."""
    from vitrina.data.gallery import save_gallery

    told = (lambda done, total: progress("pictures", done, total)) if progress else None
    return Imported(save_gallery(out, DEMO_SEED, progress=told, processes=processes))


def _absent(entry: KnownDataset) -> DataError:
    place = f"place its files in the folder {entry.name} under the one that VITRINA_DATA names"
    if entry.sources:
        return DataError(f"{entry.name} is not on this machine. Get it with: vitrina data get {entry.name}; or {place}.")
    return DataError(f"{entry.name} is not on this machine and has no public address. If you have it, {place}.")


def _checked(entry: KnownDataset, folder: Path) -> Imported:
    """Import ``folder`` and compare its counts with those of a complete copy."""
    imported = read_layout(folder)
    found = _counts(imported.dataset)
    if found not in entry.counts:
        expected = ", or ".join(map(str, entry.counts))
        raise DataError(f"{folder} is not {entry.name}: it has {found}; expected {expected}. Get it again, or move it away.")
    return _as(entry, imported)


def _described(imported: Imported, layout: str | None) -> Imported:
    """Give a folder in a known layout the name and terms of the known data set that it is a copy of, if any."""
    found = _counts(imported.dataset)
    same = [entry for entry in PUBLIC if layout in entry.layouts and found in entry.counts]
    return _as(same[0], imported) if same else imported


def _as(entry: KnownDataset, imported: Imported) -> Imported:
    terms = f"{entry.terms} {entry.terms_url}".strip()
    source = entry.sources[0].url if entry.sources else ""
    return imported.described(name=entry.name, title=entry.title, positive=entry.positive, terms=terms, source=source)


def _counts(dataset: Dataset) -> Counts:
    return Counts(dataset.n_users, dataset.n_items, len(dataset))


def _cached(name: str) -> Path:
    return cache_folder() / "data" / name


def _fetch(entry: KnownDataset, progress: Progress | None) -> None:
    """Download into a hidden folder, which becomes the data set's folder once its counts are right.

    A download that was cut stays in the hidden folder, and a later call goes on from there; a wrong one is removed.
    """
    if not entry.sources:
        raise _absent(entry)
    home = _cached(entry.name)
    if home.exists():
        raise DataError(f"{home} exists but does not hold {entry.name}. Move it away, then get it again.")
    begun = home.with_name(f".{entry.name}.part")
    content = begun / "content"
    for source in entry.sources:
        file = source.url.rpartition("/")[2]
        target = content / source.path if source.path else begun / file
        told = (lambda done, total, file=file: progress(file, done, total)) if progress else None
        download(source.url, target, size=source.size, checksum=source.checksum, progress=told)
    try:
        for archive in begun.glob("*.zip"):
            shutil.rmtree(content, ignore_errors=True)
            safe_extract(archive, content)
        _checked(entry, content)
    except DataError:
        shutil.rmtree(begun, ignore_errors=True)
        raise
    content.rename(home)
    shutil.rmtree(begun, ignore_errors=True)
