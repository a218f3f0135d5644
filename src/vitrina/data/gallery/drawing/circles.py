"""Circles: targets, halves, overlapping discs, one great disc, packed rounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.sheet import Sheet


def circles(sheet: Sheet) -> None:
    """Set circles as the artist's habit is."""
    sheet.ground(sheet.swatch(0), 1.1)
    sheet.wx, sheet.wy = (0.6 * warped + 0.4 * plain for warped, plain in ((sheet.wx, sheet.x), (sheet.wy, sheet.y)))
    (_targets, _halves, _overlapping, _great, _packed)[sheet.hand.habit](sheet)


def _targets(sheet: Sheet) -> None:
    """Rings round one or two centres."""
    soft = 0.02 * sheet.hand.softness
    count = 1 + (sheet.scale < 0.55) + (sheet.scale < 0.25)
    long_x = sheet.w >= sheet.h
    for number in range(count):
        at = (number + 0.5) / count + sheet.pick(-0.06, 0.06)
        cx, cy = (sheet.w * at, sheet.h * sheet.pick(0.4, 0.6)) if long_x else (sheet.w * sheet.pick(0.4, 0.6), sheet.h * at)
        radius = min(0.47 * min(sheet.w, sheet.h), 0.62 * max(sheet.w, sheet.h) / count) * sheet.pick(0.8, 1.05)
        rings = 3 + round(5 * sheet.hand.density)
        shares = np.linspace(1, 0.1, rings) if sheet.hand.order > 0.4 else np.sort(sheet.rng.uniform(0.08, 1, rings))[::-1]
        lean = 0.12 * sheet.hand.tilt
        for ring, share in enumerate(shares):
            r = radius * share
            sheet.paint(
                sheet.disc(cx + lean * (radius - r), cy - lean * (radius - r), r, soft),
                sheet.varied(sheet.swatch(ring + 1 + number), 0.5),
            )


def _halves(sheet: Sheet) -> None:
    """A chequer of circles, halves and quarters."""
    cell = 0.10 + 0.22 * sheet.scale
    columns, rows = max(1, round(sheet.w / cell)), max(1, round(sheet.h / cell))
    across, down = sheet.wx / sheet.w * columns, sheet.wy / sheet.h * rows
    column = np.clip(np.floor(across), 0, columns - 1).astype(int)
    row = np.clip(np.floor(down), 0, rows - 1).astype(int)
    u, v, size = across - column, down - row, min(sheet.w / columns, sheet.h / rows)
    tones = sheet.palette.swatches

    def per_cell(values: NDArray[np.int64]) -> NDArray[np.int64]:
        of_cell: NDArray[np.int64] = values[row, column]
        return of_cell

    base = sheet.rng.integers(0, 6, (rows, columns))
    sheet.lab[:] = sheet.touched(tones[per_cell(base)])
    kind, turn = sheet.rng.integers(0, 4, (rows, columns)), per_cell(sheet.rng.integers(0, 4, (rows, columns)))
    a, b = np.choose(turn, [u, v, 1 - u, 1 - v]), np.choose(turn, [v, 1 - u, 1 - v, u])
    whole = np.hypot(u - 0.5, v - 0.5) - (0.5 - 0.12 * sheet.hand.gap)
    quarter = np.hypot(a, b) - (1 - 0.15 * sheet.hand.gap)
    half = np.maximum(np.hypot(a, b - 0.5) - 0.5, -a)
    ring = np.abs(np.hypot(u - 0.5, v - 0.5) - 0.33) - (0.05 + 0.1 * sheet.hand.line)
    shape = np.choose(per_cell(kind), [whole, quarter, half, ring]) * size
    sheet.paint(
        sheet.inside(shape.astype(np.float32)), sheet.touched(tones[per_cell((base + sheet.rng.integers(1, 6, base.shape)) % 6)])
    )
    sheet.soften(np.minimum(0.5 - np.abs(u - 0.5), 0.5 - np.abs(v - 0.5)) * size)
    if sheet.hand.layers > 0.4:
        inner = (np.hypot(a, b) - 0.45) * size
        chosen = per_cell(kind) == 1
        sheet.paint(sheet.inside(inner.astype(np.float32)) * chosen, sheet.touched(tones[per_cell((base + 3) % 6)]))


def _overlapping(sheet: Sheet) -> None:
    """See-through discs that darken and tint one another, with a few fine lines."""
    sheet.ground(sheet.palette.paper if sheet.hand.ground > 0.4 else sheet.palette.tone(sheet.hand.ground, 0, 0.7))
    for _ in range(7 + round(30 * (1 - sheet.scale) ** 2)):
        radius = (0.03 + 0.24 * sheet.scale) * np.exp(sheet.pick(-0.9, 0.75))
        x, y = sheet.w * sheet.pick(0.05, 0.95), sheet.h * sheet.pick(0.05, 0.95)
        disc, colour = sheet.disc(x, y, radius, 0.01 * sheet.hand.softness), sheet.any_swatch()
        if sheet.rng.random() < 0.3 * sheet.hand.line + 0.1:
            disc = disc - sheet.disc(x, y, radius * (1 - 0.06 - 0.2 * sheet.hand.line))
        sheet.paint(
            disc * np.clip(0.85 + 0.15 * sheet.fractal(0.2, 3), 0, 1), sheet.varied(colour), 0.55 + 0.3 * sheet.hand.layers
        )
    count = int(7 * sheet.hand.density)
    if count or sheet.subject == "music":
        ends = sheet.rng.random((count + 2, 2, 2)) * np.array([sheet.w, sheet.h])
        sheet.paint(sheet.lines(list(ends), 0.0025 + 0.003 * sheet.hand.line), sheet.palette.dark, 0.85, 0)


def _great(sheet: Sheet) -> None:
    """One great disc, arcs around it, a small companion."""
    radius = min(sheet.w, sheet.h) * (0.26 + 0.16 * sheet.scale)
    x, y = sheet.w * sheet.pick(0.38, 0.62), sheet.h * sheet.pick(0.36, 0.6)
    band = sheet.inside(sheet.h * sheet.pick(0.55, 0.8) - sheet.wy, 0.02 * sheet.hand.softness)
    sheet.paint(band, sheet.swatch(1))
    for number in range(int(6 * sheet.hand.density)):
        far = np.abs(np.hypot(sheet.wx - x, sheet.wy - y) - radius * (1.25 + 0.22 * number))
        sheet.paint(sheet.inside(far - (0.002 + 0.012 * sheet.hand.line)), sheet.swatch(number + 2), 0.9, 0.6)
    disc = sheet.disc(x, y, radius, 0.03 * sheet.hand.softness)
    angle = sheet.hand.tilt + sheet.pick(-0.4, 0.4)
    way = 0.5 + ((sheet.y - y) * np.cos(angle) + (sheet.x - x) * np.sin(angle)) / (2 * radius)
    if sheet.hand.order > 0.5:  # cut into slices of colour
        slices = 2 + int(6 * (1 - sheet.scale))
        way = np.floor(np.clip(way, 0, 0.999) * slices) / max(slices - 1, 1)
    sheet.paint(disc, sheet.touched(sheet.blend(way.astype(np.float32), _passage(sheet)), 1.1))
    side = sheet.pick(0.8, 2.2) * np.pi
    sx, sy = x + 1.35 * radius * np.cos(side), y + 1.35 * radius * np.sin(side)
    sheet.paint(sheet.disc(sx, sy, radius * sheet.pick(0.14, 0.34)), sheet.swatch(5))


def _passage(sheet: Sheet) -> NDArray[np.float32]:
    """Return tones from light to dark that turn towards the accent."""
    at = np.linspace(0, 1, 4)
    tones = sheet.palette.tones(0.9 - 1.5 * at, at if sheet.hand.curve > 0.5 else 1 - at, np.full(4, 1.1))
    return tones if sheet.hand.tilt < 0.2 else tones[::-1]


def _packed(sheet: Sheet) -> None:
    """Rounds of all sizes that just do not touch, some with rings."""
    largest = 0.05 + 0.16 * sheet.scale
    centres = np.zeros((0, 3))
    for radius in np.geomspace(largest, max(0.012, 0.15 * largest), 14):
        tries = sheet.rng.random((60, 2)) * np.array([sheet.w, sheet.h])
        for cx, cy in tries:
            r = radius * (0.85 + 0.3 * sheet.hand.order)
            if (
                not len(centres)
                or (np.hypot(centres[:, 0] - cx, centres[:, 1] - cy) > centres[:, 2] + r + 0.004 + 0.015 * sheet.hand.gap).all()
            ):
                centres = np.vstack([centres, [cx, cy, r]])
    tone = sheet.rng.integers(1, 6, len(centres))
    for number in range(1, 6):
        chosen = centres[tone == number]
        sheet.paint(sheet.spots(*chosen.T), sheet.swatch(number), 0.97)
    for shrink, opacity in ((0.68, 0.9), (0.36, 0.9)):
        if sheet.hand.layers > (0.3 if shrink > 0.5 else 0.6):
            for number in range(1, 6):
                chosen = centres[(tone == number) & (centres[:, 2] > 0.02) & (sheet.rng.random(len(centres)) < 0.75)]
                sheet.paint(
                    sheet.spots(chosen[:, 0], chosen[:, 1], chosen[:, 2] * shrink),
                    sheet.swatch(number + (2 if shrink > 0.5 else 4)),
                    opacity,
                )
