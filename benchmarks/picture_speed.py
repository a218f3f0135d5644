"""How long pictures take: explicit features beside a pass of SqueezeNet, and network features beside the bare ONNX Runtime.

``python -m benchmarks.picture_speed [--pictures 64] [--rounds 7]`` prints two checks. Both sides of a check are measured in turn
in each round, in this process and on the same decoded pictures (longest side 320); the ratio is the median over rounds. With
``--folder`` the pictures are files of that folder, else they are drawn. SqueezeNet is fetched when it is not here.

1. One thread each: all seven explicit features and the local binary patterns of a picture, against one pass of the whole network
   on the same picture, prepared before. At most 1.
2. All cores: from decoded pictures to features (resizing included), against ONNX Runtime alone on inputs prepared before: the
   file as it is, which takes one picture at a time, and the network cut off behind the same layer, in the same batches. At least
   0.9 of the former.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from benchmarks.machine import setting
from vitrina.features.pictures.explicit import measure
from vitrina.features.pictures.loading import Picture, load_picture
from vitrina.features.pictures.networks import BATCH, Network, NetworkFile
from vitrina.features.pictures.presets import find_preset
from vitrina.kernels.threads import n_threads

_SIDE = 320
_REST = 0.2  # seconds before each side: the threads of ONNX Runtime spin on for a while, and take a tenth from who comes next


def main() -> None:
    """Print both checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="take pictures from here")
    asked = parser.parse_args()
    pictures = decoded(asked.pictures, asked.folder)
    preset = find_preset("squeezenet")
    file = NetworkFile(preset.fetch(), preset.layer, preset.preprocessing)
    print(", ".join(f"{name} {value}" for name, value in setting(n_threads()).items()))
    _explicit(pictures, file, asked.rounds)
    _networks(pictures, file, asked.rounds)


def decoded(n: int, folder: Path | None) -> list[Picture]:
    """Return ``n`` decoded JPEGs whose longest side is 320."""
    if folder is not None:
        return [load_picture(path, longest=_SIDE) for path in sorted(folder.glob("*.jpg"))[:n]]
    return [load_picture(_drawn(seed)) for seed in range(n)]


def _drawn(seed: int) -> bytes:
    """A JPEG of soft blots and some grain: what cameras and scanners give has both."""
    rng = np.random.default_rng(seed)
    blots = Image.fromarray(rng.integers(0, 256, (9, 12, 3)).astype(np.uint8)).resize((_SIDE, 240), Image.Resampling.BICUBIC)
    grainy = np.clip(np.asarray(blots) + rng.normal(0, 12, (240, _SIDE, 3)), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grainy).save(file, "JPEG", quality=90)
    return file.getvalue()


def _explicit(pictures: Sequence[Picture], file: NetworkFile, rounds: int) -> None:
    network = Network(file, threads=1)
    inputs = [network.prepare([picture]) for picture in pictures]
    bare = session(file.path, 1)
    ours, theirs = in_turn(
        lambda: [measure(picture) for picture in pictures], lambda: [run_bare(bare, one) for one in inputs], rounds
    )
    each = 1000 / len(pictures)
    print(
        f"explicit features and patterns: {median(ours) * each:.2f} ms a picture; a pass of SqueezeNet: "
        f"{median(theirs) * each:.2f} ms; ratio {ratio(ours, theirs):.2f} (at most 1)"
    )


def _networks(pictures: Sequence[Picture], file: NetworkFile, rounds: int) -> None:
    network = Network(file)
    whole, part = session(file.path, n_threads()), session(network.model.SerializeToString(), n_threads())
    ready = network.prepare(pictures)
    chunks = [ready[i : i + BATCH] for i in range(0, len(ready), BATCH)]

    def ours() -> None:
        for start in range(0, len(pictures), BATCH):
            network.run(pictures[start : start + BATCH])

    for name, bare in (
        ("the file as it is, one at a time", lambda: [run_bare(whole, ready[i : i + 1]) for i in range(len(ready))]),
        (f"cut off behind the layer, batches of {BATCH}", lambda: [run_bare(part, chunk) for chunk in chunks]),
    ):
        mine, theirs = in_turn(ours, bare, rounds)
        rates = [len(pictures) / median(seconds) for seconds in (mine, theirs)]
        print(
            f"network features: {rates[0]:.0f} pictures/s; ONNX Runtime, {name}: {rates[1]:.0f}/s; ratio "
            f"{1 / ratio(mine, theirs):.2f} (at least 0.9 of the file as it is)"
        )


def session(model: Path | bytes, threads: int) -> onnxruntime.InferenceSession:
    """Open a network as a program without Vitrina would."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run_bare(bare: onnxruntime.InferenceSession, ready: NDArray[Any]) -> NDArray[Any]:
    """Run a network and return what it gives."""
    output: NDArray[Any] = bare.run(None, {bare.get_inputs()[-1].name: ready})[0]
    return output


def in_turn(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of both, measured in turn; the first round warms up and does not count."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for kept, work in zip(seconds, (ours, theirs), strict=True):
            time.sleep(_REST)
            begun = time.perf_counter()
            work()
            kept.append(time.perf_counter() - begun)
    return seconds[0][1:], seconds[1][1:]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios within rounds."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    main()
