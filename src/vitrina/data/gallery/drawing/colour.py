"""Colour in OKLab (Björn Ottosson, 2020), where equal steps look equal; palettes with an artist's order of tones."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

_TO_CONE = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LAB, _FROM_CONE = np.linalg.inv(_TO_LAB), np.linalg.inv(_TO_CONE)
_STEPS = 4096
#: Room left below the strongest colour that a screen can show: paints are never that pure.
_PURITY = 0.92
#: Chroma that paints come near but do not pass, whatever the screen could show: neon is for signs.
_STRONGEST = 0.19


def srgb_to_lab(srgb: Floats) -> Floats:
    """Turn sRGB in 0..1 ``[..., 3]`` into OKLab ``[..., 3]``."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lab: Floats = np.cbrt(linear @ _TO_CONE.T) @ _TO_LAB.T
    return lab


def lab_to_srgb(lab: Floats32) -> Floats32:
    """Turn OKLab ``[..., 3]`` into sRGB in 0..1 ``[..., 3]``; what no screen can show is cut off."""
    cone = lab @ _FROM_LAB.T.astype(np.float32)
    linear = (cone * cone * cone) @ _FROM_CONE.T.astype(np.float32)
    # Looked up by the square root, so that the steps are fine in the shadows.
    steps = np.sqrt(np.clip(linear, 0, 1)) * (_STEPS - 1) + 0.5
    srgb: Floats32 = _gamma()[steps.astype(np.int32)]
    return srgb


def lightness_of_grey(grey: float) -> float:
    """Return the OKLab lightness of the sRGB grey ``grey`` in 0..1."""
    return float(srgb_to_lab(np.full(3, grey))[0])


def hue_angle(turns: float) -> float:
    """Return the OKLab hue, in radians, of a hue in turns of the usual colour wheel (0 red, 1/3 green, 2/3 blue)."""
    angles = _wheel()
    return float(np.interp(turns % 1, np.linspace(0, 1, angles.size), angles))


def strongest_chroma(lightness: Floats, hue: Floats) -> Floats:
    """Return about the greatest chroma that sRGB has at each ``lightness`` and ``hue`` (radians), all ``[n]``."""
    table = _chromas()
    row = np.clip(lightness, 0, 1) * (table.shape[0] - 1)
    column = (hue / (2 * np.pi)) % 1 * (table.shape[1] - 1)
    top, left = np.minimum(row.astype(int), table.shape[0] - 2), np.minimum(column.astype(int), table.shape[1] - 2)
    down, right = row - top, column - left
    upper = table[top, left] * (1 - right) + table[top, left + 1] * right
    lower = table[top + 1, left] * (1 - right) + table[top + 1, left + 1] * right
    found: Floats = upper * (1 - down) + lower * down
    return found


class Palette:
    """The tones of one work: around its lightness, hue and saturation, spread as the artist likes.

    ``hue`` and ``accent`` in turns, ``saturation`` and ``lightness`` in 0..1 as in ``Works.palette``; ``contrast`` in 0..1.
    ``swatches`` float ``[n, 3]`` (level, way from the hue to the accent, strength) are the tones the artist comes back to.
    """

    def __init__(self, hue: float, accent: float, saturation: float, lightness: float, contrast: float, swatches: Floats) -> None:
        self.hue = hue_angle(hue)
        self.turn = (hue_angle(accent) - self.hue + np.pi) % (2 * np.pi) - np.pi
        self.saturation = saturation
        self.light = lightness_of_grey(0.15 + 0.74 * lightness)
        self.contrast = contrast
        self.swatches: Floats32 = self.tones(*swatches.T)
        paper = self.tones(np.array([1.0]), np.array([0.05]), np.array([0.25]))[0]
        self.paper = np.array([max(paper[0], 0.935), 0.3 * paper[1], 0.3 * paper[2] + 0.012], np.float32)
        self.dark = self.tone(-1.0, strength=0.6)
        self.dark[0] = min(self.dark[0], 0.33)

    def tones(self, level: Floats, way: Floats, strength: Floats) -> Floats32:
        """Return OKLab colours ``[n, 3]``; ``level`` -1 is the darkest, 0 the middle, 1 the lightest tone."""
        up, down = 0.97 - self.light, self.light - 0.13
        lightness = self.light + self.contrast * np.where(level > 0, level * up, level * down)
        # Lights lean to the warm side and shadows to the cool one, as in daylight.
        hue = self.hue + way * self.turn - 0.10 * level
        chroma = np.clip(self.saturation * strength, 0, _PURITY) * strongest_chroma(lightness, hue)
        chroma = _STRONGEST * np.tanh(chroma / _STRONGEST)
        return np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1).astype(np.float32)

    def tone(self, level: float, way: float = 0.0, strength: float = 1.0) -> Floats32:
        """Return one OKLab colour ``[3]``; see ``tones``."""
        one: Floats32 = self.tones(np.array([level]), np.array([way]), np.array([strength]))[0]
        return one


@cache
def _gamma() -> Floats32:
    linear = np.linspace(0, 1, _STEPS) ** 2
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


@cache
def _wheel() -> Floats:
    """Return the OKLab hue of the pure colours once around the usual wheel, rising without a jump ``[361]``."""
    turns = np.linspace(0, 1, 361)
    srgb = np.clip(np.abs((turns[:, None] * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    lab = srgb_to_lab(srgb)
    return np.unwrap(np.arctan2(lab[:, 2], lab[:, 1]))


@cache
def _chromas() -> Floats:
    """Return the greatest chroma by lightness (0..1) and hue (once round), found by halving ``[129, 181]``."""
    lightness, hue = np.meshgrid(np.linspace(0, 1, 129), np.linspace(0, 2 * np.pi, 181), indexing="ij")
    low, high = np.zeros(hue.shape), np.full(hue.shape, 0.4)
    for _ in range(10):
        middle = (low + high) / 2
        lab = np.stack([lightness, middle * np.cos(hue), middle * np.sin(hue)], axis=-1)
        linear = (lab @ _FROM_LAB.T) ** 3 @ _FROM_CONE.T
        inside = ((linear > -1e-6) & (linear < 1.0001)).all(axis=-1)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return low
