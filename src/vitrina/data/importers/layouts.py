"""Which importer reads a folder: every published layout, recognised by its file names."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from vitrina.data.importers import (
    baskets,
    citeulike,
    hetrec,
    movielens,
    ncf,
    netflix,
    preferences,
    recbole,
    sequences,
    taste_profile,
)
from vitrina.data.importers.imported import Imported
from vitrina.errors import DataError

LAYOUTS: dict[str, ModuleType] = {
    "movielens": movielens,
    "ncf": ncf,
    "recbole": recbole,
    "citeulike": citeulike,
    "hetrec": hetrec,
    "sequences": sequences,
    "baskets": baskets,
    "preferences": preferences,
    "netflix": netflix,
    "taste-profile": taste_profile,
}


def recognise(folder: Path) -> str | None:
    """Return the name of the layout that ``folder`` is in, or None."""
    return next((name for name, importer in LAYOUTS.items() if importer.recognises(folder)), None)


def read_layout(folder: Path) -> Imported:
    """Read a folder in any of the layouts; raises ``DataError`` when it is in none, or when its files are faulty."""
    layout = recognise(folder)
    if layout is None:
        raise DataError(
            f"{folder} is neither a Vitrina data set nor in a known layout ({', '.join(LAYOUTS)}). "
            "Make a data set of your own log with: vitrina data import log.csv --out FOLDER"
        )
    imported: Imported = LAYOUTS[layout].read(folder)
    return imported
