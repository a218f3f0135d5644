"""Waves: lines and bands that swing."""

from __future__ import annotations

import numpy as np

from vitrina.data.gallery.drawing.sheet import Sheet, curve


def waves(sheet: Sheet) -> None:
    """Let lines swing: as traces of sound, as bands, as scales, as marbled ink or as rolling layers."""
    sheet.ground(sheet.palette.tone(sheet.hand.ground, 0.05, 0.7), 1.1)
    (_traces, _bands, _scales, _marbled, _layers)[sheet.hand.habit](sheet)


def _traces(sheet: Sheet) -> None:
    """Stacked traces, each hiding those behind it, calm at the sides."""
    count = round(14 + 26 * (1 - sheet.scale))
    step = sheet.h / (count + 2)
    x = np.linspace(-0.02, sheet.w + 0.02, 90)
    middle, breadth = sheet.w * sheet.pick(0.35, 0.65), sheet.w * (0.16 + 0.2 * sheet.hand.curve)
    calm = np.exp(-(((x - middle) / breadth) ** 2)) * (1 - 0.5 * sheet.hand.order) + 0.10
    line = 0.0022 + 0.004 * sheet.hand.line
    ground = sheet.lab[0, 0].copy()
    phases = sheet.rng.random(5) * 6.28
    for number in range(count):
        base = step * (number + 2.2)
        rise = np.zeros_like(x)
        for k in range(5):
            phases[k] += sheet.rng.normal(0, 0.35)
            rise += np.sin(x * (9 + 11 * k) * (1.6 - sheet.scale) + phases[k]) / (1 + 0.5 * k)
        y = base - step * (1.2 + 2.2 * sheet.hand.line + 1.5 * sheet.hand.density) * calm * np.abs(rise)
        top = np.column_stack([x, y])
        below = np.array([[sheet.w + 0.05, base + step], [-0.05, base + step]])
        fill = sheet.swatch(number // 3) if sheet.hand.layers > 0.55 else ground
        sheet.paint(sheet.shapes([np.concatenate([top, below])]), fill, 1.0, 0.5)
        way = number / count
        sheet.paint(
            sheet.lines([top], line), sheet.palette.tone(0.9 if ground[0] < 0.6 else -0.9, way * sheet.hand.curve, 1.0), 0.95, 0
        )


def _swing(sheet: Sheet, strength: float = 1.0):  # type: ignore[no-untyped-def]
    """Return the distance across bands that swing: an even wave for an orderly hand, else a drifting one."""
    upright = sheet.subject == "music" and sheet.hand.tilt > 0.1
    along, across = (sheet.wy, sheet.wx) if upright else (sheet.wx, sheet.wy)
    length = 0.22 + 0.55 * sheet.scale
    height = strength * length * (0.07 + 0.20 * sheet.hand.curve)
    even = np.sin(2 * np.pi * along / length + sheet.pick(0, 6.28) + 2.5 * across * (sheet.hand.layers - 0.3))
    drifting = sheet.smooth(length * 0.8) * 0.7
    return across + height * (sheet.hand.order * even + (1 - sheet.hand.order) * drifting) + np.tan(sheet.hand.tilt * 0.5) * along


def _bands(sheet: Sheet) -> None:
    """Bands one beside the other, all swinging together."""
    across = _swing(sheet).astype(np.float32)
    breadth = 0.014 + 0.06 * sheet.scale
    low = float(across.min())
    count = max(3, round((float(across.max()) - low) / breadth))
    at = (across - low) / np.float32(breadth)
    number = np.clip(np.floor(at), 0, count).astype(int)
    motif = sheet.rng.permutation(6)[: 2 + int(4 * sheet.hand.density)]
    tones = sheet.palette.swatches[motif[np.arange(count + 2) % motif.size]]
    tones = tones + sheet.rng.normal(0, 0.015, tones.shape).astype(np.float32)
    part = np.clip((at - number) * np.float32(breadth) / np.float32(1.6 * sheet.px), 0, 1)[..., None]
    field = tones[np.maximum(number - 1, 0)] * (1 - part) + tones[number] * part
    if sheet.hand.gap > 0.5:
        field[..., 0] += (0.10 * (at - number - 0.5)).astype(np.float32)
    sheet.lab[:] = sheet.touched(field)


def _scales(sheet: Sheet) -> None:
    """Overlapping fans in rows, each with inner arcs."""
    radius = 0.045 + 0.10 * sheet.scale
    rings = 2 + int(3 * sheet.hand.density)
    rows = int(sheet.h / (radius * 0.5)) + 3
    drift = sheet.smooth(0.4) * np.float32(0.02 * (1 - sheet.hand.order))
    wx, wy = sheet.wx + drift, sheet.wy + drift
    field = sheet.lab.copy()
    for row in range(rows):
        cy = (row - 0.5) * radius * 0.5 + radius * 0.5
        shifted = wx + radius * (row % 2)
        column = np.floor(shifted / (2 * radius)).astype(int)
        far = np.hypot(shifted - (2 * column + 1) * radius, wy - cy)
        ring = np.clip((far / radius * rings).astype(int), 0, rings - 1)
        shade = sheet.rng.integers(0, 6, 60)
        tone = (ring + (shade[(column + 5) % 60] if sheet.hand.layers > 0.6 else row // 3)) % 6
        colours = sheet.palette.swatches[tone]
        edge = np.abs((far / radius * rings + 0.5) % 1 - 0.5) * radius / rings
        line = sheet.inside((edge - (0.001 + 0.004 * sheet.hand.line)).astype(np.float32))[..., None]
        colours = colours + line * (sheet.palette.tone(1.0 if sheet.hand.ground > 0 else -1.0, 0, 0.4) - colours)
        inside = sheet.inside((far - radius).astype(np.float32))[..., None]
        field += inside * (colours - field)
    sheet.lab[:] = sheet.touched(field)


def _marbled(sheet: Sheet) -> None:
    """Ink combed on water: a field folded into itself."""
    cell = 0.22 + 0.4 * sheet.scale
    a, b = sheet.fractal(cell, 3), sheet.fractal(cell, 3)
    stretch = 0.55 + 1.2 * sheet.hand.curve
    combed = np.sin(2 * np.pi * (sheet.x * np.float32(1.2) + 0.22 * a) / cell + 1.6 * b)
    way = (sheet.y + 0.10 * stretch * combed + 0.09 * a) / np.float32(0.05 + 0.13 * sheet.scale)
    tones = sheet.palette.swatches[sheet.rng.permutation(6)]
    at = way % 6
    number = at.astype(int) % 6
    soft = np.clip((at - np.floor(at)) / np.float32(0.05 + 0.3 * sheet.hand.softness), 0, 1)[..., None]
    field = tones[number - 1] * (1 - soft) + tones[number] * soft
    vein = np.exp(-(((way * (1 + 2 * sheet.hand.density)) % 1 - 0.5) ** 2) / np.float32(0.002 + 0.006 * sheet.hand.line))
    sheet.lab[:] = sheet.touched(field)
    sheet.paint(vein.astype(np.float32), sheet.palette.tone(0.9 if sheet.hand.ground > 0 else -0.9, 0.1, 0.5), 0.55, 0.4)


def _layers(sheet: Sheet) -> None:
    """Rolling layers, pale in the distance and strong in front, with a sun for those who show a place."""
    top = sheet.palette.tone(0.95, 0.25, 0.6)
    sheet.lab[:] = sheet.touched(
        sheet.blend((sheet.y / sheet.h + 0 * sheet.x).astype(np.float32), np.stack([sheet.palette.tone(0.45, 0.1, 0.8), top]))
    )
    if sheet.subject in ("sea", "landscape", "nature"):
        sheet.paint(
            sheet.disc(sheet.w * sheet.pick(0.2, 0.8), sheet.h * sheet.pick(0.12, 0.28), 0.05 + 0.06 * sheet.scale),
            sheet.palette.tone(0.95, 1, 1),
            0.9,
        )
    count = 4 + round(7 * (1 - sheet.scale))
    knots = 5 + int(5 * (1 - sheet.scale))
    for number in range(count):
        base = sheet.h * (0.22 + 0.80 * number / count)
        swing = 0.02 + 0.10 * sheet.hand.curve * (0.6 + sheet.scale)
        y = base + swing * np.where(
            sheet.hand.order > 0.5, np.cos(np.arange(knots) * np.pi + number * 1.3), sheet.rng.normal(0, 0.8, knots)
        )
        edge = curve(np.column_stack([np.linspace(-0.1, sheet.w + 0.1, knots), y]), 80)
        mask = sheet.shapes([np.concatenate([edge, [[sheet.w + 0.1, 2.0], [-0.1, 2.0]]])])
        colour = sheet.palette.tone(0.75 - 1.5 * number / count, 0.6 * abs(np.sin(number * 1.7)) * sheet.hand.layers * 1.5, 1.0)
        sheet.shadow(mask, 0, -0.006, 0.014, 0.10)
        sheet.paint(mask, sheet.varied(colour, 0.6), 1.0, 1.2)
        if sheet.hand.line > 0.35:
            for k in range(1, 1 + int(5 * sheet.hand.density)):
                sheet.paint(
                    sheet.lines([edge + np.array([0, 0.012 * k])], 0.0018 + 0.002 * sheet.hand.line),
                    sheet.palette.tone(0.9, 0.2, 0.6),
                    0.5,
                    0,
                )
