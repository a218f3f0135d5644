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
    total = np.zeros((height, width), np.float32)
    power, strength = 0.0, 1.0
    for octave in range(octaves):
        total += np.float32(strength) * smooth(rng, height, width, cell / 2**octave)
        power += strength**2
        strength *= gain
        if cell / 2**octave <= 1:
            break
    return total / np.float32(math.sqrt(power))


def streaks(rng: np.random.Generator, height: int, width: int, angle: float, length: float, breadth: float) -> Floats32:
    """Return noise of spread about 1, drawn out over ``length`` pixels along ``angle`` (radians) and ``breadth`` across."""
    side = math.ceil(math.hypot(height, width)) + 2
    rows, columns = math.ceil(side / max(breadth, 1)) + 3, math.ceil(side / max(length, 1)) + 3
    coarse = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
    sheet = coarse.resize((side, side), Image.Resampling.BICUBIC, box=(1, 1, columns - 2, rows - 2))
    turned = sheet.rotate(-math.degrees(angle), Image.Resampling.BILINEAR)
    left, top = (side - width) // 2, (side - height) // 2
    return np.asarray(turned.crop((left, top, left + width, top + height))) * np.float32(1.3)


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
