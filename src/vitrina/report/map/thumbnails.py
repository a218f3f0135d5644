"""Thumbnails of the works, and the sheets they travel on: many pictures in one JPEG, like a sheet of stamps."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitrina.errors import DataError
from vitrina.features.pictures.loading import load_picture
from vitrina.kernels.threads import n_threads

#: Side of the largest thumbnail, in pixels, for up to so many works: a page of 4,000 stays below 20 MB. Sides are multiples
#: of 8, the block of JPEG, so that neighbours on a sheet do not bleed into each other.
SIDES = ((300, 256), (1_600, 128), (4_500, 96), (10_000, 64), (30_000, 32), (60_000, 24))
SMALLEST = 16
SMALL = 32
"""Side of the thumbnails for a map seen from afar, where the large ones are at least twice this."""

SHEET = 2048
"""Side of a sheet in pixels: what every browser and telephone takes."""

_PLAIN = (0.75, 0.75)  # width and height of the tile that stands for a missing picture
_GREY = (200, 194, 184)


def side_for(n_works: int) -> int:
    """Return the side of the largest thumbnail, in pixels, of a map with so many works."""
    return next((side for most, side in SIDES if n_works <= most), SMALLEST)


@dataclass(frozen=True)
class Thumbnails:
    """Pictures that fit into a square of ``side`` pixels, None where there is none or it cannot be read."""

    images: list[Any]
    side: int

    @cached_property
    def boxes(self) -> NDArray[np.float32]:
        """Widths and heights ``[n, 2]`` as shares of the side; the longer one of a picture is 1."""
        return np.array([np.array(i.size) / self.side if i else _PLAIN for i in self.images], np.float32).reshape(-1, 2)

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Which works have a picture ``[n]``."""
        return np.array([image is not None for image in self.images], bool)

    @cached_property
    def colours(self) -> NDArray[np.uint8]:
        """Mean colours ``[n, 3]``: what remains of a picture seen from very far."""
        means = [np.asarray(i).reshape(-1, 3).mean(axis=0).round() if i else _GREY for i in self.images]
        return np.array(means, np.uint8).reshape(-1, 3)


def read_thumbnails(paths: Sequence[Path | None], side: int, step: Callable[[], None] | None = None) -> Thumbnails:
    """Read pictures, several at a time, and shrink them to ``side``; ``step`` is called once for each."""
    images: list[Any] = []
    with ThreadPoolExecutor(n_threads()) as pool:
        for image in pool.map(lambda path: open_thumbnail(path, side), paths):
            images.append(image)
            if step:
                step()
    return Thumbnails(images, side)


def open_thumbnail(path: Path | None, side: int) -> Any:
    """Return one picture as RGB, its longer side ``side`` pixels; None when there is none or ``load_picture`` refuses it."""
    from PIL import Image

    if path is None:
        return None
    try:
        image = Image.fromarray(load_picture(path, longest=side))
    except DataError:
        return None
    if max(image.size) == side:
        return image
    scale = side / max(image.size)  # smaller ones are enlarged
    width, height = (max(1, round(length * scale)) for length in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def sheets(thumbnails: Thumbnails, side: int, quality: int) -> Iterator[str]:
    """Yield sheets as data URIs: thumbnail ``i`` lies on sheet ``i // per_sheet(side)``, row by row, each in a square cell."""
    for start in range(0, len(thumbnails.images), per_sheet(side)):
        yield _sheet(thumbnails, slice(start, start + per_sheet(side)), side, quality)


def per_sheet(side: int) -> int:
    """Return how many thumbnails a sheet holds."""
    return (SHEET // side) ** 2


def _sheet(thumbnails: Thumbnails, part: slice, side: int, quality: int) -> str:
    from PIL import Image

    images, colours = thumbnails.images[part], thumbnails.colours[part]
    columns = SHEET // side
    # Square-ish where one sheet is enough, so that few works do not make a long thin picture.
    sheet = Image.new("RGB", (min(columns, len(images)) * side, -(-len(images) // columns) * side), _GREY)
    for i, image in enumerate(images):
        if image is None:
            continue
        x, y = i % columns * side, i // columns * side
        sheet.paste(tuple(int(c) for c in colours[i]), (x, y, x + side, y + side))  # a quiet rest of the cell costs few bytes
        sheet.paste(shrunk(image, thumbnails.side, side), (x, y))
    return jpeg_uri(sheet, quality)


def shrunk(image: Any, from_side: int, to_side: float) -> Any:
    """Return a thumbnail for another side of the square."""
    if from_side == to_side:
        return image
    from PIL import Image

    size = tuple(max(1, round(length * to_side / from_side)) for length in image.size)
    return image.resize(size, Image.Resampling.BOX if to_side < from_side else Image.Resampling.LANCZOS, reducing_gap=None)


def jpeg_uri(image: Any, quality: int) -> str:
    """Return a picture as a data URI."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True, subsampling="4:2:0" if quality < 90 else "4:4:4")
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
