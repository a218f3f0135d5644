"""Small pictures drawn for tests."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vitrina.features.pictures.loading import Picture

RED, BLUE, WHITE, BLACK = (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def plain(colour: tuple[int, int, int], height: int = 4, width: int = 6) -> Picture:
    return np.full((height, width, 3), colour, np.uint8)


def halves(left: tuple[int, int, int], right: tuple[int, int, int], height: int = 4, width: int = 6) -> Picture:
    picture = plain(left, height, width)
    picture[:, width // 2 :] = right
    return picture


def noise(seed: int = 0, height: int = 40, width: int = 56, values: int = 256) -> Picture:
    return np.random.default_rng(seed).integers(0, values, (height, width, 3)).astype(np.uint8)


def content(image: Image.Image | Picture, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, kind, **options)
    return file.getvalue()


def save(path: Path, image: Image.Image | Picture, kind: str = "PNG", **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content(image, kind, **options))
    return path
