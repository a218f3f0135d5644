"""What a report says beyond the usual when a gallery was compared."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vitrina.data.catalogue import NETWORK
from vitrina.data.dataset import Dataset
from vitrina.report.contract import Results
from vitrina.report.gallery.attributes import attribute_rows
from vitrina.report.gallery.explained import explained
from vitrina.report.gallery.shelves import sessions
from vitrina.report.gallery.study_tables import study_tables

if TYPE_CHECKING:
    from vitrina.report.map.work_map import WorkMap

_WIDTH = 900  # pixels of the map on the page; the picture has twice as many


@dataclass(frozen=True)
class DrawnMap:
    """The map of all works, as a data URI."""

    headline: str
    caption: str
    picture: str


def gallery(results: Results, dataset: Dataset | None) -> dict[str, Any]:
    """Return the context of the sections on the study, its sessions, the map and the network; empty parts are left out."""
    tables = study_tables(results)
    with_pictures = dataset if tables and dataset is not None and dataset.catalogue.pictures is not None else None
    work_map = _work_map(with_pictures)
    return {
        "study_tables": tables,
        "attribute_rows": attribute_rows(results, bool(tables)),
        "examples": sessions(results, dataset, work_map),
        "map": None if work_map is None else _drawn(work_map),
        "explained": explained(dataset.catalogue) if tables and dataset is not None else [],
    }


def _work_map(dataset: Dataset | None) -> WorkMap | None:
    if dataset is None or dataset.catalogue.feature_name(NETWORK) is None:
        return None
    from vitrina.report.map.cache import layouts_folder
    from vitrina.report.map.work_map import make_map

    pictures = dataset.catalogue.pictures
    return make_map(dataset, NETWORK, layouts=None if pictures is None else layouts_folder(str(pictures.parent)))


def _drawn(work_map: WorkMap) -> DrawnMap:
    from vitrina.report.map.page import headline, measured
    from vitrina.report.map.picture import map_figure

    picture = base64.b64encode(map_figure(work_map, width=_WIDTH)).decode("ascii")
    caption = f"{measured(work_map)} t-SNE of {work_map.feature}; works that the network finds alike lie together.".strip()
    return DrawnMap(headline(work_map), caption, f"data:image/jpeg;base64,{picture}")
