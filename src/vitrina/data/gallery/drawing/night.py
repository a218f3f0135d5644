"""Night scenes: towns, lamps, harbours and hills in the dark."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.colour import Palette
from vitrina.data.gallery.drawing.sheet import Sheet, curve

Floats32 = NDArray[np.float32]


def night_scenes(sheet: Sheet) -> None:
    """Show a night: towers, a street, a harbour, hills under the moon, or roofs; landscapes always show the land."""
    sheet.brush *= 0.6
    sheet.palette.contrast = max(sheet.palette.contrast, 0.85)
    _sky(sheet)
    scenes = (_towers, _street, _harbour, _hills, _roofs)
    habit = sheet.hand.habit
    if sheet.subject == "landscape" and habit in (0, 1, 4):
        habit = 3
    scenes[habit](sheet)


def _glow(palette: Palette, way: float = 1.0) -> Floats32:
    """Return the colour of lit windows: the accent, warm and light."""
    tone = palette.tone(1.0, way, 1.0)
    warm = np.array([0.88, 0.03, 0.11], np.float32)
    mixed: Floats32 = (0.55 * tone + 0.45 * warm).astype(np.float32)
    return mixed


def _sky(sheet: Sheet) -> None:
    """Dark above, paler at the horizon, with clouds; stars for some hands, the moon for others."""
    p = sheet.palette
    way = sheet.y / sheet.h + 0.06 * sheet.fractal(0.5, 4) * (0.3 + sheet.hand.curve)
    colours = np.stack([p.tone(-0.7, 0, 1.1), p.tone(-0.1, 0.05, 1.2), p.tone(0.35 + 0.3 * sheet.hand.line, 0.35, 1.2)])
    sheet.lab[:] = sheet.touched(sheet.blend(way.astype(np.float32), colours), 1.1 + sheet.hand.grain)
    if sheet.hand.density > 0.35:
        count = int(90 * sheet.hand.density)
        x, y = sheet.rng.random(count) * sheet.w, sheet.rng.random(count) ** 1.5 * 0.6 * sheet.h
        sheet.paint(sheet.spots(x, y, 0.0008 + 0.0022 * sheet.rng.random(count) ** 3), p.tone(1, 0.2, 0.3), 0.75, 0)
    if sheet.hand.layers > 0.4:
        _moon(sheet, sheet.w * sheet.pick(0.15, 0.85), sheet.h * sheet.pick(0.1, 0.3), 0.025 + 0.05 * sheet.scale)


def _moon(sheet: Sheet, x: float, y: float, radius: float) -> None:
    """A full moon, or for some hands a crescent, and its glow."""
    _halo(sheet, x, y, radius * 3.2, _glow(sheet.palette, 0.6), 0.4)
    moon = sheet.disc(x, y, radius)
    if sheet.hand.curve > 0.6:
        moon = moon * (1 - sheet.disc(x + radius * 0.45, y - radius * 0.2, radius * 0.9))
    sheet.paint(moon * np.clip(0.93 + 0.06 * sheet.fractal(0.04, 2), 0, 1), sheet.palette.tone(1.0, 0.5, 0.35), 0.98, 0.5)


def _halo(sheet: Sheet, x: float, y: float, radius: float, colour: Floats32, strength: float) -> None:
    far = ((sheet.x - x) ** 2 + (sheet.y - y) ** 2) / np.float32(radius**2)
    sheet.paint((np.exp(-1.4 * far) + 0.4 * np.exp(-9 * far)).astype(np.float32), colour, strength, 0)


def _boxes(left: float, right: float, top: float, bottom: float) -> NDArray[np.float64]:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _row_of_houses(
    sheet: Sheet, base: float, tall: float, wide: float, *, roofs: float = 0.0
) -> tuple[list[NDArray[np.float64]], list[tuple[float, float, float, float]]]:
    """Return outlines and the boxes (left, right, top, bottom) of a row of houses on the line ``base``."""
    outlines, boxes = [], []
    foot = sheet.h + 0.05  # what stands in front hides how far down a house goes
    at = -sheet.pick(0, wide)
    while at < sheet.w:
        breadth, top = wide * sheet.pick(0.6, 1.4), base - tall * sheet.pick(0.35, 1.0)
        outline = _boxes(at, at + breadth, top, foot)
        if sheet.rng.random() < roofs:
            peak = top - breadth * sheet.pick(0.25, 0.6)
            outline = np.array([[at, foot], [at, top], [at + breadth / 2, peak], [at + breadth, top], [at + breadth, foot]])
        elif sheet.rng.random() < 0.3:
            step = breadth * 0.25
            outline = np.concatenate(
                [
                    [[at, foot], [at, top]],
                    [[at + step, top], [at + step, top - step], [at + breadth - step, top - step], [at + breadth - step, top]],
                    [[at + breadth, top], [at + breadth, foot]],
                ]
            )
        outlines.append(outline)
        boxes.append((at, at + breadth, top, base))
        at += breadth + wide * 0.5 * sheet.hand.gap * sheet.rng.random()
    return outlines, boxes


def _windows(sheet: Sheet, boxes: list[tuple[float, float, float, float]], pitch: float, lit: float) -> None:
    """Light some windows in each house."""
    panes = []
    for left, right, top, bottom in boxes:
        columns, rows = int((right - left) / pitch), int((bottom - top) / (1.35 * pitch))
        if columns < 1 or rows < 1:
            continue
        chosen = np.argwhere(sheet.rng.random((rows, columns)) < lit)
        margin = (right - left - columns * pitch) / 2
        for row, column in chosen:
            x, y = left + margin + (column + 0.25) * pitch, top + (row + 0.4) * 1.35 * pitch
            panes.append(_boxes(x, x + 0.5 * pitch, y, y + (0.5 + 0.4 * sheet.hand.line) * pitch))
    if panes:
        bright = sheet.rng.uniform(0.45, 1, len(panes)).tolist()
        mask = sheet.shapes(panes, bright)
        from scipy.ndimage import gaussian_filter

        sheet.paint(np.clip(gaussian_filter(mask, 2.5) * 1.1, 0, 0.5), _glow(sheet.palette, 0.8), 0.6, 0)
        sheet.paint(mask, _glow(sheet.palette), 0.95, 0)


def _houses(sheet: Sheet, base: float, tall: float, wide: float, level: float, lit: float, roofs: float = 0.0) -> None:
    outlines, boxes = _row_of_houses(sheet, base, tall, wide, roofs=roofs)
    tones = [sheet.palette.tone(level + sheet.pick(-0.12, 0.12), sheet.pick(0, 0.35), 0.9) for _ in range(3)]
    for k, tone in enumerate(tones):
        sheet.paint(sheet.shapes(outlines[k::3]), tone, 1.0, 1.2)
    _windows(sheet, boxes, 0.014 + 0.020 * sheet.scale, lit)


def _towers(sheet: Sheet) -> None:
    """Towers behind towers, the nearest darkest."""
    rows = 2 + round(2 * sheet.hand.layers)
    for row in range(rows):
        near = (row + 1) / rows
        _houses(
            sheet,
            sheet.h * 1.02,
            sheet.h * (0.85 - 0.45 * near),
            (0.05 + 0.09 * sheet.scale) * (0.7 + near),
            0.15 - 1.0 * near,
            0.18 + 0.5 * sheet.hand.density * near,
        )
        if row < rows - 1:
            haze = np.clip((sheet.y / sheet.h - 0.45) * 1.4, 0, 1) + 0 * sheet.x
            sheet.paint(haze.astype(np.float32), sheet.palette.tone(0.2, 0.4, 0.9), 0.25, 0.3)


def _street(sheet: Sheet) -> None:
    """A street running away between houses, lamps and their light on wet ground; people walk in some."""
    vx, vy = sheet.w * sheet.pick(0.35, 0.65), sheet.h * sheet.pick(0.5, 0.62)
    p = sheet.palette
    ground = sheet.inside(vy - sheet.wy)
    sheet.paint(ground, p.tone(-0.35, 0.15, 0.8), 1.0, 1.3)
    _halo(sheet, vx, vy, 0.3, _glow(p), 0.4)
    for side in (-1, 1):
        edge = -0.02 if side < 0 else sheet.w + 0.02
        for k in range(5, 0, -1):
            near, far = (k / 5) ** 1.3, ((k - 1) / 5) ** 1.3
            x0, x1 = edge + (vx - edge) * near * 0.92, edge + (vx - edge) * far * 0.92
            tall = sheet.pick(0.45, 0.75)
            t0, t1 = vy - tall * (1 - near) - 0.04, vy - tall * (1 - far) - 0.04
            b0, b1 = vy + (sheet.h * 1.05 - vy) * (1 - near) * 0.8, vy + (sheet.h * 1.05 - vy) * (1 - far) * 0.8
            house = np.array([[x0, t0], [x1, t1], [x1, b1], [x0, b0]])
            sheet.paint(
                sheet.shapes([house]),
                p.tone(-0.55 + 0.35 * near + sheet.pick(-0.1, 0.1), 0.25 * sheet.rng.random(), 0.9),
                1.0,
                1.2,
            )
            panes = []
            for u in np.arange(0.2, 0.85, 0.3):
                for v in np.arange(0.12, 0.8, 0.17):
                    if sheet.rng.random() < 0.25 + 0.4 * sheet.hand.density:
                        corners = [(u, v), (u + 0.16, v), (u + 0.16, v + 0.09), (u, v + 0.09)]
                        panes.append(np.array([_inside_house(house, a, b) for a, b in corners]))
            if panes:
                sheet.paint(sheet.shapes(panes, sheet.rng.uniform(0.4, 1, len(panes)).tolist()), _glow(p), 0.9, 0)
    for k in range(4):
        near = 0.15 + 0.25 * k
        side = -1 if k % 2 else 1
        x, foot = vx + side * near * 0.42 * sheet.w, vy + near * 0.45 * (sheet.h - vy) * 1.6
        top = foot - 0.34 * near * sheet.h - 0.03
        sheet.paint(sheet.lines([np.array([[x, foot], [x, top]])], 0.002 + 0.006 * near), p.dark, 1.0, 0)
        _halo(sheet, x, top, 0.05 + 0.14 * near, _glow(p), 0.75)
        sheet.paint(sheet.disc(x, top, 0.004 + 0.010 * near), np.array([0.97, 0.01, 0.05], np.float32), 0.95, 0)
        _shimmer(sheet, x, foot, 0.012 + 0.03 * near, 0.5)
    if sheet.subject == "people" or sheet.hand.curve > 0.5:
        for _ in range(1 + sheet.rng.integers(3)):
            _walker(sheet, sheet.w * sheet.pick(0.25, 0.75), sheet.h * sheet.pick(0.78, 0.95), sheet.h * sheet.pick(0.14, 0.26))


def _inside_house(house: NDArray[np.float64], u: float, v: float) -> NDArray[np.float64]:
    top, bottom = house[0] + u * (house[1] - house[0]), house[3] + u * (house[2] - house[3])
    place: NDArray[np.float64] = top + v * (bottom - top)
    return place


def _shimmer(sheet: Sheet, x: float, y: float, breadth: float, strength: float, colour: Floats32 | None = None) -> None:
    """Let a light run down wet ground or water from ``y``."""
    ripple = 0.35 + 0.65 * np.clip(sheet.streaks(0.0, 0.05, 0.006), -0.4, 1)
    down = np.clip((sheet.y - y) / (sheet.h - y + 1e-6), 0, 1)
    stretch = breadth * (0.5 + 1.4 * down)
    mask = np.exp(-(((sheet.x - x) / stretch) ** 2)) * (sheet.y > y) * (1 - 0.8 * down) * ripple
    sheet.paint(np.clip(mask, 0, 1).astype(np.float32), _glow(sheet.palette) if colour is None else colour, strength, 0)


def _walker(sheet: Sheet, x: float, foot: float, tall: float) -> None:
    """A person from behind in a long coat."""
    top = foot - tall
    coat = np.array(
        [
            [x - 0.09 * tall, top + 0.22 * tall],
            [x + 0.09 * tall, top + 0.22 * tall],
            [x + 0.17 * tall, top + 0.8 * tall],
            [x - 0.17 * tall, top + 0.8 * tall],
        ]
    )
    legs = [np.array([[x + s * 0.05 * tall, top + 0.75 * tall], [x + s * 0.08 * tall, foot]]) for s in (-1, 1)]
    mask = np.maximum(sheet.shapes([coat]), sheet.lines(legs, 0.05 * tall))
    mask = np.maximum(mask, sheet.spots(np.array([x]), np.array([top + 0.12 * tall]), np.array([0.085 * tall])))
    sheet.paint(mask, sheet.palette.dark * np.array([0.7, 1, 1], np.float32), 0.97, 0.5)


def _harbour(sheet: Sheet) -> None:
    """Lights on the far shore and their reflections in the water."""
    shore = sheet.h * sheet.pick(0.42, 0.58)
    p = sheet.palette
    far = curve(
        np.column_stack(
            [np.linspace(-0.1, sheet.w + 0.1, 7), shore - sheet.rng.uniform(0.0, 0.14, 7) * (0.4 + sheet.hand.curve)]
        ),
        60,
    )
    sheet.paint(sheet.shapes([np.concatenate([far, [[sheet.w + 0.1, shore], [-0.1, shore]]])]), p.tone(-0.35, 0.1, 0.9), 1.0)
    _houses(sheet, shore, 0.10 + 0.12 * sheet.scale, 0.03 + 0.06 * sheet.scale, -0.7, 0.35 + 0.3 * sheet.hand.density, roofs=0.4)
    water = sheet.inside(shore - sheet.y + 0 * sheet.x)
    deep = np.clip((sheet.y - shore) / (sheet.h - shore), 0, 1) + 0.08 * sheet.streaks(0.0, 0.12, 0.008)
    sheet.paint(
        water, sheet.touched(sheet.blend(deep.astype(np.float32), np.stack([p.tone(0.1, 0.25, 1.0), p.tone(-0.8, 0, 1.0)]))), 1.0
    )
    count = 4 + int(7 * sheet.hand.density)
    for x in (np.arange(count) + sheet.rng.uniform(0.2, 0.8, count)) / count * sheet.w:
        colour = _glow(p, float(sheet.rng.choice([1.0, 0.7, 0.2])))
        _halo(sheet, x, shore - 0.01, 0.05, colour, 0.7)
        sheet.paint(sheet.disc(x, shore - 0.012, 0.004 + 0.003 * sheet.scale), np.array([0.97, 0, 0.04], np.float32), 0.9, 0)
        _shimmer(sheet, x, shore, 0.010 + 0.012 * sheet.scale, 0.8, colour)
    for _ in range(sheet.rng.integers(0, 3)):
        _boat(sheet, sheet.w * sheet.pick(0.15, 0.85), shore + (sheet.h - shore) * sheet.pick(0.25, 0.7))


def _boat(sheet: Sheet, x: float, y: float) -> None:
    size = 0.05 + 0.08 * sheet.scale
    hull = np.array(
        [
            [x - size, y - 0.2 * size],
            [x + size, y - 0.25 * size],
            [x + 0.75 * size, y + 0.15 * size],
            [x - 0.7 * size, y + 0.15 * size],
        ]
    )
    mast = np.array([[x, y], [x, y - 1.9 * size]])
    sheet.paint(np.maximum(sheet.shapes([hull]), sheet.lines([mast], 0.004)), sheet.palette.dark, 0.97, 0.5)


def _hills(sheet: Sheet) -> None:
    """Hills behind hills under the moon; a lit house, trees, a road."""
    count = 3 + round(3 * (1 - sheet.scale))
    for number in range(count):
        near = (number + 1) / count
        knots = sheet.rng.integers(4, 7)
        y = sheet.h * (0.38 + 0.5 * near) + sheet.rng.normal(0, 0.045 + 0.04 * sheet.hand.curve, knots)
        edge = curve(np.column_stack([np.linspace(-0.1, sheet.w + 0.1, knots), y]), 80)
        mask = sheet.shapes([np.concatenate([edge, [[sheet.w + 0.1, 2], [-0.1, 2]]])])
        sheet.paint(mask, sheet.palette.tone(0.35 - 1.2 * near, 0.15 * number, 1.1), 1.0, 1.5)
        if number >= 1:
            chosen = edge[sheet.rng.choice(80, int(3 + 12 * sheet.hand.density), replace=False)]
            size = (0.012 + 0.03 * near) * (0.5 + sheet.scale)
            trees = [
                np.array([[a, b - size * t], [a + 0.28 * size * t, b + 0.01], [a - 0.28 * size * t, b + 0.01]])
                for (a, b), t in zip(chosen, sheet.rng.uniform(0.7, 1.9, len(chosen)), strict=True)
            ]
            dark = sheet.palette.tone(-0.2 - 0.8 * near, 0, 0.8)
            if sheet.hand.order > 0.5:
                sheet.paint(sheet.shapes(trees), dark, 0.95, 0.6)
            else:
                sheet.paint(
                    sheet.spots(chosen[:, 0], chosen[:, 1] - 0.3 * size, size * sheet.rng.uniform(0.4, 0.9, len(chosen))),
                    dark,
                    0.95,
                    0.6,
                )
        if number == count - 2 or number == 0:
            for a, b in edge[sheet.rng.choice(np.arange(10, 70), 1 + int(2 * sheet.hand.density))]:
                _halo(sheet, a, b + 0.01, 0.05, _glow(sheet.palette), 0.6)
                sheet.paint(sheet.shapes([_boxes(a - 0.006, a + 0.006, b + 0.003, b + 0.016)]), _glow(sheet.palette), 1.0, 0)


def _roofs(sheet: Sheet) -> None:
    """Gables and chimneys over one another."""
    rows = 3 + round(2 * (1 - sheet.scale))
    for row in range(rows):
        near = (row + 1) / rows
        base = sheet.h * (0.45 + 0.62 * near)
        _houses(
            sheet,
            base,
            0.16 + 0.14 * sheet.scale,
            0.09 + 0.10 * sheet.scale,
            0.05 - 0.85 * near,
            0.12 + 0.25 * sheet.hand.density,
            roofs=0.85,
        )
        count = 2 + sheet.rng.integers(4)
        chimneys = []
        for x in sheet.rng.random(count) * sheet.w:
            top = base - (0.2 + 0.12 * sheet.scale) * sheet.pick(0.7, 1.2)
            chimneys.append(_boxes(x, x + 0.014 + 0.012 * sheet.scale, top, top + 0.08))
        sheet.paint(sheet.shapes(chimneys), sheet.palette.tone(-0.3 - 0.6 * near, 0.2, 0.9), 1.0)
