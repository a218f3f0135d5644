"""ONNX files: read without trusting them, cut off behind the layer that is wanted, made to take any number of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vitrina.data.storage import lies_in, unsafe_paths
from vitrina.errors import DataError, unknown

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

_LIMIT = 2**31 - 1  # bytes of a network in memory; the format holds no more


@dataclass(frozen=True)
class Layer:
    """A tensor that a network computes: the output of the ``number``-th node of its ``kind``."""

    name: str
    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}#{self.number})"


@dataclass(frozen=True)
class Input:
    """The pictures that a network takes: ``channels_last`` says where the three channels lie. Sizes left open are None."""

    name: str
    height: int | None
    width: int | None
    channels_last: bool
    batch: int | None
    half: bool  # float16 instead of float32


def read_network(path: Path) -> ModelProto:
    """Read an ONNX file with all its weights.

    Weights in other files are read only from the network's own folder. Raises ``DataError`` for what is missing, truncated,
    no ONNX file, too large, or names files elsewhere.
    """
    import onnx

    if not path.is_file():
        raise DataError(f"there is no network {path}. A network is an ONNX file, or one that vitrina features --list shows.")
    if path.stat().st_size > _LIMIT:
        raise DataError(f"{path} has more than 2 GB, the largest that an ONNX file can be. Use a smaller network.")
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except Exception as error:  # whatever the parser raises
        raise DataError(f"{path} is no ONNX file, or is truncated: {_first_line(error)}. Fetch it again.") from None
    if not model.graph.node:
        raise DataError(f"{path} holds no network: its graph is empty, so it is no ONNX file or was truncated. Fetch it again.")
    _fetch_weights(model, path)
    return model


def layers(model: ModelProto) -> list[Layer]:
    """List what the network computes, in order."""
    seen: dict[str, int] = {}
    found = []
    for node in model.graph.node:
        seen[node.op_type] = seen.get(node.op_type, 0) + 1
        found += [Layer(name, node.op_type, seen[node.op_type]) for name in node.output[:1] if name]
    return found


def find_layer(model: ModelProto, name: str) -> str:
    """Return the tensor that ``name`` means: its own name, or ``Kind#n``, the output of the n-th node of a kind.

    An empty name means the network's first output. Raises ``UnknownNameError`` with the nearest name and the last layers.
    """
    if not name:
        return str(model.graph.output[0].name)
    known = layers(model)
    for layer in known:
        if name in (layer.name, f"{layer.kind}#{layer.number}"):
            return layer.name
    named = {output for node in model.graph.node for output in node.output}
    if name in named:
        return name
    last = ", ".join(map(str, known[-12:]))
    raise unknown("layer", name, [layer.name for layer in known], f"The last of its {len(known)} layers are: {last}.")


def picture_input(model: ModelProto, where: str) -> Input:
    """Return what the network takes; raises ``DataError`` unless that is pictures of three channels and nothing else."""
    from onnx import TensorProto

    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [given for given in model.graph.input if given.name not in weights]
    shown = "; ".join(f"{given.name} {_shape(given)}" for given in inputs) or "nothing"
    expected = f"{where} takes {shown}; expected one input of pictures: [n, 3, height, width] or [n, height, width, 3]"
    if len(inputs) != 1:
        raise DataError(f"{expected}.")
    kind, shape = inputs[0].type.tensor_type.elem_type, _shape(inputs[0])
    if kind not in (TensorProto.FLOAT, TensorProto.FLOAT16):
        raise DataError(f"{expected}, of float32 or float16.")
    if len(shape) != 4 or (3 not in (shape[1], shape[3]) and isinstance(shape[1], int)):
        raise DataError(f"{expected}.")
    last = shape[1] != 3 and shape[3] == 3
    height, width = (shape[1], shape[2]) if last else (shape[2], shape[3])
    sizes = [side if isinstance(side, int) and side > 0 else None for side in (height, width, shape[0])]
    return Input(inputs[0].name, sizes[0], sizes[1], last, sizes[2], kind == TensorProto.FLOAT16)


def cut(model: ModelProto, tensor: str, *, any_batch: bool) -> ModelProto:
    """Return a copy of the network that computes ``tensor`` and nothing behind it.

    ``any_batch`` leaves the number of pictures open, also in reshapes whose target is a constant ``[1, ...]``; whether the
    network then treats each picture alone is to be tried.
    """
    import onnx

    part = onnx.ModelProto()
    part.CopyFrom(model)
    graph = part.graph
    kept = _needed(graph, tensor)
    nodes = [node for i, node in enumerate(model.graph.node) if i in kept]
    used = {name for node in nodes for name in _reads(node)}
    for field, keep in (
        (graph.node, nodes),
        (graph.initializer, [t for t in model.graph.initializer if t.name in used]),
        (graph.sparse_initializer, [t for t in model.graph.sparse_initializer if t.values.name in used]),
        (graph.output, [onnx.ValueInfoProto(name=tensor)]),
        (graph.value_info, []),  # sizes written down for one picture
    ):
        del field[:]
        field.extend(keep)
    weights = {t.name for t in model.graph.initializer}
    inputs = [given for given in model.graph.input if given.name not in weights]  # old files list their weights as inputs
    del graph.input[:]
    graph.input.extend(inputs)
    if any_batch:
        for given in graph.input:
            given.type.tensor_type.shape.dim[0].dim_param = "pictures"
        _open_reshapes(graph)
    return part


def _needed(graph: GraphProto, tensor: str) -> set[int]:
    """The nodes on which ``tensor`` depends, by their number."""
    makers = {name: i for i, node in enumerate(graph.node) for name in node.output if name}
    needed: set[int] = set()
    open_ends = [tensor]
    while open_ends:
        maker = makers.get(open_ends.pop())
        if maker is not None and maker not in needed:
            needed.add(maker)
            open_ends += _reads(graph.node[maker])
    return needed


def _reads(node: NodeProto) -> list[str]:
    """What a node reads, with what the graphs inside it read."""
    inner = [name for graph in _graphs(node) for child in graph.node for name in _reads(child)]
    return [name for name in node.input if name] + inner


def _graphs(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _open_reshapes(graph: GraphProto) -> None:
    """Let reshapes to a constant ``[1, ...]`` keep the number of pictures: 0 means as before."""
    from onnx import numpy_helper

    targets = {node.input[1] for node in graph.node if node.op_type == "Reshape" and len(node.input) > 1}
    for constant in graph.initializer:
        if constant.name in targets:
            shape = numpy_helper.to_array(constant)
            if shape.ndim == 1 and shape.size > 1 and shape[0] == 1:
                constant.CopyFrom(numpy_helper.from_array(np.concatenate([[0], shape[1:]]).astype(np.int64), constant.name))


def _fetch_weights(model: ModelProto, path: Path) -> None:
    """Read the weights that lie in other files, after a look at where these are."""
    import onnx
    from onnx.external_data_helper import load_external_data_for_tensor

    folder = path.resolve().parent
    outside = [t for t in _tensors(model.graph) if t.data_location == onnx.TensorProto.EXTERNAL]
    total = 0
    for tensor in outside:
        location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        total += _check_location(path, folder, location)
    if total > _LIMIT * max(1, len(outside)):
        raise DataError(f"{path} has more than 2 GB of weights. Use a smaller network.")
    for tensor in outside:
        try:
            load_external_data_for_tensor(tensor, str(folder))
        except (OSError, ValueError, RuntimeError, onnx.checker.ValidationError) as error:
            raise DataError(f"the weights of {path} cannot be read: {_first_line(error)}. Fetch it again.") from None
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _check_location(path: Path, folder: Path, location: str) -> int:
    """Return the size of a file of weights; raises ``DataError`` when it lies elsewhere than beside the network."""
    import polars as pl

    target = folder / location
    if not location or unsafe_paths(pl.Series([location]))[0] or not lies_in(target, folder):
        raise DataError(
            f"{path} wants to read weights from {location!r}, which is outside its folder, so it was not opened. Use a network "
            "whose weights lie in its own file."
        )
    if not target.is_file():
        raise DataError(f"{path} needs the file {location} beside it, which is missing. Fetch both.")
    return target.stat().st_size


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """All tensors written down in a graph and in the graphs inside it."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from _of_attribute(attribute)
        for inner in _graphs(node):
            yield from _tensors(inner)


def _of_attribute(attribute: Any) -> Iterable[TensorProto]:
    sparse = [*attribute.sparse_tensors, *([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else [])]
    parts = [part for tensor in sparse for part in (tensor.values, tensor.indices)]
    return [*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors, *parts]


def _shape(given: Any) -> list[int | str]:
    dims = given.type.tensor_type.shape.dim
    return [dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?" for dim in dims]


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
