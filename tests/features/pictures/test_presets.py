from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from tests.features.pictures import nets
from tests.features.pictures.draw import noise
from vitrina.data import download as download_module
from vitrina.data.storage import check_name
from vitrina.errors import DataError, UnknownNameError
from vitrina.features.pictures.networks import Network, NetworkFile
from vitrina.features.pictures.presets import PRESETS, Preset, find_preset

CONTENT = nets.convolutional().SerializeToString()


@pytest.fixture
def owner() -> Iterator[str]:
    """A server that has one network."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

        def do_GET(self) -> None:
            found = self.path == "/small.onnx"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(CONTENT) if found else 0))
            self.end_headers()
            self.wfile.write(CONTENT if found else b"")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "needs_data" not in request.keywords:
        monkeypatch.delenv("VITRINA_DATA", raising=False)
    monkeypatch.setenv("VITRINA_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(download_module, "_wait", lambda _: None)


def small(url: str, **changes: Any) -> Preset:
    return replace(find_preset("squeezenet"), folder="small", file="small.onnx", url=url, layer="relu1", checksum=None, **changes)


def test_a_network_is_fetched_once_and_kept(owner: str, tmp_path: Path) -> None:
    preset, told = small(f"{owner}/small.onnx"), []
    path = preset.fetch(lambda name, done, total: told.append((name, done, total)))
    assert path == tmp_path / "cache" / "networks" / "small" / "small.onnx" == preset.locate()
    assert told[-1] == ("small.onnx", len(CONTENT), len(CONTENT))
    assert small("http://127.0.0.1:9/nobody").fetch() == path
    assert Network(NetworkFile(path, preset.layer, preset.preprocessing)).run([noise()]).shape == (1, 5)


def test_another_content_than_expected_is_refused(owner: str) -> None:
    preset = replace(small(f"{owner}/small.onnx"), checksum="sha256:" + hashlib.sha256(b"other").hexdigest())
    with pytest.raises(DataError, match="is not the expected file"):
        preset.fetch()
    assert preset.locate() is None


@pytest.mark.parametrize("place", ["gone.onnx", ""])
def test_a_network_out_of_reach_says_what_to_do(owner: str, place: str) -> None:
    url = f"{owner}/{place}" if place else "http://127.0.0.1:9/small.onnx"
    with pytest.raises(DataError, match=r"squeezenet is not on this machine and could not be fetched.*--network autoencoder"):
        small(url).fetch()


def test_a_copy_under_the_folder_of_data_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINA_DATA", str(tmp_path))
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "small.onnx").write_bytes(CONTENT)
    assert small("http://127.0.0.1:9/nobody").fetch() == tmp_path / "small" / "small.onnx"


def test_presets_are_complete() -> None:
    assert [p.name for p in PRESETS] == ["squeezenet", "alexnet-fc6", "alexnet-fc7", "resnet50", "clip-vit-b32", "dinov2-small"]
    for preset in PRESETS:
        check_name(preset.feature, "feature")
        assert urlsplit(preset.url).scheme == "https"
        assert preset.columns > 0
        assert preset.layer
        assert preset.terms
    assert [p.name for p in PRESETS if p.tried] == ["squeezenet"]


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'squeezenet'"):
        find_preset("squeezenett")


@pytest.mark.needs_data
def test_the_real_squeezenet_gives_512_columns() -> None:
    preset = find_preset("squeezenet")
    if not os.environ.get("VITRINA_DATA") or preset.locate() is None:
        pytest.skip("needs the folder squeezenet under the one that VITRINA_DATA names")
    network = Network(NetworkFile(preset.fetch(), preset.layer, preset.preprocessing))
    found = network.run([noise(1), noise(2)])
    assert (network.layer, network.batch, found.shape) == ("fire9/concat_1", None, (2, preset.columns))
    assert np.isfinite(found).all()
    assert found.min() >= 0  # after the ReLU
