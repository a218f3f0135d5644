"""A folder of pictures -> the pictures of a catalogue: matched by its column ``image``, or by file names that are item ids.

Nothing is dropped in silence: items without a picture, pictures without an item and files that were refused are listed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import polars as pl

from vitrina.data.catalogue import IMAGE, Catalogue
from vitrina.data.importers.log_result import ImportResult, PictureMatch
from vitrina.data.storage import lies_in, unsafe_paths
from vitrina.errors import DataError

#: Ends of names of pictures, whatever their case; other files are not looked at.
SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".jp2", ".avif",
)  # fmt: skip

NO_PICTURE, NO_ITEM, REFUSED = "item without picture", "picture without item", "refused"
_SAID = {NO_PICTURE: "item(s) have no picture", NO_ITEM: "picture(s) belong to no item", REFUSED: "file(s) were refused"}
_SCHEMA = {"what": pl.String, "item": pl.String, "path": pl.String, "why": pl.String}


def add_pictures(result: ImportResult, folder: Path) -> ImportResult:
    """Return the import with its items' pictures, found in ``folder`` and the folders below it.

    An item's picture is the file that its column ``image`` names (a path in the folder, or only the file's name), else the one
    whose name without its end is the item's id; ends may be in any case. Links that lead out of the folder are refused. The
    column ``image`` then holds paths as they will be under ``images/``. Raises ``DataError`` when the folder is missing or holds
    no pictures, or when none of them belongs to an item.
    """
    folder = Path(folder)
    found = _find(folder)
    catalogue = result.dataset.catalogue
    ids = catalogue.items.ids.to_list()
    named = catalogue.table[IMAGE].cast(pl.String).to_list() if IMAGE in catalogue.table.columns else [None] * len(ids)
    taken = found.assign(ids, named)
    if not taken:
        example = next(iter(found.files))
        raise DataError(
            f"none of the {len(found.files):,} pictures in {folder} belongs to an item: the first is {example!r}, the first item "
            f"is {ids[0]!r}. Name files after item ids, or give the catalogue a column 'image' with their names."
        )
    images = pl.Series(IMAGE, [taken.get(code) for code in range(len(ids))], dtype=pl.String)
    table = catalogue.table.with_columns(images) if catalogue.table.width else images.to_frame()
    dataset = replace(result.dataset, catalogue=Catalogue(catalogue.items, table, catalogue.features, catalogue.recipes))
    match = PictureMatch(
        {path: found.files[path] for path in sorted(set(taken.values()))}, found.report(ids, named, taken), len(taken)
    )
    warnings = [*result.warnings, *_warnings(match, folder)]
    return replace(result, dataset=dataset, pictures=match, warnings=warnings)


@dataclass
class _Found:
    """The pictures of a folder: ``files`` maps their paths inside it to where they are; ``refused`` to the reason."""

    files: dict[str, Path] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def assign(self, ids: list[str], named: list[str | None]) -> dict[int, str]:
        """Return the path of each item that has a picture, by its code."""
        exact, folded, names = self._by(lambda p: p), self._by(str.casefold), self._by(lambda p: PurePosixPath(p).name.casefold())
        stems = self._by(lambda p: PurePosixPath(p).stem)
        taken: dict[int, str] = {}
        for code, (item, name) in enumerate(zip(ids, named, strict=True)):
            wanted = None if name is None else name.replace("\\", "/").removeprefix("./")
            places = [] if wanted is None else [
                exact.get(wanted), folded.get(wanted.casefold()), names.get(PurePosixPath(wanted).name.casefold())
            ]  # fmt: skip
            path = next((p[0] for p in (*places, stems.get(item)) if p), None)
            if path is not None:
                taken[code] = path
        return taken

    def _by(self, key: Callable[[str], str]) -> dict[str, list[str]]:
        """The paths by what ``key`` makes of them."""
        groups: dict[str, list[str]] = {}
        for path in self.files:
            groups.setdefault(key(path), []).append(path)
        return groups

    def report(self, ids: list[str], named: list[str | None], taken: Mapping[int, str]) -> pl.DataFrame:
        """List what did not match, and why."""
        rows: list[tuple[str, str | None, str | None, str]] = []
        for code, (item, name) in enumerate(zip(ids, named, strict=True)):
            if code not in taken:
                why = f"there is no picture {name!r}, and none is" if name is not None else "no picture is"
                rows.append((NO_PICTURE, item, name, f"{why} called {item}.*"))
        used = set(taken.values())
        stems = {PurePosixPath(path).stem for path in used}
        for path in self.files:
            if path not in used:
                again = PurePosixPath(path).stem in stems
                rows.append((NO_ITEM, None, path, "another picture of that name is used" if again else "no item is called so"))
        rows += [(REFUSED, None, path, why) for path, why in self.refused.items()]
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _find(folder: Path) -> _Found:
    """Look through a folder, in the order of names; linked folders are not entered."""
    if not folder.is_dir():
        raise DataError(f"there is no folder of pictures {folder}. --images names the folder in which the files lie.")
    home, found = folder.resolve(), _Found()
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted([*files, *(f for f in folders if (Path(place) / f).is_symlink())]):
            path = Path(place) / name
            inside = path.relative_to(folder).as_posix()
            if why := _fault(path, inside, home):
                found.refused[inside.encode("utf-8", "backslashreplace").decode()] = why
            elif path.is_file() and path.suffix.casefold() in SUFFIXES:
                found.files[inside] = path
    if not found.files:
        raise DataError(f"{folder} holds no pictures (files that end with {', '.join(SUFFIXES[:6])} and the like).")
    return found


def _fault(path: Path, inside: str, home: Path) -> str:
    if path.is_symlink():
        if not lies_in(path, home):
            return "it is a link out of the folder"
        if path.is_dir():
            return "it is a link to a folder, which is looked at in its own place"
    try:
        inside.encode()
    except UnicodeEncodeError:
        return "its name is no valid text"
    return "its name cannot be used in a data set" if unsafe_paths(pl.Series([inside]))[0] else ""


def _warnings(match: PictureMatch, folder: Path) -> list[str]:
    """Say what did not match: counts and the first few."""
    said = []
    for what, one in _SAID.items():
        rows = match.unmatched.filter(pl.col("what") == what)
        if rows.height:
            column = "item" if what == NO_PICTURE else "path"
            first = ", ".join(repr(name) for name in rows[column].head(3))
            said.append(f"{folder}: {rows.height:,} {one} (first {first}).")
    return said
