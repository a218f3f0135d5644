"""How a picture is prepared for a network: size, order of channels, scale. A wrong one costs accuracy in silence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from vitrina.features.pictures.loading import Picture

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
CAFFE_MEAN = (104.0, 117.0, 123.0)  # blue, green, red


class Preprocessing(BaseModel):
    """From RGB pixels to a network's input: ``(pixels * scale - mean) / std``, in the network's order of channels.

    The picture becomes ``height`` x ``width``: squashed when ``shortest`` is None, else its shorter side becomes ``shortest``
    and the middle is cut out. ``mean`` and ``std`` are in the order of ``channels``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    height: int = Field(224, ge=1, le=4096)
    width: int = Field(224, ge=1, le=4096)
    shortest: int | None = Field(None, ge=1, le=4096)
    resample: Literal["bilinear", "bicubic"] = "bilinear"
    channels: Literal["rgb", "bgr"] = "rgb"
    scale: float = 1 / 255
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def prepare(self, picture: Picture, out: NDArray[np.floating]) -> None:
        """Write the input made of ``picture`` uint8 ``[h, w, 3]`` to ``out`` (float, ``[3, height, width]``)."""
        pixels = self._resized(picture)
        tables = self._table.astype(out.dtype)
        for channel, table in enumerate(tables):
            source = pixels[:, :, channel if self.channels == "rgb" else 2 - channel]
            np.take(table, source, out=out[channel], mode="clip")  # nothing to clip; other modes copy

    def sized(self, height: int, width: int) -> Preprocessing:
        """Return the same for a network whose input has another size."""
        shortest = None if self.shortest is None else round(self.shortest * min(height, width) / min(self.height, self.width))
        return self.model_copy(update={"height": height, "width": width, "shortest": shortest})

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        """What each of the 256 values of each channel becomes: float32 ``[3, 256]``."""
        values = np.arange(256) * self.scale
        return np.stack([(values - m) / s for m, s in zip(self.mean, self.std, strict=True)]).astype(np.float32)

    def _resized(self, picture: Picture) -> Picture:
        from PIL import Image

        resample = Image.Resampling.BICUBIC if self.resample == "bicubic" else Image.Resampling.BILINEAR
        image = Image.fromarray(picture)
        if self.shortest is None:
            return np.asarray(image.resize((self.width, self.height), resample))
        box = self._middle(picture.shape)
        return np.asarray(image.resize((self.width, self.height), resample, box=box))

    def _middle(self, shape: Sequence[int]) -> tuple[float, float, float, float]:
        """The part of the picture that is seen: what remains after scaling its shorter side and cutting out the middle."""
        assert self.shortest is not None
        per_pixel = min(shape[:2]) / self.shortest
        height, width = min(self.height * per_pixel, shape[0]), min(self.width * per_pixel, shape[1])
        top, left = (shape[0] - height) / 2, (shape[1] - width) / 2
        return left, top, left + width, top + height
