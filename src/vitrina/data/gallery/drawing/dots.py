"""Dots: many small rounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.sheet import Field, Sheet

Floats = NDArray[np.float64]


def dots(sheet: Sheet) -> None:
    """Set dots: in a net, as points of light, in rings, scattered, or wound like seeds."""
    sheet.ground(sheet.palette.tone(sheet.hand.ground, 0.0, 0.7), 1.1)
    (_net, _points, _rings, _scattered, _seeds)[sheet.hand.habit](sheet)


def _pitch(sheet: Sheet) -> float:
    return 0.017 + 0.05 * sheet.scale


def _lattice(sheet: Sheet, pitch: float) -> tuple[Floats, Floats]:
    """Return the places of a lattice over the sheet, shifted in every other row, strayed by a loose hand."""
    columns, rows = int(sheet.w / pitch) + 3, int(sheet.h / (0.87 * pitch)) + 3
    x, y = np.meshgrid(np.arange(columns, dtype=float), np.arange(rows, dtype=float))
    x = (x + 0.5 * (np.arange(rows)[:, None] % 2) - 0.75) * pitch
    y = (y - 0.5) * 0.87 * pitch
    stray = pitch * 0.35 * (1 - sheet.hand.order)
    return (x + sheet.rng.normal(0, stray, x.shape)).ravel(), (y + sheet.rng.normal(0, stray, y.shape)).ravel()


def _sampled(sheet: Sheet, field: Field, x: Floats, y: Floats) -> Floats:
    row = np.clip((y / sheet.px).astype(int), 0, sheet.height - 1)
    column = np.clip((x / sheet.px).astype(int), 0, sheet.width - 1)
    sampled: Floats = field[row, column].astype(float)
    return sampled


def _form(sheet: Sheet) -> Field:
    """Return a hidden form, about -1..1: a figure, a plant or a cloud."""
    if sheet.subject == "people":
        cx, cy = sheet.w * sheet.pick(0.42, 0.58), sheet.h * 0.36
        head = np.hypot((sheet.x - cx) / 0.8, sheet.y - cy) - 0.17 * sheet.h
        body = np.hypot((sheet.x - cx) / 1.25, (sheet.y - sheet.h * 1.05)) - 0.42 * sheet.h
        form: Field = -9 * np.minimum(head, body)
    elif sheet.subject in ("nature", "landscape", "still life"):
        cx, cy = sheet.w * sheet.pick(0.35, 0.65), sheet.h * sheet.pick(0.35, 0.55)
        far, petals = np.hypot(sheet.x - cx, sheet.y - cy), 5 + sheet.rng.integers(4)
        rim = 0.34 * (1 + 0.13 * np.cos(petals * np.arctan2(sheet.y - cy, sheet.x - cx)))
        form = 0.6 * np.cos(13 * far) + 3.5 * (rim - far)
    else:
        form = sheet.fractal(0.45, 2)
    return np.clip(form, -1, 1)


def _coloured(sheet: Sheet, x: Floats, y: Floats, radius: Floats, way: Floats, tones: NDArray[np.int64]) -> None:
    """Paint each dot with the tone of ``tones`` that ``way`` (0..1) points to."""
    number = np.clip((way * len(tones)).astype(int), 0, len(tones) - 1)
    for place, tone in enumerate(tones):
        chosen = number == place
        sheet.paint(sheet.spots(x[chosen], y[chosen], radius[chosen]), sheet.swatch(int(tone)), 0.97, 0.9)


def _net(sheet: Sheet) -> None:
    """A net of dots that swell and shrink with a hidden form."""
    pitch = _pitch(sheet)
    x, y = _lattice(sheet, pitch)
    form = _sampled(sheet, _form(sheet), x, y)
    radius = pitch * np.clip(0.30 + 0.17 * form, 0.06, 0.49)
    way = np.clip(0.5 + 0.35 * form + sheet.rng.normal(0, 0.12, x.size), 0, 0.999)
    _coloured(sheet, x, y, radius, way, sheet.rng.permutation(6)[: 2 + int(3 * sheet.hand.density)])


def _points(sheet: Sheet) -> None:
    """Points of pure colour that mix in the eye into a scene of light."""
    pitch = 0.011 + 0.020 * sheet.scale
    form = 0.55 * _form(sheet) + 0.35 * sheet.fractal(0.5, 3) + (0.9 * (sheet.y / sheet.h - 0.5))
    for layer in range(2 + (sheet.hand.layers > 0.5)):
        x, y = _lattice(sheet, pitch * (1 if layer else 1.3))
        light = _sampled(sheet, form, x, y)
        order = np.argsort(sheet.palette.swatches[:, 0])[::-1]
        way = np.clip(0.5 - 0.36 * light + sheet.rng.normal(0, 0.17, x.size), 0, 0.999)
        radius = pitch * sheet.rng.uniform(0.38, 0.62, x.size)
        kept = sheet.rng.random(x.size) < 0.95 - 0.15 * layer
        _coloured(sheet, x[kept], y[kept], radius[kept], way[kept], order)


def _rings(sheet: Sheet) -> None:
    """Dots strung along rings and paths, in country of their own colour."""
    pitch = 0.014 + 0.022 * sheet.scale
    n = 2 + round(3 * sheet.hand.density)
    cx, cy = sheet.w * sheet.rng.random(n), sheet.h * sheet.rng.random(n)
    far = np.stack([np.hypot(sheet.x - a, sheet.y - b) for a, b in zip(cx, cy, strict=True)])
    country = far.argmin(0)
    sheet.paint(np.ones((sheet.height, sheet.width), np.float32), sheet.touched(sheet.palette.swatches[country % 6]), 0.55)
    strung = np.concatenate([_strung(sheet, number, cx, cy, pitch) for number in range(n)])
    x, y, tone = strung.T
    radius = np.full(x.size, pitch * (0.26 + 0.16 * sheet.hand.line))
    _coloured(sheet, x, y, radius, tone / 6, np.arange(6))


def _strung(sheet: Sheet, number: int, cx: Floats, cy: Floats, pitch: float) -> Floats:
    """Return x, y and tone of the dots along the rings round one centre, as far as its country reaches."""
    found = []
    tones = sheet.rng.permutation(6)
    for ring, r in enumerate(np.arange(pitch, 1.1, pitch * 1.15)):
        count = max(1, int(2 * np.pi * r / (pitch * (0.86 + 0.2 * sheet.hand.gap))))
        angle = 2 * np.pi * (np.arange(count) / count + sheet.rng.random())
        x, y = cx[number] + r * np.cos(angle), cy[number] + r * np.sin(angle)
        kept = (x > -pitch) & (x < sheet.w + pitch) & (y > -pitch) & (y < sheet.h + pitch)
        kept &= np.hypot(x[:, None] - cx, y[:, None] - cy).argmin(1) == number
        tone = tones[(ring // (1 + int(2 * sheet.hand.order))) % 4] + 0.5
        found.append(np.column_stack([x, y, np.full(x.size, tone)])[kept])
    return np.concatenate(found)


def _scattered(sheet: Sheet) -> None:
    """Confetti: dots of many sizes in drifts."""
    count = int(300 + 1100 * (1 - sheet.scale) ** 2 * (0.5 + sheet.hand.density))
    x, y = sheet.rng.random(count) * sheet.w, sheet.rng.random(count) * sheet.h
    form = _sampled(sheet, _form(sheet), x, y)
    kept = sheet.rng.random(count) < np.clip(0.55 + 0.5 * form, 0.05, 1)
    x, y, form = x[kept], y[kept], form[kept]
    radius = (0.004 + 0.02 * sheet.scale) * np.exp(sheet.rng.normal(0, 0.3 + 0.5 * (1 - sheet.hand.order), x.size))
    _coloured(sheet, x, y, np.minimum(radius, 0.12), sheet.rng.random(x.size), sheet.rng.permutation(6)[:5])


def _seeds(sheet: Sheet) -> None:
    """Dots wound in the spiral of a sunflower."""
    pitch = _pitch(sheet) * 0.8
    cx, cy = sheet.w * sheet.pick(0.3, 0.7), sheet.h * sheet.pick(0.3, 0.7)
    n = np.arange(1, int(3.2 / pitch**2) + 2)[:9000]
    r, angle = 0.56 * pitch * np.sqrt(n), n * np.pi * (3 - 5**0.5)
    x, y = cx + r * np.cos(angle), cy + r * np.sin(angle)
    seen = (x > -pitch) & (x < sheet.w + pitch) & (y > -pitch) & (y < sheet.h + pitch)
    x, y, r = x[seen], y[seen], r[seen]
    swell = 0.5 + 0.5 * np.cos(2 * np.pi * r / (0.14 + 0.3 * sheet.hand.curve) + sheet.pick(0, 6))
    radius = pitch * (0.16 + 0.30 * swell * (0.4 + 0.6 * sheet.hand.line))
    way = (0.75 * r / r.max() + 0.2 * swell + 0.08 * sheet.rng.normal(0, 1, r.size)) % 1
    _coloured(sheet, x, y, radius, np.clip(way, 0, 0.999), sheet.rng.permutation(6)[:5])
