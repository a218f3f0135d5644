"""Colour fields: few large planes of colour."""

from __future__ import annotations

import numpy as np

from vitrina.data.gallery.drawing.sheet import Sheet

#: Subjects that lie rather than stand.
LYING = ("landscape", "sea", "music", "still life")


def colour_fields(sheet: Sheet) -> None:
    """Paint planes: floating, parted by thin bands, nested, cut or poured, as the artist's habit is."""
    sheet.ground(sheet.swatch(0), 1.3)
    (_floating, _parted, _nested, _cut, _poured)[sheet.hand.habit](sheet)


def _lying(sheet: Sheet) -> bool:
    return sheet.subject in LYING


def _floating(sheet: Sheet) -> None:
    """Soft rectangles over one another, glazed in thin layers."""
    count = 2 + round(2.4 * (1 - sheet.scale) + sheet.pick(-0.4, 0.6))
    lying, edge = sheet.h >= sheet.w or _lying(sheet), 0.035 + 0.05 * sheet.hand.gap
    length = (sheet.h if lying else sheet.w) - 2 * edge
    shares = np.cumsum([0, *sheet.rng.dirichlet(np.full(count, 3.0))]) * length + edge
    gap = 0.008 + 0.03 * sheet.hand.gap
    soft = 0.015 + 0.05 * sheet.hand.softness
    for number in range(count):
        a, b = shares[number] + gap / 2, shares[number + 1] - gap / 2
        box = (edge, a, sheet.w - edge, b) if lying else (a, edge, b, sheet.h - edge)
        colour = sheet.swatch(number + 1)
        for _ in range(3):
            inset = sheet.pick(-0.012, 0.012)
            mask = sheet.box(box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset, soft)
            worn = np.clip(0.72 + 0.22 * sheet.fractal(0.25), 0, 1)
            sheet.paint(mask * worn, sheet.varied(colour, 0.9), 0.62, 1.2)


def _parted(sheet: Sheet) -> None:
    """One field, a few thin bands across it."""
    sheet.paint(np.clip(0.5 + 0.4 * sheet.fractal(0.5), 0, 1), sheet.varied(sheet.swatch(0), 1.5), 0.7, 1.2)
    lying = _lying(sheet)
    deep = (sheet.wy / sheet.h if lying else sheet.wx / sheet.w) - sheet.pick(0.4, 0.65)
    half = np.clip(
        0.5 + deep / np.float32(0.02 + 0.5 * sheet.hand.softness + 0.3 * sheet.hand.layers) + 0.1 * sheet.fractal(0.3), 0, 1
    )
    sheet.paint(half, sheet.swatch(3), 0.25 + 0.4 * sheet.hand.layers, 1.2)
    long = sheet.h if lying else sheet.w
    for number in range(1 + round(1 + 3 * sheet.hand.density * (1.2 - sheet.scale))):
        middle = long * (sheet.pick(0.08, 0.92) if sheet.hand.order < 0.5 else (number + sheet.pick(0.35, 0.65)) / 4)
        wide = (0.008 + 0.05 * sheet.hand.line) * sheet.pick(0.5, 1.6) * (3.5 if number == 0 and sheet.scale > 0.4 else 1)
        left, top, right, bottom = (-1, middle - wide, 2, middle + wide) if lying else (middle - wide, -1, middle + wide, 2)
        ragged = np.clip(1.35 - 0.4 * np.abs(sheet.streaks(0.0 if lying else np.pi / 2, 0.3, 0.012)), 0, 1)
        band = sheet.box(left, top, right, bottom, 0.004 + 0.02 * sheet.hand.softness)
        sheet.paint(band * ragged, sheet.swatch(number + 1), 0.97)


def _nested(sheet: Sheet) -> None:
    """Rectangle in rectangle, sunk toward one side."""
    count = 3 + round(2 * (1 - sheet.scale))
    sink = 0.5 + 0.32 * (sheet.hand.curve - 0.3)
    soft = 0.03 * sheet.hand.softness
    for number in range(1, count + 1):
        keep = 1 - number / (count + 0.6)
        wide, high = sheet.w * keep, sheet.h * keep
        left, top = (sheet.w - wide) / 2, (sheet.h - high) * sink
        sheet.paint(sheet.box(left, top, left + wide, top + high, soft), sheet.varied(sheet.swatch(number)), 0.96, 1.1)


def _cut(sheet: Sheet) -> None:
    """Hard-edged planes with long curves, as if cut from one sheet."""
    for number in range(2 + round(2 * (1 - sheet.scale) + sheet.hand.density)):
        angle = sheet.hand.tilt + sheet.pick(-0.25, 0.25) + (np.pi / 2) * ((number + _lying(sheet)) % 2)
        nx, ny = np.cos(angle), np.sin(angle)
        offset = (sheet.wx - sheet.w / 2) * nx + (sheet.wy - sheet.h / 2) * ny
        along = (sheet.wy - sheet.h / 2) * nx - (sheet.wx - sheet.w / 2) * ny
        bend = (0.25 + 1.3 * sheet.hand.curve) * sheet.pick(-1, 1)
        edge = offset + bend * (along - sheet.pick(-0.2, 0.2)) ** 2 - sheet.pick(-0.12, 0.3)
        mask = sheet.inside(-edge)
        if sheet.hand.layers > 0.6:
            sheet.shadow(mask, 0.004, 0.006, 0.012, 0.12)
        sheet.paint(mask, sheet.varied(sheet.swatch(number + 1), 0.7), 1.0, 0.9)


def _poured(sheet: Sheet) -> None:
    """Thin paint poured into raw ground, darker where it dried at the rim."""
    sheet.ground(sheet.palette.paper if sheet.hand.ground > 0 else sheet.swatch(0), 0.6)
    for number in range(3 + round(4 * (1 - sheet.scale))):
        cx, cy = sheet.pick(0, sheet.w), sheet.pick(0, sheet.h)
        reach = (0.2 + 0.25 * sheet.scale) * sheet.pick(0.7, 1.3)
        squash = sheet.pick(1.4, 2.4) if _lying(sheet) else sheet.pick(0.5, 1.1)
        far = np.hypot((sheet.x - cx) / squash**0.5, (sheet.y - cy) * squash**0.5)
        depth = (reach + (0.06 + 0.05 * sheet.hand.curve) * sheet.fractal(0.3, 5)) - far
        mask = np.clip(depth / (0.006 + 0.05 * sheet.hand.softness), 0, 1)
        colour = sheet.varied(sheet.swatch(number + 1), 1.2)
        sheet.paint(mask * np.clip(0.8 + 0.15 * sheet.fractal(0.15), 0, 1), colour, 0.82, 0.8)
        sheet.shade(mask * np.exp(-((depth / 0.012) ** 2)), -0.05)
    if sheet.hand.line > 0.5:
        spots = 5 + int(12 * sheet.hand.density)
        x, y = sheet.rng.random(spots) * sheet.w, sheet.rng.random(spots) * sheet.h
        sheet.paint(sheet.spots(x, y, 0.002 + 0.008 * sheet.rng.random(spots) ** 3), sheet.swatch(5), 0.85)
