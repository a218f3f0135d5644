"""Explicit features: what a person can say of a picture without knowing what it shows.

Seven measures (San Pedro and Siersdorfer 2009; colourfulness by Hasler and Suesstrunk 2003) and the histogram of uniform local
binary patterns (Ojala et al. 2002). R, G and B lie in [0, 1]; means are over the n pixels; Y = .299 R + .587 G + .114 B.

- brightness: mean of Y
- saturation: mean of max(R, G, B) - min(R, G, B)
- sharpness: mean of |Laplacian of Y / mean of Y in the 3 x 3 window|, without pixels whose window is black. The Laplacian is the
  sum of the second differences with the 4 neighbours; beyond the edge pixels repeat themselves, so that every pixel counts
- entropy: of the histogram of Y in 256 steps, in bits (0 to 8)
- contrast: mean squared distance of the colours from their mean (divided by n - ``ddof``)
- colorfulness: sigma + .3 mu of R - G and (R + G) / 2 - B; times 255 it compares with the published limits of ``COLOURFUL``
- naturalness: of the pixels with HSL lightness in [.2, .8] and saturation above .1, those with the hue of skin (25 to 70
  degrees), grass (95 to 135) and sky (185 to 260); each group counts with its share of all pixels, times how near its mean
  saturation is to that of the real thing

All but sharpness and the patterns are the same whatever the size of a picture; these two are comparable between pictures since
``loading`` brings large ones to one size.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from vitrina.errors import DataError
from vitrina.features.pictures.loading import Picture
from vitrina.kernels import pictures as kernel

#: Names of the seven features, in the order of the columns of ``evf``.
NAMES = ("brightness", "saturation", "sharpness", "entropy", "contrast", "colorfulness", "naturalness")
N_PATTERNS = 59
#: From which colourfulness on the 0..255 scale people say so (Hasler and Suesstrunk 2003, table 2).
COLOURFUL = {15: "slightly", 33: "moderately", 45: "averagely", 59: "quite", 82: "highly", 109: "extremely"}

_NATURAL = ((0.76, 0.52), (0.81, 0.53), (0.43, 0.22))  # mean saturation and its spread: skin, grass, sky


@dataclass(frozen=True)
class Explicit:
    """The seven explicit features of a picture."""

    brightness: float
    saturation: float
    sharpness: float
    entropy: float
    contrast: float
    colorfulness: float
    naturalness: float

    def as_dict(self) -> dict[str, float]:
        """Return the features by name, in the order of ``NAMES``."""
        return asdict(self)


def explicit(picture: Picture, *, ddof: int = 0) -> Explicit:
    """Measure the seven features of ``picture`` uint8 ``[h, w, 3]``. Raises ``DataError`` for another shape or type.

    ``ddof`` 1 divides the contrast by n - 1; then that of a single pixel is 0.
    """
    return _measured(picture, patterns=False, ddof=ddof)[0]


def local_binary_patterns(picture: Picture) -> NDArray[np.float32]:
    """Return the shares of the 59 uniform patterns (P = 8, R = 1) in the grey picture: float32 ``[59]``, sum 1."""
    return _measured(picture, patterns=True)[1]


def measure(picture: Picture, *, ddof: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure everything at once: the seven features float32 ``[7]`` and the patterns float32 ``[59]``."""
    features, patterns = _measured(picture, patterns=True, ddof=ddof)
    return np.array([getattr(features, name) for name in NAMES], np.float32), patterns


def _measured(picture: Picture, *, patterns: bool, ddof: int = 0) -> tuple[Explicit, NDArray[np.float32]]:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise DataError(f"a picture must be uint8 [height, width, 3], got {picture.dtype} {list(picture.shape)}.")
    height, width = picture.shape[:2]
    luma, grey = np.empty((height, width), np.int32), np.empty((height, width), np.uint8)
    sums, saturations, histogram = np.zeros(kernel.N_SUMS, np.int64), np.zeros(3), np.zeros(256, np.int64)
    kernel.colour_sums(np.ascontiguousarray(picture), luma, grey, sums, saturations, histogram)
    total, counted = kernel.sharpness_sums(luma)
    counts = np.zeros(N_PATTERNS, np.int64)
    if patterns:
        kernel.count_patterns(grey, kernel.PATTERN_BINS, counts)
    n = height * width
    s = sums.tolist()  # Python's whole numbers have no limit
    features = Explicit(
        brightness=s[kernel.LUMA] / (255_000 * n),
        saturation=s[kernel.SPREAD] / (255 * n),
        sharpness=total / counted if counted else 0.0,
        entropy=_entropy(histogram, n),
        contrast=_contrast(s[kernel.SUM : kernel.SQUARE], s[kernel.SQUARE : kernel.OPPONENT], n, ddof),
        colorfulness=_colorfulness(s[kernel.OPPONENT : kernel.OPPONENT_SQUARE], s[kernel.OPPONENT_SQUARE : kernel.SPREAD], n),
        naturalness=_naturalness(s[kernel.GROUP : kernel.N_SUMS], saturations.tolist(), n),
    )
    return features, (counts / n).astype(np.float32)


def _entropy(histogram: NDArray[np.int64], n: int) -> float:
    shares = histogram[histogram > 0] / n
    return max(0.0, float(-(shares * np.log2(shares)).sum()))


def _squares(total: int, squares: int, n: int) -> float:
    """Return the sum of squared distances from the mean."""
    return (n * squares - total * total) / n


def _contrast(totals: list[int], squares: list[int], n: int, ddof: int) -> float:
    return sum(_squares(t, q, n) for t, q in zip(totals, squares, strict=True)) / (255**2 * max(n - ddof, 1))


def _colorfulness(totals: list[int], squares: list[int], n: int) -> float:
    rg, yb = (_squares(t, q, n) / n for t, q in zip(totals, squares, strict=True))
    sigma = math.sqrt(rg + yb / 4)  # sums are of R + G - 2 B, twice the yellow-blue difference
    mu = math.hypot(totals[0] / n, totals[1] / (2 * n))
    return (sigma + 0.3 * mu) / 255


def _naturalness(counts: list[int], saturations: list[float], n: int) -> float:
    groups = zip(counts, saturations, _NATURAL, strict=True)
    return sum(k / n * math.exp(-0.5 * ((s / k - mean) / spread) ** 2) for k, s, (mean, spread) in groups if k)
