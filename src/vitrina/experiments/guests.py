"""Pictures from anywhere as a history: looked at with the eyes of a trained model, they are liked items like any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitrina.errors import VitrinaError
from vitrina.experiments.picture_features import features_of
from vitrina.models.trained import Trained


def with_pictures(trained: Trained, pictures: Sequence[Path], folder: Path) -> tuple[Trained, dict[str, Path]]:
    """Return the model with the ``pictures`` as further items, and their ids in the order given.

    ``folder`` is that of the model, or of the data set it was fitted on: where the weights lie that made its features. Raises
    ``VitrinaError`` when the model does not read pictures, ``DataError`` for one that cannot be read or a network that is not
    at hand.
    """
    if not pictures:
        raise VitrinaError("no picture was given.")
    if not trained.recipes:
        raise VitrinaError(f"{trained.model.name} does not read pictures, so it cannot tell what is like one. Give item ids.")
    names: dict[str, Path] = {}
    for path in pictures:
        names[_free_name(path.name, trained, names)] = path
    features: dict[str, NDArray[np.float32]] = {}
    wanted = {**{name: recipe for name, recipe in trained.catalogue.recipes.items() if recipe.source == "evf"}, **trained.recipes}
    for name, recipe in wanted.items():
        features[name] = features_of(list(pictures), recipe, folder)
    return trained.joined_by(list(names), features), names


def _free_name(name: str, trained: Trained, taken: dict[str, Path]) -> str:
    """An id that no item has: the file's name, numbered where that is taken."""
    found, number = name, 1
    while found in taken or found in trained.catalogue.items:
        number += 1
        found = f"{name} ({number})"
    return found
