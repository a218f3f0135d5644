"""Grids: the sheet divided, evenly or not."""

from __future__ import annotations

import numpy as np

from vitrina.data.gallery.drawing.sheet import Sheet

Box = tuple[float, float, float, float]


def grids(sheet: Sheet) -> None:
    """Divide the sheet: into unequal boxes, coloured cells, split tiles, a pencilled net, or a weave of bands."""
    (_boxes, _cells, _tiles, _net, _woven)[sheet.hand.habit](sheet)


def _cell(sheet: Sheet, small: float = 0.045, large: float = 0.17) -> float:
    return small + (large - small) * sheet.scale


def _counts(sheet: Sheet, cell: float) -> tuple[int, int]:
    stretch = {"city": 0.7, "landscape": 1.6, "music": 1.35}.get(sheet.subject, 1.0)
    return max(2, round(sheet.w / (cell * stretch))), max(2, round(sheet.h / (cell / stretch)))


def _boxes(sheet: Sheet) -> None:
    """Boxes divided again and again, parted by painted lines."""
    sheet.ground(sheet.palette.paper if sheet.hand.ground > 0 else sheet.swatch(0))
    boxes = _divided(sheet, (0.0, 0.0, sheet.w, sheet.h), _cell(sheet, 0.06, 0.25))
    filled = 0.35 + 0.6 * sheet.hand.density
    for box in boxes:
        if sheet.rng.random() < filled:
            sheet.paint(sheet.box(*box), sheet.varied(sheet.any_swatch(), 0.6), 0.98)
    line = 0.003 + 0.016 * sheet.hand.line
    colour = sheet.palette.dark if sheet.hand.contrast > 0.7 else sheet.palette.tone(0.95, 0, 0.3)
    frame = np.zeros_like(sheet.wx)
    for left, top, right, bottom in boxes:
        near = np.maximum(
            np.abs(sheet.wx - (left + right) / 2) - (right - left) / 2, np.abs(sheet.wy - (top + bottom) / 2) - (bottom - top) / 2
        )
        frame = np.maximum(frame, sheet.inside(np.abs(near) - line / 2))
    sheet.paint(frame, colour, 0.96)


def _divided(sheet: Sheet, box: Box, least: float) -> list[Box]:
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    if max(wide, high) < least * sheet.pick(1.3, 3.0) or min(wide, high) < 2 * sheet.px:
        return [box]
    share = sheet.pick(0.5, 0.5) if sheet.hand.order > 0.75 else sheet.pick(0.22, 0.78)
    if wide * {"city": 1.5, "landscape": 0.6}.get(sheet.subject, 1.0) > high:
        cut = left + wide * share
        return [*_divided(sheet, (left, top, cut, bottom), least), *_divided(sheet, (cut, top, right, bottom), least)]
    cut = top + high * share
    return [*_divided(sheet, (left, top, right, cut), least), *_divided(sheet, (left, cut, right, bottom), least)]


def _cells(sheet: Sheet) -> None:
    """Even cells whose colours drift across the sheet."""
    columns, rows = _counts(sheet, _cell(sheet))
    sheet.ground(sheet.palette.tone(sheet.hand.ground, 0, 0.5))
    u, v, column, row = _folded(sheet, columns, rows)
    drift = sheet.rng.normal(0, 1, 3)
    way = 0.5 + 0.32 * (drift[0] * (column / columns - 0.5) + drift[1] * (row / rows - 0.5)) * 2
    chance = sheet.rng.normal(0, 1, (rows, columns))[row, column]
    order = sheet.rng.permutation(6)[: 4 + int(2 * sheet.hand.density)]
    colours = sheet.palette.swatches[order]
    field = sheet.blend((way + (0.06 + 0.26 * (1 - sheet.hand.order)) * chance).astype(np.float32), colours)
    field[..., 0] += (0.02 * sheet.rng.normal(0, 1, (rows, columns))[row, column]).astype(np.float32)
    gap = 0.02 + 0.10 * sheet.hand.gap
    size = min(sheet.w / columns, sheet.h / rows)
    near = (np.maximum(np.abs(u - 0.5), np.abs(v - 0.5)) - (0.5 - gap / 2)) * size
    if sheet.hand.curve > 0.6:
        near = np.maximum(near, (np.hypot(u - 0.5, v - 0.5) - 0.62 + gap / 2) * size)
    sheet.paint(sheet.inside(near.astype(np.float32)), sheet.touched(field), 0.98)
    if sheet.hand.layers > 0.45:
        inner = sheet.inside(((np.maximum(np.abs(u - 0.5), np.abs(v - 0.5)) - 0.22) * size).astype(np.float32))
        chosen = (sheet.rng.random((rows, columns)) < 0.5)[row, column]
        sheet.paint(inner * chosen, sheet.touched(field[::-1, ::-1]), 0.9)


def _folded(sheet: Sheet, columns: int, rows: int):  # type: ignore[no-untyped-def]
    """Return the place within its cell (0..1 twice), column and row of every pixel."""
    across, down = sheet.wx / sheet.w * columns, sheet.wy / sheet.h * rows
    column = np.clip(np.floor(across), 0, columns - 1).astype(np.int64)
    row = np.clip(np.floor(down), 0, rows - 1).astype(np.int64)
    return across - column, down - row, column, row


def _tiles(sheet: Sheet) -> None:
    """Tiles split along diagonals and arcs, turned at random or in order: a quilt."""
    columns, rows = _counts(sheet, _cell(sheet, 0.07, 0.24))
    u, v, column, row = _folded(sheet, columns, rows)
    turn = sheet.rng.integers(0, 4, (rows, columns))
    if sheet.hand.order > 0.5:
        turn = (np.arange(rows)[:, None] * 2 + np.arange(columns)[None, :] * sheet.rng.choice([1, 3])) % 4
    turned = turn[row, column]
    a = np.choose(turned, [u, v, 1 - u, 1 - v])
    b = np.choose(turned, [v, 1 - u, 1 - v, u])
    size = min(sheet.w / columns, sheet.h / rows)
    kinds = sheet.rng.random((rows, columns))[row, column]
    diagonal, arc = (a + b - 1) / 1.414, np.hypot(a, b) - (0.72 + 0.2 * sheet.hand.line)
    split = np.where(kinds < sheet.hand.curve, arc, diagonal) * size
    first = sheet.palette.swatches[sheet.rng.integers(0, 3, (rows, columns))[row, column]]
    second = sheet.palette.swatches[3 + sheet.rng.integers(0, 3, (rows, columns))[row, column]]
    sheet.lab[:] = sheet.touched(first)
    sheet.paint(sheet.inside(split.astype(np.float32)), sheet.touched(second))
    if sheet.hand.layers > 0.5:
        small = sheet.inside(((np.hypot(a, b) - 0.33) * size).astype(np.float32)) * (kinds < 0.6)
        sheet.paint(small, sheet.touched(first), 0.95)
    sheet.soften((0.5 - np.maximum(np.abs(u - 0.5), np.abs(v - 0.5))) * size)
    if sheet.hand.gap > 0.4:
        near = (0.5 - np.maximum(np.abs(u - 0.5), np.abs(v - 0.5))) * size - 0.001 - 0.004 * sheet.hand.gap
        sheet.paint(sheet.inside(near.astype(np.float32)), sheet.palette.tone(sheet.hand.ground, 0, 0.4), 0.95)


def _net(sheet: Sheet) -> None:
    """Pencil lines over pale or dark washes."""
    columns, rows = _counts(sheet, _cell(sheet, 0.022, 0.075))
    sheet.ground(sheet.swatch(0))
    bands = max(2, round(3 + 4 * sheet.hand.density))
    tops = np.linspace(0, sheet.h, bands + 1)
    for number in range(bands):
        wash = np.clip(0.75 + 0.2 * sheet.fractal(0.2), 0, 1)
        sheet.paint(sheet.box(-1, tops[number], 2, tops[number + 1], 0.01) * wash, sheet.varied(sheet.swatch(number), 0.8), 0.8)
    u, v, column, row = _folded(sheet, columns, rows)
    worn = np.clip(0.75 + 0.35 * sheet.fractal(0.02, 2), 0.1, 1)
    line = 0.0012 + 0.0025 * sheet.hand.line
    near = np.minimum(np.minimum(u, 1 - u) * sheet.w / columns, np.minimum(v, 1 - v) * sheet.h / rows)
    ink = sheet.palette.dark if sheet.palette.light > 0.45 else sheet.palette.tone(1, 0.2, 0.5)
    sheet.paint(sheet.inside((near - line).astype(np.float32)) * worn, ink, 0.75, 0)
    filled = (sheet.rng.random((rows, columns)) < 0.10 + 0.25 * sheet.hand.layers)[row, column]
    colours = sheet.palette.swatches[sheet.rng.integers(0, 6, (rows, columns))[row, column]]
    inner = sheet.inside((2.2 * line - near).astype(np.float32))
    sheet.paint(inner * filled, sheet.touched(colours), 0.9)


def _woven(sheet: Sheet) -> None:
    """Bands that pass over and under one another."""
    columns, rows = _counts(sheet, _cell(sheet, 0.05, 0.15))
    sheet.ground(sheet.palette.dark)
    u, v, column, row = _folded(sheet, columns, rows)
    over = (column + row) % 2 == 0 if sheet.hand.order > 0.35 else (sheet.rng.random((rows, columns)) < 0.5)[row, column]
    half = 0.5 - 0.03 - 0.16 * sheet.hand.gap
    warp = sheet.palette.swatches[sheet.rng.choice(3, columns)][column]
    weft = sheet.palette.swatches[3 + sheet.rng.choice(3, rows)][row]
    size_x, size_y = sheet.w / columns, sheet.h / rows
    upright = sheet.inside(((np.abs(u - 0.5) - half) * size_x).astype(np.float32))
    level = sheet.inside(((np.abs(v - 0.5) - half) * size_y).astype(np.float32))
    for mask, field, place, ahead in (
        (upright, warp, v, ~over), (level, weft, u, over), (upright, warp, v, over), (level, weft, u, ~over),
    ):  # fmt: skip
        lit = sheet.touched(field)
        lit[..., 0] -= (0.10 * np.cos(2 * np.pi * place) * (1 if sheet.hand.layers > 0.3 else 0.2)).astype(np.float32) * ahead
        sheet.paint(mask * (ahead if mask is not None else 1), lit)
