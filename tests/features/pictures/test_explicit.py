from __future__ import annotations

import colorsys
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image
from skimage.feature import local_binary_pattern
from skimage.measure import shannon_entropy

from tests.features.pictures.draw import BLACK, BLUE, RED, WHITE, halves, noise, plain
from vitrina.errors import DataError
from vitrina.features.pictures.explicit import NAMES, explicit, local_binary_patterns, measure
from vitrina.features.pictures.loading import Picture

pictures = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7).map(lambda s: (*s, 3)), elements=st.integers(0, 255)
)
#: Of few values: plain areas and ties are where patterns are decided by the last bit.
poor = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=9).map(lambda s: (*s, 3)),
    elements=st.sampled_from([0, 1, 128, 255]),
)


def reference(picture: Picture) -> dict[str, float]:
    """The definitions, pixel by pixel."""
    rgb = picture.astype(float) / 255
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    y = 0.299 * r + 0.587 * g + 0.114 * b
    padded = np.pad(y, 1, mode="edge")
    h, w = y.shape
    windows = [padded[i : i + h, j : j + w] for i in range(3) for j in range(3)]
    mean = sum(windows) / 9
    laplacian = windows[1] + windows[3] + windows[5] + windows[7] - 4 * y
    seen = mean > 1e-12
    grey = np.asarray(Image.fromarray(picture).convert("L"))
    p = np.bincount(grey.ravel(), minlength=256) / grey.size
    rg, yb = r - g, (r + g) / 2 - b
    groups: dict[str, list[float]] = {"skin": [], "grass": [], "sky": []}
    for pixel in rgb.reshape(-1, 3):
        hue, light, saturation = colorsys.rgb_to_hls(*pixel)
        degrees = round(hue * 360, 9)
        if 0.2 <= round(light, 12) <= 0.8 and round(saturation, 12) > 0.1:
            for name, low, high in (("skin", 25, 70), ("grass", 95, 135), ("sky", 185, 260)):
                if low <= degrees <= high:
                    groups[name].append(saturation)
    natural = {"skin": (0.76, 0.52), "grass": (0.81, 0.53), "sky": (0.43, 0.22)}
    return {
        "brightness": y.mean(),
        "saturation": (rgb.max(axis=2) - rgb.min(axis=2)).mean(),
        "sharpness": np.abs(laplacian[seen] / mean[seen]).mean() if seen.any() else 0.0,
        "entropy": -sum(q * math.log2(q) for q in p if q > 0),
        "contrast": ((rgb - rgb.mean(axis=(0, 1))) ** 2).sum(axis=2).mean(),
        "colorfulness": math.hypot(rg.std(), yb.std()) + 0.3 * math.hypot(rg.mean(), yb.mean()),
        "naturalness": sum(
            len(s) / grey.size * math.exp(-0.5 * ((np.mean(s) - natural[n][0]) / natural[n][1]) ** 2)
            for n, s in groups.items()
            if s
        ),
    }


@given(pictures)
def test_features_are_their_definitions(picture: Picture) -> None:
    assert explicit(picture).as_dict() == pytest.approx(reference(picture), abs=1e-9)


@given(poor)
def test_on_pictures_of_few_colours_too(picture: Picture) -> None:
    assert explicit(picture).as_dict() == pytest.approx(reference(picture), abs=1e-9)


def grey_of(picture: Picture) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(picture).convert("L"))


def skimage_patterns(picture: Picture) -> NDArray[np.int64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        codes = local_binary_pattern(grey_of(picture), 8, 1, method="nri_uniform")
    return np.bincount(codes.astype(np.int64).ravel(), minlength=59)


@pytest.mark.parametrize("values", [1, 2, 3, 256])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 3), (120, 97), (257, 33)])
def test_patterns_are_those_of_scikit_image_bin_for_bin(shape: tuple[int, int], values: int) -> None:
    for picture in (noise(1, *shape, values=values), plain((values - 1,) * 3, *shape)):
        counts = np.rint(local_binary_patterns(picture).astype(float) * shape[0] * shape[1]).astype(int)
        assert counts.tolist() == skimage_patterns(picture).tolist()


@given(poor)
def test_patterns_of_few_greys(picture: Picture) -> None:
    counts = np.rint(local_binary_patterns(picture).astype(float) * picture.shape[0] * picture.shape[1]).astype(int)
    assert counts.tolist() == skimage_patterns(picture).tolist()


def test_smooth_pictures_have_the_patterns_of_scikit_image() -> None:
    ramp = np.add.outer(np.arange(300), 2 * np.arange(200)) // 3 % 256
    picture = np.repeat(ramp[:, :, None], 3, axis=2).astype(np.uint8)
    counts = np.rint(local_binary_patterns(picture).astype(float) * ramp.size).astype(int)
    assert counts.tolist() == skimage_patterns(picture).tolist()


@given(pictures)
def test_entropy_is_that_of_scikit_image(picture: Picture) -> None:
    assert explicit(picture).entropy == pytest.approx(shannon_entropy(grey_of(picture)), abs=1e-12)


def test_a_grey_picture_has_no_colour() -> None:
    grey = np.repeat(noise()[:, :, :1], 3, axis=2)
    found = explicit(grey)
    assert (found.saturation, found.colorfulness, found.naturalness) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("colour", [BLACK, WHITE, RED, (120, 130, 40)])
def test_a_constant_picture_has_no_structure(colour: tuple[int, int, int]) -> None:
    found = explicit(plain(colour))
    assert (found.entropy, found.contrast, found.sharpness) == (0.0, 0.0, 0.0)


def test_half_black_half_white() -> None:
    found = explicit(halves(BLACK, WHITE, 4, 6))
    assert (found.entropy, found.contrast, found.brightness) == (1.0, 0.75, 0.5)
    assert (found.saturation, found.colorfulness, found.naturalness) == (0.0, 0.0, 0.0)
    # Two columns meet: |1 * 9 / 3| in the black one, |-1 * 9 / 6| in the white one. The black column at the edge is not counted.
    assert found.sharpness == pytest.approx((3 + 1.5) / 4)


def test_red_and_blue_by_hand() -> None:
    found = explicit(halves(RED, BLUE, 4, 6))
    assert found.brightness == pytest.approx((0.299 + 0.114) / 2)
    assert found.saturation == 1.0
    assert found.entropy == 1.0
    assert found.contrast == pytest.approx(0.5)  # each of R and B has variance 1/4
    # R - G is 1 and 0, (R + G) / 2 - B is 1/2 and -1: deviations 1/2 and 3/4, means 1/2 and -1/4.
    assert found.colorfulness == pytest.approx(math.hypot(0.5, 0.75) + 0.3 * math.hypot(0.5, 0.25))
    # Blue has hue 240: sky, of saturation 1; red has hue 0: nothing.
    assert found.naturalness == pytest.approx(0.5 * math.exp(-0.5 * ((1 - 0.43) / 0.22) ** 2))
    red, blue = 0.299, 0.114
    step = red - blue
    assert found.sharpness == pytest.approx((step / ((2 * red + blue) / 3) + step / ((red + 2 * blue) / 3)) / 6)


def test_an_empty_group_is_nothing_and_a_full_one_is_natural() -> None:
    skin = tuple(round(255 * v) for v in colorsys.hls_to_rgb(45 / 360, 0.5, 0.76))
    assert explicit(plain(skin)).naturalness == pytest.approx(1.0, abs=1e-3)


@given(pictures)
def test_a_mirrored_picture_is_the_same(picture: Picture) -> None:
    mirrored = explicit(picture[:, ::-1]).as_dict()
    assert mirrored == pytest.approx(explicit(picture).as_dict(), abs=1e-12)


@given(pictures)
def test_everything_lies_in_its_range(picture: Picture) -> None:
    values, patterns = measure(picture)
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert values[NAMES.index("entropy")] <= 8
    assert (values[[NAMES.index(n) for n in ("brightness", "saturation", "naturalness")]] <= 1 + 1e-6).all()
    assert patterns.sum() == pytest.approx(1, abs=1e-5)


def test_contrast_may_be_divided_by_n_minus_1() -> None:
    picture = noise()
    n = picture.shape[0] * picture.shape[1]
    assert explicit(picture, ddof=1).contrast == pytest.approx(explicit(picture).contrast * n / (n - 1))
    assert explicit(plain(RED, 1, 1), ddof=1).contrast == 0.0


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 4), np.uint8)],
)
def test_what_is_no_picture_is_refused(wrong: NDArray[np.generic]) -> None:
    with pytest.raises(DataError, match="a picture must be uint8"):
        measure(wrong)  # type: ignore[arg-type]


def test_views_are_measured_like_copies() -> None:
    picture = noise()
    assert explicit(picture[::2, ::-3]) == explicit(picture[::2, ::-3].copy())
