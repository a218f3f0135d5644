"""Pictures from anywhere as a history, seen with the seven explicit features: no network is needed for these."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.galleries import small_gallery
from vitrina.data.catalogue import Recipe
from vitrina.data.storage import load_dataset
from vitrina.errors import DataError, VitrinaError
from vitrina.experiments.guests import with_pictures
from vitrina.models.registry import make
from vitrina.models.storage import load_trained
from vitrina.models.trained import Trained


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_gallery(tmp_path_factory.mktemp("data") / "shop")


@pytest.fixture(scope="module")
def model(shop: Path) -> Path:
    """A saved model, away from its data set."""
    folder = shop.parent / "model"
    Trained.fit(make("visrank", feature="evf"), load_dataset(shop)).save(folder)
    return folder


def test_a_picture_is_likest_to_itself(shop: Path, model: Path, tmp_path: Path):
    picture = tmp_path / "holiday.jpg"
    shutil.copyfile(shop / "images" / "w0005.jpg", picture)
    grown, names = with_pictures(load_trained(model), [picture], model)
    assert names == {"holiday.jpg": picture}
    listed = grown.recommend(histories=[list(names)], k=14, exclude=list(names), fallback=False)
    assert (listed["item"][0], listed["score"][0]) == ("w0005", pytest.approx(1, abs=1e-5))
    evf, known = grown.catalogue.features["evf"], grown.catalogue.items.code("w0005")
    np.testing.assert_allclose(evf[-1], evf[known], rtol=1e-5)
    assert "holiday.jpg" not in listed["item"]


def test_names_that_are_taken_are_numbered(shop: Path, model: Path, tmp_path: Path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copyfile(shop / "images" / "w0001.jpg", tmp_path / folder / "w0002")
    paths = [tmp_path / folder / "w0002" for folder in ("a", "b")]
    grown, names = with_pictures(load_trained(model), paths, model)
    assert list(names) == ["w0002 (2)", "w0002 (3)"]
    assert list(names.values()) == paths
    assert grown.catalogue.items.ids[-2:].to_list() == list(names)


def test_pictures_that_cannot_be_read_are_named(model: Path, tmp_path: Path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    for path, message in ((broken, "broken.jpg"), (tmp_path / "none.jpg", "none.jpg"), (tmp_path, tmp_path.name)):
        with pytest.raises(DataError, match=message):
            with_pictures(load_trained(model), [path], model)


def test_no_picture(model: Path):
    with pytest.raises(VitrinaError, match="no picture"):
        with_pictures(load_trained(model), [], model)


def test_models_that_do_not_look_refuse(shop: Path):
    trained = Trained.fit(make("fa"), load_dataset(shop))
    with pytest.raises(VitrinaError, match="fa does not read pictures"):
        with_pictures(trained, [shop / "images" / "w0001.jpg"], shop)


def test_a_feature_of_unknown_origin_cannot_be_made(shop: Path, model: Path):
    """A recipe that says nothing; and a network whose weights are not there."""
    trained = load_trained(model)
    for recipe, message in ((Recipe(), "not known how"), (Recipe(source="network", network="x.onnx", layer="y"), "is missing")):
        with pytest.raises(DataError, match=message):
            with_pictures(replace(trained, recipes={"evf": recipe}), [shop / "images" / "w0001.jpg"], model)
