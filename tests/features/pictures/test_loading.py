from __future__ import annotations

import io
import struct
import warnings
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.features.pictures.draw import BLUE, RED, WHITE, content, halves, noise, plain, save
from vitrina.errors import DataError
from vitrina.features.pictures import loading
from vitrina.features.pictures.loading import LONGEST, load_picture, squashed


def test_a_path_a_text_and_bytes_are_the_same(tmp_path: Path) -> None:
    picture = noise()
    path = save(tmp_path / "a.png", picture)
    for source in (path, str(path), path.read_bytes()):
        assert np.array_equal(load_picture(source), picture)


def test_grey_and_black_and_white(tmp_path: Path) -> None:
    grey = noise()[:, :, 0]
    assert np.array_equal(load_picture(content(Image.fromarray(grey))), np.repeat(grey[:, :, None], 3, axis=2))
    bits = Image.fromarray(np.where(grey > 127, 255, 0).astype(np.uint8)).convert("1")
    assert set(np.unique(load_picture(content(bits)))) == {0, 255}


def test_palettes_and_transparent_palettes() -> None:
    image = Image.fromarray(halves(RED, BLUE)).quantize(2)
    assert np.array_equal(load_picture(content(image)), halves(RED, BLUE))
    clear = load_picture(content(image, transparency=image.getpixel((0, 0))))
    assert np.array_equal(clear, halves(WHITE, BLUE))


def test_what_is_transparent_is_white() -> None:
    image = Image.fromarray(halves(RED, BLUE)).convert("RGBA")
    image.putalpha(Image.fromarray(np.where(np.arange(6) < 3, 0, 255).astype(np.uint8)[None].repeat(4, 0)))
    assert np.array_equal(load_picture(content(image)), halves(WHITE, BLUE))
    assert np.array_equal(load_picture(content(image, "WEBP", lossless=True)), halves(WHITE, BLUE))
    grey = Image.new("LA", (5, 4), (0, 128))
    assert np.unique(load_picture(content(grey))).tolist() == [127]


def test_a_colour_may_be_transparent() -> None:
    assert np.array_equal(load_picture(content(halves(RED, BLUE), transparency=RED)), halves(WHITE, BLUE))


def test_sixteen_bits_are_scaled() -> None:
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    expected = [0, 1, 128, 255]
    assert load_picture(content(Image.fromarray(values)))[0, :, 0].tolist() == expected
    assert load_picture(content(Image.fromarray(values), "TIFF"))[0, :, 2].tolist() == expected
    rows = b"\x00" + b"".join(struct.pack(">3H", v, v, v) for v in values[0])
    assert load_picture(png(4, 1, rows, depth=16))[0, :, 1].tolist() == expected


def png(width: int, height: int, rows: bytes, *, depth: int = 8) -> bytes:
    """An RGB PNG written by hand."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_print_colours_become_screen_colours() -> None:
    cmyk = Image.fromarray(halves(RED, BLUE, 32, 32)).convert("CMYK")
    for kind, options in (("TIFF", {}), ("JPEG", {"quality": 100, "subsampling": 0})):
        loaded = load_picture(content(cmyk, kind, **options)).astype(int)
        assert np.abs(loaded - halves(RED, BLUE, 32, 32)).max() <= 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(orientation: int) -> None:
    picture = noise(height=6, width=10)
    stored = {
        1: picture, 2: picture[:, ::-1], 3: picture[::-1, ::-1], 4: picture[::-1],
        5: picture.transpose(1, 0, 2), 6: np.rot90(picture, 1), 7: np.rot90(picture.transpose(1, 0, 2), 2), 8: np.rot90(picture, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(load_picture(content(np.ascontiguousarray(stored), exif=exif)), picture)


@pytest.mark.parametrize("orientation", [0, 9, 300])
def test_nonsense_orientations_are_ignored(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(load_picture(content(noise(), exif=exif)), noise())


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_moving_pictures_the_first_frame(kind: str) -> None:
    frames = [Image.fromarray(plain(colour, 16, 16)) for colour in (RED, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    loaded = load_picture(content(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert np.array_equal(loaded, plain(RED, 16, 16))


def test_large_pictures_are_reduced_to_one_size_and_small_ones_stay() -> None:
    assert load_picture(content(plain(RED, 100, 1400), "JPEG")).shape == (round(100 * LONGEST / 1400), LONGEST, 3)
    assert load_picture(content(plain(RED, 1400, 3))).shape == (LONGEST, 1, 3)
    assert load_picture(content(noise())).shape == noise().shape
    assert load_picture(content(plain(RED, 100, 1400)), longest=None).shape == (100, 1400, 3)


def test_a_reduced_jpeg_looks_like_the_whole_one() -> None:
    rows, columns = np.mgrid[0:1200, 0:1600]
    picture = np.stack([rows * 255 // 1200, columns * 255 // 1600, (rows + columns) * 255 // 2800], axis=2).astype(np.uint8)
    quick, whole = load_picture(content(picture, "JPEG", quality=95)), load_picture(content(picture))
    assert quick.shape == whole.shape == (480, 640, 3)
    assert np.abs(quick.astype(int) - whole.astype(int)).mean() < 2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_truncated_pictures_are_refused_with_a_reason(kind: str) -> None:
    whole = content(noise(height=200, width=200), kind)
    for share in (0.02, 0.5, 0.9):
        with pytest.raises(DataError, match=r"mine\.x"):
            load_picture(whole[: int(len(whole) * share)], name="mine.x")


def test_bombs_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("decoded"))
    for width, height in ((9_460, 9_460), (13_000, 7_000), (60_000, 60_000)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(DataError, match=r"pixels; pictures may have 89 million"):
                load_picture(png(width, height, b""))


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    for nonsense in (
        b"hello",
        b"\x89PNG\r\n\x1a\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    ):
        with pytest.raises(DataError):
            load_picture(nonsense)
    with pytest.raises(DataError, match="there is no file"):
        load_picture(tmp_path / "none.jpg")
    with pytest.raises(DataError, match="there is no file"):
        load_picture(tmp_path)
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(DataError, match="is empty"):
        load_picture(tmp_path / "empty.jpg")


def test_huge_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="Save a smaller copy"):
        load_picture(save(tmp_path / "a.png", noise()))


def test_pixels_that_are_no_colours_are_refused() -> None:
    with pytest.raises(DataError, match="not for display"):
        load_picture(content(Image.fromarray(np.ones((3, 3), np.float32)), "TIFF"))


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0", b"BM", b"II*\x00", b"RIFF\x20\x00\x00\x00WEBP"]),
)
def test_any_bytes_are_a_picture_or_an_error_of_ours(body: bytes, start: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with suppress(DataError):
            assert load_picture(start + body).ndim == 3


@given(st.data())
def test_damaged_pictures_are_a_picture_or_an_error_of_ours(data: st.DataObject) -> None:
    whole = bytearray(
        content(noise(height=12, width=12), data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])))
    )
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=8)):
        whole[place] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with suppress(DataError):
            assert load_picture(bytes(whole)).dtype == np.uint8


def test_squashed_pictures_are_squares() -> None:
    assert squashed(plain(RED, 5, 50), 16).tolist() == plain(RED, 16, 16).tolist()


def test_files_are_closed(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", noise())
    file = io.BytesIO(path.read_bytes())
    load_picture(file.getvalue())
    path.unlink()
