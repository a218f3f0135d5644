"""The simulated gallery with the pictures of its works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from vitrina.data.catalogue import IMAGE
from vitrina.data.dataset import Dataset
from vitrina.data.files import atomic_folder
from vitrina.data.gallery.simulation import draw_world, simulate
from vitrina.data.storage import IMAGES, MARKER, write_dataset

if TYPE_CHECKING:
    from vitrina.data.gallery.drawing.folder import Progress

_OF_WORLD = ("n_users", "n_works", "n_artists", "days", "hands")


def gallery_with_pictures(
    seed: int = 0, folder: Path = Path("pictures"), *, progress: Progress | None = None, processes: bool = False, **settings: Any
) -> Dataset:
    """Simulate a gallery (``settings`` as for ``simulate``) and draw its works into ``folder``.

    Returns the data set whose catalogue has the column ``image`` and knows that ``folder``. For ``progress`` and
    ``processes`` see ``draw_pictures``; raises what ``simulate`` and ``draw_pictures`` raise.
    """
    from vitrina.data.gallery.drawing.folder import draw_pictures

    dataset = simulate(seed, **settings)
    world = draw_world(seed, **{name: value for name, value in settings.items() if name in _OF_WORLD})
    ids = dataset.items.ids.to_list()
    draw_pictures(world, Path(folder), ids=ids, progress=progress, processes=processes)
    table = dataset.catalogue.table.with_columns(pl.Series(IMAGE, [f"{name}.jpg" for name in ids]))
    return replace(dataset, catalogue=replace(dataset.catalogue, table=table, pictures=Path(folder)))


def save_gallery(
    folder: Path, seed: int = 0, *, progress: Progress | None = None, processes: bool = False, **settings: Any
) -> Dataset:
    """Simulate a gallery and save it with its pictures, which are drawn where they are to lie: all of it or nothing.

    Arguments as for ``gallery_with_pictures``; raises what that raises, and ``DataError`` when ``folder`` is taken.
    """
    with atomic_folder(folder, marker=MARKER) as part:
        dataset = gallery_with_pictures(seed, part / IMAGES, progress=progress, processes=processes, **settings)
        write_dataset(dataset, part)
    return replace(dataset, catalogue=replace(dataset.catalogue, pictures=folder / IMAGES))
