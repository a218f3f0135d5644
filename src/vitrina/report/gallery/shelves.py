"""Sessions of a replay as shelves of pictures: what a person had bought, what was bought then, what each method showed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset
from vitrina.report.contract import Results
from vitrina.report.map.labels import museum_labels
from vitrina.report.map.marks import CORNERS, Marks, styles
from vitrina.report.map.picture import user_figures
from vitrina.report.map.thumbnails import jpeg_uri, open_thumbnail
from vitrina.report.numbers import counted, date
from vitrina.report.records import Example

if TYPE_CHECKING:
    from vitrina.report.map.work_map import WorkMap

#: Methods shown, as far as they took part: the study's best hybrid, one of each kind, and what is trained.
SHOWN = ("hybrid-fa-dnn-evf-price", "fa", "dnn", "evf", "curatornet", "vbpr")
_MOST, _SIDE, _QUALITY = 6, 160, 80
_MAPPED = 2  # examples whose picks are also shown on the map: each map weighs some tens of kilobytes


@dataclass(frozen=True)
class Shown:
    """One work on a shelf; ``picture`` is a data URI, empty where there is none."""

    title: str
    label: str
    picture: str = ""
    hit: bool = False


@dataclass(frozen=True)
class Shelf:
    """A row of works."""

    label: str
    note: str
    works: tuple[Shown, ...]


@dataclass(frozen=True)
class Badge:
    """How a set of works is drawn on a map: a colour, and the corners of its shape in a box from -1 to 1 (none: a circle)."""

    colour: str
    points: str


@dataclass(frozen=True)
class PlacedPicks:
    """The map with a person's works and the picks of one method, as a data URI."""

    label: str
    picture: str
    alt: str
    badge: Badge


@dataclass(frozen=True)
class Session:
    """One session with its shelves and, where there is a map, its places on it."""

    title: str
    caption: str
    strips: tuple[Shelf, ...]
    maps: tuple[PlacedPicks, ...] = field(default=())


def sessions(results: Results, dataset: Dataset | None = None, work_map: WorkMap | None = None) -> list[Session]:
    """Return the example sessions of a comparison; pictures come from ``dataset``, without it works are named only."""
    show = _shower(results, dataset)
    return [
        _session(results, example, show, work_map if number < _MAPPED else None)
        for number, example in enumerate(results.examples)
    ]


def picture_uri(catalogue: Catalogue, code: int, side: int = _SIDE) -> str:
    """Return the picture of an item as a data URI, its longer side ``side`` pixels; empty where it has none."""
    image = open_thumbnail(catalogue.picture(code), side)
    return "" if image is None else jpeg_uri(image, _QUALITY)


def museum_label(catalogue: Catalogue, code: int, currency: str = "") -> list[str]:
    """Return the lines of an item's label: title first, then artist, year, medium, price as far as they are known."""
    columns = museum_labels(catalogue, np.array([code]), currency)
    return [text for key in ("title", "artist", "year", "medium", "price") if (text := columns[key][0])]


def _shower(results: Results, dataset: Dataset | None) -> Any:
    """Return a function from an external id to a work without a frame; every picture is read once."""

    @cache
    def show(item: str) -> Shown:
        if dataset is not None and item in dataset.items:
            code, currency = dataset.items.code(item), dataset.info.currency
            lines = museum_label(dataset.catalogue, code, currency)
            return Shown(lines[0], ", ".join(lines), picture_uri(dataset.catalogue, code))
        known = results.works.get(item, {})
        lines = [str(known[key]) for key in ("title", "artist", "year", "medium") if known.get(key)]
        return Shown(lines[0] if lines else item, ", ".join(lines) or item)

    return show


def _session(results: Results, example: Example, show: Any, work_map: WorkMap | None) -> Session:
    bought = set(example.targets)
    n = example.n_history or len(example.history)
    methods = _methods(results, example)
    strips = [
        _shelf(
            "Bought before", f"the last {len(example.history)} of {n}" if n > len(example.history) else "", example.history, show
        ),
        _shelf("Bought now", "", example.targets, show, bought),
    ]
    for name in methods:
        picks = example.picks[name]
        hits = len(bought & set(picks))
        note = f"{hits} found" if hits else "none found" if picks else "nothing to say"
        strips.append(_shelf(results.label(name), note, picks, show, bought))
    when = f", {date(example.at)}" if example.at else ""
    caption = f"{counted(n, 'work')} bought before, {counted(len(bought), 'work')} bought then."
    return Session(f"Person {example.user}{when}", caption, tuple(strips), _places(results, example, methods, work_map))


def _shelf(label: str, note: str, items: Sequence[str], show: Any, bought: set[str] | frozenset[str] = frozenset()) -> Shelf:
    works = (show(item) for item in items)
    return Shelf(
        label, note, tuple(Shown(w.title, w.label, w.picture, item in bought) for w, item in zip(works, items, strict=True))
    )


def _methods(results: Results, example: Example) -> list[str]:
    """The methods shown: those of the study that took part, or else the best of the table."""
    there = [name for name in SHOWN if name in example.picks]
    return there if len(there) > 1 else [m.name for m in results.ranked if m.name in example.picks][:_MOST]


def _places(results: Results, example: Example, methods: Sequence[str], work_map: WorkMap | None) -> tuple[PlacedPicks, ...]:
    if work_map is None:
        return ()
    items = work_map.dataset.items
    # Sets are told apart by the methods' names, which differ; a title may be anything.
    history = Marks("", items.encode(example.history), "history")
    picks = [Marks(name, items.encode(example.picks[name])) for name in methods if example.picks[name]]
    drawn = styles([history, *picks])[1:]
    return tuple(
        PlacedPicks(
            results.label(marks.name),
            "data:image/jpeg;base64," + base64.b64encode(image).decode("ascii"),
            f"The map of the works with those bought before and the picks of {results.label(marks.name)}",
            Badge(style.colour, " ".join(f"{x},{y}" for x, y in CORNERS[style.shape])),
        )
        for (marks, image), style in zip(user_figures(work_map, history, picks, width=240), drawn, strict=True)
    )
