"""A file or its bytes -> pixels, whatever kind of picture it is; a reason where there are none.

Pixels are RGB, 8 bits, upright (EXIF), of the first frame, on white where transparent. Pictures whose longest side is above
``LONGEST`` are reduced to it, so that what is measured on scans of different sizes can be compared; smaller ones stay as they
are. Embedded colour profiles are ignored.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vitrina.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

Picture = NDArray[np.uint8]

LONGEST = 640  #: Pixels of the longest side of a picture as features see it.
MAX_PIXELS = 89_478_485  #: Where Pillow, too, begins to suspect a decompression bomb: a quarter of a gigabyte of RGB.
MAX_BYTES = 256 * 2**20  #: Of a picture's file.

#: Formats that are decoded by libraries in this process; others run foreign programs or have no pixels.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF")

_ORIENTATION = 0x0112
_UPRIGHT = {2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (4,), 7: (6,), 8: (2,)}  # Pillow's transpositions
_SIXTEEN = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_TRANSPARENT = ("RGBA", "LA", "PA", "RGBa", "La")


def read_bytes(path: Path) -> bytes:
    """Return the content of a picture's file; raises ``DataError`` when it is missing, empty, too large or unreadable."""
    try:
        if not path.is_file():
            raise DataError(f"there is no file {path}.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path} has {size / 1e6:,.0f} MB; pictures may have {MAX_BYTES / 1e6:,.0f}. Save a smaller copy.")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not content:
        raise DataError(f"{path} is empty.")
    return content


def load_picture(source: Path | str | bytes, *, longest: int | None = LONGEST, name: str = "") -> Picture:
    """Return the pixels of a picture: uint8 ``[h, w, 3]``, RGB.

    ``source`` is a path or the content of a file, which ``name`` calls in messages. Raises ``DataError`` with the reason when
    it is no picture, is broken or truncated, or has more than ``MAX_PIXELS`` pixels, which is decided before decoding.
    """
    if not isinstance(source, bytes):
        name = name or str(source)
        source = read_bytes(Path(source))
    name = name or "the picture"
    try:
        return _decoded(source, longest, name)
    except DataError:
        raise
    except MemoryError:
        raise DataError(f"{name} does not fit into memory. Save a smaller copy.") from None
    except Exception as error:  # decoders meet hostile bytes with errors of every kind
        raise DataError(f"{name} cannot be decoded, so it is broken or truncated: {_reason(error)}.") from None


def _decoded(content: bytes, longest: int | None, name: str) -> Picture:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(content), formats=_formats())
    except UnidentifiedImageError:
        raise DataError(f"{name} is not a picture that can be read (such as JPEG, PNG, WebP, GIF or TIFF).") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(name) from None
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise _too_large(name, image.size)
        if not image.width or not image.height:
            raise DataError(f"{name} has no pixels.")
        orientation = _orientation(image)
        if longest is not None:
            image.draft("RGB", (longest, longest))  # JPEG: decodes to a half, quarter or eighth where that is enough
        image.load()
        return np.ascontiguousarray(_upright(_reduced(_in_rgb(image, name), longest), orientation))


@cache
def _formats() -> tuple[str, ...]:
    """Those of the formats that Pillow was built with."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _too_large(name: str, size: Sequence[int] = ()) -> DataError:
    has = f"{size[0]:,} x {size[1]:,} pixels" if size else "too many pixels"
    return DataError(f"{name} has {has}; pictures may have {MAX_PIXELS / 1e6:.0f} million. Save a smaller copy.")


def _in_rgb(image: Image.Image, name: str) -> Image.Image:
    from PIL import Image

    if image.mode in _SIXTEEN:
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.mode in ("F", "LAB"):
        raise DataError(f"{name} has pixels of a kind ({image.mode}) that is not for display. Save it as RGB.")
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        clear = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    return image.convert("RGB")


def _eight_bits(values: NDArray[np.generic]) -> Picture:
    """Bring 16 bits to 8: 65535 is white."""
    return ((np.clip(values.astype(np.int64), 0, 65535) * 255 + 32767) // 65535).astype(np.uint8)


def _reduced(image: Image.Image, longest: int | None) -> Image.Image:
    from PIL import Image

    if longest is None or max(image.size) <= longest:
        return image
    scale = longest / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _orientation(image: Image.Image) -> int:
    with suppress(Exception):  # a broken EXIF block says nothing of the pixels
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    from PIL import Image

    for number in _UPRIGHT.get(orientation, ()):
        image = image.transpose(Image.Transpose(number))
    return image


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".").splitlines()
    return text[0] if text and text[0] else type(error).__name__


def squashed(picture: Picture, side: int) -> Picture:
    """Return the picture as a square of ``side`` pixels, uint8 ``[side, side, 3]``, whatever its shape was."""
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0))
