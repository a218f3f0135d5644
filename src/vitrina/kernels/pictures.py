"""The loops over the pixels of a picture: sums from which its explicit features are made, and its local binary patterns.

Whatever can be counted is counted in whole numbers, so that the order of pixels cannot matter.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.fastmath import REORDERED

#: Places in the whole numbers of ``colour_sums``: sums and sums of squares of R, G, B, of R - G and of R + G - 2 B; the sum of
#: max(R, G, B) - min(R, G, B); that of the luminance in thousandths; pixels of skin, grass and sky.
SUM, SQUARE, OPPONENT, OPPONENT_SQUARE, SPREAD, LUMA, GROUP, N_SUMS = 0, 3, 6, 8, 10, 11, 12, 15

_DIAGONAL = np.round(np.sqrt(0.5), 5)  # where the circle of radius 1 meets the diagonals, as precisely as scikit-image says it
_BINS = 59


def _numbers_of_patterns() -> NDArray[np.uint8]:
    """Give each of the 256 patterns its bin: uniform ones by their number of ones and their rotation, all others the last.

    A pattern is uniform if its bits, read in a circle, change at most twice. Numbered as scikit-image does (nri_uniform).
    """
    bins = np.full(256, _BINS - 1, np.uint8)
    bins[0], bins[255] = 0, _BINS - 2
    for ones in range(1, 8):
        for first in range(8):  # where the run of ones begins
            pattern = sum(1 << (first + i) % 8 for i in range(ones))
            bins[pattern] = 1 + (ones - 1) * 8 + (-first) % 8
    return bins


PATTERN_BINS = _numbers_of_patterns()


@njit(nogil=True, cache=True)
def colour_sums(
    rgb: NDArray[np.uint8],
    luma: NDArray[np.int32],
    grey: NDArray[np.uint8],
    sums: NDArray[np.int64],
    saturations: NDArray[np.float64],
    histogram: NDArray[np.int64],
) -> None:
    """Fill ``luma`` (thousandths of 0..255), ``grey`` (8 bits, rounded as Pillow does), sums and histogram from ``rgb``.

    ``saturations [3]`` are the summed HSL saturations of the pixels of skin, grass and sky; see ``SUM`` and the others.
    """
    red = green = blue = red2 = green2 = blue2 = np.int64(0)
    rg_sum = rg_square = yb_sum = yb_square = spread = light = np.int64(0)
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            r, g, b = np.int32(rgb[y, x, 0]), np.int32(rgb[y, x, 1]), np.int32(rgb[y, x, 2])
            red += r
            green += g
            blue += b
            red2 += r * r
            green2 += g * g
            blue2 += b * b
            rg, yb = r - g, r + g - 2 * b
            rg_sum += rg
            rg_square += rg * rg
            yb_sum += yb
            yb_square += yb * yb
            this = 299 * r + 587 * g + 114 * b
            luma[y, x] = this
            light += this
            eight = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16
            grey[y, x] = eight
            histogram[eight] += 1
            high, low = max(r, g, b), min(r, g, b)
            d, both = high - low, high + low
            spread += d
            if both < 102 or both > 408:  # lightness below .2 or above .8
                continue
            whole = both if both <= 255 else 510 - both
            if 10 * d <= whole:  # saturation of .1 at most
                continue
            if high == r:
                hue = (g - b if g >= b else g - b + 6 * d) * 60
            elif high == g:
                hue = (b - r + 2 * d) * 60
            else:
                hue = (r - g + 4 * d) * 60
            group = -1
            if 25 * d <= hue <= 70 * d:
                group = 0
            elif 95 * d <= hue <= 135 * d:
                group = 1
            elif 185 * d <= hue <= 260 * d:
                group = 2
            if group >= 0:
                sums[GROUP + group] += 1
                saturations[group] += d / whole
    sums[0], sums[1], sums[2], sums[3], sums[4], sums[5] = red, green, blue, red2, green2, blue2
    sums[6], sums[7], sums[8], sums[9] = rg_sum, yb_sum, rg_square, yb_square
    sums[10], sums[11] = spread, light


@njit(nogil=True, cache=True, fastmath=REORDERED)
def sharpness_sums(luma: NDArray[np.int32]) -> tuple[float, int]:
    """Sum |Laplacian / mean of the 3 x 3 window| over the pixels whose window is not black, and count these pixels.

    Beyond the edge pixels repeat themselves.
    """
    height, width = luma.shape
    total, count = 0.0, 0
    for y in range(height):
        above, here, below = luma[max(y - 1, 0)], luma[y], luma[min(y + 1, height - 1)]
        for x in (0, width - 1):
            if x == 0 or width > 1:
                left, right = max(x - 1, 0), min(x + 1, width - 1)
                cross = above[x] + below[x] + here[left] + here[right]
                window = cross + here[x] + above[left] + above[right] + below[left] + below[right]
                if window > 0:
                    total += abs(9.0 * (cross - 4 * here[x])) / window
                    count += 1
        for x in range(1, width - 1):
            cross = above[x] + below[x] + here[x - 1] + here[x + 1]
            window = cross + here[x] + above[x - 1] + above[x + 1] + below[x - 1] + below[x + 1]
            total += abs(9.0 * (cross - 4 * here[x])) / max(window, 1)  # a black window has no Laplacian either
            count += window > 0
    return total, count


@njit(nogil=True, cache=True)
def _weights(n: int, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    """The share of the farther pixel in a sample a diagonal step before (``low``) or behind each of n pixels.

    Rounded as a computation with absolute positions rounds: on plain areas the last bit decides a pattern.
    """
    for i in range(n):
        before, behind = i - _DIAGONAL, i + _DIAGONAL
        low[i] = before - np.floor(before)
        high[i] = behind - np.floor(behind)


@njit(nogil=True, cache=True)
def count_patterns(grey: NDArray[np.uint8], bins: NDArray[np.uint8], counts: NDArray[np.int64]) -> None:
    """Count the local binary patterns (8 samples, radius 1) of all pixels of ``grey``, black beyond its edges.

    Samples on the diagonals lie between pixels and are interpolated. ``bins`` is ``PATTERN_BINS``.
    """
    height, width = grey.shape
    padded = np.zeros((3, width + 2), np.float64)
    row_low, row_high = np.empty(height), np.empty(height)
    low, high = np.empty(width), np.empty(width)
    _weights(height, row_low, row_high)
    _weights(width, low, high)
    patterns = np.empty(width, np.uint8)
    padded[1, 1 : width + 1] = grey[0]
    if height > 1:
        padded[2, 1 : width + 1] = grey[1]
    for y in range(height):
        above, here, below = padded[y % 3], padded[(y + 1) % 3], padded[(y + 2) % 3]
        up, down = row_low[y], row_high[y]
        for x in range(width):
            c = here[x + 1]
            a, b = low[x], high[x]
            # The pixel's own row is the lower one of the samples above it and the upper one of those below it.
            left, right = (1 - a) * here[x] + a * c, (1 - b) * c + b * here[x + 2]
            left_above, right_above = (1 - a) * above[x] + a * above[x + 1], (1 - b) * above[x + 1] + b * above[x + 2]
            left_below, right_below = (1 - a) * below[x] + a * below[x + 1], (1 - b) * below[x + 1] + b * below[x + 2]
            pattern = np.uint8(here[x + 2] >= c)
            pattern |= np.uint8((1 - up) * right_above + up * right >= c) << 1
            pattern |= np.uint8(above[x + 1] >= c) << 2
            pattern |= np.uint8((1 - up) * left_above + up * left >= c) << 3
            pattern |= np.uint8(here[x] >= c) << 4
            pattern |= np.uint8((1 - down) * left + down * left_below >= c) << 5
            pattern |= np.uint8(below[x + 1] >= c) << 6
            pattern |= np.uint8((1 - down) * right + down * right_below >= c) << 7
            patterns[x] = pattern
        for x in range(width):
            counts[bins[patterns[x]]] += 1
        if y + 2 < height:
            above[1 : width + 1] = grey[y + 2]
        else:
            above[:] = 0.0
