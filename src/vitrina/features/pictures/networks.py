"""Networks at work: pictures in, one vector each out, in batches on all cores or on the GPU."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vitrina.errors import DataError
from vitrina.features.pictures.loading import Picture
from vitrina.features.pictures.onnx_graph import Input, cut, find_layer, picture_input, read_network
from vitrina.features.pictures.preprocessing import Preprocessing
from vitrina.features.pictures.presets import Tokens
from vitrina.kernels.threads import n_threads, over_rows

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession

BATCH = 16  #: Pictures at once: on processors more is not faster.
_SIZE = 224  # of the input where a network leaves it open
_ALIKE = 1e-2  # how far features may differ, as a share of the largest, when pictures are taken together (float16)
_QUIET = 3  # only errors: warnings of the runtime are not for people who look at pictures


@dataclass(frozen=True)
class NetworkFile:
    """A network to be used: its ``path``, the ``layer`` (a tensor or ``Kind#n``; empty: its output), and how."""

    path: Path
    layer: str = ""
    preprocessing: Preprocessing | None = None  # None: that of most networks trained on ImageNet, in the size of the input
    tokens: Tokens = "mean"


class Network:
    """A network cut off behind one layer. Raises ``DataError`` when it cannot be read or does not take pictures.

    ``layer`` is the name of the tensor, ``checksum`` the BLAKE2b of the file, ``columns`` the length of a feature.
    """

    def __init__(self, file: NetworkFile, *, threads: int | None = None) -> None:
        model = read_network(file.path)
        self.checksum = hashlib.blake2b(file.path.read_bytes(), digest_size=16).hexdigest()
        self.layer = find_layer(model, file.layer)
        self.input = picture_input(model, str(file.path))
        self.preprocessing = _fitting(file.preprocessing, self.input)
        self._file, self._threads = file, threads
        self.model, self._session, self.batch = self._opened(model)
        self.columns = self.run([np.zeros((8, 8, 3), np.uint8)]).shape[1]

    def run(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return the features of ``pictures`` (uint8 ``[h, w, 3]`` of any sizes): float32 ``[n, columns]``."""
        return self.forward(self.prepare(pictures))

    def prepare(self, pictures: Sequence[Picture]) -> NDArray[np.floating[Any]]:
        """Return the network's input made of ``pictures``, in several threads: float, ``[n, 3, h, w]`` (or channels last)."""
        dtype = np.float16 if self.input.half else np.float32
        ready = np.empty((len(pictures), 3, self.preprocessing.height, self.preprocessing.width), dtype)

        def some(start: int, stop: int) -> None:
            for row in range(start, stop):
                self.preprocessing.prepare(pictures[row], ready[row])

        over_rows(len(pictures), some, min_rows=1)
        return np.ascontiguousarray(ready.transpose(0, 2, 3, 1)) if self.input.channels_last else ready

    def forward(self, ready: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Return the features of prepared pictures: float32 ``[n, columns]``, in batches that the network takes."""
        step = self.batch or len(ready)
        parts = [self._vectors(self._session, ready[i : i + step]) for i in range(0, len(ready), max(step, 1))]
        return np.concatenate(parts) if parts else np.empty((0, self.columns), np.float32)

    def _opened(self, model: ModelProto) -> tuple[ModelProto, InferenceSession, int | None]:
        """Open the network for any number of pictures if it then treats each alone, else for the number it was made for."""
        fixed = self.input.batch
        if fixed is None or fixed == 1:
            part = cut(model, self.layer, any_batch=True)
            session = self._try_open(part)
            if session is not None and self._treats_each_alone(session):
                return part, session, None
        part = cut(model, self.layer, any_batch=False)
        if fixed not in (None, 1):
            raise DataError(f"{self._file.path} takes {fixed} pictures at a time; expected 1 or any number. Export it again.")
        return part, self._open(part), 1

    def _treats_each_alone(self, session: InferenceSession) -> bool:
        """Whether two pictures taken together get what each gets alone."""
        noise = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
        ready = self.prepare(list(noise))
        try:
            together = self._vectors(session, ready)
            alone = np.concatenate([self._vectors(session, ready[i : i + 1]) for i in range(2)])
        except DataError:
            return False
        return together.shape == alone.shape and bool(np.abs(together - alone).max() <= _ALIKE * max(1e-6, np.abs(alone).max()))

    def _vectors(self, session: InferenceSession, ready: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        try:
            output = session.run(None, {self.input.name: ready})[0]
        except Exception as error:  # the runtime has no common base of its errors
            raise DataError(f"{self._file.path} cannot take {list(ready.shape)}: {_brief(error)}.") from None
        return _pooled(np.asarray(output), len(ready), self._file)

    def _try_open(self, model: ModelProto) -> InferenceSession | None:
        try:
            return self._open(model)
        except DataError:
            return None

    def _open(self, model: ModelProto) -> InferenceSession:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads or n_threads()
        options.log_severity_level = _QUIET
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the cores are wanted for preparing pictures
        try:
            return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=providers())
        except Exception as error:
            raise DataError(f"{self._file.path} cannot be run up to {self.layer!r}: {_brief(error)}.") from None


def providers() -> list[str]:
    """Name what networks run on: CUDA where the runtime can use it, and always the processor."""
    import onnxruntime

    here = onnxruntime.get_available_providers()
    return [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in here]


def _fitting(wanted: Preprocessing | None, given: Input) -> Preprocessing:
    """Prepare pictures in the size of the input."""
    chosen = wanted or Preprocessing()
    default = (chosen.height, chosen.width) if wanted else (_SIZE, _SIZE)
    return chosen.sized(given.height or default[0], given.width or default[1])


def _pooled(output: NDArray[Any], n: int, file: NetworkFile) -> NDArray[np.float32]:
    """Make one vector a picture: means over the places of a map, tokens as asked, anything else in one row."""
    if not output.ndim or output.shape[0] != n or not np.issubdtype(output.dtype, np.floating):
        raise DataError(
            f"the layer {file.layer or 'output'!r} of {file.path} gives {output.dtype} {list(output.shape)} for {n} picture(s); "
            "expected numbers with one row a picture. Choose another layer."
        )
    if output.ndim == 4:
        return np.asarray(output.mean(axis=(2, 3), dtype=np.float32))
    if output.ndim == 3:
        return (output[:, 0] if file.tokens == "first" else output.mean(axis=1, dtype=np.float32)).astype(np.float32)
    return np.ascontiguousarray(output.reshape(n, -1), np.float32)


def _brief(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300].rstrip(".")
