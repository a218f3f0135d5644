"""Brush strokes: the gesture itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.noise import smooth
from vitrina.data.gallery.drawing.sheet import Colour, Sheet, curve, frame

Points = NDArray[np.floating]


def brush_strokes(sheet: Sheet) -> None:
    """Brush: broad sweeps, short touches along a flow, one written gesture, crossing patches, or scraped paint."""
    sheet.ground(sheet.swatch(0), 1.4)
    (_sweeps, _touches, _written, _patches, _scraped)[sheet.hand.habit](sheet)


def stroke(sheet: Sheet, path: Points, width: float, colour: Colour, *, dry: float = 0.4, opacity: float = 0.96) -> None:
    """Draw one stroke of a flat brush through ``path`` ``[n, 2]``: hairs of many tones that break up as the paint runs out."""
    hairs = int(np.clip(width / sheet.px * 1.7, 12, 80))
    path = _resampled(path, 3 * sheet.px)
    along = np.gradient(path, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    offsets = np.linspace(-0.5, 0.5, hairs) + sheet.rng.normal(0, 0.3 / hairs, hairs)
    # Paint lasts longest in the middle of the brush; each hair has its own load, and neighbours are alike.
    load = (
        1.35
        - 0.95 * dry
        - 0.35 * np.abs(2 * offsets) ** 3
        + np.convolve(sheet.rng.normal(0, 0.45 * (0.3 + dry), hairs + 2), [0.3, 0.5, 0.3], "valid")
    )
    paint = load[:, None] - np.linspace(0, 1, len(path)) + 0.35 * dry * _speckle(sheet, hairs, len(path))
    paint[:, 0] = np.where(sheet.rng.random(hairs) < 0.35, -1, paint[:, 0])
    paths, tones = [], []
    for hair, tone in enumerate(np.clip(sheet.rng.normal(0.55, 0.2, hairs), 0, 1)):
        line = path + across * (width * offsets[hair])
        for first, last in _runs(paint[hair] > 0):
            if last - first > 1:
                paths.append(line[first:last])
                tones.append(tone)
    if paths:
        _print(sheet, paths, tones, 2.1 * width / hairs, colour, opacity)


def _resampled(path: Points, step: float) -> Points:
    """Return the same path in steps of about ``step``."""
    lengths = np.concatenate([[0], np.hypot(*np.diff(path, axis=0).T).cumsum()])
    at = np.linspace(0, lengths[-1], max(8, int(lengths[-1] / step)))
    return np.column_stack([np.interp(at, lengths, path[:, 0]), np.interp(at, lengths, path[:, 1])])


def _speckle(sheet: Sheet, hairs: int, steps: int) -> NDArray[np.floating]:
    """Return noise ``[hairs, steps]`` in flecks: a few hairs wide, longer than wide."""
    noise: NDArray[np.floating] = 0.8 * smooth(sheet.rng, hairs, steps, 2.4) + np.repeat(
        sheet.rng.normal(0, 0.5, (hairs, 1)), steps, axis=1
    )
    return noise


def _runs(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first and last place of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _print(sheet: Sheet, paths: list[Points], tones: list[float], thick: float, colour: Colour, opacity: float) -> None:
    body, light = sheet.toned_lines(paths, thick, tones)
    grain = np.clip(1.12 + 0.22 * sheet.hairs(), 0.55, 1)
    body, light = body * grain, light * grain
    rows, columns = frame(body)
    part, area = body[rows, columns], sheet.lab[rows, columns]
    if not part.size:
        return
    field = np.empty_like(area)
    field[:] = colour
    field[..., 0] += (light[rows, columns] - np.float32(0.55) * part) * np.float32(0.16 * sheet.brush + 0.05)
    area += (part * np.float32(opacity))[..., None] * (field - area)


def _sweep(sheet: Sheet, angle: float, length: float, bend: float, centre: Points | None = None) -> Points:
    middle = np.array([sheet.w * sheet.pick(0.15, 0.85), sheet.h * sheet.pick(0.15, 0.85)]) if centre is None else centre
    way, side = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    t = np.linspace(-0.5, 0.5, 4)[:, None]
    swing = bend * sheet.rng.normal(0, 0.35, (4, 1)) + bend * sheet.pick(-1, 1) * (t**2 - 0.1)
    return curve(middle + length * (t * way + swing * side), 30)


def _lean(sheet: Sheet) -> float:
    """Return the direction of the strokes: people stand, landscapes lie."""
    lean = {"people": np.pi / 2, "nature": 1.2, "landscape": 0.0, "sea": 0.0, "city": np.pi / 2}.get(sheet.subject)
    return sheet.hand.angle if lean is None else lean + sheet.hand.tilt * 0.5


def _sweeps(sheet: Sheet) -> None:
    lean = _lean(sheet)
    for number in range(8 + round(12 * (1 - sheet.scale) + 5 * sheet.hand.density)):
        path = _sweep(
            sheet, lean + sheet.pick(-1, 1) * (0.12 + 0.8 * sheet.hand.curve), sheet.pick(0.4, 1.0), 0.5 * sheet.hand.curve
        )
        stroke(
            sheet,
            path,
            (0.08 + 0.16 * sheet.scale) * sheet.pick(0.6, 1.3),
            sheet.varied(sheet.swatch(number + 1)),
            dry=0.2 + 0.8 * sheet.hand.gap,
        )


def _touches(sheet: Sheet) -> None:
    """Short touches along a flow, coloured by a scene of light; three layers, each finer."""
    length = 0.05 + 0.09 * sheet.scale
    flow = _lean(sheet) + (0.3 + 1.2 * sheet.hand.curve) * sheet.smooth(0.5)
    scene = 0.45 * sheet.fractal(0.4, 3) + 1.1 * (0.5 - sheet.y / sheet.h)
    tones = sheet.palette.swatches[np.argsort(sheet.palette.swatches[:, 0])]
    for layer in range(3):
        pitch = length * (0.62 - 0.10 * layer)
        count = int(sheet.w * sheet.h / (pitch * length * (0.4 + 0.25 * layer)))
        x, y = sheet.rng.random(count) * sheet.w, sheet.rng.random(count) * sheet.h
        row, column = (y / sheet.px).astype(int), (x / sheet.px).astype(int)
        angle = flow[row, column] + sheet.rng.normal(0, 0.15, count)
        reach = length * sheet.rng.uniform(0.35, 0.65, count)
        dx, dy = reach * np.cos(angle), reach * np.sin(angle)
        bow = 0.18 * sheet.hand.curve * sheet.rng.normal(0, 1, count)
        paths = np.stack(
            [np.column_stack([x - dx, y - dy]), np.column_stack([x - bow * dy, y + bow * dx]), np.column_stack([x + dx, y + dy])],
            1,
        )
        level = np.clip((0.5 + 0.42 * scene[row, column] + sheet.rng.normal(0, 0.13, count)) * 6, 0, 5.99).astype(int)
        width = length * (0.14 + 0.20 * sheet.hand.line)
        for tone in range(6):
            chosen = list(paths[level == tone])
            if chosen:
                shade = sheet.rng.uniform(0.55, 1, len(chosen)).tolist()
                sheet.paint(sheet.lines(chosen, width, shade), sheet.varied(tones[tone]), 0.96, 1.5)


def _written(sheet: Sheet) -> None:
    """One broad gesture on a quiet ground, with drips and a lighter echo."""
    sheet.ground(sheet.palette.tone(sheet.hand.ground, 0.1, 0.6), 1.5)
    sheet.paint(np.clip(0.4 + 0.5 * sheet.fractal(0.5), 0, 1), sheet.varied(sheet.swatch(1), 1), 0.45, 1.5)
    dark = sheet.palette.dark if sheet.hand.ground > -0.5 else sheet.palette.tone(1, 0, 0.5)
    count = 1 + round(2 * (1 - sheet.scale) + 1.2 * sheet.hand.density)
    for number in range(count + 1):
        knots = sheet.rng.integers(4, 7)
        lean = _lean(sheet)
        t = np.linspace(-0.42, 0.42, knots)[:, None]
        way = np.array([np.cos(lean) * sheet.w, np.sin(lean) * sheet.h])
        points = np.array([sheet.w / 2, sheet.h / 2]) + t * way * 1.1
        points = points + sheet.rng.normal(0, 0.09 + 0.13 * sheet.hand.curve, (knots, 2)) * np.array([sheet.w, sheet.h])
        width = (0.055 + 0.09 * sheet.scale) * sheet.pick(0.7, 1.3) * (0.45 if number == count else 1)
        colour = sheet.swatch(5) if number == count else sheet.varied(dark if number % 2 == 0 else sheet.swatch(2 + number))
        stroke(sheet, curve(points, 60), width, colour, dry=0.15 + 0.7 * sheet.hand.gap)
        if sheet.hand.density > 0.35:
            for x, y in points[sheet.rng.random(knots) < 0.5]:
                end = y + sheet.pick(0.05, 0.3)
                drop = [np.array([[x, y], [x + sheet.pick(-0.003, 0.003), end]])]
                sheet.paint(sheet.tapered(drop, [0.006], [0.003]), colour, 0.9, 0)
    _spatter(sheet, dark)


def _spatter(sheet: Sheet, colour: Colour) -> None:
    count = int(40 * sheet.hand.density * sheet.hand.layers)
    if count:
        x, y = sheet.rng.random(count) * sheet.w, sheet.rng.random(count) * sheet.h
        sheet.paint(sheet.spots(x, y, 0.0015 + 0.008 * sheet.rng.random(count) ** 4), colour, 0.9, 0)


def _patches(sheet: Sheet) -> None:
    """Loaded patches that cross at right angles, layer on layer."""
    lean = _lean(sheet)
    for _ in range(24 + round(40 * (1 - sheet.scale))):
        angle = lean + (np.pi / 2) * (sheet.rng.random() < 0.45) + sheet.pick(-0.3, 0.3)
        width = (0.045 + 0.10 * sheet.scale) * sheet.pick(0.6, 1.4)
        path = _sweep(
            sheet, angle, width * sheet.pick(1.5, 4), 0.25 * sheet.hand.curve, np.array([sheet.w, sheet.h]) * sheet.rng.random(2)
        )
        stroke(sheet, path, width, sheet.varied(sheet.any_swatch(), 1.2), dry=0.5 * sheet.hand.gap)


def _scraped(sheet: Sheet) -> None:
    """Layers dragged across with a blade: long skins of paint torn open over those below."""
    lying = sheet.subject in ("landscape", "sea", "abstract")
    angle = 0.0 if lying else np.pi / 2
    length, breadth = 0.25 + 0.3 * sheet.hand.curve, 0.004 + 0.02 * sheet.scale
    for number in range(4 + round(3 * sheet.hand.density)):
        skin = sheet.streaks(angle, length, breadth) + 0.9 * sheet.fractal(0.3 + 0.2 * sheet.scale, 4)
        across = sheet.wy / sheet.h if lying else sheet.wx / sheet.w
        hump = 1.4 * np.sin(2 * np.pi * (across * sheet.pick(0.6, 1.6) + sheet.rng.random()))
        mask = np.clip((skin + hump - 0.35) / np.float32(0.10 + 0.5 * sheet.hand.softness), 0, 1).astype(np.float32)
        sheet.paint(mask, sheet.varied(sheet.swatch(number + 1)), 0.93, 0.4)
        sheet.lab[..., 0] += sheet.streaks(angle, length, 0.0035) * mask * np.float32(0.03 * (0.4 + sheet.brush))
