from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

from vitrina.data.catalogue import Recipe
from vitrina.errors import VitrinaError
from vitrina.features.pictures import cache as module
from vitrina.features.pictures.cache import FeatureCache, content_key, recipe_key

RECIPE = Recipe(source="evf")
KEYS = [content_key(bytes([n])) for n in range(10)]


def row(n: int) -> np.ndarray:
    return np.full(3, n, np.float32)


def filled(home: Path, keys: range, recipe: Recipe = RECIPE) -> FeatureCache:
    cache = FeatureCache(home, "evf", recipe)
    for n in keys:
        cache.add(KEYS[n], row(n))
    cache.flush()
    return cache


def test_what_was_written_is_found_again(tmp_path: Path) -> None:
    filled(tmp_path, range(4))
    again = FeatureCache(tmp_path, "evf", RECIPE)
    assert (KEYS[3] in again, KEYS[4] in again, len(again)) == (True, False, 4)
    matrix = again.matrix([KEYS[2], None, KEYS[9], KEYS[0]], 3)
    assert matrix[[0, 3]].tolist() == [[2] * 3, [0] * 3]
    assert np.isnan(matrix[[1, 2]]).all()


def test_parts_are_written_along_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 3)
    cache = FeatureCache(tmp_path, "evf", RECIPE)
    for n in range(8):
        cache.add(KEYS[n], row(n))
    killed = FeatureCache(tmp_path, "evf", RECIPE)  # nobody called flush
    assert len(killed) == 6
    cache.flush()
    assert len(list(cache.folder.iterdir())) == 3
    cache.tidy(KEYS[:5])
    assert len(list(cache.folder.iterdir())) == 1
    assert [key in FeatureCache(tmp_path, "evf", RECIPE) for key in KEYS[:6]] == [True] * 5 + [False]


def test_another_recipe_has_a_place_of_its_own_until_things_are_tidied(tmp_path: Path) -> None:
    other = Recipe(source="network", layer="fc6")
    filled(tmp_path, range(4))
    cache = filled(tmp_path, range(2), other)
    assert len(FeatureCache(tmp_path, "evf", RECIPE)) == 4
    cache.tidy(KEYS)
    assert (len(FeatureCache(tmp_path, "evf", RECIPE)), len(FeatureCache(tmp_path, "evf", other))) == (0, 2)


def test_tidying_spares_features_with_longer_names(tmp_path: Path) -> None:
    longer = FeatureCache(tmp_path, "evf-more", RECIPE)
    longer.add(KEYS[0], row(0))
    longer.flush()
    filled(tmp_path, range(2)).tidy(KEYS)
    assert len(FeatureCache(tmp_path, "evf-more", RECIPE)) == 1


def test_recipes_differ_in_every_field() -> None:
    recipes = [
        Recipe(),
        Recipe(source="evf"),
        Recipe(layer="a"),
        Recipe(network="a"),
        Recipe(checksum="a"),
        Recipe(columns=("a",)),
    ]
    assert len({recipe_key(recipe) for recipe in recipes}) == len(recipes)


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_part_is_as_good_as_none(tmp_path: Path, damage: bytes | None) -> None:
    cache = filled(tmp_path, range(3))
    (path,) = cache.folder.iterdir()
    path.write_bytes(path.read_bytes()[:-5] if damage is None else damage)
    assert len(FeatureCache(tmp_path, "evf", RECIPE)) == 0
    again = filled(tmp_path, range(3))
    again.tidy(KEYS[:3])
    assert len(FeatureCache(tmp_path, "evf", RECIPE)) == 3


def test_an_empty_cache_gives_rows_of_nan(tmp_path: Path) -> None:
    assert FeatureCache(tmp_path, "evf", RECIPE).matrix([], 3).shape == (0, 3)
    assert np.isnan(FeatureCache(tmp_path, "evf", RECIPE).matrix([None], 2)).all()


def test_a_full_disk_is_an_error_of_ours_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise SafetensorError("No space left on device")

    cache = FeatureCache(tmp_path, "evf", RECIPE)
    cache.add(KEYS[0], row(0))
    monkeypatch.setattr(module, "save_file", full)
    with pytest.raises(VitrinaError, match="No space left"):
        cache.flush()
    assert list(cache.folder.iterdir()) == []
