"""The sheet that a picture is painted on: colour laid on in layers through soft-edged masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vitrina.data.gallery.drawing.colour import Palette
from vitrina.data.gallery.drawing.hand import Hand
from vitrina.data.gallery.drawing.noise import fractal, smooth, streaks

Floats32 = NDArray[np.float32]
Points = NDArray[np.floating]
#: A value at every pixel, in any precision; masks and colours are kept in single precision.
Field = NDArray[np.floating]
Colour = NDArray[np.float32]

#: Shapes given by points are drawn this many times larger and then reduced, which smooths their edges.
FINER = 3
#: Steps of a passage between colours; far below what 8 bits show.
_TONES = 2048


class Sheet:
    """A picture in the making.

    ``lab`` float32 ``[height, width, 3]`` in OKLab. Places and lengths are shares of the longest side: ``x`` ``[1, width]``
    and ``y`` ``[height, 1]`` run from 0 to ``w`` and ``h``; ``px`` is one pixel. ``wx`` and ``wy`` are the same places
    strayed by the hand's wobble, so that shapes measured in them look drawn by hand. ``scale`` in 0..1 is the size of the
    forms; ``subject`` names what the work shows.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        size: tuple[int, int],
        hand: Hand,
        palette: Palette,
        *,
        scale: float,
        subject: str,
        brush: float = 1.0,
    ) -> None:
        self.rng, self.hand, self.palette, self.scale, self.subject = rng, hand, palette, scale, subject
        self.width, self.height = size
        longest = max(size)
        self.px = 1 / longest
        self.w, self.h = self.width / longest, self.height / longest
        self.x = ((np.arange(self.width, dtype=np.float32) + 0.5) / longest)[None, :]
        self.y = ((np.arange(self.height, dtype=np.float32) + 0.5) / longest)[:, None]
        stray = np.float32(0.0006 + 0.0062 * hand.wobble)
        self.wx = self.x + stray * self.fractal(0.2, 4, 0.42)
        self.wy = self.y + stray * self.fractal(0.2, 4, 0.42)
        self.brush = brush * (0.15 + 0.85 * hand.grain)
        # Larger than the sheet, so that each layer of paint shows another part.
        self._spare = max(4, round(0.25 * longest))
        self._hairs, self._patches = self._brushwork(self.height + self._spare, self.width + self._spare)
        self.lab = np.empty((self.height, self.width, 3), np.float32)
        self.lab[:] = palette.tone(hand.ground)

    def _brushwork(self, height: int, width: int) -> tuple[Floats32, Floats32]:
        """Return the traces of hairs, in two directions near the hand's that take turns, and of uneven paint."""
        hand, unit = self.hand, 1 / (320 * self.px)
        length, breadth = (14 + 24 * hand.softness) * unit, (1.2 + 1.3 * hand.grain) * unit
        turn = 0.12 + 0.3 * hand.curve
        one = streaks(self.rng, height, width, hand.angle - turn, length, breadth)
        other = streaks(self.rng, height, width, hand.angle + turn, length, breadth)
        patches = fractal(self.rng, height, width, 0.2 / self.px, 3)
        way = np.clip(0.5 + 0.8 * smooth(self.rng, height, width, 0.12 / self.px), 0, 1)
        return (one + way * (other - one)) * np.clip(0.75 + 0.4 * patches, 0.1, 1.4), patches

    # Irregularity -----------------------------------------------------------------------------------------------------

    def smooth(self, cell: float) -> Floats32:
        """Return smooth noise over the sheet; ``cell`` is a share of the longest side."""
        return smooth(self.rng, self.height, self.width, cell / self.px)

    def fractal(self, cell: float, octaves: int = 4, gain: float = 0.5) -> Floats32:
        """Return fractal noise over the sheet; ``cell`` is a share of the longest side."""
        return fractal(self.rng, self.height, self.width, cell / self.px, octaves, gain)

    def streaks(self, angle: float, length: float, breadth: float) -> Floats32:
        """Return noise drawn out along ``angle``; ``length`` and ``breadth`` are shares of the longest side."""
        return streaks(self.rng, self.height, self.width, angle, length / self.px, breadth / self.px)

    def pick(self, low: float, high: float) -> float:
        """Return a number between two bounds."""
        return float(self.rng.uniform(low, high))

    # Masks ------------------------------------------------------------------------------------------------------------

    def inside(self, distance: Field, soft: float = 0.0) -> Floats32:
        """Turn a signed distance (negative inside) into a mask in 0..1; ``soft`` widens the fade, in shares."""
        fade = self.px + soft
        mask: Floats32 = np.clip(0.5 - distance / np.float32(fade), 0, 1).astype(np.float32, copy=False)
        return mask * mask * (3 - 2 * mask) if soft > 2 * self.px else mask

    def box(self, left: float, top: float, right: float, bottom: float, soft: float = 0.0) -> Floats32:
        """Return the mask of an upright rectangle, edges strayed by the hand."""
        across = np.abs(self.wx - (left + right) / 2) - (right - left) / 2
        down = np.abs(self.wy - (top + bottom) / 2) - (bottom - top) / 2
        return self.inside(np.maximum(across, down), soft)

    def disc(self, x: float, y: float, radius: float, soft: float = 0.0) -> Floats32:
        """Return the mask of a disc, edge strayed by the hand."""
        return self.inside(np.hypot(self.wx - x, self.wy - y) - radius, soft)

    def shapes(self, outlines: Sequence[Points], opacities: Sequence[float] | None = None) -> Floats32:
        """Return the mask of filled polygons, each ``[n, 2]`` of x and y in shares."""
        stencil = _Stencil(self, outlines)
        for number, outline in enumerate(outlines):
            stencil.draw.polygon(stencil.fine(outline), fill=255 if opacities is None else round(255 * opacities[number]))
        return stencil.reduced(stencil.image)

    def lines(
        self, paths: Sequence[Points], widths: Sequence[float] | float, opacities: Sequence[float] | None = None
    ) -> Floats32:
        """Return the mask of lines through points ``[n, 2]``, each of its width in shares; later ones cover earlier ones."""
        stencil = _Stencil(self, paths, widths if isinstance(widths, float) else max(widths, default=0.0))
        for number, path in enumerate(paths):
            fine = (widths if isinstance(widths, float) else widths[number]) / self.px * FINER
            fill = 255 if opacities is None else round(255 * opacities[number])
            stencil.draw.line(stencil.fine(path), fill=fill, width=max(1, round(fine)), joint="curve" if fine > 4 else None)
        return stencil.reduced(stencil.image)

    def toned_lines(self, paths: Sequence[Points], width: float, tones: Sequence[float]) -> tuple[Floats32, Floats32]:
        """Return the mask of lines of one width in shares, and that mask times each line's tone in 0..1."""
        stencil = _Stencil(self, paths, width, mode="LA")
        fine = max(1, round(width / self.px * FINER))
        for path, tone in zip(paths, tones, strict=True):
            stencil.draw.line(stencil.fine(path), fill=(round(255 * tone), 255), width=fine)
        light, body = stencil.image.split()
        return stencil.reduced(body), stencil.reduced(light)

    def tapered(self, paths: Sequence[Points], starts: Sequence[float], ends: Sequence[float]) -> Floats32:
        """Return the mask of lines that run from one width to another."""
        return self.shapes([ribbon(p, np.linspace(a, b, len(p))) for p, a, b in zip(paths, starts, ends, strict=True)])

    def spots(self, x: Points, y: Points, radius: Points) -> Floats32:
        """Return the mask of many small discs ``[n]``."""
        radius = np.maximum(radius, 0.4 * self.px)
        stencil = _Stencil(self, [np.column_stack([x, y])], 2 * float(radius.max(initial=0.0)))
        centres = np.reshape(stencil.fine(np.column_stack([x, y])), (-1, 2))
        for (cx, cy), r in zip(centres.tolist(), (radius / self.px * FINER).tolist(), strict=True):
            stencil.draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=255)
        return stencil.reduced(stencil.image)

    # Paint ------------------------------------------------------------------------------------------------------------

    def ground(self, colour: Colour, depth: float = 1.0) -> None:
        """Cover the whole sheet."""
        self.lab[:] = colour
        self.lab[..., 0] += self._trace(depth, self.height, self.width)

    def paint(self, mask: Field, colour: Colour, opacity: float = 1.0, depth: float = 1.0) -> None:
        """Lay ``colour`` (``[3]`` or ``[height, width, 3]``) on through ``mask``; ``depth`` is how much the brush shows."""
        rows, columns = frame(mask)
        part = mask[rows, columns]
        if not part.size:
            return
        area = self.lab[rows, columns]
        if colour.ndim == 3:
            colour = colour[rows, columns]
        elif depth > 0:
            colour = self._textured(colour, depth, *part.shape)
        area += (part * opacity).astype(np.float32, copy=False)[..., None] * (colour - area)

    def shade(self, mask: Field, amount: float) -> None:
        """Make lighter (``amount`` above 0) or darker, keeping the colour."""
        self.lab[..., 0] += mask * np.float32(amount)

    def soften(self, near: Field) -> None:
        """Smooth the steps of edges that were set pixel by pixel; ``near`` is the distance to the nearest edge."""
        from scipy.ndimage import gaussian_filter

        smoothed = gaussian_filter(self.lab, (0.7, 0.7, 0))
        self.lab += self.inside(near - 1.2 * self.px)[..., None] * (smoothed - self.lab)

    def shadow(self, mask: Field, dx: float, dy: float, blur: float, amount: float) -> None:
        """Cast the shadow of ``mask`` on what is below."""
        from scipy.ndimage import gaussian_filter

        sigma = max(blur / self.px, 0.5)
        down, right, reach = round(dy / self.px), round(dx / self.px), round(4 * sigma) + 1
        rows, columns = frame(mask, reach + max(abs(down), abs(right)))
        part = mask[rows, columns]
        if not part.size:
            return
        moved = np.roll(part, (down, right), (0, 1))
        self.lab[rows, columns, 0] *= 1 - np.float32(amount) * gaussian_filter(moved, sigma, truncate=3)

    def blend(self, way: Field, colours: Floats32) -> Floats32:
        """Return the colour field that runs through ``colours`` ``[n, 3]`` as ``way`` goes from 0 to 1."""
        at = np.linspace(0, len(colours) - 1, _TONES)
        low = np.minimum(at.astype(int), max(len(colours) - 2, 0))
        part = (at - low)[:, None]
        if len(colours) > 2:
            part = part * part * (3 - 2 * part)
        table = (colours[low] * (1 - part) + colours[np.minimum(low + 1, len(colours) - 1)] * part).astype(np.float32)
        blended: Floats32 = np.take(table, (np.clip(way, 0, 1) * (_TONES - 1)).astype(np.int32), axis=0)
        return blended

    def touched(self, field: Floats32, depth: float = 1.0) -> Floats32:
        """Return a colour field ``[height, width, 3]`` with the traces of the brush."""
        field = np.array(np.broadcast_to(field, self.lab.shape), np.float32)
        field[..., 0] += self._trace(depth, self.height, self.width)
        return field

    def _textured(self, colour: Colour, depth: float, height: int, width: int) -> Floats32:
        field = np.empty((height, width, 3), np.float32)
        drift = self._part(self._patches, height, width) * np.float32(0.006 * depth * (0.4 + self.brush))
        field[..., 0] = colour[0] + self._trace(depth, height, width)
        field[..., 1] = colour[1] + drift
        field[..., 2] = colour[2] - drift * np.float32(0.7)
        return field

    def _trace(self, depth: float, height: int, width: int) -> Floats32:
        hairs = self._part(self._hairs, height, width) * np.float32(0.015 * depth * self.brush)
        return hairs + self._part(self._patches, height, width) * np.float32(0.014 * depth * (0.3 + self.brush))

    def hairs(self) -> Floats32:
        """Return traces of the brush over the whole sheet, of spread about 1."""
        return self._part(self._hairs, self.height, self.width)

    def _part(self, field: Floats32, height: int, width: int) -> Floats32:
        top, left = self.rng.integers(0, (field.shape[0] - height + 1, field.shape[1] - width + 1))
        return field[top : top + height, left : left + width]

    # Tones ------------------------------------------------------------------------------------------------------------

    def swatch(self, number: int) -> Colour:
        """Return one of the artist's tones; numbers go round."""
        tone: Colour = self.palette.swatches[number % len(self.palette.swatches)]
        return tone

    def any_swatch(self, but: Colour | None = None) -> Colour:
        """Return one of the artist's tones at random, one that stands out from ``but``."""
        tones = self.palette.swatches
        if but is None:
            chosen: Colour = tones[self.rng.integers(len(tones))]
            return chosen
        away = np.linalg.norm(tones - but, axis=1)
        farther = np.argsort(away)[len(tones) // 2 :]
        chosen = tones[self.rng.choice(farther)]
        return chosen

    def varied(self, colour: Colour, amount: float = 1.0) -> Colour:
        """Return a colour mixed a little differently."""
        return (colour + self.rng.normal(0, 1, 3).astype(np.float32) * np.float32(amount) * _MIXED).astype(np.float32)


class _Stencil:
    """The part of a sheet that some points ``[n, 2]`` and ``reach`` around them cover, larger by ``FINER``, to draw on."""

    def __init__(self, sheet: Sheet, points: Sequence[Points], reach: float = 0.0, mode: str = "L") -> None:
        self.px, self.size = sheet.px, (sheet.height, sheet.width)
        self.left, self.top, right, bottom = 0, 0, 1, 1
        places = np.concatenate([np.reshape(p, (-1, 2)) for p in points]) if len(points) else np.zeros((0, 2))
        if len(places):
            low = np.floor((places.min(0) - reach) / sheet.px).astype(int) - 1
            high = np.ceil((places.max(0) + reach) / sheet.px).astype(int) + 1
            self.left, self.top = (int(np.clip(a, 0, most - 1)) for a, most in zip(low, (sheet.width, sheet.height), strict=True))
            right, bottom = (int(np.clip(b, 0, most)) for b, most in zip(high, (sheet.width, sheet.height), strict=True))
        size = (max(right - self.left, 1) * FINER, max(bottom - self.top, 1) * FINER)
        self.image = Image.new(mode, size, 0 if mode == "L" else (0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def fine(self, points: Points) -> list[float]:
        """Return the points as places on the enlarged part, x and y in turns."""
        places = (np.asarray(points, float) / self.px - (self.left, self.top)) * FINER
        fine: list[float] = places.ravel().tolist()
        return fine

    def reduced(self, image: Image.Image) -> Floats32:
        """Return what was drawn as a mask over the whole sheet."""
        mask = np.zeros(self.size, np.float32)
        part = np.asarray(image.reduce(FINER), np.float32) * np.float32(1 / 255)
        mask[self.top : self.top + part.shape[0], self.left : self.left + part.shape[1]] = part
        return mask


_MIXED = np.array([0.025, 0.008, 0.008], np.float32)


def frame(mask: Field, spare: int = 0) -> tuple[slice, slice]:
    """Return the rows and columns in which ``mask`` is not 0, and ``spare`` pixels around; empty slices where it is 0."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return (
        slice(max(0, int(rows[0]) - spare), int(rows[-1]) + 1 + spare),
        slice(max(0, int(columns[0]) - spare), int(columns[-1]) + 1 + spare),
    )


def ribbon(path: Points, widths: Points) -> Points:
    """Return the outline of a line through ``path`` ``[n, 2]`` with the width ``[n]`` at each point."""
    along = np.gradient(path, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]])
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    half = across * (np.asarray(widths)[:, None] / 2)
    return np.concatenate([path + half, (path - half)[::-1]])


def curve(points: Points, count: int = 40) -> Points:
    """Return ``count`` points of the smooth curve (Catmull-Rom) through ``points`` ``[n, 2]``."""
    points = np.asarray(points, float)
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    at = np.linspace(0, len(points) - 1, count)
    low = np.minimum(at.astype(int), len(points) - 2)
    t = (at - low)[:, None]
    a, b, c, d = (padded[low + k] for k in range(4))
    smoothed: Points = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return smoothed
