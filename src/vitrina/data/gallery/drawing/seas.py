"""Seas: sky, horizon, water, and what lies at the shore."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.sheet import Sheet, curve

Floats32 = NDArray[np.float32]


def seas(sheet: Sheet) -> None:
    """Show the sea: calm under a sun, heavy, at the beach, at cliffs, or as bands of water and air."""
    sheet.brush *= 0.35
    horizon = sheet.h * (0.26 + 0.40 * sheet.hand.line + sheet.pick(-0.04, 0.04))
    (_calm, _heavy, _beach, _cliffs, _bands)[sheet.hand.habit](sheet, horizon)


def _sky(sheet: Sheet, horizon: float, *, gloom: float = 0.0) -> None:
    p = sheet.palette
    way = np.clip(sheet.y / horizon, 0, 1.2) + 0.05 * sheet.fractal(0.4, 4)
    colours = np.stack(
        [p.tone(0.15 - 0.6 * gloom, 0.0, 0.9), p.tone(0.6 - 0.6 * gloom, 0.1, 0.7), p.tone(0.95 - 0.5 * gloom, 0.5, 0.55)]
    )
    sheet.lab[:] = sheet.touched(sheet.blend(way.astype(np.float32), colours), 1.3)
    cover = sheet.hand.density
    if cover > 0.2:
        flat = sheet.streaks(sheet.pick(-0.12, 0.12), 0.35, 0.05 + 0.06 * sheet.scale) + 0.8 * sheet.fractal(0.22, 5, 0.6)
        cloud = np.clip((flat - 1.5 + 1.6 * cover) * (0.5 + 1.2 * (1 - sheet.hand.softness)), 0, 1)
        lit = np.clip(0.5 + 0.5 * np.roll(flat, round(0.012 / sheet.px), 0) - 0.5 * flat, 0, 1)
        tones = sheet.blend(
            lit.astype(np.float32), np.stack([p.tone(0.1 - 0.7 * gloom, 0.2, 0.5), p.tone(1.0 - 0.4 * gloom, 0.5, 0.4)])
        )
        sheet.paint(cloud.astype(np.float32), sheet.touched(tones), 0.8)


def _water(sheet: Sheet, horizon: float, *, swell: float, dark: float = -0.7) -> Floats32:
    """Paint water below the horizon; waves lengthen and part towards the front. Return how near each row is, 0..1."""
    p = sheet.palette
    near = np.clip((sheet.y - horizon) / (sheet.h - horizon + 1e-6), 0, 1).astype(np.float32)
    stretch = near**0.55
    ripple = np.zeros((sheet.height, sheet.width), np.float32)
    for k, cell in enumerate((0.05, 0.09, 0.16)):
        band = np.exp(-(((near - (0.12 + 0.38 * k)) / 0.30) ** 2))
        ripple += band * sheet.streaks(
            sheet.pick(-0.03, 0.03), cell * (1.4 + 2 * sheet.scale), 0.004 + 0.010 * k * (0.4 + sheet.scale)
        )
    way = 0.10 + 0.62 * stretch + swell * 0.16 * ripple
    colours = np.stack([p.tone(0.55, 0.3, 0.7), p.tone(0.0, 0.0, 1.1), p.tone(dark, -0.05, 1.1)])
    sheet.paint(
        sheet.inside(horizon - sheet.y + 0 * sheet.x), sheet.touched(sheet.blend(way.astype(np.float32), colours), 0.9), 1.0
    )
    glint = np.clip(ripple * 1.2 - 1.0 - 0.3 * (1 - swell), 0, 1) * (near > 0.01)
    sheet.paint(glint.astype(np.float32), p.tone(1.0, 0.4, 0.4), 0.35 + 0.35 * sheet.hand.contrast, 0)
    return near


def _sun(sheet: Sheet, horizon: float) -> None:
    x, y = sheet.w * sheet.pick(0.2, 0.8), horizon * sheet.pick(0.35, 0.92)
    colour = sheet.palette.tone(1.0, 1.0, 0.9)
    far = ((sheet.x - x) ** 2 + (sheet.y - y) ** 2) / np.float32((0.16 + 0.15 * sheet.scale) ** 2)
    above = sheet.inside(sheet.y - horizon + 0 * sheet.x)
    sheet.paint((np.exp(-1.5 * far) * above).astype(np.float32), colour, 0.55, 0)
    sheet.paint(
        sheet.disc(x, y, 0.025 + 0.04 * sheet.scale, 0.004 + 0.02 * sheet.hand.softness) * above,
        sheet.palette.tone(1.0, 0.9, 0.5),
        0.95,
        0.3,
    )
    down = np.clip((sheet.y - horizon) / (sheet.h - horizon), 0, 1)
    glitter = np.clip(sheet.streaks(0.0, 0.05, 0.005) * 0.9 + 0.15, 0, 1)
    path = np.exp(-(((sheet.x - x) / (0.03 + 0.10 * down)) ** 2)) * glitter * (sheet.y > horizon) * (1 - 0.5 * down)
    sheet.paint(path.astype(np.float32), colour, 0.85, 0)


def _sails(sheet: Sheet, horizon: float, count: int) -> None:
    for _ in range(count):
        depth = sheet.rng.random() ** 1.5
        size = (0.015 + 0.035 * sheet.scale) * (0.7 + 2.2 * depth)
        x, y = sheet.w * sheet.pick(0.1, 0.9), horizon + 0.006 + 0.35 * depth * (sheet.h - horizon)
        lean = 0.10 * size * sheet.hand.tilt
        main = np.array([[x, y - 2.4 * size], [x + 0.95 * size + lean, y - 0.25 * size], [x + lean, y - 0.25 * size]])
        fore = np.array(
            [[x - 0.06 * size, y - 2.0 * size], [x - 0.7 * size, y - 0.25 * size], [x - 0.06 * size, y - 0.25 * size]]
        )
        hull = np.array(
            [
                [x - 0.75 * size, y - 0.15 * size],
                [x + size, y - 0.15 * size],
                [x + 0.7 * size, y + 0.2 * size],
                [x - 0.5 * size, y + 0.2 * size],
            ]
        )
        sheet.paint(sheet.shapes([main, fore]), sheet.palette.tone(1.0, float(sheet.rng.choice([0.1, 1.0])), 0.8), 0.95, 0.4)
        sheet.paint(sheet.shapes([hull]), sheet.palette.dark, 0.95, 0.3)


def _gulls(sheet: Sheet, horizon: float, count: int) -> None:
    birds = []
    for _ in range(count):
        x, y, s = sheet.w * sheet.pick(0.1, 0.9), horizon * sheet.pick(0.15, 0.85), sheet.pick(0.008, 0.022)
        birds.append(
            curve(
                np.array(
                    [
                        [x - s, y - 0.35 * s],
                        [x - 0.45 * s, y - 0.5 * s],
                        [x, y],
                        [x + 0.45 * s, y - 0.5 * s],
                        [x + s, y - 0.3 * s],
                    ]
                ),
                16,
            )
        )
    if birds:
        sheet.paint(sheet.lines(birds, 0.0028), sheet.palette.dark if sheet.palette.light > 0.5 else sheet.palette.paper, 0.8, 0)


def _calm(sheet: Sheet, horizon: float) -> None:
    _sky(sheet, horizon)
    _water(sheet, horizon, swell=0.5)
    _sun(sheet, horizon)
    _sails(sheet, horizon, int(sheet.rng.integers(0, 4)) if sheet.subject != "landscape" else 0)
    if sheet.subject == "landscape":
        _headland(sheet, horizon)
    if sheet.subject == "nature":
        _gulls(sheet, horizon, 3 + int(sheet.rng.integers(5)))


def _headland(sheet: Sheet, horizon: float) -> None:
    side = sheet.rng.choice([-1, 1])
    for k in range(2 + int(2 * sheet.hand.layers)):
        reach = sheet.w * sheet.pick(0.25, 0.65)
        xs = np.linspace(0, reach, 6)
        ys = horizon - np.linspace(1, 0, 6) ** sheet.pick(0.7, 1.6) * sheet.pick(0.06, 0.20) * (
            0.6 + sheet.scale
        ) * sheet.rng.uniform(0.7, 1.15, 6)
        x = xs if side < 0 else sheet.w - xs
        edge = curve(np.column_stack([x, ys]), 60)
        corner = -0.1 if side < 0 else sheet.w + 0.1
        land = np.concatenate([[[corner, ys[0]]], edge, [[x[-1], horizon + 0.004], [corner, horizon + 0.004]]])
        sheet.paint(sheet.shapes([land]), sheet.palette.tone(0.2 - 0.3 * k, 0.35 * (k % 2), 0.7), 1.0, 1.4)
        side = -side if sheet.hand.curve > 0.6 else side


def _heavy(sheet: Sheet, horizon: float) -> None:
    """A storm: low cloud and rolling crests with foam."""
    _sky(sheet, horizon, gloom=0.55)
    _water(sheet, horizon, swell=1.0, dark=-0.85)
    rows = 4 + round(5 * (1 - sheet.scale))
    for row in range(rows):
        near = ((row + 0.7) / rows) ** 1.4
        base, height = horizon + near * (sheet.h - horizon) * 1.05, (0.010 + 0.085 * near) * (0.5 + 0.8 * sheet.scale)
        knots = max(5, int(4 + 12 * (1 - near)))
        y = base - height * np.abs(sheet.rng.normal(0.5, 0.55, knots)) * (0.6 + sheet.hand.curve)
        edge = curve(np.column_stack([np.linspace(-0.1, sheet.w + 0.1, knots), y]), 100)
        mask = sheet.shapes([np.concatenate([edge, [[sheet.w + 0.1, 2], [-0.1, 2]]])])
        top = np.interp(sheet.x[0], edge[:, 0], edge[:, 1]).astype(np.float32)[None, :]
        depth = np.clip((sheet.y - top) / np.float32(2.4 * height + 0.01), 0, 1)
        p = sheet.palette
        tones = np.stack([p.tone(0.55, 0.15, 0.9), p.tone(-0.15, 0, 1.1), p.tone(-0.8, 0, 1.1)])
        sheet.paint(mask, sheet.touched(sheet.blend(depth + 0.10 * sheet.streaks(0.15, 0.08, 0.006), tones), 1.2), 0.95)
        foam = (
            np.clip(1 - (sheet.y - top) / np.float32(0.006 + 0.25 * height), 0, 1)
            * mask
            * np.clip(0.55 + 0.6 * sheet.fractal(0.03, 3), 0, 1)
        )
        sheet.paint(foam.astype(np.float32), p.tone(1.0, 0.2, 0.2), 0.85, 0.2)
    if sheet.subject == "nature":
        _gulls(sheet, horizon, 4)
    elif sheet.subject == "sea":
        _sails(sheet, horizon, int(sheet.rng.integers(0, 2)))
    else:
        _headland(sheet, horizon)


def _beach(sheet: Sheet, horizon: float) -> None:
    """Sand in front, foam in scallops, grasses for those who look at nature."""
    _sky(sheet, horizon)
    _water(sheet, horizon, swell=0.7, dark=-0.35)
    p = sheet.palette
    line = horizon + (sheet.h - horizon) * sheet.pick(0.45, 0.7)
    slope = 0.25 * np.sin(sheet.hand.tilt + sheet.pick(-0.3, 0.3))
    shore = (
        line
        + slope * (sheet.x - sheet.w / 2)
        + 0.015 * np.sin(sheet.x * (8 + 12 * (1 - sheet.scale)) + sheet.pick(0, 6))
        + 0.012 * sheet.fractal(0.2, 4)
    )
    sand = sheet.inside((shore - sheet.y).astype(np.float32), 0.004)
    warm = p.tone(0.6, 1.0, 0.45)
    tones = np.stack([p.tone(0.1, 0.7, 0.5), 0.6 * warm + 0.4 * np.array([0.82, 0.02, 0.055], np.float32)])
    far = np.clip((sheet.y - shore) / 0.14, 0, 1)
    sheet.paint(sand, sheet.touched(sheet.blend(far.astype(np.float32), tones), 1.3), 1.0)
    sheet.shade(sand * sheet.streaks(-0.1, 0.10, 0.006), 0.014)
    for k in range(2 + int(3 * sheet.hand.layers)):
        place = shore - 0.002 - 0.04 * k * (0.5 + sheet.scale) + 0.006 * sheet.smooth(0.12)
        foam = np.exp(-(((sheet.y - place) / (0.005 + 0.006 * sheet.hand.softness)) ** 2)) * np.clip(
            0.7 + 0.5 * sheet.fractal(0.04, 3), 0, 1
        )
        sheet.paint((foam * (sheet.y > horizon)).astype(np.float32), p.tone(1.0, 0.2, 0.15), 0.85 - 0.1 * k, 0.2)
    if sheet.subject == "nature" or sheet.hand.order < 0.3:
        _grasses(sheet)
    elif sheet.subject == "sea":
        _sails(sheet, horizon, int(sheet.rng.integers(1, 4)))
    else:
        _headland(sheet, horizon)


def _grasses(sheet: Sheet) -> None:
    count = int(40 + 80 * sheet.hand.density)
    x = sheet.w * (sheet.pick(0.0, 0.7) + 0.35 * sheet.rng.random(count))
    tall = (0.08 + 0.16 * sheet.rng.random(count)) * (0.7 + sheet.scale)
    lean = sheet.hand.tilt * 0.5 + sheet.rng.normal(0.1, 0.25, count)
    foot = sheet.h * 1.02
    blades = [
        curve(np.array([[a, foot], [a + 0.3 * t * s, foot - 0.6 * t], [a + t * s, foot - t]]), 10)
        for a, t, s in zip(x, tall, lean, strict=True)
    ]
    for k in range(3):
        part = blades[k::3]
        sheet.paint(
            sheet.tapered(part, [0.005] * len(part), [0.0008] * len(part)),
            sheet.palette.tone(-0.7 + 0.5 * k, 0.4 * k, 0.7),
            0.9,
            0,
        )


def _cliffs(sheet: Sheet, horizon: float) -> None:
    """Rock on one side, cut by light and shade; surf at its foot."""
    _sky(sheet, horizon)
    _water(sheet, horizon, swell=0.8)
    side = 1 if sheet.hand.curve > 0.5 else -1
    p = sheet.palette
    for k in range(2 + round(2 * sheet.hand.layers)):
        reach = sheet.w * (0.72 - 0.17 * k) * sheet.pick(0.85, 1.1)
        foot = horizon + (0.01 + 0.11 * k) * (sheet.h - horizon) / 0.4
        top = max(0.02, horizon - sheet.pick(0.10, 0.22) * (1 + 0.2 * k))
        u = np.linspace(0, 1, 9)
        ys = top + (foot - top) * np.clip((u - 0.35) / 0.65, 0, 1) ** 1.5 + sheet.rng.normal(0, 0.012, 9)
        x = u * reach if side < 0 else sheet.w - u * reach
        corner = -0.1 if side < 0 else sheet.w + 0.1
        rock = np.concatenate([[[corner, ys[0]]], np.column_stack([x, ys]), [[x[-1], foot], [corner, foot + 0.02 * k]]])
        mask = sheet.shapes([rock])
        cut = sheet.streaks(np.pi / 2 + 0.3 * side, 0.10 + 0.1 * sheet.scale, 0.012 + 0.02 * sheet.scale) + 0.5 * sheet.fractal(
            0.06, 3
        )
        tones = np.stack([p.tone(-0.65 - 0.1 * k, 0.2, 0.7), p.tone(0.05, 0.6, 0.6), p.tone(0.75, 1.0, 0.5)])
        sheet.paint(mask, sheet.touched(sheet.blend((0.45 + 0.2 * cut).astype(np.float32), tones), 1.2), 0.98)
        grass = mask * np.clip(1 - (sheet.y - np.interp(sheet.x[0], np.sort(x), ys[np.argsort(x)])[None, :]) / 0.022, 0, 1)
        sheet.paint(grass.astype(np.float32), p.tone(0.1, 0.3, 0.9), 0.75)
        surf = (
            np.exp(-(((sheet.y - foot) / 0.008) ** 2))
            * (np.abs(sheet.x - corner) < reach * 1.08 + 0.1)
            * np.clip(0.4 + 0.7 * sheet.fractal(0.03, 3), 0, 1)
        )
        sheet.paint(surf.astype(np.float32), p.tone(1.0, 0.1, 0.15), 0.8, 0.2)
    _gulls(sheet, horizon, int(sheet.rng.integers(0, 5)) + 3 * (sheet.subject == "nature"))


def _bands(sheet: Sheet, horizon: float) -> None:
    """Air and water as scumbled bands."""
    sheet.ground(sheet.palette.tone(0.6, 0.2, 0.6), 1.4)
    tops = [
        0.0,
        horizon * sheet.pick(0.4, 0.7),
        horizon,
        horizon + (sheet.h - horizon) * sheet.pick(0.2, 0.4),
        horizon + (sheet.h - horizon) * sheet.pick(0.55, 0.8),
    ]
    levels = (0.35, 0.85, -0.45, 0.15, -0.75)
    ways = (0.0, 0.55, 0.0, 0.25, 0.9 if sheet.hand.order > 0.5 else 0.1)
    for top, level, way in zip(tops, levels, ways, strict=True):
        ragged = top + (0.004 + 0.03 * sheet.hand.softness) * sheet.streaks(0.0, 0.25, 0.02)
        mask = sheet.inside((ragged - sheet.wy).astype(np.float32), 0.004 + 0.05 * sheet.hand.softness * (top != horizon))
        worn = np.clip(0.85 + 0.25 * sheet.streaks(sheet.pick(-0.1, 0.1), 0.22, 0.012 + 0.02 * sheet.scale), 0, 1)
        sheet.paint(mask * worn, sheet.varied(sheet.palette.tone(level, way, 1.0), 0.8), 0.95, 1.6)
    for _ in range(2 + int(5 * sheet.hand.density)):
        y = horizon + (sheet.h - horizon) * sheet.rng.random()
        streak = np.clip(sheet.streaks(0.0, 0.2, 0.008) - 0.5, 0, 1) * np.exp(-(((sheet.y - y) / 0.03) ** 2))
        sheet.paint(streak.astype(np.float32), sheet.palette.tone(1.0, sheet.rng.random(), 0.5), 0.8, 0.3)
    if sheet.subject == "nature" and sheet.hand.line > 0.3:
        _gulls(sheet, horizon, 4)
