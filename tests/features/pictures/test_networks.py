from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.features.pictures import nets
from tests.features.pictures.draw import noise
from vitrina.errors import DataError, UnknownNameError
from vitrina.features.pictures.networks import Network, NetworkFile, providers
from vitrina.features.pictures.onnx_graph import layers, read_network
from vitrina.features.pictures.preprocessing import Preprocessing

PICTURES = [noise(seed, 20 + seed, 30) for seed in range(5)]
RAW = Preprocessing(scale=1.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return nets.saved(nets.convolutional(), tmp_path / "small.onnx")


@pytest.mark.parametrize(
    ("layer", "pooled"), [("conv1", True), ("relu1", True), ("pool1", True), ("fc", False), ("relu2", False)]
)
def test_any_layer_may_be_the_output(path: Path, layer: str, pooled: bool) -> None:
    network = Network(NetworkFile(path, layer))
    expected = nets.by_hand(network.prepare(PICTURES))[layer]
    if pooled:
        expected = expected.mean(axis=(2, 3))
    found = network.run(PICTURES)
    assert (found.dtype, found.shape, network.columns) == (np.float32, expected.shape, expected.shape[1])
    assert np.allclose(found, expected, atol=1e-4)


def test_what_lies_behind_the_layer_is_cut_away(path: Path) -> None:
    kept = Network(NetworkFile(path, "relu1")).model.graph
    assert [node.op_type for node in kept.node] == ["Conv", "Relu"]
    assert [tensor.name for tensor in kept.initializer] == ["w"]


def test_layers_may_be_named_by_kind_and_number(path: Path) -> None:
    assert Network(NetworkFile(path, "Relu#2")).layer == "relu2"
    assert Network(NetworkFile(path)).layer == "softmax"
    assert [str(layer) for layer in layers(read_network(path))][:3] == ["conv1 (Conv#1)", "relu1 (Relu#1)", "pool1 (MaxPool#1)"]


def test_an_unknown_layer_is_refused_with_those_there_are(path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'pool1'\?.*relu2 \(Relu#2\), softmax \(Softmax#1\)"):
        Network(NetworkFile(path, "pool"))


@pytest.mark.parametrize("batch", [1, "n"])
def test_pictures_go_together_though_the_file_is_made_for_one(tmp_path: Path, batch: int | str) -> None:
    network = Network(NetworkFile(nets.saved(nets.convolutional(batch=batch), tmp_path / "n.onnx"), "fc"))
    assert network.batch is None
    alone = np.concatenate([network.run([picture]) for picture in PICTURES])
    assert np.allclose(network.run(PICTURES), alone, atol=1e-5)


def test_a_network_that_mixes_pictures_gets_them_one_by_one(tmp_path: Path) -> None:
    network = Network(NetworkFile(nets.saved(nets.of_the_batch(), tmp_path / "n.onnx")))
    assert network.batch == 1
    assert np.array_equal(network.run(PICTURES)[2:3], network.run(PICTURES[2:3]))


def test_a_network_for_several_pictures_at_a_time_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="takes 4 pictures at a time"):
        Network(NetworkFile(nets.saved(nets.convolutional(batch=4), tmp_path / "n.onnx"), "relu1"))


def test_half_precision(tmp_path: Path) -> None:
    network = Network(NetworkFile(nets.saved(nets.convolutional(half=True), tmp_path / "n.onnx"), "fc"))
    assert network.prepare(PICTURES).dtype == np.float16
    found = network.run(PICTURES)
    assert found.dtype == np.float32
    assert np.allclose(found, nets.by_hand(network.prepare(PICTURES))["fc"], rtol=0.02, atol=0.2)


def test_weights_listed_as_inputs_are_no_inputs(tmp_path: Path) -> None:
    network = Network(NetworkFile(nets.saved(nets.convolutional(old_style=True), tmp_path / "n.onnx"), "relu1"))
    assert network.columns == 5


def test_tokens_become_their_mean_or_the_first(tmp_path: Path) -> None:
    path = nets.saved(nets.transformer_like(), tmp_path / "n.onnx")
    tokens = Network(NetworkFile(path, preprocessing=RAW)).prepare(PICTURES).transpose(0, 2, 1, 3).reshape(5, 4, 12)
    assert np.allclose(Network(NetworkFile(path, preprocessing=RAW)).run(PICTURES), tokens.mean(axis=1))
    assert np.allclose(Network(NetworkFile(path, preprocessing=RAW, tokens="first")).run(PICTURES), tokens[:, 0])


def test_channels_may_come_last(tmp_path: Path) -> None:
    network = Network(NetworkFile(nets.saved(nets.channels_last(), tmp_path / "n.onnx"), preprocessing=RAW))
    assert (network.preprocessing.height, network.preprocessing.width) == (6, 4)
    assert np.array_equal(network.run(PICTURES), network.prepare(PICTURES).reshape(5, -1))
    assert network.prepare(PICTURES).shape == (5, 6, 4, 3)


def test_an_input_of_open_size_gets_the_usual_one(tmp_path: Path) -> None:
    network = Network(NetworkFile(nets.saved(nets.convolutional(batch="n", size="s"), tmp_path / "n.onnx"), "relu1"))
    assert (network.preprocessing.height, network.preprocessing.width) == (224, 224)


def test_no_pictures_give_no_rows(path: Path) -> None:
    assert Network(NetworkFile(path, "fc")).run([]).shape == (0, 7)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated_files_are_refused(tmp_path: Path, path: Path, share: float) -> None:
    whole = path.read_bytes()
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match=r"cut\.onnx"):
        Network(NetworkFile(cut, "fc"))


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.onnx").write_text("<html>not found</html>")
    for name, reason in (("page.onnx", "no ONNX file|no network"), ("none.onnx", "there is no network")):
        with pytest.raises(DataError, match=reason):
            read_network(tmp_path / name)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_network_or_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "any.onnx"
    path.write_bytes(content)
    with pytest.raises(DataError):
        Network(NetworkFile(path))


@pytest.mark.parametrize("channels", [1, 4])
def test_inputs_that_are_no_pictures_are_refused(tmp_path: Path, channels: int) -> None:
    path = nets.saved(nets.convolutional(channels=channels), tmp_path / "n.onnx")
    with pytest.raises(
        DataError, match=r"takes pictures \[1, . 8, 8\]; expected one input of pictures".replace(". 8", f"{channels}, 8")
    ):
        Network(NetworkFile(path, "relu1"))


def test_two_inputs_whole_numbers_and_words_are_refused(tmp_path: Path) -> None:
    model = nets.convolutional()
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 4]))
    with pytest.raises(DataError, match=r"takes pictures .*; mask .*; expected one input"):
        Network(NetworkFile(nets.saved(model, tmp_path / "two.onnx"), "relu1"))
    model = nets.convolutional()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    with pytest.raises(DataError, match="float32 or float16"):
        Network(NetworkFile(nets.saved(model, tmp_path / "bytes.onnx"), "relu1"))


def test_weights_beside_the_network_are_read(tmp_path: Path) -> None:
    path = nets.with_outside_weights(tmp_path / "n.onnx", "weights.bin")
    with pytest.raises(DataError, match=r"needs the file weights\.bin beside it"):
        Network(NetworkFile(path, "relu1"))
    (tmp_path / "weights.bin").write_bytes(nets.WEIGHTS.tobytes())
    network = Network(NetworkFile(path, "relu1"))
    assert np.allclose(network.run(PICTURES), nets.by_hand(network.prepare(PICTURES))["relu1"].mean(axis=(2, 3)), atol=1e-4)
    (tmp_path / "weights.bin").write_bytes(b"short")
    with pytest.raises(DataError):
        Network(NetworkFile(path, "relu1"))


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "sub/../../secret.bin", "C:\\secret", "link.bin", ""])
def test_weights_elsewhere_are_not_read(tmp_path: Path, location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "secret.bin").write_bytes(nets.WEIGHTS.tobytes())
    (home / "link.bin").symlink_to(tmp_path / "secret.bin")
    monkeypatch.chdir(home)
    path = nets.with_outside_weights(home / "n.onnx", location)
    with pytest.raises(DataError, match="outside its folder, so it was not opened"):
        Network(NetworkFile(path, "relu1"))


def test_weights_hidden_in_constants_are_looked_at_too(tmp_path: Path) -> None:
    model = nets.convolutional()
    tensor = helper.make_tensor("hidden", TensorProto.FLOAT, [1], [0.0])
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../secret.bin"
    model.graph.node.insert(0, helper.make_node("Constant", [], ["hidden"], value=tensor))
    with pytest.raises(DataError, match="outside its folder"):
        read_network(nets.saved(model, tmp_path / "n.onnx"))


def test_operators_that_nobody_knows_are_refused(tmp_path: Path) -> None:
    model = nets.convolutional()
    model.graph.node[1].domain = "somebody.else"
    with pytest.raises(DataError, match="cannot be run"):
        Network(NetworkFile(nets.saved(model, tmp_path / "n.onnx"), "relu1"))


def test_layers_without_a_row_a_picture_are_refused(tmp_path: Path) -> None:
    model = nets.convolutional()
    model.graph.node.append(helper.make_node("ReduceSum", ["relu2"], ["total"], keepdims=0))
    with pytest.raises(DataError, match="expected numbers with one row a picture"):
        Network(NetworkFile(nets.saved(model, tmp_path / "n.onnx"), "total"))


def test_graphs_inside_nodes_keep_what_they_read(tmp_path: Path) -> None:
    model = nets.convolutional(batch="n")
    inner = helper.make_graph(
        [helper.make_node("Mul", ["relu1", "two"], ["doubled"])], "then", [], [onnx.ValueInfoProto(name="doubled")]
    )
    other = helper.make_graph([helper.make_node("Identity", ["relu1"], ["same"])], "else", [], [onnx.ValueInfoProto(name="same")])
    model.graph.initializer.extend(
        [helper.make_tensor("yes", TensorProto.BOOL, [], [True]), helper.make_tensor("two", TensorProto.FLOAT, [], [2.0])]
    )
    model.graph.node.append(helper.make_node("If", ["yes"], ["chosen"], then_branch=inner, else_branch=other))
    path = nets.saved(model, tmp_path / "n.onnx")
    assert np.allclose(
        Network(NetworkFile(path, "chosen")).run(PICTURES), 2 * Network(NetworkFile(path, "relu1")).run(PICTURES), atol=1e-5
    )


def test_the_number_of_threads_changes_nothing(path: Path) -> None:
    one, two = (Network(NetworkFile(path, "fc"), threads=n).run(PICTURES) for n in (1, 2))
    assert np.allclose(one, two, atol=1e-5)


def test_the_processor_is_always_there() -> None:
    assert providers()[-1] == "CPUExecutionProvider"
