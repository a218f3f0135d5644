"""Stripes: bands side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.sheet import Sheet

Floats32 = NDArray[np.float32]


def stripes(sheet: Sheet) -> None:
    """Lay bands: straight, in staves, in chevrons, round a corner, or brushed by hand."""
    sheet.ground(sheet.palette.tone(sheet.hand.ground, 0.1, 0.6))
    (_straight, _staves, _chevrons, _cornered, _brushed)[sheet.hand.habit](sheet)


def _angle(sheet: Sheet) -> float:
    base = {"music": 0.0, "landscape": 0.0, "sea": 0.0}.get(sheet.subject, np.pi / 2)
    return base + (sheet.hand.tilt if sheet.subject != "geometry" else round(sheet.hand.tilt / 0.5) * np.pi / 4)


def _across(sheet: Sheet, angle: float) -> Floats32:
    """Return the distance across bands that run along ``angle``."""
    across: Floats32 = ((sheet.wy - sheet.h / 2) * np.cos(angle) - (sheet.wx - sheet.w / 2) * np.sin(angle)).astype(np.float32)
    return across


def _edges(sheet: Sheet, low: float, high: float, breadth: float) -> NDArray[np.float64]:
    """Return where bands begin and end: even for an orderly hand, else of many breadths."""
    count = max(3, round((high - low) / breadth))
    uneven = np.exp((1 - sheet.hand.order) * sheet.rng.normal(0, 0.95, count))
    if sheet.hand.curve > 0.55:  # breadths swell and shrink along the row
        uneven *= 1 + 0.75 * np.sin(
            2 * np.pi * (np.arange(count) / count * (1 + round(2 * sheet.hand.density)) + sheet.rng.random())
        )
    edges: NDArray[np.float64] = low + (high - low) * np.cumsum([0, *uneven]) / uneven.sum()
    return edges


def _sequence(sheet: Sheet, count: int) -> NDArray[np.int64]:
    """Return which tone each band has: a repeated motif or a run, as the hand goes; neighbours differ."""
    motif = sheet.rng.permutation(6)[: 3 + int(3 * sheet.hand.density)]
    if sheet.hand.layers > 0.4:
        return motif[np.arange(count) % motif.size]
    steps = sheet.rng.integers(1, motif.size, count)
    return motif[np.cumsum(steps) % motif.size]


def _bands(sheet: Sheet, across: Floats32, breadth: float, *, gap: float = 0.0, depth: float = 1.0) -> None:
    edges = _edges(sheet, float(across.min()), float(across.max()), breadth)
    number = np.clip(np.searchsorted(edges, across) - 1, 0, len(edges) - 2)
    tones = sheet.palette.swatches[_sequence(sheet, len(edges) - 1)]
    tones = tones + sheet.rng.normal(0, 0.012, tones.shape).astype(np.float32)
    # Smooth edges: near an edge the neighbour's colour shows through by half.
    near = np.minimum(across - edges[number], edges[number + 1] - across).astype(np.float32)
    other = np.clip(np.where(across - edges[number] < edges[number + 1] - across, number - 1, number + 1), 0, len(tones) - 1)
    part = np.clip(0.5 + near / np.float32(sheet.px), 0, 1)[..., None]
    field = tones[other] + part * (tones[number] - tones[other])
    cover = sheet.inside(np.float32(gap) - near) if gap else np.ones_like(near)
    sheet.paint(cover, sheet.touched(field, depth), 0.98)


def _breadth(sheet: Sheet, small: float = 0.018, large: float = 0.13) -> float:
    return float(small + (large - small) * sheet.scale**1.3)


def _straight(sheet: Sheet) -> None:
    _bands(sheet, _across(sheet, _angle(sheet)), _breadth(sheet), gap=0.004 * (sheet.hand.gap > 0.5))


def _staves(sheet: Sheet) -> None:
    """Thin lines in groups over broad bands."""
    angle = _angle(sheet)
    across = _across(sheet, angle)
    _bands(sheet, across, _breadth(sheet, 0.12, 0.4))
    line, step = 0.002 + 0.007 * sheet.hand.line, 0.012 + 0.03 * sheet.scale
    low, high = float(across.min()), float(across.max())
    at = low + sheet.pick(0.01, 0.06)
    while at < high:
        ink = sheet.varied(sheet.any_swatch(sheet.lab[sheet.height // 2, sheet.width // 2]), 0.5)
        for number in range(3 + int(4 * sheet.hand.density)):
            sheet.paint(sheet.inside(np.abs(across - (at + number * step)) - line / 2), ink, 0.95, 0.5)
        at += step * (5 + int(4 * sheet.hand.density)) + sheet.pick(0.03, 0.16) * (1 + sheet.hand.gap)


def _chevrons(sheet: Sheet) -> None:
    """Bands folded along one or more axes."""
    folds = 1 + int(2.5 * sheet.hand.density)
    lying = sheet.subject in ("music", "landscape", "sea")
    along, across = (sheet.wx / sheet.w, sheet.wy) if lying else (sheet.wy / sheet.h, sheet.wx)
    saw = np.abs((along * folds + 0.5 * (folds == 1)) % 1 - 0.5)
    _bands(sheet, (across + (0.3 + 0.8 * sheet.hand.line) * saw / folds).astype(np.float32), _breadth(sheet, 0.02, 0.12))


def _cornered(sheet: Sheet) -> None:
    """Bands that turn round a corner or a centre."""
    cx, cy = sheet.w * sheet.rng.choice([0.0, 0.5, 1.0]), sheet.h * sheet.rng.choice([0.0, 0.5, 1.0])
    dx, dy = np.abs(sheet.wx - cx), np.abs(sheet.wy - cy)
    power = 2.0 + 6 * (1 - sheet.hand.curve)
    far = np.maximum(dx, dy) if sheet.hand.curve < 0.35 else (dx**power + dy**power + 1e-6) ** (1 / power)
    _bands(sheet, far.astype(np.float32), _breadth(sheet, 0.018, 0.09), gap=0.003 + 0.004 * sheet.hand.gap)


def _brushed(sheet: Sheet) -> None:
    """Bands drawn in one breath each, ragged at their ends."""
    angle = _angle(sheet)
    breadth = _breadth(sheet, 0.03, 0.12)
    reach = (abs(sheet.w * np.sin(angle)) + abs(sheet.h * np.cos(angle))) / 2
    across, along = _across(sheet, angle), _across(sheet, angle + np.pi / 2)
    bend = 0.02 * sheet.hand.curve * sheet.smooth(0.5)
    length = (abs(sheet.w * np.cos(angle)) + abs(sheet.h * np.sin(angle))) / 2
    dry = sheet.streaks(angle, 0.35, 0.004)
    tones = _sequence(sheet, 200)
    at, number = -reach + breadth * 0.3, 0
    while at < reach + breadth:
        wide = breadth * np.exp((1 - sheet.hand.order) * sheet.pick(-0.7, 0.7))
        mask = sheet.inside((np.abs(across + bend - at) - wide * (0.5 - 0.22 * sheet.hand.gap)).astype(np.float32), 0.003)
        end = length * sheet.pick(0.80, 1.02 + 0.1 * (1 - sheet.hand.gap))
        ends = np.clip((end - np.abs(along) + 0.02 * dry) / 0.02, 0, 1)
        hairs = np.clip(1.3 + 0.5 * np.roll(dry, number * 37, (0, 1)) - 1.1 * np.clip(along / length, -1, 1), 0, 1)
        sheet.paint(mask * ends * hairs, sheet.varied(sheet.swatch(tones[number % 200])), 0.95, 1.4)
        at += wide
        number += 1
