"""Gradients: colour that passes into colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.sheet import Sheet, curve

Floats32 = NDArray[np.float32]


def gradients(sheet: Sheet) -> None:
    """Pass from colour to colour: along a line, round a glow, between pools, in steps, or in facing panels."""
    (_dusk, _glow, _pools, _steps, _panels)[sheet.hand.habit](sheet)
    if sheet.subject == "landscape" and sheet.hand.habit != 4:
        _ridge(sheet)
    elif sheet.subject == "sea":
        _level(sheet)


def _tones(sheet: Sheet, count: int) -> Floats32:
    """Return tones from dark to light or from light to light, hue turning steadily from the main one to the accent."""
    at = np.linspace(0, 1, count)
    arch = sheet.hand.order > 0.6  # lightest in the middle
    level = 0.85 - 1.7 * np.abs(2 * at - 1) if arch else -0.85 + 1.7 * at
    turned = at if sheet.hand.line > 0.3 else 0.35 * np.sin(np.pi * at)
    tones = sheet.palette.tones(
        level, turned if sheet.hand.tilt > 0.2 else 1 - turned, 0.8 + 0.45 * np.sin(np.pi * (at + sheet.hand.gap))
    )
    ordered: Floats32 = tones[::-1] if sheet.hand.tilt > 0.1 else tones
    return ordered


def _along(sheet: Sheet, angle: float) -> Floats32:
    nx, ny = np.cos(angle), np.sin(angle)
    reach = abs(nx) * sheet.w + abs(ny) * sheet.h
    along: Floats32 = (((sheet.x - sheet.w / 2) * nx + (sheet.y - sheet.h / 2) * ny) / reach + 0.5).astype(np.float32)
    return along


def _dusk(sheet: Sheet) -> None:
    angle = np.pi / 2 + (0 if sheet.subject in ("landscape", "sea") else sheet.hand.tilt)
    way = (
        _along(sheet, angle)
        + 0.05 * sheet.hand.wobble * sheet.fractal(0.6, 3)
        + 0.02 * sheet.streaks(angle + np.pi / 2, 0.5, 0.02)
    )
    sheet.lab[:] = sheet.touched(sheet.blend(way.astype(np.float32), _tones(sheet, 3 + int(3 * (1 - sheet.scale)))), 0.35)
    if sheet.hand.density > 0.5:
        x, y = sheet.w * sheet.pick(0.25, 0.75), sheet.h * sheet.pick(0.25, 0.35)
        radius = 0.06 + 0.14 * sheet.scale
        inner = np.clip((sheet.y - y) / radius * 0.5 + 0.5, 0, 1) + 0 * sheet.x
        sheet.paint(
            sheet.disc(x, y, radius, 0.02 * sheet.hand.softness),
            sheet.touched(sheet.blend(inner.astype(np.float32), _tones(sheet, 3)[::-1]), 0.4),
            0.97,
        )


def _glow(sheet: Sheet) -> None:
    """A centre of light, round or oblong, in soft rings."""
    x, y = sheet.w * sheet.pick(0.3, 0.7), sheet.h * sheet.pick(0.3, 0.35)
    power = 2 + 4 * (sheet.hand.curve > 0.7)
    far = (np.abs((sheet.x - x) / sheet.w) ** power + np.abs((sheet.y - y) / sheet.h) ** power) ** (1 / power)
    rings = 0.06 * sheet.hand.layers * np.cos(far * (14 + 30 * (1 - sheet.scale)))
    way = np.clip(far * (1.15 + 0.5 * (1 - sheet.scale)), 0, 1) + rings + 0.02 * sheet.fractal(0.4, 3)
    tones = _tones(sheet, 4 + int(2 * sheet.hand.density))
    sheet.lab[:] = sheet.touched(sheet.blend(way.astype(np.float32), tones[::-1] if sheet.hand.ground < 0 else tones), 0.35)


def _pools(sheet: Sheet) -> None:
    """Pools of colour that run into one another."""
    count = 4 + round(5 * (1 - sheet.scale))
    x, y = sheet.rng.random(count) * sheet.w, sheet.rng.random(count) * sheet.h
    bend = (0.05 + 0.2 * sheet.hand.curve) * sheet.smooth(0.45)
    weight = np.stack(
        [
            1 / (((sheet.x + bend - a) ** 2 + (sheet.y - bend - b) ** 2) + 0.004) ** (1.1 + 1.3 * sheet.hand.order)
            for a, b in zip(x, y, strict=True)
        ]
    )
    weight /= weight.sum(0)
    tones = _tones(sheet, count)[sheet.rng.permutation(count)]
    sheet.lab[:] = sheet.touched(np.tensordot(weight, tones, (0, 0)).astype(np.float32), 0.35)


def _steps(sheet: Sheet) -> None:
    """Steps of even tone, each shaded against the next."""
    count = 4 + round(10 * (1 - sheet.scale))
    angle = {"landscape": np.pi / 2, "sea": np.pi / 2}.get(
        sheet.subject, float(sheet.rng.choice([0, np.pi / 2])) + sheet.hand.tilt
    )
    stray = (
        0.05
        * sheet.hand.curve
        * np.sin(2 * np.pi * (_along(sheet, angle + np.pi / 2) * (1 + sheet.hand.density) + sheet.rng.random()))
    )
    at = np.clip(_along(sheet, angle) + stray + 0.004 * sheet.hand.wobble * sheet.fractal(0.1, 3), 0, 0.9999) * count
    step = np.floor(at)
    part = at - step
    soft = np.clip(part * (sheet.height / count) / 1.5, 0, 1)
    way = (step - 1 + soft) / (count - 1)
    field = sheet.blend(np.clip(way, 0, 1).astype(np.float32), _tones(sheet, 4))
    field[..., 0] += ((0.5 - part) * (0.05 + 0.14 * sheet.hand.layers)).astype(np.float32)
    sheet.lab[:] = sheet.touched(field, 0.35)


def _panels(sheet: Sheet) -> None:
    """Panels side by side whose passages face one another."""
    count = 2 + round(5 * (1 - sheet.scale))
    lying = sheet.subject in ("sea", "landscape")
    along, across = (sheet.wx / sheet.w, sheet.wy / sheet.h) if lying else (sheet.wy / sheet.h, sheet.wx / sheet.w)
    panel = np.clip(np.floor(across * count), 0, count - 1).astype(int)
    offset = sheet.rng.uniform(-0.3, 0.3, count) * (1 - sheet.hand.order)
    turned = (np.arange(count) % 2 == 1)[panel]
    way = np.where(turned, 1 - along, along) + offset[panel]
    field = sheet.blend(np.clip(way, 0, 1).astype(np.float32), _tones(sheet, 4))
    edge = np.minimum(across * count - panel, panel + 1 - across * count) / count
    field[..., 0] -= (np.exp(-edge / (0.006 + 0.02 * sheet.hand.softness)) * (0.03 + 0.08 * sheet.hand.layers)).astype(np.float32)
    sheet.lab[:] = sheet.touched(field, 0.35)


def _ridge(sheet: Sheet) -> None:
    """Far ridges in haze along the foot."""
    for k in range(1 + int(3 * sheet.hand.layers)):
        y = sheet.h * (0.74 + 0.09 * k) + sheet.rng.normal(0, 0.02 + 0.02 * sheet.hand.curve, 6)
        edge = curve(np.column_stack([np.linspace(-0.1, sheet.w + 0.1, 6), y]), 60)
        mask = sheet.shapes([np.concatenate([edge, [[sheet.w + 0.1, 2], [-0.1, 2]]])])
        sheet.paint(mask, sheet.palette.tone(-0.1 - 0.28 * k, 0.2 * k, 0.8), 0.55 + 0.1 * k, 0.35)


def _level(sheet: Sheet) -> None:
    """A horizon: below it the sky comes back, darker and rippled."""
    row = int(sheet.height * sheet.pick(0.55, 0.72))
    below = sheet.height - row
    if row < 2 or below < 2:
        return
    source = np.clip(row - 1 - np.arange(below) * row // max(below, 1), 0, row - 1)
    mirror = sheet.lab[source].copy()
    mirror[..., 0] *= np.float32(0.88)
    mirror[..., 0] += sheet.streaks(0.0, 0.12, 0.006)[row:] * np.float32(0.02 + 0.02 * sheet.hand.grain)
    sheet.lab[row:] = mirror
