from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from benchmarks.people_art import people_art, shares, squeezenet, standardised
from PIL import Image

from tests.features.pictures import nets
from tests.features.pictures.draw import BLUE, RED, content, halves, noise, plain, save
from vitrina.data.catalogue import Recipe
from vitrina.data.importers.log import import_frames, save_import
from vitrina.data.importers.pictures import add_pictures
from vitrina.data.storage import load_dataset
from vitrina.errors import DataError, ModelFileError, UnknownNameError
from vitrina.experiments import catalogue_pictures
from vitrina.experiments import picture_features as module
from vitrina.experiments.picture_features import compute_features, features_of
from vitrina.experiments.progress import Silent
from vitrina.features.pictures import cache as cache_module
from vitrina.features.pictures.explicit import NAMES, measure
from vitrina.features.pictures.loading import Picture, load_picture, squashed
from vitrina.features.pictures.networks import Network, NetworkFile
from vitrina.features.pictures.onnx_graph import read_network
from vitrina.models.visual import autoencoder

SOUND = ("a", "b", "c", "d")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        autoencoder.train_autoencoder, "__kwdefaults__", {**autoencoder.train_autoencoder.__kwdefaults__, "steps": 2}
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Items a to d with sound pictures (d has the same as a), one broken, one that is no picture, one missing, one without."""
    folder = tmp_path / "pictures"
    for n, item in enumerate("abc"):
        save(folder / f"{item}.png", noise(n))
    shutil.copy(folder / "a.png", folder / "d.png")
    (folder / "broken.jpg").write_bytes(content(noise(), "JPEG")[:300])
    (folder / "page.png").write_text("<html>")
    save(folder / "missing.png", plain(RED))
    ids = [*SOUND, "broken", "page", "missing", "without"]
    log = pl.DataFrame({"user": ["ann"] * len(ids), "item": ids})
    save_import(add_pictures(import_frames(log, pl.DataFrame({"id": ids})), folder), tmp_path / "shop")
    (tmp_path / "shop" / "images" / "missing.png").unlink()
    return tmp_path / "shop"


def counts(folder: Path, **options: object) -> dict[str, tuple[int, int, int]]:
    report = compute_features(folder, **options)  # type: ignore[arg-type]
    return {made.feature: (made.computed, made.cached, made.failed) for made in report.made}


def test_measures_and_the_autoencoder_are_the_default(shop: Path) -> None:
    assert counts(shop) == {"evf": (4, 0, 3), "lbp": (4, 0, 3), "autoencoder": (4, 0, 3)}
    catalogue = load_dataset(shop).catalogue
    assert catalogue.feature_name("dnn") == "autoencoder"
    assert catalogue.recipes["evf"] == Recipe(source="evf", columns=NAMES)
    evf, patterns = measure(load_picture(shop / "images" / "b.png"))
    assert np.array_equal(catalogue.feature("evf")[1], evf)
    assert np.array_equal(catalogue.feature("lbp")[1], patterns)
    for name in ("evf", "lbp", "autoencoder"):
        matrix = np.asarray(catalogue.feature(name))
        assert matrix.dtype == np.float32
        assert np.isfinite(matrix).all(axis=1).tolist() == [True] * 4 + [False] * 4
        assert np.array_equal(matrix[0], matrix[3])


def test_failures_are_listed_with_their_reasons(shop: Path) -> None:
    report = compute_features(shop, network="none")
    reasons = {failure.item: failure.reason for failure in report.failures}
    assert set(reasons) == {"broken", "page", "missing"}
    assert "broken or truncated" in reasons["broken"]
    assert "is not a picture" in reasons["page"]
    assert "there is no file" in reasons["missing"]
    assert report.without == 1
    with (shop / "features" / "failed.csv").open() as file:
        assert [row["item"] for row in csv.DictReader(file)] == ["broken", "page", "missing"]


def test_the_list_of_failures_goes_when_there_are_none(shop: Path) -> None:
    compute_features(shop, network="none")
    for name in ("broken.jpg", "page.png", "missing.png"):
        save(shop / "images" / name, halves(RED, BLUE))
    assert compute_features(shop, network="none").failures == []
    assert not (shop / "features" / "failed.csv").exists()


def test_only_what_changed_is_computed_again(shop: Path) -> None:
    compute_features(shop)
    before = {name: np.array(m) for name, m in load_dataset(shop).catalogue.features.items()}
    assert counts(shop) == {"evf": (0, 4, 3), "lbp": (0, 4, 3), "autoencoder": (0, 4, 3)}
    save(shop / "images" / "b.png", halves(RED, BLUE))
    assert counts(shop) == {"evf": (1, 3, 3), "lbp": (1, 3, 3), "autoencoder": (1, 3, 3)}
    for name, matrix in load_dataset(shop).catalogue.features.items():
        same = (np.asarray(matrix) == before[name]).all(axis=1)
        assert same.tolist()[:4] == [True, False, True, True]


def test_nothing_is_decoded_when_nothing_changed(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("broken.jpg", "page.png"):
        (shop / "images" / name).unlink()
    compute_features(shop)
    monkeypatch.setattr(catalogue_pictures, "load_picture", lambda *_, **__: pytest.fail("decoded"))
    compute_features(shop)


class Killed(Silent):
    def __init__(self, after: int) -> None:
        self.after = after

    def advance(self, task: str, note: str = "") -> None:
        if task == "pictures":
            self.after -= 1
            if self.after < 0:
                raise KeyboardInterrupt


def test_a_killed_run_goes_on(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 1)
    monkeypatch.setattr(cache_module.FeatureCache, "flush", lambda self: None)  # killed at once: nobody tidies up
    monkeypatch.setattr(cache_module, "EVERY", 1)
    flushed = cache_module.FeatureCache.add

    def add(self: cache_module.FeatureCache, key: bytes, row: np.ndarray) -> None:
        flushed(self, key, row)
        self._write({key: row})

    monkeypatch.setattr(cache_module.FeatureCache, "add", add)
    with pytest.raises(KeyboardInterrupt):
        compute_features(shop, network="none", progress=Killed(2))
    assert "evf" not in load_dataset(shop).catalogue.features
    monkeypatch.undo()
    report = compute_features(shop, network="none")
    assert report.made[0].cached >= 1
    assert report.made[0].computed + report.made[0].cached == 4


def test_an_interrupted_run_keeps_what_it_has(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 1)
    with pytest.raises(KeyboardInterrupt):
        compute_features(shop, network="none", progress=Killed(4))
    assert sum(counts(shop, network="none")["evf"]) == 7
    assert counts(shop, network="none")["evf"] == (0, 4, 3)


def test_a_network_from_a_file(shop: Path, tmp_path: Path) -> None:
    path = nets.saved(nets.convolutional(), tmp_path / "my net.onnx")
    assert counts(shop, network=str(path), layer="Relu#1")["my_net-relu1"] == (4, 0, 3)
    catalogue = load_dataset(shop).catalogue
    expected = Network(NetworkFile(path, "relu1")).run([load_picture(shop / "images" / f"{i}.png") for i in SOUND])
    assert np.allclose(catalogue.feature("my_net-relu1")[:4], expected, atol=1e-4)
    assert catalogue.recipes["my_net-relu1"].layer == "relu1"
    path.unlink()
    again = features_of([shop / "images" / "b.png"], catalogue.recipes["my_net-relu1"], shop)
    assert np.allclose(again[0], catalogue.feature("my_net-relu1")[1], atol=1e-4)


def test_pictures_for_a_file_may_be_prepared_as_for_a_preset(shop: Path, tmp_path: Path) -> None:
    path = nets.saved(nets.convolutional(), tmp_path / "n.onnx")
    compute_features(shop, network=str(path), layer="fc")
    usual = np.array(load_dataset(shop).catalogue.feature("n-fc"))
    compute_features(shop, network=str(path), layer="fc", like="squeezenet")
    catalogue = load_dataset(shop).catalogue
    assert not np.allclose(usual[:4], catalogue.feature("n-fc")[:4], atol=1)
    assert np.allclose(
        features_of([shop / "images/b.png"], catalogue.recipes["n-fc"], shop)[0], catalogue.feature("n-fc")[1], atol=1e-3
    )


def test_a_preset_and_another_layer_of_it(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small network stands where the preset's file is looked for."""
    model = nets.convolutional()
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = ["fire9/concat_1" if name == "relu1" else name for name in names]
    monkeypatch.setenv("VITRINA_DATA", str(tmp_path))
    (tmp_path / "squeezenet").mkdir()
    path = nets.saved(model, tmp_path / "squeezenet" / "SqueezeNet_fp16.onnx")
    compute_features(shop, network="squeezenet", batch=3)
    compute_features(shop, network="squeezenet", layer="Gemm#1")
    catalogue = load_dataset(shop).catalogue
    recipes = {name: catalogue.recipes[name] for name in ("squeezenet-fire9", "squeezenet-fc")}
    assert [(r.network, r.layer) for r in recipes.values()] == [("squeezenet", "fire9/concat_1"), ("squeezenet", "fc")]
    for name, recipe in recipes.items():
        assert np.allclose(features_of([shop / "images/c.png"], recipe, shop)[0], catalogue.feature(name)[2], atol=1e-4)
    path.write_bytes(nets.convolutional().SerializeToString().replace(b"relu1", b"fire9"))
    with pytest.raises(UnknownNameError, match="unknown layer"):
        features_of([shop / "images/c.png"], recipes["squeezenet-fire9"], shop)
    model.producer_name = "another"
    nets.saved(model, path)
    with pytest.raises(DataError, match="its checksum differs"):
        features_of([shop / "images/c.png"], recipes["squeezenet-fire9"], shop)


def test_several_networks_stand_side_by_side(shop: Path, tmp_path: Path) -> None:
    path = nets.saved(nets.convolutional(), tmp_path / "n.onnx")
    compute_features(shop)
    compute_features(shop, network=str(path), layer="fc")
    catalogue = load_dataset(shop).catalogue
    assert set(catalogue.features) == {"evf", "lbp", "autoencoder", "n-fc"}
    assert catalogue.feature_name("dnn") == "n-fc"


def test_numbers_that_are_not_finite_are_failures(shop: Path, tmp_path: Path) -> None:
    model = nets.convolutional()
    model.graph.node[1].op_type = "Log"
    report = compute_features(shop, network=str(nets.saved(model, tmp_path / "n.onnx")), layer="Log#1")
    assert report.made[-1].failed == 7
    assert {f.reason for f in report.failures if f.item in SOUND} == {"the network gave numbers that are not finite"}


@pytest.mark.parametrize("source", ["evf", "lbp", "autoencoder"])
def test_pictures_from_anywhere_get_the_features_of_the_data_set(shop: Path, tmp_path: Path, source: str) -> None:
    compute_features(shop)
    catalogue = load_dataset(shop).catalogue
    elsewhere = tmp_path / "x.png"
    shutil.copy(shop / "images" / "c.png", elsewhere)
    found = features_of([elsewhere, str(shop / "images" / "a.png"), elsewhere.read_bytes()], catalogue.recipes[source], shop)
    matrix = np.asarray(catalogue.feature(source))
    assert np.allclose(found, matrix[[2, 0, 2]], atol=1e-4)
    assert features_of([], catalogue.recipes[source], shop).shape == (0, matrix.shape[1])


def test_a_picture_from_anywhere_that_is_broken_is_an_error(shop: Path) -> None:
    compute_features(shop, network="none")
    with pytest.raises(DataError, match="broken or truncated"):
        features_of([shop / "images" / "broken.jpg"], Recipe(source="evf"), shop)


def test_features_need_the_network_that_made_them(shop: Path, tmp_path: Path) -> None:
    compute_features(shop)
    recipe = load_dataset(shop).catalogue.recipes["autoencoder"]
    picture = shop / "images" / "a.png"
    with pytest.raises(DataError, match="not known how"):
        features_of([picture], Recipe(), shop)
    compute_features(shop, retrain=True, seed=5)
    with pytest.raises(DataError, match="its checksum differs"):
        features_of([picture], recipe, shop)
    (shop / "features" / "networks" / "autoencoder.safetensors").unlink()
    with pytest.raises(ModelFileError, match="is missing"):
        features_of([picture], recipe, shop)
    with pytest.raises(DataError, match="is missing"):
        features_of([picture], Recipe(source="network", network="gone.onnx", layer="fc"), shop)


@pytest.mark.parametrize(
    "notes", [None, "", "{", "[]", '{"tokens": "all"}', '{"tokens": "mean", "preprocessing": {"height": -1}}', "[" * 9_999]
)
def test_a_kept_network_with_hostile_notes_is_refused(shop: Path, tmp_path: Path, notes: str | None) -> None:
    path = nets.saved(nets.convolutional(), tmp_path / "n.onnx")
    compute_features(shop, network=str(path), layer="fc")
    recipe = load_dataset(shop).catalogue.recipes["n-fc"]
    kept = shop / "features" / "networks" / "n-fc.onnx"
    model = read_network(kept)
    if notes is None:
        del model.metadata_props[:]
    else:
        model.metadata_props[0].value = notes
    nets.saved(model, kept)
    with pytest.raises(DataError, match="does not say how pictures are prepared"):
        features_of([shop / "images" / "a.png"], recipe, shop)


def test_retraining_makes_all_codes_anew(shop: Path) -> None:
    compute_features(shop)
    first = np.array(load_dataset(shop).catalogue.feature("autoencoder"))
    assert counts(shop, retrain=True, seed=7)["autoencoder"] == (4, 0, 3)
    assert not np.allclose(first[:4], load_dataset(shop).catalogue.feature("autoencoder")[:4], atol=1e-3)
    compute_features(shop, retrain=True)
    assert np.allclose(first[:4], load_dataset(shop).catalogue.feature("autoencoder")[:4], atol=1e-5)


def test_links_in_the_folder_of_pictures_are_not_followed_out_of_it(shop: Path, tmp_path: Path) -> None:
    secret = save(tmp_path / "secret.png", plain(RED))
    (shop / "images" / "missing.png").symlink_to(secret)
    report = compute_features(shop, network="none")
    assert "leads out of the folder" in {f.item: f.reason for f in report.failures}["missing"]
    (shop / "images" / "missing.png").unlink()
    (shop / "images" / "missing.png").symlink_to("missing.png")  # to itself
    reasons = {f.item: f.reason for f in compute_features(shop, network="none").failures}
    assert "leads out of the folder" in reasons["missing"] or "there is no file" in reasons["missing"]


def test_bombs_fail_without_a_warning(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2_000)  # noise has 2,240 pixels
    report = compute_features(shop, network="none", progress=Silent())
    assert report.made[0].computed == 4  # the limit of ours decides


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"network": "squeezenett"}, UnknownNameError, "Did you mean 'squeezenet'"),
        ({"network": "gone.onnx"}, DataError, "there is no network gone.onnx"),
        ({"network": "autoencoder", "layer": "fc6"}, DataError, "belong to a pre-trained network"),
        ({"network": "none", "like": "resnet50"}, DataError, "belong to a pre-trained network"),
        ({"network": "squeezenet", "like": "resnet50"}, DataError, "networks from a file"),
        ({"batch": 0}, DataError, "at least 1"),
    ],
)
def test_options_that_make_no_sense(shop: Path, options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compute_features(shop, **options)  # type: ignore[arg-type]


def test_data_sets_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        compute_features(tmp_path / "none")
    with pytest.raises(DataError, match=r"features are kept in one\. Save it first: vitrina data get ml-100k --out"):
        compute_features(Path("ml-100k"))
    save_import(import_frames(pl.DataFrame({"user": ["a"], "item": ["b"]})), tmp_path / "bare")
    with pytest.raises(DataError, match="no item of the data set has a picture"):
        compute_features(tmp_path / "bare")


def test_no_readable_picture_at_all(shop: Path) -> None:
    for item in SOUND:
        (shop / "images" / f"{item}.png").write_bytes(b"nothing")
    assert counts(shop, network="none") == {"evf": (0, 0, 7), "lbp": (0, 0, 7)}
    with pytest.raises(DataError, match="nothing to learn from"):
        compute_features(shop)


def test_the_order_of_items_does_not_matter_to_the_autoencoder(shop: Path, tmp_path: Path) -> None:
    ids = [*reversed(SOUND)]
    log = pl.DataFrame({"user": ["ann"] * 4, "item": ids})
    save_import(add_pictures(import_frames(log, pl.DataFrame({"id": ids})), tmp_path / "pictures"), tmp_path / "other")
    compute_features(shop)
    compute_features(tmp_path / "other")
    one, other = (load_dataset(folder).catalogue.feature("autoencoder")[:4] for folder in (shop, tmp_path / "other"))
    assert np.array_equal(one, other[::-1])


def real_paintings() -> tuple[list[Picture], pl.DataFrame]:
    """The paintings of people-art and what is known of them."""
    try:
        return people_art()
    except FileNotFoundError as reason:
        pytest.skip(str(reason))


@pytest.mark.needs_data
def test_squeezenet_sees_style_and_artist_in_real_paintings_better_than_explicit_features() -> None:
    paintings, known = real_paintings()
    style, artist = shares(squeezenet(paintings), known)
    assert (style, artist) == (pytest.approx(0.335, abs=0.01), pytest.approx(0.208, abs=0.01))
    evf, patterns = (np.stack(found) for found in zip(*map(measure, paintings), strict=True))
    for explicit_features in (evf, patterns, np.hstack([evf, patterns])):
        other_style, other_artist = shares(standardised(explicit_features), known)
        assert style > other_style + 0.03
        assert artist > other_artist + 0.03


@pytest.mark.slow
@pytest.mark.needs_data
def test_the_autoencoder_sees_more_in_real_paintings_than_the_seven_features() -> None:
    paintings, known = real_paintings()
    squares = np.stack([squashed(painting, autoencoder.SIDE) for painting in paintings])
    style, artist = shares(autoencoder.train_autoencoder(squares, steps=80).encode(squares), known)
    evf = shares(standardised(np.stack([measure(painting)[0] for painting in paintings])), known)
    assert (style, artist) > (evf[0] + 0.05, evf[1] + 0.04)
    assert style == pytest.approx(0.257, abs=0.015)
    assert artist == pytest.approx(0.160, abs=0.015)
