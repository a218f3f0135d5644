"""Ink: brush and wash on paper, much of it left bare."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.sheet import Colour, Sheet, curve
from vitrina.data.gallery.drawing.strokes import stroke

Points = NDArray[np.floating]


def ink(sheet: Sheet) -> None:
    """Show mountains, a branch, reeds, things of the house, or the bare gesture; a red seal for some hands."""
    paper = sheet.palette.paper.copy()
    paper[0] = min(0.965, 0.75 * paper[0] + 0.25 * (sheet.palette.light + 0.16))
    sheet.ground(paper, 0.5)
    _tint(sheet)
    habit = sheet.hand.habit
    if sheet.subject == "landscape" and habit in (1, 3):
        habit = 0
    elif sheet.subject == "still life" and habit in (0, 2):
        habit = 3
    elif sheet.subject == "nature" and habit == 0:
        habit = 1
    (_mountains, _branch, _reeds, _things, _gesture)[habit](sheet)
    if sheet.hand.margin == 0 and sheet.hand.order > 0.3:
        _seal(sheet)


def _black(sheet: Sheet, water: float) -> Colour:
    """Return ink with a share of ``water`` 0..1."""
    dark = sheet.palette.dark.copy()
    dark[0] = 0.20
    thin = sheet.palette.tone(0.3, 0.2, 1.1)
    mixed: Colour = (dark + np.float32(water) * (thin - dark)).astype(np.float32)
    return mixed


def _tint(sheet: Sheet) -> None:
    """A pale wash over part of the paper."""
    wash = np.clip(0.35 + 0.45 * sheet.fractal(0.5, 4) + 0.5 * (0.5 - sheet.y / sheet.h) * np.sign(sheet.hand.tilt + 0.01), 0, 1)
    sheet.paint(wash.astype(np.float32), sheet.palette.tone(0.35, 0.1, 1.1), 0.16 + 0.30 * sheet.hand.density, 0.5)


def _wash(sheet: Sheet, mask: NDArray[np.float32], water: float, opacity: float = 0.9) -> None:
    """Lay a wash: uneven inside, darker at its rim."""
    from scipy.ndimage import gaussian_filter

    inner = gaussian_filter(mask, 0.008 / sheet.px)
    rim = np.clip(mask * (1 - inner) * 1.7, 0, 1)
    body = mask * np.clip(0.62 + 0.25 * sheet.fractal(0.14, 4), 0.15, 1)
    sheet.paint(body, _black(sheet, water), opacity, 0.3)
    sheet.paint(rim, _black(sheet, max(0.0, water - 0.25)), 0.45 * opacity, 0)


def _mountains(sheet: Sheet) -> None:
    """Range behind range, each sinking into mist at its foot; a few trees and a boat."""
    count = 3 + round(3 * (1 - sheet.scale))
    for number in range(count):
        near = (number + 1) / count
        knots = sheet.rng.integers(7, 12)
        base = sheet.h * (0.18 + 0.62 * near)
        peaks = np.abs(sheet.rng.normal(0, 1, knots)) * (0.07 + 0.13 * sheet.scale) * (1.2 - 0.5 * near)
        edge: Points = np.column_stack([np.linspace(-0.1, sheet.w + 0.1, knots), base - peaks])
        edge = curve(edge, 120) if sheet.hand.curve > 0.4 else edge
        jag = sheet.rng.normal(0, 0.003 + 0.005 * sheet.hand.wobble, len(edge))
        edge = edge + np.column_stack([np.zeros(len(edge)), jag])
        mask = sheet.shapes([np.concatenate([edge, [[sheet.w + 0.1, 2], [-0.1, 2]]])])
        top = np.interp(sheet.x[0], edge[:, 0], edge[:, 1])[None, :]
        fade = np.exp(-np.maximum(sheet.y - top, 0) / (0.05 + 0.12 * sheet.hand.softness + 0.05 * near))
        mist = np.clip(fade * (1 + 0.25 * sheet.fractal(0.15, 4)), 0, 1)
        mountain = (mask * mist).astype(np.float32)
        sheet.paint(mask, sheet.palette.paper, 0.35, 0)
        sheet.paint(mountain, _black(sheet, 0.85 - 0.8 * near), 0.95, 0.4)
        folds = np.clip(sheet.streaks(1.1, 0.06, 0.008) - 0.6, 0, 1) * mountain
        sheet.paint(folds.astype(np.float32), _black(sheet, 0.5 - 0.4 * near), 0.45, 0)
    if sheet.hand.layers > 0.4:
        for _ in range(2 + sheet.rng.integers(4)):
            _pine(
                sheet,
                sheet.w * sheet.pick(0.05, 0.95),
                sheet.h * sheet.pick(0.82, 0.98),
                sheet.pick(0.10, 0.2) * (0.6 + sheet.scale),
            )
    if sheet.hand.line > 0.5:
        x, y, s = sheet.w * sheet.pick(0.2, 0.8), sheet.h * sheet.pick(0.85, 0.93), 0.03
        boat = curve(np.array([[x - s, y - 0.25 * s], [x - 0.4 * s, y], [x + 0.5 * s, y], [x + 1.1 * s, y - 0.35 * s]]), 20)
        sheet.paint(sheet.tapered([boat], [0.007], [0.002]), _black(sheet, 0.0), 0.9, 0)


def _pine(sheet: Sheet, x: float, foot: float, tall: float) -> None:
    trunk = curve(np.array([[x, foot], [x + 0.06 * tall, foot - 0.5 * tall], [x - 0.03 * tall, foot - tall]]), 16)
    sheet.paint(sheet.tapered([trunk], [0.07 * tall], [0.015 * tall]), _black(sheet, 0.1), 0.9, 0)
    needles = []
    for t in np.linspace(0.35, 1, 6):
        px, py = trunk[int(t * 15)]
        for side in (-1, 1):
            reach = tall * (0.42 - 0.28 * t) * sheet.pick(0.6, 1.2)
            for _ in range(7):
                a = px + side * reach * sheet.rng.random()
                needles.append(np.array([[a, py], [a + side * sheet.pick(0, 0.03) * tall, py - sheet.pick(0.02, 0.10) * tall]]))
    sheet.paint(sheet.lines(needles, 0.0035), _black(sheet, 0.15), 0.8, 0)


def _branch(sheet: Sheet) -> None:
    """A branch across the sheet, twigs, blossoms or leaves, perhaps a bird."""
    from_left = sheet.hand.tilt < 0.2
    x0, x1 = (-0.03, sheet.w * 0.9) if from_left else (sheet.w + 0.03, sheet.w * 0.1)
    y0, y1 = sheet.h * sheet.pick(0.55, 0.95), sheet.h * sheet.pick(0.1, 0.4)
    t = np.linspace(0, 1, 5)[:, None]
    knots = (1 - t) * np.array([x0, y0]) + t * np.array([x1, y1]) + sheet.rng.normal(0, 0.03 + 0.06 * sheet.hand.curve, (5, 2))
    main = curve(knots, 60)
    thick = 0.012 + 0.040 * sheet.scale
    paths, starts, ends, tips = [main], [thick], [thick * 0.15], [main[-1]]
    for _ in range(4 + round(7 * sheet.hand.density)):
        at = int(sheet.rng.integers(12, 56))
        heading = np.arctan2(*(main[min(at + 3, 59)] - main[at])[::-1]) + sheet.rng.choice([-1, 1]) * sheet.pick(0.4, 1.1)
        length = sheet.pick(0.10, 0.34) * (1.2 - at / 90)
        bend = heading + sheet.pick(-0.5, 0.5)
        points = np.array(
            [
                main[at],
                main[at] + 0.5 * length * np.array([np.cos(heading), np.sin(heading)]),
                main[at] + length * np.array([np.cos(bend), np.sin(bend)]),
            ]
        )
        twig = curve(points, 20)
        paths.append(twig)
        starts.append(thick * (0.55 - 0.4 * at / 60))
        ends.append(0.0015)
        tips.extend([twig[-1], twig[14], twig[9]])
    mask = sheet.tapered(paths, starts, ends)
    dry = np.clip(0.95 + 0.35 * sheet.fractal(0.02, 3), 0.3, 1)
    sheet.paint(mask * dry, _black(sheet, 0.08), 0.95, 0.3)
    centres = np.repeat(np.array(tips), 1 + int(2 * sheet.hand.layers), axis=0)
    centres = centres + sheet.rng.normal(0, 0.018, centres.shape)
    if sheet.hand.line > 0.5:
        _leaves(sheet, centres)
    else:
        _blossoms(sheet, centres)


def _blossoms(sheet: Sheet, centres: Points) -> None:
    size = 0.011 + 0.018 * sheet.scale
    petals = 5
    angle = 2 * np.pi * np.arange(petals) / petals + sheet.rng.random((len(centres), 1)) * 6
    x = (centres[:, :1] + size * 0.8 * np.cos(angle)).ravel()
    y = (centres[:, 1:] + size * 0.8 * np.sin(angle)).ravel()
    bloom = sheet.palette.tone(0.35, 1.0, 3.2)
    mask = sheet.spots(x, y, size * sheet.rng.uniform(0.5, 0.75, x.size))
    sheet.paint(mask * np.clip(0.75 + 0.25 * sheet.fractal(0.02, 2), 0, 1), bloom, 0.8, 0.3)
    sheet.paint(
        sheet.spots(centres[:, 0], centres[:, 1], np.full(len(centres), size * 0.3)), sheet.palette.tone(-0.5, 1.0, 3.0), 0.9, 0
    )


def _leaves(sheet: Sheet, centres: Points) -> None:
    length = 0.05 + 0.06 * sheet.scale
    shapes = []
    for x, y in centres:
        angle = sheet.pick(0.3, 2.6)
        way, side = (
            np.array([np.cos(angle), np.sin(angle)]) * length,
            np.array([-np.sin(angle), np.cos(angle)]) * length * (0.12 + 0.14 * sheet.hand.curve),
        )
        base = np.array([x, y])
        shapes.append(
            np.concatenate(
                [
                    curve(np.array([base, base + 0.45 * way + side, base + way]), 12),
                    curve(np.array([base + way, base + 0.45 * way - side, base]), 12),
                ]
            )
        )
    opacities = sheet.rng.uniform(0.35, 1, len(shapes)).tolist()
    _wash(sheet, sheet.shapes(shapes, opacities), 0.3)


def _reeds(sheet: Sheet) -> None:
    """Bamboo or reeds: jointed stalks and long leaves, some far in the mist."""
    stalks = 2 + round(5 * (1 - sheet.scale) + 2 * sheet.hand.density)
    jointed = sheet.hand.line > 0.4
    for number in range(stalks):
        water = 0.75 * (1 - (number + 1) / stalks)
        x = sheet.w * sheet.pick(0.08, 0.92)
        lean = 0.35 * sheet.hand.tilt + sheet.rng.normal(0, 0.06)
        foot, top = sheet.h * 1.02, sheet.h * sheet.pick(-0.05, 0.35)
        path = curve(np.array([[x, foot], [x + 0.4 * lean * sheet.h, (foot + top) / 2], [x + 1.1 * lean * sheet.h, top]]), 40)
        width = (0.020 + 0.032 * sheet.scale) if jointed else 0.006 + 0.008 * sheet.scale
        if jointed:
            cuts = np.linspace(0, 39, 5 + sheet.rng.integers(3)).astype(int)
            parts = [path[a + (k > 0) : b] for k, (a, b) in enumerate(pairwise(cuts)) if b - a > 3]
            mask = sheet.tapered(parts, [width] * len(parts), [width * 0.92] * len(parts))
            sheen = np.clip(0.8 + 0.35 * sheet.streaks(np.pi / 2, 0.2, 0.006), 0.3, 1)
            sheet.paint(mask * sheen, _black(sheet, water), 0.92, 0.3)
        else:
            sheet.paint(sheet.tapered([path], [width], [width * 0.4]), _black(sheet, water), 0.9, 0)
        _blades(sheet, path, water)


def _blades(sheet: Sheet, path: Points, water: float) -> None:
    leaves = []
    for at in sheet.rng.choice(np.arange(14, 40), 4 + int(6 * sheet.hand.density)):
        side = sheet.rng.choice([-1, 1])
        length = (0.15 + 0.12 * sheet.scale) * sheet.pick(0.6, 1.2)
        drop = sheet.pick(-0.2, 0.9)
        leaf = curve(
            np.array(
                [
                    path[at],
                    path[at] + length * 0.5 * np.array([side, drop * 0.4]),
                    path[at] + length * np.array([side * 0.9, drop]),
                ]
            ),
            16,
        )
        profile = np.sin(np.linspace(0.25, np.pi, 16)) * length * (0.11 + 0.09 * sheet.hand.curve)
        along = np.gradient(leaf, axis=0)
        across = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        leaves.append(np.concatenate([leaf + across * profile[:, None] / 2, (leaf - across * profile[:, None] / 2)[::-1]]))
    sheet.paint(sheet.shapes(leaves, sheet.rng.uniform(0.6, 1, len(leaves)).tolist()), _black(sheet, water), 0.92, 0.2)


def _things(sheet: Sheet) -> None:
    """A bowl, a jug, fruit or stones on a line."""
    table = sheet.h * sheet.pick(0.68, 0.82)
    wash = (
        np.exp(-((np.maximum(sheet.y - table, 0) / 0.10) ** 2))
        * (sheet.y > table)
        * np.clip(0.7 + 0.3 * sheet.fractal(0.2), 0, 1)
        + 0 * sheet.x
    )
    sheet.paint(wash.astype(np.float32), _black(sheet, 0.7), 0.55, 0.3)
    count = 2 + round(3 * (1 - sheet.scale))
    xs = (np.arange(count) + sheet.rng.uniform(0.25, 0.75, count)) / count * sheet.w
    size = (0.26 + 0.14 * sheet.scale) * min(1.0, sheet.w * 1.8 / count + 0.2)
    for x in xs:
        kind = sheet.rng.choice(4)
        s = size * sheet.pick(0.7, 1.15)
        outline = _thing(sheet, kind, float(x), table + sheet.pick(-0.01, 0.05), s)
        _wash(sheet, sheet.shapes([outline]), sheet.pick(0.15, 0.75))
        if sheet.hand.line > 0.3:
            closed = np.concatenate([outline, outline[:2]])
            sheet.paint(sheet.lines([closed], 0.002 + 0.006 * sheet.hand.line), _black(sheet, 0.0), 0.9, 0)
    if sheet.hand.layers > 0.5:
        x = float(xs[0])
        stems = [
            curve(
                np.array(
                    [
                        [x, table - size],
                        [x + sheet.pick(-0.05, 0.05), table - 1.6 * size],
                        [x + sheet.pick(-0.15, 0.15), table - 2.3 * size],
                    ]
                ),
                16,
            )
            for _ in range(3)
        ]
        sheet.paint(sheet.tapered(stems, [0.006] * 3, [0.002] * 3), _black(sheet, 0.1), 0.9, 0)
        _blossoms(sheet, np.array([s[-1] for s in stems]))


def _thing(sheet: Sheet, kind: int, x: float, foot: float, s: float) -> Points:
    """Return the outline of a jug, a bowl, a fruit or a stone standing at ``foot``."""
    profiles = {
        0: [(0.26, 0.0), (0.40, 0.35), (0.36, 0.75), (0.16, 1.05), (0.15, 1.25), (0.22, 1.35)],
        1: [(0.18, 0.0), (0.42, 0.18), (0.55, 0.45), (0.58, 0.55)],
        2: [(0.12, 0.0), (0.34, 0.12), (0.40, 0.36), (0.28, 0.62), (0.10, 0.80), (0.03, 0.92)],
        3: [(0.42, 0.0), (0.58, 0.16), (0.48, 0.38), (0.20, 0.48)],
    }
    half = np.array(profiles[kind]) * s
    right = curve(np.column_stack([x + half[:, 0], foot - half[:, 1]]), 24)
    left = np.column_stack([2 * x - right[:, 0], right[:, 1]])[::-1]
    outline: Points = np.concatenate([right, left])
    return outline + sheet.rng.normal(0, 0.0012, outline.shape)


def _gesture(sheet: Sheet) -> None:
    """A ring or a few strokes in one breath, with spatter."""
    if sheet.hand.curve > 0.4 or sheet.subject == "still life":
        x, y, r = (
            sheet.w * sheet.pick(0.42, 0.58),
            sheet.h * sheet.pick(0.42, 0.58),
            min(sheet.w, sheet.h) * (0.26 + 0.1 * sheet.scale),
        )
        start = sheet.pick(0, 6.28)
        angle = start + np.linspace(0, sheet.pick(5.4, 6.2), 80)
        radius = r * (1 + 0.05 * np.sin(angle * 2 + start) - 0.06 * np.linspace(0, 1, 80))
        path = np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])
        stroke(sheet, path, 0.06 + 0.08 * sheet.scale, _black(sheet, 0.02), dry=0.35 + 0.6 * sheet.hand.gap)
    else:
        for k in range(2 + round(4 * (1 - sheet.scale))):
            points = np.array([sheet.w, sheet.h]) * (0.12 + 0.76 * sheet.rng.random((4, 2)))
            points = points[np.argsort(points[:, 0 if sheet.subject == "landscape" else 1])]
            stroke(
                sheet,
                curve(points, 50),
                (0.05 + 0.08 * sheet.scale) * sheet.pick(0.6, 1.4),
                _black(sheet, sheet.pick(0, 0.5) * (k > 0)),
                dry=0.2 + 0.7 * sheet.hand.gap,
            )
    count = int(10 + 50 * sheet.hand.density)
    sheet.paint(
        sheet.spots(
            sheet.rng.random(count) * sheet.w, sheet.rng.random(count) * sheet.h, 0.001 + 0.008 * sheet.rng.random(count) ** 5
        ),
        _black(sheet, 0.1),
        0.85,
        0,
    )


def _seal(sheet: Sheet) -> None:
    size = 0.022 + 0.01 * sheet.scale
    x = sheet.w * (0.9 if sheet.hand.tilt < 0.2 else 0.1)
    y = sheet.h * 0.9
    mask = sheet.box(x - size, y - size * 1.15, x + size, y + size * 1.15)
    carved = sheet.lines(
        [np.array([[x - 0.6 * size, y + o * size], [x + 0.6 * size, y + o * size + 0.2 * size]]) for o in (-0.6, -0.1, 0.5)],
        size * 0.22,
    )
    worn = np.clip(0.95 + 0.3 * sheet.fractal(0.01, 2), 0.3, 1)
    sheet.paint(mask * (1 - carved) * worn, np.array([0.52, 0.16, 0.09], np.float32), 0.9, 0)
