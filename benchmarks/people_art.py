"""What features see in real paintings: how many of the ten nearest of a painting share its style, and its artist.

``python -m benchmarks.people_art`` (needs VITRINA_DATA with people-art and squeezenet) prints a line for each feature. Near is
near by cosine; measured features are standardised by column.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.features.pictures.explicit import measure
from vitrina.features.pictures.loading import Picture, load_picture, squashed
from vitrina.features.pictures.networks import BATCH, Network, NetworkFile
from vitrina.features.pictures.presets import find_preset
from vitrina.models.visual.autoencoder import SIDE, train_autoencoder
from vitrina.report.map.layout import unit_rows
from vitrina.report.map.neighbourhood import agreement


def main() -> None:
    """Print the table."""
    paintings, known = people_art()
    print(f"| feature of {len(paintings):,} paintings | style | artist |\n| :-- | --: | --: |")
    for name, features in _features(paintings).items():
        style, artist = shares(features, known)
        print(f"| {name} | {style:.3f} | {artist:.3f} |", flush=True)


def people_art() -> tuple[list[Picture], pl.DataFrame]:
    """Return the paintings, and what is known of them. Raises ``FileNotFoundError`` where they or SqueezeNet are not at hand."""
    folder = Path(os.environ.get("VITRINA_DATA", "")) / "people-art"
    if not os.environ.get("VITRINA_DATA") or not folder.is_dir() or find_preset("squeezenet").locate() is None:
        raise FileNotFoundError("needs the folders people-art and squeezenet under the one that VITRINA_DATA names")
    known = pl.read_csv(folder / "artworks.csv")
    return [load_picture(folder / "images" / name) for name in known["image"]], known


def squeezenet(paintings: list[Picture]) -> NDArray[np.float32]:
    """Return the mean of SqueezeNet's last feature map over places, ``[n, 512]``."""
    preset = find_preset("squeezenet")
    network = Network(NetworkFile(preset.fetch(), preset.layer, preset.preprocessing, preset.tokens))
    return np.concatenate([network.run(paintings[i : i + BATCH]) for i in range(0, len(paintings), BATCH)])


def standardised(matrix: NDArray[np.floating]) -> NDArray[np.floating]:
    """Bring columns to one scale."""
    return np.asarray((matrix - matrix.mean(axis=0)) / (matrix.std(axis=0) + 1e-9))


def shares(features: NDArray[np.floating], known: pl.DataFrame) -> tuple[float, float]:
    """Return which part of the nearest have the same style, and the same artist."""
    rows = np.asarray(unit_rows(np.asarray(features, np.float32))[0])
    found = (agreement(rows, name, known[name]) for name in ("style", "artist"))
    style, artist = (0.0 if part is None else part.share for part in found)
    return style, artist


def _features(paintings: list[Picture]) -> dict[str, NDArray[np.floating]]:
    explicit, patterns = (np.stack(found) for found in zip(*map(measure, paintings), strict=True))
    squares = np.stack([squashed(painting, SIDE) for painting in paintings])
    learned = {
        "autoencoder trained on these paintings": train_autoencoder(squares).encode(squares),
        "autoencoder with random weights": train_autoencoder(squares, steps=0).encode(squares),
    }
    return {
        "SqueezeNet 1.1, last feature map (fire9), mean over places": squeezenet(paintings),
        "EVF and LBP, standardised": standardised(np.hstack([explicit, patterns])),
        "LBP, standardised": standardised(patterns),
        "EVF, standardised": standardised(explicit),
    } | learned


if __name__ == "__main__":
    main()
