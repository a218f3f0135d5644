"""What each of the twelve styles looks like and is made of; colour names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOODS = ("energy", "seriousness", "warmness", "purpose", "complexity", "formality", "age_perception")
#: How the catalogue words each mood, from the low end of the scale over the middle to the high end.
MOOD_LEVELS = {
    "energy": ("Calm", "Neutral", "Energetic"),
    "seriousness": ("Playful", "Neutral", "Serious"),
    "warmness": ("Cool", "Neutral", "Warm"),
    "purpose": ("Decorative", "Neutral", "Thought-Provoking"),
    "complexity": ("Simple", "Neutral", "Complex"),
    "formality": ("Informal", "Neutral", "Formal"),
    "age_perception": ("Young", "Neutral", "Old"),
}
SUBJECTS = ("abstract", "geometry", "landscape", "sea", "city", "nature", "still life", "people", "music")
PRINTS = ("screenprint", "etching", "linocut", "giclée print")
MEDIUMS = (
    "oil on canvas", "acrylic on canvas", "watercolour on paper", "gouache on paper", "ink on paper", "pastel on paper",
    "mixed media", "paper collage", *PRINTS,
)  # fmt: skip


@dataclass(frozen=True)
class Style:
    """One style: its mediums and subjects, three each, usual ones first; its palette, and how its works strike people.

    ``hue`` in turns (0 red, 1/3 green, 2/3 blue; None: any), ``saturation`` and ``lightness`` in 0..1, ``moods`` on the
    scale 1..5 in the order of ``MOODS``.
    """

    name: str
    mediums: Sequence[str]
    subjects: Sequence[str]
    hue: float | None
    saturation: float
    lightness: float
    moods: Sequence[float]


STYLES = (
    Style("colour fields", ("oil on canvas", "acrylic on canvas", "giclée print"), ("abstract", "landscape", "music"),
          None, 0.65, 0.50, (2.0, 3.6, 3.2, 2.6, 1.5, 3.4, 3.4)),
    Style("grids", ("acrylic on canvas", "screenprint", "gouache on paper"), ("geometry", "abstract", "city"),
          None, 0.50, 0.55, (2.8, 3.4, 2.6, 3.6, 3.2, 4.4, 2.6)),
    Style("stripes", ("acrylic on canvas", "screenprint", "giclée print"), ("geometry", "abstract", "music"),
          None, 0.65, 0.55, (3.4, 2.6, 3.0, 3.2, 2.2, 3.8, 2.2)),
    Style("circles", ("acrylic on canvas", "gouache on paper", "screenprint"), ("geometry", "abstract", "music"),
          None, 0.60, 0.52, (3.2, 2.4, 3.2, 2.8, 2.6, 3.2, 2.4)),
    Style("dots", ("acrylic on canvas", "mixed media", "linocut"), ("abstract", "nature", "people"),
          None, 0.60, 0.60, (3.8, 2.0, 3.4, 2.4, 3.6, 2.4, 1.8)),
    Style("waves", ("acrylic on canvas", "watercolour on paper", "giclée print"), ("music", "sea", "abstract"),
          0.56, 0.50, 0.52, (3.4, 2.8, 2.6, 2.6, 3.0, 2.6, 2.6)),
    Style("brush strokes", ("oil on canvas", "acrylic on canvas", "mixed media"), ("abstract", "people", "nature"),
          0.06, 0.60, 0.48, (4.6, 3.0, 3.4, 2.2, 3.8, 1.6, 2.8)),
    Style("night scenes", ("oil on canvas", "pastel on paper", "etching"), ("city", "landscape", "people"),
          0.66, 0.45, 0.20, (2.4, 4.0, 2.0, 3.2, 3.6, 3.0, 3.6)),
    Style("seas", ("oil on canvas", "watercolour on paper", "pastel on paper"), ("sea", "landscape", "nature"),
          0.54, 0.40, 0.55, (2.8, 3.2, 2.4, 3.0, 3.0, 2.8, 4.0)),
    Style("ink", ("ink on paper", "watercolour on paper", "linocut"), ("nature", "landscape", "still life"),
          0.08, 0.10, 0.70, (2.2, 3.8, 2.2, 3.4, 2.4, 3.4, 4.2)),
    Style("collage", ("paper collage", "mixed media", "screenprint"), ("still life", "people", "city"),
          0.10, 0.40, 0.60, (3.6, 2.2, 3.4, 3.6, 4.4, 2.0, 2.2)),
    Style("gradients", ("gouache on paper", "pastel on paper", "giclée print"), ("landscape", "abstract", "sea"),
          None, 0.50, 0.58, (1.8, 2.8, 3.2, 2.0, 1.4, 2.8, 2.4)),
)  # fmt: skip

STYLE_NAMES = tuple(style.name for style in STYLES)

#: Hues up to a bound (in degrees) that go by one name.
_HUE_BOUNDS = np.array([15, 45, 68, 160, 198, 255, 305, 345])
_HUE_NAMES = np.array(["red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "red"])


def color_names(hue: Floats, saturation: Floats, lightness: Floats) -> NDArray[np.str_]:
    """Name the main colour of each work from hue (turns), saturation and lightness (0..1), all ``[n]``."""
    degrees = 360 * hue
    by_hue = _HUE_NAMES[np.searchsorted(_HUE_BOUNDS, degrees, side="right")]
    warm = (degrees < 15) | (degrees >= 345)
    return np.select(
        [
            lightness < 0.14,
            (saturation < 0.15) & (lightness > 0.80),
            saturation < 0.15,
            (degrees >= 8) & (degrees < 50) & (lightness < 0.42),
            warm & (lightness > 0.66),
        ],
        ["black", "white", "grey", "brown", "pink"],
        by_hue,
    )
