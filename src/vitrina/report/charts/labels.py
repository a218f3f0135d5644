"""Where to write a point's name so that it covers nothing: direct labels instead of a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CHARACTER = 6.6
"""Mean width in pixels of a character at 12 px, a little generous: readers' fonts differ."""

_HEIGHT, _GAP = 14.0, 9.0


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


def shorten(text: str, characters: int = 24) -> str:
    """Cut a name that is too long for a chart, with an ellipsis."""
    flat = " ".join(text.split())
    return flat if len(flat) <= characters else flat[: characters - 1].rstrip() + "…"


def text_width(text: str) -> float:
    """Estimate the width of a label in pixels."""
    return CHARACTER * len(text)


def _box(x: float, y: float, width: float, anchor: Anchor) -> Box:
    left = x + anchor.dx - {"left": 0.0, "center": width / 2, "right": width}[anchor.align]
    middle = y + anchor.dy
    return Box(left, middle - _HEIGHT / 2, left + width, middle + _HEIGHT / 2)


def place(
    points: Sequence[tuple[float, float]], names: Sequence[str], size: tuple[float, float], obstacles: Sequence[Box] = ()
) -> list[Anchor]:
    """Choose an anchor for each name, in the order given (the most important first).

    ``points`` are pixel positions in a plot of ``size`` (width, height). A label avoids the points, the ``obstacles``
    (interval bars), the labels placed before it and the edges; if nothing is free it goes where it covers least.
    """
    taken = [Box(x - 5, y - 5, x + 5, y + 5) for x, y in points] + list(obstacles)
    chosen = []
    for (x, y), name in zip(points, names, strict=True):
        width = text_width(name)

        def cost(rank: int, x: float = x, y: float = y, width: float = width) -> float:
            box = _box(x, y, width, _ANCHORS[rank])
            outside = max(0.0, -box.left) + max(0.0, box.right - size[0]) + max(0.0, -box.top) + max(0.0, box.bottom - size[1])
            return sum(box.overlap(other) for other in taken) + 20 * outside + 0.5 * rank

        best = min(range(len(_ANCHORS)), key=cost)
        chosen.append(_ANCHORS[best])
        taken.append(_box(x, y, width, _ANCHORS[best]))
    return chosen


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
