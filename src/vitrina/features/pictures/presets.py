"""Pre-trained networks by name: whose they are, which layer is the feature, and how pictures are prepared for them.

A network's file is looked for in the folder that ``VITRINA_DATA`` names, then in Vitrina's cache, then fetched from its owner.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from vitrina.data.download import download
from vitrina.data.known import cache_folder
from vitrina.errors import DataError, unknown
from vitrina.features.pictures.preprocessing import CAFFE_MEAN, CLIP_MEAN, CLIP_STD, Preprocessing

#: Called with the file's name, the bytes at hand and the total, or None where it is not known.
Progress = Callable[[str, int, int | None], None]

#: What becomes of an output ``[n, tokens, d]``: its mean over tokens, or the first token, which stands for the whole picture.
Tokens = Literal["mean", "first"]

_ZOO = "https://huggingface.co/onnxmodelzoo/legacy_models/resolve/main/validated/vision/classification"
_WINDOWS_ML = "https://github.com/microsoft/Windows-Machine-Learning/raw/044757481c274e4749f5c192962168520807b4cc"
_CAFFE = Preprocessing(channels="bgr", scale=1.0, mean=CAFFE_MEAN, std=(1.0, 1.0, 1.0))


@dataclass(frozen=True)
class Preset:
    """A pre-trained network and the layer of it that is a feature.

    ``feature`` is the name of the feature it makes; ``folder`` and ``file`` its place in the cache. ``layer`` is the name of a
    tensor, or ``Kind#n``, the output of the n-th node of a kind. ``tried`` says whether it was run when this version was made;
    the others are set up after their owners' descriptions.
    """

    name: str
    feature: str
    title: str
    columns: int
    folder: str
    file: str
    url: str
    megabytes: float
    layer: str
    terms: str
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    tokens: Tokens = "mean"
    checksum: str | None = None
    tried: bool = False

    def locate(self) -> Path | None:
        """Return where its file is on this machine, or None."""
        given = os.environ.get("VITRINA_DATA")
        places = [Path(given) / self.folder] if given else []
        return next((p / self.file for p in [*places, self._cached.parent] if (p / self.file).is_file()), None)

    def fetch(self, progress: Progress | None = None) -> Path:
        """Return its file, downloading it if it is not here; raises ``DataError`` when it cannot be had."""
        found = self.locate()
        if found is not None:
            return found
        told = (lambda done, total: progress(self.file, done, total)) if progress else None
        try:
            return download(self.url, self._cached, checksum=self.checksum, progress=told)
        except DataError as error:
            raise DataError(
                f"the network {self.name} is not on this machine and could not be fetched. {error} "
                f"With a copy from elsewhere: put it at {self._cached}; or pass --network FILE.onnx; or use what needs no "
                "download: --network autoencoder, which is trained on your own pictures."
            ) from None

    @property
    def _cached(self) -> Path:
        return cache_folder() / "networks" / self.folder / self.file


_ALEXNET = "bvlcalexnet-12.onnx"
_BVLC = "BVLC's reference model is free for any use (unrestricted)."

PRESETS = (
    Preset(
        name="squeezenet",
        feature="squeezenet-fire9",
        title="SqueezeNet 1.1, ImageNet: last feature map before the classifier, mean over places",
        columns=512,
        folder="squeezenet",
        file="SqueezeNet_fp16.onnx",
        url=f"{_WINDOWS_ML}/SharedContent/models/SqueezeNet_fp16.onnx",
        checksum="sha256:21f25e3d9254af93e6218a359469fac714a017b3f9035c0f5c4acbf9a3ff7233",
        megabytes=2.5,
        layer="fire9/concat_1",
        preprocessing=_CAFFE,
        terms="BSD 2-Clause (SqueezeNet), MIT (the file).",
        tried=True,
    ),
    Preset(
        name="alexnet-fc6",
        feature="alexnet-fc6",
        title="AlexNet, ImageNet: first fully connected layer after its ReLU",
        columns=4096,
        folder="alexnet",
        file=_ALEXNET,
        url=f"{_ZOO}/alexnet/model/{_ALEXNET}",
        megabytes=244,
        layer="Relu#6",  # five convolutions come first
        preprocessing=_CAFFE,
        terms=_BVLC,
    ),
    Preset(
        name="alexnet-fc7",
        feature="alexnet-fc7",
        title="AlexNet, ImageNet: second fully connected layer after its ReLU",
        columns=4096,
        folder="alexnet",
        file=_ALEXNET,
        url=f"{_ZOO}/alexnet/model/{_ALEXNET}",
        megabytes=244,
        layer="Relu#7",
        preprocessing=_CAFFE,
        terms=_BVLC,
    ),
    Preset(
        name="resnet50",
        feature="resnet50-pool",
        title="ResNet-50 v1, ImageNet: after the global average pool",
        columns=2048,
        folder="resnet50",
        file="resnet50-v1-12.onnx",
        url=f"{_ZOO}/resnet/model/resnet50-v1-12.onnx",
        megabytes=103,
        layer="GlobalAveragePool#1",
        preprocessing=Preprocessing(shortest=256),
        terms="Apache 2.0 (ONNX Model Zoo).",
    ),
    Preset(
        name="clip-vit-b32",
        feature="clip-vit-b32-image",
        title="CLIP ViT-B/32: the image's place in the space shared with texts",
        columns=512,
        folder="clip-vit-b32",
        file="model.onnx",
        url="https://huggingface.co/Qdrant/clip-ViT-B-32-vision/resolve/main/model.onnx",
        megabytes=352,
        layer="image_embeds",
        preprocessing=Preprocessing(shortest=224, resample="bicubic", mean=CLIP_MEAN, std=CLIP_STD),
        terms="MIT.",
    ),
    Preset(
        name="dinov2-small",
        feature="dinov2-small-cls",
        title="DINOv2 small: the class token of the last layer",
        columns=384,
        folder="dinov2-small",
        file="model.onnx",
        url="https://huggingface.co/Xenova/dinov2-small/resolve/main/onnx/model.onnx",
        megabytes=88.5,
        layer="last_hidden_state",
        tokens="first",
        preprocessing=Preprocessing(shortest=256, resample="bicubic"),
        terms="Apache 2.0.",
    ),
)


def find_preset(name: str) -> Preset:
    """Return the preset called ``name``; raises ``UnknownNameError`` with the nearest name."""
    for preset in PRESETS:
        if preset.name == name:
            return preset
    hint = "A network is a preset (vitrina features --list), autoencoder, none, or a file that ends with .onnx."
    raise unknown("network", name, [*(p.name for p in PRESETS), "autoencoder", "none"], hint)
