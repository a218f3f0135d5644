"""Collage: papers cut or torn and laid over one another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.sheet import Colour, Sheet, curve

Points = NDArray[np.floating]
Floats32 = NDArray[np.float32]


def collage(sheet: Sheet) -> None:
    """Lay papers: stacked, cut free-hand, torn in strips, around a thing, or as a mosaic."""
    sheet.ground(sheet.palette.tone(sheet.hand.ground, 0.1, 0.5), 1.0)
    if sheet.hand.grain > 0.5:
        _paper(sheet, np.ones((sheet.height, sheet.width), np.float32), sheet.lab[0, 0].copy(), kind=0)
    (_stacked, _cut_outs, _strips, _table, _mosaic)[sheet.hand.habit](sheet)


def lay(sheet: Sheet, mask: Floats32, colour: Colour, kind: int | None = None) -> None:
    """Lay one piece of paper: its shadow, its printed pattern, its pale torn rim."""
    lift = 0.5 + sheet.hand.layers
    sheet.shadow(mask, 0.003 * lift, 0.004 * lift, 0.006 * lift, 0.30)
    if sheet.hand.wobble > 0.45:
        sheet.paint(mask, sheet.palette.paper, 1.0, 0.3)
        torn = mask * _eroded(sheet, mask)
        _paper(sheet, torn, colour, kind)
    else:
        _paper(sheet, mask, colour, kind)


def _eroded(sheet: Sheet, mask: Floats32) -> Floats32:
    """Return where the coloured face of a torn paper remains."""
    from scipy.ndimage import gaussian_filter

    inner = gaussian_filter(mask, 0.007 / sheet.px)
    rim = inner - 0.62 + 0.14 * np.clip(sheet.fractal(0.03, 3), -1.4, 1.4)
    remains: Floats32 = np.clip(9 * rim, 0, 1).astype(np.float32)
    return remains


def _paper(sheet: Sheet, mask: Floats32, colour: Colour, kind: int | None = None) -> None:
    """Fill with plain, striped, dotted, squared, written or flecked paper."""
    sheet.paint(mask, sheet.varied(colour, 0.5), 1.0, 0.9)
    kind = int(sheet.rng.integers(0, 9)) if kind is None else kind
    if kind > 5:
        return
    angle = sheet.pick(0, np.pi) if sheet.hand.order < 0.5 else float(sheet.rng.choice([0, np.pi / 2]))
    along = sheet.x * np.cos(angle) + sheet.y * np.sin(angle)
    across = sheet.y * np.cos(angle) - sheet.x * np.sin(angle)
    pitch = (0.012 + 0.035 * sheet.scale) * sheet.pick(0.7, 1.3)
    other = sheet.any_swatch(colour)
    u, v = (along / pitch) % 1 - 0.5, (across / pitch) % 1 - 0.5
    if kind == 1:
        pattern = sheet.inside(((np.abs(v) - 0.24) * pitch).astype(np.float32))
    elif kind == 2:
        pattern = sheet.inside(((np.hypot(u, v) - 0.28) * pitch).astype(np.float32))
    elif kind == 3:
        pattern = sheet.inside(((0.44 - np.maximum(np.abs(u), np.abs(v))) * pitch).astype(np.float32))
    elif kind in (4, 5):  # lines of print, too small to read
        row = np.floor(across / (0.55 * pitch)).astype(int)
        words = sheet.streaks(angle, 0.012, 0.002) > -0.25
        ragged = sheet.rng.random(4000)[row % 4000] < 0.9
        pattern = (np.abs((across / (0.55 * pitch)) % 1 - 0.5) < 0.2) * words * ragged * np.float32(0.75)
        other = sheet.palette.dark if colour[0] > 0.5 else sheet.palette.paper
    else:
        pattern = np.clip(sheet.fractal(0.005, 1) - 2.3, 0, 1)
    sheet.paint((mask * pattern).astype(np.float32), other, 0.8, 0.2)


def _piece(sheet: Sheet, x: float, y: float, wide: float, high: float, turn: float) -> Points:
    """Return the outline of a roughly rectangular piece, edges as straight as the hand cuts or tears."""
    n = 12
    t = np.linspace(-0.5, 0.5, n)
    sides = [
        np.column_stack([t, np.full(n, -0.5)]),
        np.column_stack([np.full(n, 0.5), t]),
        np.column_stack([-t, np.full(n, 0.5)]),
        np.column_stack([np.full(n, -0.5), -t]),
    ]
    outline = np.concatenate(sides) * np.array([wide, high])
    corners = sheet.rng.normal(0, 0.05, (2, 2))
    outline = (
        outline
        + outline @ corners
        + sheet.rng.normal(0, 0.0005 + 0.006 * sheet.hand.wobble * (sheet.hand.wobble > 0.45), outline.shape)
    )
    c, s = np.cos(turn), np.sin(turn)
    turned: Points = outline @ np.array([[c, s], [-s, c]]) + np.array([x, y])
    return turned


def _turn(sheet: Sheet) -> float:
    return float(sheet.rng.normal(0, 0.03 + 0.35 * (1 - sheet.hand.order)))


def _stacked(sheet: Sheet) -> None:
    size = 0.16 + 0.26 * sheet.scale
    count = 6 + round(12 * (1 - sheet.scale))
    for number in range(count):
        s = size * (1.25 - 0.7 * number / count)
        x, y = sheet.w * sheet.pick(0.1, 0.9), sheet.h * sheet.pick(0.1, 0.9)
        lay(
            sheet,
            sheet.shapes([_piece(sheet, x, y, s * sheet.pick(0.5, 1.5), s * sheet.pick(0.5, 1.5), _turn(sheet))]),
            sheet.any_swatch(),
        )
    _subject(sheet)


def _leaf(sheet: Sheet, x: float, y: float, size: float, lobes: int) -> Points:
    """Return a free-hand outline: an alga, a leaf or a pebble."""
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False) + sheet.pick(0, 6)
    radius = size * (0.62 + 0.38 * np.cos(lobes * angle) * (0.35 + 0.65 * sheet.hand.curve) * (lobes > 0))
    radius *= 1 + 0.10 * np.sin(2 * angle + sheet.pick(0, 6)) + 0.06 * np.sin(3 * angle + sheet.pick(0, 6))
    stretch = sheet.pick(0.6, 1.5)
    turn = sheet.pick(0, np.pi)
    px, py = radius * np.cos(angle) * stretch, radius * np.sin(angle) / stretch
    return np.column_stack([x + px * np.cos(turn) - py * np.sin(turn), y + px * np.sin(turn) + py * np.cos(turn)])


def _cut_outs(sheet: Sheet) -> None:
    """Panels of colour with free-hand shapes on them."""
    columns = 2 + round(2 * (1 - sheet.scale))
    rows = max(1, round(columns * sheet.h / sheet.w))
    columns = max(1, columns)
    for row in range(rows):
        for column in range(columns):
            x, y = (column + 0.5) * sheet.w / columns, (row + 0.5) * sheet.h / rows
            ground = sheet.any_swatch()
            lay(
                sheet,
                sheet.shapes([_piece(sheet, x, y, 1.04 * sheet.w / columns, 1.04 * sheet.h / rows, 0.3 * _turn(sheet))]),
                ground,
                kind=9,
            )
            size = 0.36 * min(sheet.w / columns, sheet.h / rows)
            for _ in range(1 + int(2.5 * sheet.hand.density)):
                lobes = int(sheet.rng.choice([0, 3, 5, 6, 7])) if sheet.subject != "people" else 0
                shape = _leaf(
                    sheet, x + sheet.pick(-0.3, 0.3) * size, y + sheet.pick(-0.3, 0.3) * size, size * sheet.pick(0.6, 1.1), lobes
                )
                lay(sheet, sheet.shapes([shape]), sheet.any_swatch(ground), kind=9 if sheet.hand.order > 0.3 else None)
    _subject(sheet, small=True)


def _strips(sheet: Sheet) -> None:
    """Torn strips that lie like a landscape, or stand like a town."""
    standing = sheet.subject in ("people", "city", "geometry")
    count = 5 + round(8 * (1 - sheet.scale))
    long = sheet.w if standing else sheet.h
    for number in range(count):
        at = long * (number + sheet.pick(0.1, 0.6)) / count
        n = 26
        edge = at + np.cumsum(sheet.rng.normal(0, 0.004 + 0.012 * sheet.hand.curve, n)) + sheet.pick(-0.03, 0.03)
        run = np.linspace(-0.05, (sheet.h if standing else sheet.w) + 0.05, n)
        line = np.column_stack([edge, run]) if standing else np.column_stack([run, edge])
        far = [[2.0, 2.0], [2.0, -1.0]] if standing else [[2.0, 2.0], [-1.0, 2.0]]
        lay(
            sheet,
            sheet.shapes([np.concatenate([line, far])]),
            sheet.swatch(int(sheet.rng.permutation(6)[0]) if sheet.hand.order < 0.5 else number),
        )
    _subject(sheet)


def _table(sheet: Sheet) -> None:
    """A table with a jug, a glass and fruit, all of paper."""
    top = sheet.h * sheet.pick(0.5, 0.66)
    wall = 2 + sheet.rng.integers(0, 3)
    for k in range(wall):
        lay(
            sheet,
            sheet.shapes(
                [_piece(sheet, sheet.w * (k + 0.5) / wall, top / 2, 1.05 * sheet.w / wall, top * 1.3, 0.4 * _turn(sheet))]
            ),
            sheet.any_swatch(),
        )
    lay(
        sheet,
        sheet.shapes(
            [_piece(sheet, sheet.w / 2, (top + sheet.h) / 2 + 0.05, sheet.w * 1.2, sheet.h - top + 0.1, 0.15 * _turn(sheet))]
        ),
        sheet.swatch(1),
    )
    count = 2 + round(3 * (1 - sheet.scale))
    size = (0.17 + 0.16 * sheet.scale) * min(1, 1.7 * sheet.w / count + 0.2)
    for k in range(count):
        x = sheet.w * (k + sheet.pick(0.3, 0.7)) / count
        foot = top + (sheet.h - top) * sheet.pick(0.2, 0.6)
        lay(sheet, sheet.shapes([_vessel(sheet, x, foot, size * sheet.pick(0.8, 1.3))]), sheet.any_swatch(sheet.swatch(1)))
    for _ in range(1 + int(4 * sheet.hand.density)):
        lay(
            sheet,
            sheet.shapes(
                [_leaf(sheet, sheet.w * sheet.pick(0.15, 0.85), top + (sheet.h - top) * sheet.pick(0.35, 0.8), size * 0.28, 0)]
            ),
            sheet.any_swatch(sheet.swatch(1)),
            kind=9,
        )
    if sheet.subject == "people":
        _subject(sheet)


def _vessel(sheet: Sheet, x: float, foot: float, s: float) -> Points:
    profiles = (
        [(0.22, 0.0), (0.36, 0.3), (0.30, 0.7), (0.13, 0.95), (0.14, 1.15), (0.2, 1.25)],
        [(0.16, 0.0), (0.20, 0.1), (0.22, 0.55), (0.24, 0.8)],
        [(0.2, 0.0), (0.06, 0.06), (0.05, 0.4), (0.24, 0.6), (0.26, 0.9)],
        [(0.17, 0.0), (0.2, 0.5), (0.08, 0.75), (0.07, 1.3)],
    )
    half = np.array(profiles[int(sheet.rng.integers(len(profiles)))]) * s
    right = curve(np.column_stack([x + half[:, 0], foot - half[:, 1]]), 24)
    left = np.column_stack([2 * x - right[:, 0], right[:, 1]])[::-1]
    return np.concatenate([right, left])


def _mosaic(sheet: Sheet) -> None:
    """Small cut pieces in rows, like a field seen from above; a form of other tones among them."""
    cell = 0.05 + 0.10 * sheet.scale
    columns, rows = max(2, round(sheet.w / cell)), max(2, round(sheet.h / cell))
    form = sheet.fractal(0.4, 2)
    if sheet.subject in ("people", "still life"):
        cx, cy = sheet.w * sheet.pick(0.4, 0.6), sheet.h * 0.5
        form = np.clip(2.5 - 9 * np.hypot((sheet.x - cx) * 1.2, (sheet.y - cy) * 0.9) / min(sheet.w, sheet.h), -1, 1)
    tones = sheet.rng.permutation(6)
    groups: list[list[Points]] = [[] for _ in range(6)]
    for row in range(rows):
        for column in range(columns):
            x, y = (column + 0.5) * sheet.w / columns, (row + 0.5) * sheet.h / rows
            inside = form[min(int(y / sheet.px), sheet.height - 1), min(int(x / sheet.px), sheet.width - 1)]
            tone = tones[int(sheet.rng.integers(0, 3)) + (3 if inside > 0.1 else 0)]
            size = (1.06 - 0.3 * sheet.hand.gap) * sheet.pick(0.85, 1.1)
            groups[tone].append(_piece(sheet, x, y, size * sheet.w / columns, size * sheet.h / rows, _turn(sheet) * 0.8))
    for tone, pieces in enumerate(groups):
        if pieces:
            lay(sheet, sheet.shapes(pieces), sheet.swatch(tone), kind=9 if tone % 2 else None)


def _subject(sheet: Sheet, small: bool = False) -> None:
    """Add what the work shows: a profile, a jug or a row of fronts."""
    s = min(sheet.w, sheet.h) * (0.5 if small else 0.8) * (0.8 + 0.3 * sheet.scale)
    x, foot = sheet.w * sheet.pick(0.35, 0.65), sheet.h * sheet.pick(0.85, 1.0)
    colour = sheet.any_swatch(sheet.lab[sheet.height // 2, sheet.width // 2].copy())
    if sheet.subject == "people":
        _portrait(sheet, x, foot, s)
    elif sheet.subject == "still life":
        lay(sheet, sheet.shapes([_vessel(sheet, x, foot - 0.08, 0.75 * s)]), colour)
    elif sheet.subject == "city":
        at = -0.02
        while at < sheet.w:
            wide, high = sheet.pick(0.06, 0.16), s * sheet.pick(0.25, 0.75)
            lay(
                sheet,
                sheet.shapes([_piece(sheet, at + wide / 2, sheet.h - high / 2, wide, high, 0.2 * _turn(sheet))]),
                sheet.any_swatch(),
            )
            at += wide + 0.02


def _portrait(sheet: Sheet, x: float, foot: float, s: float) -> None:
    """A half-length portrait put together from papers: shoulders, neck, a face of two halves, hair, eyes and mouth."""
    side = 1 if sheet.hand.tilt < 0.2 else -1
    tones = sheet.rng.permutation(6)
    skin, shade, coat, hair = (sheet.swatch(int(t)) for t in tones[:4])
    if np.abs(skin - coat).sum() < 0.15:
        coat = sheet.any_swatch(skin)
    broad, narrow = (0.34 + 0.12 * sheet.hand.density) * s, (0.15 + 0.03 * sheet.hand.curve) * s
    top = foot - (0.42 + 0.05 * sheet.hand.line) * s
    body = np.array(
        [
            [x - broad, foot + 0.1],
            [x - 0.8 * broad, top + 0.08 * s],
            [x - 0.3 * broad, top],
            [x + 0.3 * broad, top],
            [x + 0.85 * broad, top + 0.1 * s],
            [x + broad, foot + 0.1],
        ]
    )
    lay(sheet, sheet.shapes([np.concatenate([curve(body, 50), body[:1]])]), coat)
    lay(sheet, sheet.shapes([_piece(sheet, x, top - 0.04 * s, 0.8 * narrow, 0.24 * s, 0.0)]), shade, kind=9)
    cx, cy, tall = x + 0.03 * s * side, top - 0.28 * s, 0.23 * s
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    lean = 0.12 * side * sheet.pick(0.3, 1.2)

    def oval(dx: float, dy: float, wide: float, high: float, part: float = 1.0) -> Points:
        u, v = wide * np.cos(angle), high * np.sin(angle)
        u = np.where(u * side < 0, u * part, u)
        return np.column_stack([cx + dx + u + lean * -v, cy + dy + v])

    lay(sheet, sheet.shapes([oval(-0.02 * s * side, -0.06 * s, narrow * 1.22, tall * 1.02)]), hair)
    lay(sheet, sheet.shapes([oval(0, 0, narrow, tall)]), skin, kind=9)
    lay(sheet, sheet.shapes([oval(0, 0, narrow, tall, 0.0)]), shade, kind=9)
    fringe = oval(0, -0.72 * tall, narrow * 1.12, tall * (0.35 + 0.15 * sheet.hand.gap))
    lay(sheet, sheet.shapes([fringe]), hair)
    dark = sheet.palette.dark
    eyes = [oval(k * 0.42 * narrow, -0.05 * tall, 0.13 * narrow, 0.055 * tall) for k in (-1, 1)]
    nose = curve(
        np.array(
            [[cx + 0.02 * s * side, cy - 0.1 * tall], [cx + 0.13 * narrow * side, cy + 0.28 * tall], [cx, cy + 0.32 * tall]]
        ),
        12,
    )
    sheet.paint(sheet.shapes(eyes), dark, 0.95, 0)
    sheet.paint(sheet.lines([nose], 0.0035 + 0.002 * sheet.hand.line), dark, 0.7, 0)
    sheet.paint(sheet.shapes([oval(0, 0.58 * tall, 0.32 * narrow, 0.06 * tall)]), sheet.swatch(int(tones[4])), 1.0, 0)
