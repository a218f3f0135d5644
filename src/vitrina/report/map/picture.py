"""Still pictures of a map: a large one for the wall, and small ones for a report."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vitrina.report.map.marks import CORNERS, INK, Marks, Style, styles
from vitrina.report.map.spread import spread_apart
from vitrina.report.map.thumbnails import shrunk
from vitrina.report.map.work_map import WorkMap
from vitrina.report.theme import colours

FADED = 0.3
"""How much of its colour a work keeps where others are pointed out."""

_SMALLEST = 22  # pixels: below this a thumbnail shows nothing, so there are fewer of them instead
_HIDDEN = 0.4  # of a thumbnail may lie under others
_MARGIN = 0.02
_TALLEST = 1.6  # heights of a picture, in widths

Colour = tuple[int, ...]


@dataclass(frozen=True)
class _Frame:
    """Where the works lie on a picture: centres ``[n, 2]`` and the side of a thumbnail, in pixels."""

    size: tuple[int, int]
    centres: NDArray[np.float64]
    side: float
    unit: float  # of lines and badges, in pixels


def draw_map_png(work_map: WorkMap, marks: Sequence[Marks] = (), *, width: int = 2400) -> bytes:
    """Return the map as a PNG of ``width`` pixels, with a legend when works are marked.

    Where there is no room for all thumbnails, fewer are drawn, spread evenly; marked works always are.
    """
    return _encoded(_with_legend(map_image(work_map, marks, width=width), work_map, marks), "PNG")


def map_figure(
    work_map: WorkMap,
    marks: Sequence[Marks] = (),
    *,
    width: int = 640,
    links: bool = False,
    format: Literal["JPEG", "PNG"] = "JPEG",
) -> bytes:
    """Return a small map for a page, without a legend: each set has the shape and colour that ``styles(marks)`` gives.

    ``links`` draws a line from each pick to the work of the history most like it. The picture has twice as many pixels as
    ``width``, for sharp screens.
    """
    return _encoded(map_image(work_map, marks, width=2 * width, links=links), format)


def user_figures(work_map: WorkMap, history: Marks, picks: Sequence[Marks], *, width: int = 320) -> list[tuple[Marks, bytes]]:
    """Return small multiples for one person: for each method, a JPEG of the history and that method's picks alone.

    Every method keeps the shape and colour that it has on a map of them all.
    """
    every = [replace(history, role="history"), *picks]
    found = styles(every)
    return [
        (one, _encoded(map_image(work_map, [every[0], one], width=2 * width, links=True, drawn=[found[0], style]), "JPEG"))
        for one, style in zip(picks, found[1:], strict=True)
    ]


def map_image(
    work_map: WorkMap,
    marks: Sequence[Marks] = (),
    *,
    width: int,
    links: bool = False,
    drawn: Sequence[Style] | None = None,
) -> Any:
    """Return the map as a Pillow image, RGB; ``drawn`` gives each set its style, default those of ``styles(marks)``."""
    from PIL import Image, ImageDraw

    drawn = styles(marks) if drawn is None else drawn
    frame = _frame(work_map, width)
    image = Image.new("RGB", frame.size, _colour("paper"))
    pen = ImageDraw.Draw(image)
    pointed = any(one.role != "group" for one in marks)
    shown = _thinned(work_map, frame)
    for row in shown[::-1]:  # those chosen first lie on top, so that none is hidden by a later one
        _tile(image, pen, work_map, frame, int(row), frame.side, FADED if pointed else 1.0)
    sets = [(one, style, set(work_map.rows(one).tolist())) for one, style in zip(marks, drawn, strict=True)]
    for one, style, rows in sets:
        if one.role == "group":
            for row in sorted(rows & set(shown.tolist())):
                _outline(pen, _box(work_map, frame, row, frame.side), _colour(style.colour), max(1, round(1.6 * frame.unit)))
    pointed_out = _pointed_out(sets)
    frame = _parted(work_map, frame, [row for row, _ in pointed_out])
    if links:
        for pick, liked, number in work_map.links(marks):
            ends = [tuple(frame.centres[pick]), tuple(frame.centres[liked])]
            pen.line(ends, _colour(drawn[number].colour), max(1, round(1.5 * frame.unit)))
    for row, own in pointed_out:
        _marked(image, pen, work_map, frame, row, own)
    return image


def _pointed_out(sets: Sequence[tuple[Marks, Style, set[int]]]) -> list[tuple[int, list[Style]]]:
    """The works that sets other than groups contain, each with its sets' styles; those of the history come last, on top."""
    of: dict[int, list[Style]] = {}
    for one, style, rows in sorted(sets, key=lambda entry: entry[0].role == "history"):
        for row in sorted(rows) if one.role != "group" else ():
            of.setdefault(row, []).append(style)
    return list(of.items())


def _frame(work_map: WorkMap, width: int) -> _Frame:
    low = work_map.positions.min(axis=0) - work_map.side / 2
    high = work_map.positions.max(axis=0) + work_map.side / 2
    extent = np.maximum((high - low).astype(np.float64), 1e-9)
    inner = width * (1 - 2 * _MARGIN)
    scale = min(inner / extent[0], inner * _TALLEST / extent[1])
    height = int(np.ceil(extent[1] * scale + 2 * _MARGIN * width))
    offset = np.array([(width - extent[0] * scale) / 2, _MARGIN * width])
    side = min(max(work_map.side * scale, _SMALLEST), 1.5 * work_map.thumbnails.side)
    # Lines and badges grow with the picture, but less than it: a small picture must still show them.
    return _Frame((width, height), (work_map.positions - low) * scale + offset, side, 0.9 + width / 2200)


def _thinned(work_map: WorkMap, frame: _Frame) -> NDArray[np.int64]:
    """Choose works in a fixed random order, each only if little of it would lie under those chosen before."""
    covered = np.zeros(frame.size[::-1], bool)
    chosen = []
    for row in np.random.default_rng(0).permutation(len(work_map)):
        x0, y0, x1, y1 = _box(work_map, frame, int(row), frame.side)
        under = covered[max(y0, 0) : y1, max(x0, 0) : x1]
        if under.size and under.mean() <= _HIDDEN:
            under[:] = True
            chosen.append(row)
    return np.array(chosen, np.int64)


def _parted(work_map: WorkMap, frame: _Frame, rows: list[int]) -> _Frame:
    """Move marked works, which are drawn larger, off each other."""
    centres = frame.centres.copy()
    boxes = work_map.thumbnails.boxes[rows]
    centres[rows] = spread_apart(centres[rows].astype(np.float32), boxes, _marked_side(frame) + 14 * frame.unit)
    return replace(frame, centres=centres)


def _marked_side(frame: _Frame) -> float:
    return max(1.3 * frame.side, 30 * frame.unit)


def _box(work_map: WorkMap, frame: _Frame, row: int, side: float) -> tuple[int, int, int, int]:
    width, height = np.maximum(np.round(work_map.thumbnails.boxes[row] * side), 1).astype(int)
    x, y = frame.centres[row]
    left, top = round(x - width / 2), round(y - height / 2)
    return left, top, int(left + width), int(top + height)


def _tile(image: Any, pen: Any, work_map: WorkMap, frame: _Frame, row: int, side: float, strength: float) -> tuple[int, ...]:
    """Paint one work, a plain tile where it has no picture, and return its box."""
    from PIL import Image

    thumbnails = work_map.thumbnails
    box = _box(work_map, frame, row, side)
    picture = thumbnails.images[row]
    if picture is None:
        pen.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), _colour("wash"), _colour("line"))
        return box
    small = shrunk(picture, thumbnails.side, side).resize((box[2] - box[0], box[3] - box[1]))
    if strength < 1:
        small = Image.blend(Image.new("RGB", small.size, _colour("paper")), small, strength)
    image.paste(small, box[:2])
    return box


def _marked(image: Any, pen: Any, work_map: WorkMap, frame: _Frame, row: int, own: Sequence[Style]) -> None:
    """Paint a marked work larger than the others, a frame and a badge for each of its sets."""
    unit = frame.unit
    box = _tile(image, pen, work_map, frame, row, _marked_side(frame), 1.0)
    thick = max(2, round(3 * unit))
    for i, style in enumerate(own):
        _outline(pen, tuple(np.array(box) + np.array([-1, -1, 1, 1]) * thick * i), _colour(style.colour), thick)
    rim = thick * len(own)
    _outline(pen, tuple(np.array(box) + np.array([-1, -1, 1, 1]) * rim), _colour("paper"), max(1, round(unit)))
    for i, style in enumerate(own):
        _badge(pen, style, box[0] - rim + i * 15 * unit, box[1] - rim, 6.5 * unit)


def _outline(pen: Any, box: Sequence[int], colour: Colour, thick: int) -> None:
    """Draw a frame around, not over, a box."""
    pen.rectangle((box[0] - thick, box[1] - thick, box[2] - 1 + thick, box[3] - 1 + thick), outline=colour, width=thick)


def _badge(pen: Any, style: Style, x: float, y: float, radius: float) -> None:
    for size, colour in ((radius * 1.45, _colour("paper")), (radius, _colour(style.colour))):
        corners = CORNERS[style.shape]
        if corners:
            pen.polygon([(x + cx * size, y + cy * size) for cx, cy in corners], fill=colour)
        else:
            pen.ellipse((x - size, y - size, x + size, y + size), fill=colour)


def _with_legend(image: Any, work_map: WorkMap, marks: Sequence[Marks]) -> Any:
    """Write the names of the sets below the map, in as many lines as they need."""
    if not marks:
        return image
    from PIL import Image, ImageDraw

    size = image.width / 75
    line, gap = size * 1.9, image.width * _MARGIN
    entries: list[tuple[Style, str, float, float]] = []
    x, y = gap, 0.0
    for one, style in zip(marks, styles(marks), strict=True):
        text = f"{one.name[:60]} ({len(work_map.rows(one)):,})"
        wide = _font(size).getlength(text) + 2.8 * size
        if x > gap and x + wide > image.width - gap:
            x, y = gap, y + line
        entries.append((style, text, x, y))
        x += wide
    sheet = Image.new("RGB", (image.width, image.height + int(y + line + gap)), _colour("paper"))
    sheet.paste(image, (0, 0))
    pen = ImageDraw.Draw(sheet)
    for style, text, x, y in entries:
        middle = image.height + y + line / 2
        _badge(pen, style, x + size * 0.5, middle, size * 0.42)
        pen.text((x + size * 1.3, middle), text, _colour("ink"), _font(size), anchor="lm")
    return sheet


def _font(size: float) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(max(8.0, size))


def _colour(name: str) -> Colour:
    """Return the RGB of a role of the theme, of ``ink``, or of ``#rrggbb``."""
    value = colours().get(INK if name == INK else name, name)
    return tuple(int(value[i : i + 2], 16) for i in (1, 3, 5))


def _encoded(image: Any, format: str) -> bytes:
    buffer = io.BytesIO()
    if format == "JPEG":
        image.save(buffer, "JPEG", quality=84, optimize=True)
    else:
        image.save(buffer, "PNG")
    return buffer.getvalue()
