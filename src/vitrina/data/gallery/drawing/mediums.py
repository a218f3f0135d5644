"""What a work is made of and on: canvas and paper, paint and print leave their traces on the finished picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.noise import tooth, weave
from vitrina.data.gallery.drawing.sheet import Sheet

Floats32 = NDArray[np.float32]

#: How much the brush shows in each medium.
BRUSH = {
    "oil on canvas": 1.35, "acrylic on canvas": 0.8, "watercolour on paper": 0.35, "gouache on paper": 0.55, "ink on paper": 0.5,
    "pastel on paper": 0.9, "mixed media": 1.1, "paper collage": 0.35, "screenprint": 0.08, "etching": 0.4, "linocut": 0.1,
    "giclée print": 0.3,
}  # fmt: skip
ON_PAPER = ("watercolour on paper", "ink on paper", "pastel on paper", "gouache on paper", "screenprint", "etching", "linocut")


def finish(sheet: Sheet, medium: str) -> None:
    """Give the picture the surface of its medium."""
    _FINISH[medium](sheet)


def _blurred(field: Floats32, sigma: float) -> Floats32:
    from scipy.ndimage import gaussian_filter

    blurred: Floats32 = gaussian_filter(field, (sigma, sigma) if field.ndim == 2 else (sigma, sigma, 0))
    return blurred


def _lit(relief: Floats32, strength: float) -> Floats32:
    """Return the light on a relief from the upper left."""
    light = np.zeros_like(relief)
    light[1:, 1:] = relief[1:, 1:] - relief[:-1, :-1]
    return light * np.float32(strength)


def _scale(sheet: Sheet) -> float:
    """Return pixels for what is one pixel wide on a picture of 320."""
    return max(sheet.height, sheet.width) / 320


def _oil(sheet: Sheet) -> None:
    """Thick paint: ridges along the brush and along the edges of forms catch the light."""
    relief = sheet.hairs() * np.float32(0.1 + 0.75 * sheet.brush) - 7 * _blurred(sheet.lab[..., 0], 0.8)
    sheet.lab[..., 0] += np.clip(_lit(relief, 0.010 + 0.009 * sheet.hand.grain), -0.08, 0.08)
    _canvas(sheet, 0.008)


def _acrylic(sheet: Sheet) -> None:
    sheet.lab[..., 0] += np.clip(_lit(-6 * _blurred(sheet.lab[..., 0], 0.7), 0.008), -0.04, 0.04)
    _canvas(sheet, 0.015)


def _canvas(sheet: Sheet, strength: float) -> None:
    sheet.lab[..., 0] += weave(sheet.rng, sheet.height, sheet.width, 3.1 * _scale(sheet)) * np.float32(strength)


def _watercolour(sheet: Sheet) -> None:
    """Thin colour: paper shines through, pigment settles in the tooth and at the rims, blooms spread."""
    _bleed(sheet, 0.0022)
    light = sheet.lab[..., 0]
    rim = np.clip(_blurred(light, 2.2 * _scale(sheet)) - light, -0.10, 0.10)
    paper = sheet.palette.paper
    sheet.lab += np.float32(0.16) * (paper - sheet.lab)
    grains = tooth(sheet.rng, sheet.height, sheet.width, _scale(sheet))
    thick = np.clip(1.05 - sheet.lab[..., 0], 0, 1)
    sheet.lab[..., 0] -= rim * np.float32(-0.40) + thick * grains * np.float32(0.028)
    bloom = sheet.fractal(0.22, 5, 0.6)
    sheet.lab[..., 0] += np.float32(0.028) * np.clip(bloom, -1, 1.4) - np.float32(0.018) * np.exp(-((bloom / 0.07) ** 2)) * (
        sheet.hand.curve > 0.3
    )


def _bleed(sheet: Sheet, reach: float) -> None:
    """Let edges run a little way into wet paper."""
    from scipy.ndimage import map_coordinates

    row, column = np.mgrid[0 : sheet.height, 0 : sheet.width].astype(np.float32)
    pull = np.float32(reach / sheet.px)
    row += pull * sheet.fractal(0.05, 4, 0.7)
    column += pull * sheet.fractal(0.05, 4, 0.7)
    for channel in range(3):
        sheet.lab[..., channel] = map_coordinates(sheet.lab[..., channel], (row, column), order=1, mode="nearest")


def _gouache(sheet: Sheet) -> None:
    grains = tooth(sheet.rng, sheet.height, sheet.width, 1.2 * _scale(sheet))
    sheet.lab[..., 0] += grains * np.float32(0.010) + sheet.streaks(sheet.hand.angle, 0.10, 0.008) * np.float32(0.004)


def _ink(sheet: Sheet) -> None:
    """Absorbent paper: soft halos, long fibres."""
    halo = _blurred(sheet.lab, 1.6 * _scale(sheet))
    sheet.lab += np.float32(0.25) * np.minimum(halo - sheet.lab, 0) * np.array([1, 0.5, 0.5], np.float32)
    fibres = np.clip(sheet.streaks(0.5, 0.03, 0.003) - 1.6, 0, 1) + np.clip(sheet.streaks(-0.8, 0.03, 0.003) - 1.6, 0, 1)
    grains = tooth(sheet.rng, sheet.height, sheet.width, _scale(sheet))
    sheet.lab[..., 0] += grains * np.float32(0.009) - fibres * np.float32(0.03)


def _pastel(sheet: Sheet) -> None:
    """Chalk on rough paper: it catches the tooth and leaves tinted paper in the hollows."""
    sheet.lab[:] = _blurred(sheet.lab, 0.9 * _scale(sheet))
    grains = tooth(sheet.rng, sheet.height, sheet.width, 1.1 * _scale(sheet)) + 0.5 * sheet.streaks(
        sheet.hand.angle + 0.6, 0.03, 0.004
    )
    hollow = np.clip((grains - 0.75) * 1.3, 0, 1)
    under = sheet.palette.tone(-0.6 if sheet.palette.light > 0.5 else -0.8, 0.5, 0.6)
    sheet.lab += (hollow * np.float32(0.17))[..., None] * (under - sheet.lab)
    sheet.lab[..., 0] += np.float32(0.022) * grains


def _mixed(sheet: Sheet) -> None:
    """Paint, pencil, scratches and spatter on board."""
    _oil(sheet)
    count = 4 + int(14 * sheet.hand.density)
    ends = sheet.rng.random((count, 1, 2)) * np.array([sheet.w, sheet.h]) + sheet.rng.normal(0, 0.10, (count, 3, 2)).cumsum(1)
    pencil = sheet.palette.dark if sheet.hand.ground > 0 else sheet.palette.paper
    sheet.paint(sheet.lines(list(ends), 0.0014 + 0.001 * sheet.hand.line), pencil, 0.45, 0)
    spots = int(60 * sheet.hand.layers)
    if spots:
        x, y = sheet.rng.random(spots) * sheet.w, sheet.rng.random(spots) * sheet.h
        sheet.paint(sheet.spots(x, y, 0.0008 + 0.005 * sheet.rng.random(spots) ** 4), sheet.swatch(5), 0.75, 0)


def _pasted(sheet: Sheet) -> None:
    grains = tooth(sheet.rng, sheet.height, sheet.width, 1.4 * _scale(sheet))
    creases = sheet.fractal(0.12, 3)
    sheet.lab[..., 0] += grains * np.float32(0.011) + np.clip(_lit(creases, 0.05), -0.015, 0.015)


def _screenprint(sheet: Sheet) -> None:
    """Flat ink through a screen: colours a hair out of register, tiny gaps in the ink."""
    shift = 1 if max(sheet.height, sheet.width) < 480 else 2
    dy, dx = (int(k) for k in sheet.rng.integers(-shift, shift + 1, 2))
    sheet.lab[..., 1:] = np.roll(sheet.lab[..., 1:], (dy, dx), (0, 1))
    sheet.lab[..., 0] = _flattened(sheet.lab[..., 0], 9)
    gaps = sheet.fractal(0.006, 2) + 0.5 * sheet.fractal(0.2, 2)
    salt = np.clip((gaps - 2.5) * 1.2, 0, 1)
    sheet.lab += (salt * np.float32(0.4))[..., None] * (sheet.palette.paper - sheet.lab)
    sheet.lab[..., 0] += sheet.rng.standard_normal((sheet.height, sheet.width), dtype=np.float32) * np.float32(0.004)


def _flattened(light: Floats32, steps: int) -> Floats32:
    """Draw lightness together around a few steps, leaving soft edges between them."""
    at = light * steps
    middle = np.floor(at) + 0.5
    away = at - middle
    return ((middle + 4 * away * away * away) / steps).astype(np.float32)


def _etching(sheet: Sheet) -> None:
    """Bitten lines: the darker, the more directions of hatching; plate tone, tinted ink on cream paper."""
    light = sheet.lab[..., 0]
    low, high = np.percentile(light, (2, 98))
    dark = 1 - np.clip((light - low) / max(high - low, 0.05), 0, 1)
    paper = sheet.palette.paper
    hatch = np.zeros_like(light)
    pitch = (2.6 + 1.4 * sheet.scale) * _scale(sheet)
    bend = 3.0 * sheet.smooth(0.3)
    for turn, start in ((0.0, 0.12), (1.1, 0.42), (-0.7, 0.68)):
        angle = sheet.hand.angle + 0.7 + turn
        across = (sheet.y * np.cos(angle) - sheet.x * np.sin(angle)) / sheet.px + bend
        line = 0.5 + 0.5 * np.cos(2 * np.pi * across / pitch)
        strength = np.clip((dark - start) / 0.4, 0, 1)
        hatch = np.maximum(hatch, np.clip((line - 1.02 + strength) * 2.4, 0, 1) * np.clip(strength * 4, 0, 1))
    tint = sheet.lab + np.float32(0.42) * (paper - sheet.lab)
    tint[..., 0] += np.float32(0.018) * sheet.fractal(0.3, 4)
    inked = sheet.lab.copy()
    inked[..., 0] = np.minimum(0.55 * inked[..., 0], 0.34)
    part = (hatch * np.float32(0.82))[..., None]
    sheet.lab[:] = tint + part * (inked - tint)
    grains = tooth(sheet.rng, sheet.height, sheet.width, _scale(sheet))
    sheet.lab[..., 0] += grains * np.float32(0.010)


def _linocut(sheet: Sheet) -> None:
    """Cut lino: a few flat tones, the gouge's marks where a tone gives way to the next."""
    light = sheet.lab[..., 0]
    low, high = np.percentile(light, (3, 97))
    at = np.clip((light - low) / max(high - low, 0.05), 0, 0.999)
    gouge = sheet.streaks(sheet.hand.angle + 0.4, 0.035, 0.0045 + 0.004 * sheet.scale)
    steps = 3
    cut = np.clip(at * steps + 0.30 * gouge, 0, steps - 0.001)
    tone = np.floor(cut)
    soft = np.clip((cut - tone) * 8, 0, 1)
    flat = (np.maximum(tone - 1, 0) + np.where(tone > 0, soft, 0)) / (steps - 1)
    sheet.lab[..., 0] = low + (high - low) * flat.astype(np.float32)
    salt = np.clip((sheet.fractal(0.007, 2) + 0.6 * sheet.fractal(0.15, 2) - 1.7) * 2, 0, 1)
    sheet.lab += (salt * np.float32(0.55))[..., None] * (sheet.palette.paper - sheet.lab)


def _giclee(sheet: Sheet) -> None:
    """Fine sprayed ink on smooth paper."""
    sheet.lab[..., 0] += sheet.rng.standard_normal((sheet.height, sheet.width), dtype=np.float32) * np.float32(0.006)


_FINISH = {
    "oil on canvas": _oil, "acrylic on canvas": _acrylic, "watercolour on paper": _watercolour, "gouache on paper": _gouache,
    "ink on paper": _ink, "pastel on paper": _pastel, "mixed media": _mixed, "paper collage": _pasted,
    "screenprint": _screenprint,
    "etching": _etching, "linocut": _linocut, "giclée print": _giclee,
}  # fmt: skip
