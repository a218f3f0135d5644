"""Small galleries whose pictures and features are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from vitrina.data.catalogue import Catalogue, Recipe
from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.vocabulary import Vocabulary

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&--><!-- \u2028 \x00"
COLOURS = ((200, 40, 40), (40, 160, 60), (40, 60, 200), (220, 180, 40))


def clusters(n: int, *, n_clusters: int = 4, dim: int = 16, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features ``[n, dim]`` in clearly separate clusters, and which cluster each belongs to ``[n]``."""
    rng = np.random.default_rng(seed)
    which = rng.integers(0, n_clusters, n)
    return (4 * rng.standard_normal((n_clusters, dim))[which] + rng.standard_normal((n, dim))).astype(np.float32), which


def gallery(folder: Path, n: int = 60, *, hostile: bool = False, pictures: bool = True) -> Dataset:
    """A gallery of ``n`` works in four styles of one colour each; work 3 has no feature, work 5 a broken picture."""
    matrix, which = clusters(n)
    if n > 5:
        matrix[3] = np.nan
    names = [f"w{i:03}.jpg" for i in range(n)]
    if pictures:
        images = folder / "images"
        images.mkdir(parents=True, exist_ok=True)
        for i, name in enumerate(names):
            Image.new("RGB", (90, 60) if i % 2 else (50, 90), COLOURS[which[i]]).save(images / name)
        if n > 5:
            (images / names[5]).write_bytes(b"no picture")
    said = HOSTILE if hostile else "Untitled"
    table = pl.DataFrame(
        {
            "title": [f"{said} {i}" for i in range(n)],
            "artist": [f"{HOSTILE if hostile else 'Élodie Müller'} {c}" for c in which],
            "style": [f"style {c}" for c in which],
            "year": [1900.0 + i for i in range(n)],
            "medium": ["oil"] * n,
            "price": [100.0 * i for i in range(n)],
            "image": names,
        }
    )
    catalogue = Catalogue(
        Vocabulary([f"w{i:03}" for i in range(n)], "item"),
        table,
        {"tiny-last": matrix},
        {"tiny-last": Recipe(source="network", network="tiny", layer="last")},
        folder / "images",
    )
    events = pl.DataFrame({"user": [0], "item": [0]}, schema={"user": pl.Int32, "item": pl.Int32})
    info = DatasetInfo(name="shop", title=HOSTILE if hostile else "A shop", currency="EUR")
    return Dataset(events, Vocabulary(["u"], "user"), catalogue, info)
