from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError

from tests.features.pictures.draw import BLUE, RED, WHITE, halves, noise, plain
from vitrina.features.pictures.loading import Picture
from vitrina.features.pictures.preprocessing import CAFFE_MEAN, IMAGENET_MEAN, IMAGENET_STD, Preprocessing


def prepared(how: Preprocessing, picture: Picture) -> NDArray[np.float32]:
    out = np.empty((3, how.height, how.width), np.float32)
    how.prepare(picture, out)
    return out


def test_channels_are_scaled_and_shifted() -> None:
    found = prepared(Preprocessing(height=4, width=4), plain((255, 51, 0)))
    expected = (np.array([1, 0.2, 0]) - IMAGENET_MEAN) / IMAGENET_STD
    assert np.allclose(found[:, 0, 0], expected, atol=1e-6)
    assert np.allclose(found, found[:, :1, :1])


def test_blue_may_come_first() -> None:
    how = Preprocessing(height=4, width=4, channels="bgr", scale=1.0, mean=CAFFE_MEAN, std=(1, 1, 1))
    assert prepared(how, plain((10, 20, 30)))[:, 0, 0].tolist() == [30 - 104, 20 - 117, 10 - 123]


def test_squashed_pictures_are_those_of_pillow() -> None:
    how = Preprocessing(height=16, width=24, scale=1.0, mean=(0, 0, 0), std=(1, 1, 1))
    expected = np.asarray(Image.fromarray(noise()).resize((24, 16), Image.Resampling.BILINEAR))
    assert np.array_equal(prepared(how, noise()), expected.transpose(2, 0, 1))


@pytest.mark.parametrize(("height", "width"), [(40, 120), (120, 40), (64, 64)])
def test_the_middle_is_cut_out(height: int, width: int) -> None:
    how = Preprocessing(height=28, width=28, shortest=32, resample="bicubic", scale=1.0, mean=(0, 0, 0), std=(1, 1, 1))
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.stack([rows * 2, columns * 2, rows + columns], axis=2).astype(np.uint8)
    scale = 32 / min(height, width)
    whole = Image.fromarray(picture).resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    left, top = (whole.width - 28) // 2, (whole.height - 28) // 2
    expected = np.asarray(whole.crop((left, top, left + 28, top + 28))).transpose(2, 0, 1)
    assert np.abs(prepared(how, picture) - expected).max() <= 3  # at most half a pixel apart


def test_the_sides_of_a_wide_picture_are_not_seen() -> None:
    picture = np.concatenate([plain(RED, 10, 30), plain(WHITE, 10, 20), plain(BLUE, 10, 30)], axis=1)
    how = Preprocessing(height=8, width=8, shortest=8, scale=1.0, mean=(0, 0, 0), std=(1, 1, 1))
    assert prepared(how, picture).min() == 255
    assert prepared(how.model_copy(update={"shortest": None}), halves(RED, BLUE)).min() == 0


def test_another_size_keeps_the_margin() -> None:
    how = Preprocessing(shortest=256).sized(112, 112)
    assert (how.height, how.width, how.shortest) == (112, 112, 128)


def test_nonsense_is_refused() -> None:
    for wrong in ({"height": 0}, {"channels": "gbr"}, {"width": 10**9}, {"surprise": 1}):
        with pytest.raises(ValidationError):
            Preprocessing.model_validate(wrong)
