"""Small networks made for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = np.random.default_rng(0).normal(size=(5, 3, 3, 3)).astype(np.float32)
DENSE = np.random.default_rng(1).normal(size=(7, 5 * 4 * 4)).astype(np.float32)


def convolutional(
    *, batch: int | str = 1, size: int | str = 8, half: bool = False, channels: int | str = 3, old_style: bool = False
) -> onnx.ModelProto:
    """pictures -> conv1 -> relu1 -> pool1 -> (reshape to [1, 80]) flat1 -> fc -> relu2 -> softmax: the batch is written into it."""
    dtype, numpy_dtype = (TensorProto.FLOAT16, np.float16) if half else (TensorProto.FLOAT, np.float32)
    nodes = [
        helper.make_node("Conv", ["pictures", "w"], ["conv1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv1"], ["relu1"]),
        helper.make_node("MaxPool", ["relu1"], ["pool1"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Reshape", ["pool1", "flat"], ["flat1"]),
        helper.make_node("Gemm", ["flat1", "dense"], ["fc"], transB=1),
        helper.make_node("Relu", ["fc"], ["relu2"]),
        helper.make_node("Softmax", ["relu2"], ["softmax"], axis=1),
    ]
    constants = [
        numpy_helper.from_array(WEIGHTS.astype(numpy_dtype), "w"),
        numpy_helper.from_array(np.array([1, 80], np.int64), "flat"),
        numpy_helper.from_array(DENSE.astype(numpy_dtype), "dense"),
    ]
    inputs = [helper.make_tensor_value_info("pictures", dtype, [batch, channels, size, size])]
    if old_style:  # files of the first version list their weights as inputs
        inputs += [helper.make_tensor_value_info(c.name, c.data_type, list(c.dims)) for c in constants]
    known = [helper.make_tensor_value_info("relu2", dtype, [1, 7])]
    return _model(nodes, inputs, [helper.make_tensor_value_info("softmax", dtype, [1, 7])], constants, known)


def transformer_like() -> onnx.ModelProto:
    """pictures [n, 3, 4, 4] -> tokens [n, 4, 12]: each row of the picture is a token."""
    nodes = [
        helper.make_node("Transpose", ["pictures"], ["rows"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["rows", "shape"], ["tokens"]),
    ]
    shape = numpy_helper.from_array(np.array([0, 4, 12], np.int64), "shape")
    given = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["n", 3, 4, 4])
    return _model(nodes, [given], [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["n", 4, 12])], [shape])


def of_the_batch() -> onnx.ModelProto:
    """Takes the mean over the batch away: a picture's features depend on its company."""
    nodes = [
        helper.make_node("ReduceMean", ["pictures"], ["company"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["pictures", "company"], ["alone"]),
        helper.make_node("Add", ["alone", "pictures"], ["features"]),
    ]
    given = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, [1, 3, 4, 4])
    return _model(nodes, [given], [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 3, 4, 4])], [], opset=13)


def channels_last() -> onnx.ModelProto:
    """pictures [n, 6, 4, 3] -> the same, flattened."""
    node = helper.make_node("Flatten", ["pictures"], ["flat"], axis=1)
    given = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["n", 6, 4, 3])
    return _model([node], [given], [helper.make_tensor_value_info("flat", TensorProto.FLOAT, ["n", 72])], [])


def with_outside_weights(path: Path, location: str) -> Path:
    """Write a network whose first weights are said to lie in another file."""
    model = convolutional()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(WEIGHTS.nbytes))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    path.write_bytes(model.SerializeToString())
    return path


def saved(model: onnx.ModelProto, path: Path) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


def by_hand(x: NDArray[np.floating[Any]]) -> dict[str, NDArray[np.float32]]:
    """What ``convolutional`` computes for x [n, 3, 8, 8]."""
    x = x.astype(np.float32)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    conv = np.einsum("nchwij,ocij->nohw", windows, WEIGHTS)
    relu = np.maximum(conv, 0)
    pool = relu.reshape(len(x), 5, 4, 2, 4, 2).max(axis=(3, 5))
    fc = pool.reshape(len(x), -1) @ DENSE.T
    return {"conv1": conv, "relu1": relu, "pool1": pool, "fc": fc, "relu2": np.maximum(fc, 0)}


def _model(nodes: Any, inputs: Any, outputs: Any, constants: Any, known: Any = (), *, opset: int = 13) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "small", inputs, outputs, constants, value_info=list(known))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
