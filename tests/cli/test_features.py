import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.features.pictures import nets
from tests.features.pictures.draw import BLUE, RED, halves, noise, save
from vitrina.features.pictures.explicit import NAMES, explicit
from vitrina.models.visual import autoencoder

from .conftest import Run


@pytest.fixture
def pictured(run: Run, tmp_path: Path) -> Path:
    """A data set imported with pictures, one of them broken."""
    for n, name in enumerate(("1.png", "sub/2.PNG", "9.png")):
        save(tmp_path / "pictures" / name, noise(n))
    (tmp_path / "pictures" / "3.jpg").write_bytes(b"nothing")
    (tmp_path / "sales.csv").write_text("user,item\nann,1\nann,2\nbob,3\nbob,4\n")
    (tmp_path / "catalogue.csv").write_text("id,title\n1,One\n2,Two\n3,Three\n4,Four\n")
    outcome = run(
        "data", "import", tmp_path / "sales.csv", "--items", tmp_path / "catalogue.csv", "--images", tmp_path / "pictures",
        "--out", tmp_path / "shop",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "3 of 4 items have a picture" in outcome.err
    assert "1 item(s) have no picture (first '4')" in outcome.err
    assert "1 picture(s) belong to no item (first '9.png')" in outcome.err
    assert pl.read_csv(tmp_path / "shop" / "pictures.csv").height == 2
    return tmp_path / "shop"


def test_features_of_a_data_set(run: Run, pictured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = autoencoder.train_autoencoder.__kwdefaults__
    monkeypatch.setattr(autoencoder.train_autoencoder, "__kwdefaults__", {**defaults, "steps": 2})
    outcome = run("features", pictured)
    assert outcome.code == 0, outcome.err
    assert [line.split() for line in outcome.out.splitlines() if line.strip().startswith(("evf", "lbp", "auto"))] == [
        ["evf", "7", "2", "0", "1"], ["lbp", "59", "2", "0", "1"], ["autoencoder", "2", "2", "0", "1"],
    ]  # fmt: skip
    assert "1 item(s) have no picture" in outcome.err
    assert "failed: item 3:" in outcome.err
    assert "failed.csv" in outcome.err
    again = json.loads(run("features", pictured, "--json").out)
    assert [made["cached"] for made in again["features"]] == [2, 2, 2]
    assert again["failures"][0]["item"] == "3"
    assert (
        run("features", pictured, "--network", "none", "--csv").out.splitlines()[0]
        == "feature,columns,computed,from cache,failed"
    )


def test_a_network_and_a_layer(run: Run, pictured: Path, tmp_path: Path) -> None:
    path = nets.saved(nets.convolutional(), tmp_path / "my.onnx")
    outcome = run("features", pictured, "--network", path, "--layer", "fc", "--batch", "1")
    assert outcome.code == 0, outcome.err
    assert "my-fc" in outcome.out
    outcome = run("features", pictured, "--network", path, "--layer", "fcc")
    assert (outcome.code, outcome.out) == (1, "")
    assert "Did you mean 'fc'?" in outcome.err


@pytest.mark.parametrize("option", ["--json", "--csv", None])
def test_one_picture(run: Run, tmp_path: Path, option: str | None) -> None:
    path = save(tmp_path / "a.png", halves(RED, BLUE))
    outcome = run("features", "--image", path, *([option] if option else []))
    assert outcome.code == 0, outcome.err
    if option == "--json":
        assert json.loads(outcome.out) == explicit(halves(RED, BLUE)).as_dict()
        assert tuple(json.loads(outcome.out)) == NAMES
    else:
        assert all(name in outcome.out for name in NAMES)


def test_a_picture_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("hello")
    outcome = run("features", "--image", tmp_path / "a.png", "--json")
    assert (outcome.code, outcome.out) == (1, "")
    assert "is not a picture that can be read" in outcome.err
    assert "Traceback" not in outcome.err


def test_the_list_says_what_is_here_and_what_was_tried(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VITRINA_DATA", raising=False)
    monkeypatch.setenv("VITRINA_HOME", str(tmp_path))
    rows = {row["network"]: row for row in json.loads(run("features", "--list", "--json").out)}
    assert list(rows) == ["autoencoder", "squeezenet", "alexnet-fc6", "alexnet-fc7", "resnet50", "clip-vit-b32", "dinov2-small"]
    assert [name for name, row in rows.items() if row["tried"]] == ["autoencoder", "squeezenet"]
    assert rows["squeezenet"]["here"] == "no"
    assert "dinov2-small-cls" in run("features", "--list").out


def test_without_anything_to_do(run: Run) -> None:
    outcome = run("features")
    assert outcome.code == 2
    assert "--image" in outcome.err


def test_looking_at_the_command_loads_nothing_heavy() -> None:
    code = (
        "import sys; from vitrina.cli.app import app; import vitrina.cli.features; "
        "sys.exit(', '.join(m for m in ('torch', 'onnxruntime', 'onnx', 'PIL', 'numba') if m in sys.modules) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
