"""A map of works, ready to be drawn: places, thumbnails, labels, and what was measured on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitrina.data.catalogue import FeatureMatrix
from vitrina.data.dataset import Dataset
from vitrina.errors import DataError, unknown
from vitrina.experiments.progress import Progress, Silent
from vitrina.report.map import cache
from vitrina.report.map.labels import ARTIST, STYLE, find_column, museum_labels
from vitrina.report.map.layout import Layout, map_layout, n_steps, unit_rows
from vitrina.report.map.marks import HISTORY, Marks
from vitrina.report.map.neighbourhood import Agreement, agreement, kept_neighbours
from vitrina.report.map.spread import spread_apart, thumbnail_side
from vitrina.report.map.thumbnails import Thumbnails, read_thumbnails, side_for


@dataclass(frozen=True)
class WorkMap:
    """The works of a data set that have a feature, and where each lies.

    ``codes [n]`` are item codes, in an order in which works that are near each other on the map are mostly near each other
    in the list. ``positions [n, 2]`` are the centres of thumbnails, x to the right and y down, the longer side about 1;
    ``side`` is the side of a thumbnail's square in the same unit.
    """

    dataset: Dataset
    feature: str
    layout: Layout
    codes: NDArray[np.int64]
    positions: NDArray[np.float32]
    side: float
    thumbnails: Thumbnails
    agreements: tuple[Agreement, ...]
    kept: float | None
    cached: bool

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def n_left_out(self) -> int:
        """Items that have no place because they lack the feature."""
        return self.dataset.n_items - len(self)

    @property
    def title(self) -> str:
        """What the data set is called."""
        return self.dataset.info.title or self.dataset.info.name

    @cached_property
    def labels(self) -> dict[str, list[str | None]]:
        """Museum labels of the works, by column."""
        return museum_labels(self.dataset.catalogue, self.codes, self.dataset.info.currency)

    @cached_property
    def index_of(self) -> NDArray[np.int64]:
        """Where each item is in ``codes`` ``[n_items]``, -1 for those without a place."""
        index = np.full(self.dataset.n_items, -1, np.int64)
        index[self.codes] = np.arange(len(self))
        return index

    def rows(self, marks: Marks) -> NDArray[np.int64]:
        """Return the places in ``codes`` of a set's works, those without a place left out."""
        found = self.index_of[marks.codes]
        return found[found >= 0]

    def links(self, marks: Sequence[Marks]) -> list[tuple[int, int, int]]:
        """Return, for each pick, (pick, the work of the history most like it by the feature, number of the set)."""
        history = next((self.rows(m) for m in marks if m.role == HISTORY), np.empty(0, np.int64))
        if not len(history):
            return []
        matrix = self.dataset.catalogue.feature(self.feature)
        liked, _ = unit_rows(matrix[self.codes[history]])
        found: list[tuple[int, int, int]] = []
        for number, one in enumerate(marks):
            picks = self.rows(one)
            if one.role == "picks" and len(picks):
                picked, _ = unit_rows(matrix[self.codes[picks]])
                products = picked @ liked.T
                like = np.asarray(products.toarray() if hasattr(products, "toarray") else products).argmax(axis=1)
                found += [(int(p), int(history[h]), number) for p, h in zip(picks, like, strict=True) if p != history[h]]
        return found


def make_map(
    dataset: Dataset,
    feature: str = "dnn",
    *,
    perplexity: float = 30.0,
    seed: int = 0,
    apart: bool = True,
    layouts: Path | None = None,
    progress: Progress | None = None,
) -> WorkMap:
    """Lay out the works of ``dataset`` by one of its features, and read their pictures.

    With ``apart``, thumbnails are moved until they hardly overlap. ``layouts`` is a folder where layouts are kept. Raises
    ``DataError`` when the catalogue has no features or no work has this one, ``UnknownNameError`` for an unknown feature.
    """
    progress = progress or Silent()
    catalogue = dataset.catalogue
    name = catalogue.feature_name(feature)
    if name is None:
        if not catalogue.features:
            raise DataError("the data set has no features yet. Make them with: vitrina features DATA")
        hint = "No network's feature is there; make one with: vitrina features DATA" if feature == "dnn" else ""
        raise unknown("feature", feature, catalogue.features, hint)
    matrix = catalogue.features[name]
    layout, cached = _layout(matrix, perplexity, seed, layouts, progress)
    placed = layout.placed
    codes = placed[_along_a_curve(layout.positions[placed])]
    progress.begin("pictures", len(codes))
    thumbnails = read_thumbnails(
        [catalogue.picture(int(c)) for c in codes], side_for(len(codes)), lambda: progress.advance("pictures")
    )
    places = layout.positions[codes]
    side = thumbnail_side(places)
    positions = spread_apart(places, thumbnails.boxes, side, seed=seed) if apart else places
    rows, _ = unit_rows(matrix[codes])
    measured = []
    for column in (find_column(catalogue, STYLE), find_column(catalogue, ARTIST)):
        if column and not catalogue.table[column].dtype.is_nested():
            measured.append(agreement(rows, column, catalogue.table[column].gather(codes), seed=seed))
    return WorkMap(
        dataset=dataset,
        feature=name,
        layout=layout,
        codes=codes,
        positions=positions,
        side=side,
        thumbnails=thumbnails,
        agreements=tuple(found for found in measured if found),
        kept=kept_neighbours(rows, positions, seed=seed),
        cached=cached,
    )


def _layout(matrix: FeatureMatrix, perplexity: float, seed: int, layouts: Path | None, progress: Progress) -> tuple[Layout, bool]:
    """Return the layout, and whether it was found in the folder of those made before."""
    path = None if layouts is None else cache.layout_file(layouts, matrix, perplexity=perplexity, seed=seed)
    known = None if path is None else cache.read_layout(path, matrix.shape[0])
    if known is not None:
        return known, True
    progress.begin("t-SNE", n_steps())
    layout = map_layout(matrix, perplexity=perplexity, seed=seed, step=lambda: progress.advance("t-SNE"))
    if path is not None:
        cache.write_layout(layout, path)
    return layout, False


def _along_a_curve(positions: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the order of positions ``[n, 2]`` along a Z-curve: a window on the map then needs few sheets of thumbnails."""
    grid = (positions.astype(np.float64) * 65535).clip(0, 65535).astype(np.uint64)
    key = np.zeros(len(positions), np.uint64)
    for bit in range(16):
        for dimension in (0, 1):
            key |= ((grid[:, dimension] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + dimension)
    return np.argsort(key, kind="stable")
