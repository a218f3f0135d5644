"""From a work of the simulated world to its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vitrina.data.gallery.drawing.circles import circles
from vitrina.data.gallery.drawing.collage import collage
from vitrina.data.gallery.drawing.colour import Palette, lab_to_srgb
from vitrina.data.gallery.drawing.dots import dots
from vitrina.data.gallery.drawing.fields import colour_fields
from vitrina.data.gallery.drawing.gradients import gradients
from vitrina.data.gallery.drawing.grids import grids
from vitrina.data.gallery.drawing.hand import Hand, hand_of
from vitrina.data.gallery.drawing.ink import ink
from vitrina.data.gallery.drawing.mediums import BRUSH, ON_PAPER, finish
from vitrina.data.gallery.drawing.night import night_scenes
from vitrina.data.gallery.drawing.noise import tooth
from vitrina.data.gallery.drawing.seas import seas
from vitrina.data.gallery.drawing.sheet import Sheet
from vitrina.data.gallery.drawing.stripes import stripes
from vitrina.data.gallery.drawing.strokes import brush_strokes
from vitrina.data.gallery.drawing.waves import waves
from vitrina.data.gallery.styles import MEDIUMS, STYLE_NAMES, SUBJECTS
from vitrina.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

    from vitrina.data.gallery.simulation import World

#: Pixels of a picture's longest side.
LONGEST = 320
#: Share of the way that the finished picture is moved to the lightness and saturation that its work should have.
LIKENESS = 0.75

DRAW = {
    "colour fields": colour_fields, "grids": grids, "stripes": stripes, "circles": circles, "dots": dots, "waves": waves,
    "brush strokes": brush_strokes, "night scenes": night_scenes, "seas": seas, "ink": ink, "collage": collage,
    "gradients": gradients,
}  # fmt: skip


def draw_picture(world: World, work: int, *, longest: int = LONGEST) -> Image.Image:
    """Draw one work (its code, from 0) as an RGB picture whose longest side has ``longest`` pixels.

    It depends on the world and the work alone, so drawing some works gives the same pictures as drawing all. Raises
    ``DataError`` for a work that the world does not have.
    """
    from PIL import Image

    if not 0 <= work < len(world.works):
        raise DataError(f"work {work}: this gallery has {len(world.works)} works, numbered from 0.")
    if longest < 1:
        raise DataError(f"longest = {longest}: a picture needs at least 1 pixel.")
    works = world.works
    size = _pixels(int(works.width[work]), int(works.height[work]), longest)
    hand = hand_of(world.artists, int(works.artist[work]), world.seed)
    rng = np.random.default_rng(np.random.SeedSequence(world.seed, spawn_key=(9, work)))
    lab = _painted(rng, size, hand, works.palette[work], *_made_of(works.style[work], works.medium[work], works.subject[work]))
    srgb = lab_to_srgb(lab) * np.float32(255)
    # A grain below one step of 8 bits keeps soft passages free of bands.
    srgb += rng.random(srgb.shape, dtype=np.float32)
    return Image.fromarray(np.clip(srgb, 0, 255).astype(np.uint8))


def _made_of(style: int, medium: int, subject: int) -> tuple[str, str, str]:
    return STYLE_NAMES[style], MEDIUMS[medium], SUBJECTS[subject]


def _pixels(width: int, height: int, longest: int) -> tuple[int, int]:
    share = longest / max(width, height)
    return max(1, round(width * share)), max(1, round(height * share))


def _painted(
    rng: np.random.Generator,
    size: tuple[int, int],
    hand: Hand,
    palette_of_work: NDArray[np.float64],
    style: str,
    medium: str,
    subject: str,
) -> NDArray[np.float32]:
    """Paint, finish and frame one picture; returns OKLab ``[height, width, 3]``."""
    hue, accent, saturation, lightness, scale = palette_of_work.tolist()
    palette = Palette(hue, accent, saturation, lightness, hand.contrast, hand.swatches)
    bare = _margin(hand, medium, size)
    inner = (size[0] - 2 * bare, size[1] - 2 * bare)
    sheet = Sheet(rng, inner, hand, palette, scale=scale, subject=subject, brush=BRUSH[medium])
    DRAW[style](sheet)
    finish(sheet, medium)
    _liken(sheet, palette.light, saturation, LIKENESS * (0.5 if style == "ink" else 1))
    return _mounted(rng, sheet, bare) if bare else sheet.lab


def _margin(hand: Hand, medium: str, size: tuple[int, int]) -> int:
    """Return the pixels of paper left bare round the picture."""
    bare = round(hand.margin * max(size)) if medium in ON_PAPER else 0
    return bare if 4 * bare < min(size) else 0


def _mounted(rng: np.random.Generator, sheet: Sheet, bare: int) -> NDArray[np.float32]:
    height, width = sheet.height + 2 * bare, sheet.width + 2 * bare
    lab = np.empty((height, width, 3), np.float32)
    lab[:] = sheet.palette.paper
    lab[..., 0] += tooth(rng, height, width, 1.2) * np.float32(0.006)
    lab[bare:-bare, bare:-bare] = sheet.lab
    return lab


def _liken(sheet: Sheet, lightness: float, saturation: float, share: float) -> None:
    """Move the mean lightness and saturation of the picture towards those of the work, black and white staying put."""
    light = np.clip(sheet.lab[..., 0], 0.02, 0.995)
    mean = float(light.mean())
    target = mean + share * (lightness - mean)
    power = 1.0
    for _ in range(4):  # by steps, as the mean of a power is not the power of the mean
        curved = light[::4, ::4] ** np.float32(power)
        now = float(curved.mean())
        power = float(np.clip(power * np.log(target) / np.log(now), 0.4, 2.6))
    sheet.lab[..., 0] = light ** np.float32(power)
    wanted = 0.05 + 0.62 * saturation
    few = sheet.lab[::3, ::3].copy()
    factor = 1.0
    for _ in range(2):
        few[..., 1:] = sheet.lab[::3, ::3, 1:] * np.float32(factor)
        srgb = lab_to_srgb(few)
        top = srgb.max(-1)
        now = float(np.mean((top - srgb.min(-1)) / np.maximum(top, 0.05)))
        factor = float(np.clip(factor * (wanted / max(now, 0.02)) ** LIKENESS, 0.45, 1.4))
    sheet.lab[..., 1:] *= np.float32(factor)
