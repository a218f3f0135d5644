"""Irregularity: smooth noise, noise drawn out along a direction, the surface of paper and canvas."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats32 = NDArray[np.float32]


def smooth(rng: np.random.Generator, height: int, width: int, cell: float) -> Floats32:
    """Return noise ``[height, width]`` of spread about 1 that changes over ``cell`` pixels."""
    cell = max(cell, 1.0)
    rows, columns = math.ceil(height / cell) + 3, math.ceil(width / cell) + 3
    coarse = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
    left, top = rng.random(2)
    box = (1 + left, 1 + top, 1 + left + min(width / cell, columns - 2.0), 1 + top + min(height / cell, rows - 2.0))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC, box=box)) * np.float32(1.3)


def fractal(rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 4, gain: float = 0.5) -> Floats32:
    """Return noise ``[height, width]`` of spread about 1 with details down to ``cell / 2 ** (octaves - 1)`` pixels."""
    cell = max(cell, 1.0)
    octaves = min(octaves, 1 + int(math.log2(cell)))
    rows, columns = math.ceil(height / cell) + 3, math.ceil(width / cell) + 3
    # Refined while it is small: each octave doubles the grid, and only the last is brought to full size.
    field = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
    strength, power = 1.0, 1.0
    for octave in range(1, octaves):
        strength *= gain
        power += strength**2
        size = (columns << octave, rows << octave)
        finer = np.asarray(field.resize(size, Image.Resampling.BICUBIC)) * 1
        finer += np.float32(strength) * rng.standard_normal(size[::-1], dtype=np.float32)
        field = Image.fromarray(finer)
    fold = 2 ** (octaves - 1)
    left, top = (1 + rng.random(2)) * fold
    box = (left, top, left + fold * width / cell, top + fold * height / cell)
    full = field.resize((width, height), Image.Resampling.BICUBIC, box=box)
    return np.asarray(full) * np.float32(1.3 / math.sqrt(power))


def streaks(rng: np.random.Generator, height: int, width: int, angle: float, length: float, breadth: float) -> Floats32:
    """Return noise of spread about 1, drawn out over ``length`` pixels along ``angle`` (radians) and ``breadth`` across."""
    length, breadth = max(length, 1.0), max(breadth, 1.0)
    reach = math.hypot(height, width)
    columns, rows = math.ceil(reach / length) + 4, math.ceil(reach / breadth) + 4
    coarse = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
    # Smooth already when it is turned, so that turning may be plain; a narrow streak needs no more than its pixels.
    fold = 2 if breadth < 4 else 3
    coarse = coarse.resize((columns * fold, rows * fold), Image.Resampling.BICUBIC)
    length, breadth, rows, columns = length / fold, breadth / fold, rows * fold, columns * fold
    c, s = math.cos(angle), math.sin(angle)
    # From a pixel of the sheet to a place on the coarse noise, whose centre is the sheet's.
    across = (c / length, s / length, columns / 2 - (c * width + s * height) / (2 * length))
    down = (-s / breadth, c / breadth, rows / 2 - (c * height - s * width) / (2 * breadth))
    drawn = coarse.transform((width, height), Image.Transform.AFFINE, (*across, *down), Image.Resampling.BILINEAR)
    return np.asarray(drawn) * np.float32(1.3)


def weave(rng: np.random.Generator, height: int, width: int, pitch: float) -> Floats32:
    """Return the relief of a plain weave of threads ``pitch`` pixels apart, about -1..1."""
    drift = smooth(rng, height, width, 24) * np.float32(0.35)
    x, y = np.arange(width, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]
    phase_x, phase_y = 2 * np.pi * x / pitch + drift, 2 * np.pi * y / pitch - drift
    thread = np.sin(phase_x) * np.sin(phase_y) + np.float32(0.35) * (np.sin(phase_x) + np.sin(phase_y))
    uneven = 1 + np.float32(0.3) * smooth(rng, height, width, 5)
    return (thread * uneven).astype(np.float32)


def tooth(rng: np.random.Generator, height: int, width: int, coarseness: float) -> Floats32:
    """Return the relief of rough paper, of spread about 1; ``coarseness`` in pixels."""
    fine = rng.standard_normal((height, width), dtype=np.float32)
    return np.float32(0.45) * fine + np.float32(0.9) * fractal(rng, height, width, 2.2 * coarseness, 2, 0.7)
