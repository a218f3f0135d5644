"""Where to write a point's name so that it covers nothing: direct labels instead of a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CHARACTER = 6.6
"""Mean width in pixels of a character at 12 px, a little generous: readers' fonts differ."""

_HEIGHT, _GAP, _TOLERATED = 14.0, 9.0, 24.0


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Area shared with another rectangle."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0


@dataclass(frozen=True)
class Anchor:
    """How a label sits on its point: text alignment and the shift in pixels (y grows downwards)."""

    align: str
    dx: float
    dy: float


_ANCHORS = (
    Anchor("left", _GAP, 0),
    Anchor("right", -_GAP, 0),
    Anchor("center", 0, -15),
    Anchor("center", 0, 15),
    Anchor("left", _GAP, -13),
    Anchor("left", _GAP, 13),
    Anchor("right", -_GAP, -13),
    Anchor("right", -_GAP, 13),
    Anchor("center", 0, -29),
    Anchor("center", 0, 29),
    Anchor("left", _GAP, 26),
    Anchor("right", -_GAP, 26),
    Anchor("left", _GAP, -26),
    Anchor("right", -_GAP, -26),
)


@dataclass(frozen=True)
class Label:
    """What is written at a point, and how it sits there; ``full`` says that it is the name and not its stand-in."""

    text: str
    anchor: Anchor
    full: bool


def shorten(text: str, characters: int = 24) -> str:
    """Cut a name that is too long for a chart in its middle, since variants differ at the end."""
    flat = " ".join(text.split())
    if len(flat) <= characters:
        return flat
    tail = (characters - 1) // 3
    return f"{flat[: characters - 1 - tail].rstrip()}…{flat[len(flat) - tail :].lstrip()}"


def text_width(text: str) -> float:
    """Estimate the width of a label in pixels."""
    return CHARACTER * len(text)


def _box(x: float, y: float, width: float, anchor: Anchor) -> Box:
    left = x + anchor.dx - {"left": 0.0, "center": width / 2, "right": width}[anchor.align]
    middle = y + anchor.dy
    return Box(left, middle - _HEIGHT / 2, left + width, middle + _HEIGHT / 2)


def place(
    points: Sequence[tuple[float, float]], names: Sequence[str], size: tuple[float, float], obstacles: Sequence[Box] = ()
) -> list[Label]:
    """Choose a label for each name, in the order given (the most important first).

    ``points`` are pixel positions in a plot of ``size`` (width, height). A label avoids the points, the ``obstacles``
    (interval bars), the labels placed before it and the edges. Where no place is free for a name, its number in the order
    (from 1) stands for it, put where it covers least.
    """
    taken = [Box(x - 5, y - 5, x + 5, y + 5) for x, y in points] + list(obstacles)
    chosen = []
    for i, ((x, y), name) in enumerate(zip(points, names, strict=True)):
        label, covered = _cheapest(x, y, name, size, taken)
        if covered > _TOLERATED:
            label, _ = _cheapest(x, y, str(i + 1), size, taken, full=False)
        chosen.append(label)
        taken.append(_box(x, y, text_width(label.text), label.anchor))
    return chosen


def _cheapest(
    x: float, y: float, text: str, size: tuple[float, float], taken: Sequence[Box], *, full: bool = True
) -> tuple[Label, float]:
    """The place where a text covers least, the earlier of two equal ones, with the area that it covers there."""
    width = text_width(text)
    areas = []
    for anchor in _ANCHORS:
        box = _box(x, y, width, anchor)
        outside = max(0.0, -box.left) + max(0.0, box.right - size[0]) + max(0.0, -box.top) + max(0.0, box.bottom - size[1])
        areas.append(sum(box.overlap(other) for other in taken) + 20 * outside)
    best = min(range(len(areas)), key=lambda rank: areas[rank] + 0.5 * rank)
    return Label(text, _ANCHORS[best], full), areas[best]


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move positions along a line as little as needed to be ``gap`` apart and within [low, high]; order is kept.

    Where they cannot all fit, the gap shrinks. Pool-adjacent-violators, so the shifts are least squares.
    """
    if not positions:
        return []
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    if len(order) > 1:
        gap = min(gap, (high - low) / (len(order) - 1))
    blocks: list[list[float]] = []  # [sum of (position - rank * gap), count]
    for rank, i in enumerate(order):
        blocks.append([positions[i] - rank * gap, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, n = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += n
    last = (len(order) - 1) * gap
    bases = [min(max(total / n, low), high - last) for total, n in blocks for _ in range(int(n))]
    result = [0.0] * len(positions)
    for rank, i in enumerate(order):
        result[i] = bases[rank] + rank * gap
    return result
