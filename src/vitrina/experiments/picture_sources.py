"""What makes features of pictures: measures, pre-trained networks, and the data set's own autoencoder."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from vitrina.data.catalogue import Recipe
from vitrina.data.files import atomic_file
from vitrina.data.storage import NETWORKS, checksum
from vitrina.errors import DataError
from vitrina.features.pictures.explicit import N_PATTERNS, NAMES, measure
from vitrina.features.pictures.loading import Picture, squashed
from vitrina.features.pictures.networks import BATCH, Network, NetworkFile
from vitrina.features.pictures.onnx_graph import read_network
from vitrina.features.pictures.preprocessing import Preprocessing
from vitrina.features.pictures.presets import PRESETS, Progress, find_preset
from vitrina.kernels.threads import over_rows

AUTOENCODER, NONE = "autoencoder", "none"

#: Yields up to so many pictures to learn from.
Examples = Callable[[int], Iterable[Picture]]

_PREPARED = "vitrina"  # key of the notes in a kept network
_ONNX = ".onnx"


class Source(Protocol):
    """Makes one or more features of pictures; ``recipes`` names them, ``columns`` are their lengths, in the same order."""

    @property
    def recipes(self) -> Mapping[str, Recipe]: ...  # noqa: D102

    @property
    def columns(self) -> Sequence[int]: ...  # noqa: D102

    def run(self, pictures: Sequence[Picture]) -> list[NDArray[np.float32]]:
        """Return for each feature a matrix float32 ``[n, columns]``."""
        ...


def sources_for(
    home: Path,
    network: str,
    *,
    layer: str = "",
    like: str = "",
    batch: int = BATCH,
    retrain: bool = False,
    seed: int = 0,
    examples: Examples,
) -> list[Source]:
    """Return the measures and what ``network`` means; see ``compute_features``. ``home`` is the data set's ``features``."""
    if batch < 1:
        raise DataError(f"a batch must hold at least 1 picture, got {batch}.")
    if network in (AUTOENCODER, NONE) and (layer or like):
        raise DataError(f"--layer and --like belong to a pre-trained network, not to {network!r}. Leave them out.")
    measured: list[Source] = [Measures()]
    if network == NONE:
        return measured
    if network == AUTOENCODER:
        return [*measured, Encoder.of(home, examples, retrain=retrain, seed=seed)]
    if network.lower().endswith(_ONNX):
        return [*measured, _from_file(home, Path(network), layer, like, batch)]
    if like:
        raise DataError(f"--like is for networks from a file; {network!r} knows how its pictures are prepared. Leave it out.")
    preset = find_preset(network)
    file = NetworkFile(preset.fetch(), layer or preset.layer, preset.preprocessing, preset.tokens)
    opened = Network(file)
    name = feature_name(preset.name, opened.layer) if layer else preset.feature
    recipe = Recipe(source="network", network=preset.name, checksum=opened.checksum, layer=opened.layer)
    return [*measured, Pretrained(name, recipe, opened, batch)]


def fetch_network(network: str, progress: Progress | None = None) -> None:
    """Download the network of a preset if it is not here; other names need nothing. Raises as ``Preset.fetch`` does."""
    if network in [preset.name for preset in PRESETS]:
        find_preset(network).fetch(progress)


def made_by(recipe: Recipe, home: Path) -> tuple[Source, int]:
    """Return what made a feature, and which of its features that is; raises ``DataError`` when it is not here any more."""
    if recipe.source in ("evf", "lbp"):
        return Measures(), ("evf", "lbp").index(recipe.source)
    if recipe.source == AUTOENCODER:
        encoder = Encoder.load(home)
        _require_same(recipe, encoder.recipes[AUTOENCODER].checksum, str(_weights(home)))
        return encoder, 0
    if recipe.source != "network":
        raise DataError(
            "it is not known how the feature was made, so it cannot be made for other pictures. Make it with: vitrina features"
        )
    if recipe.network in [preset.name for preset in PRESETS]:
        preset = find_preset(recipe.network)
        file = NetworkFile(preset.fetch(), recipe.layer, preset.preprocessing, preset.tokens)
    else:
        file = _kept(home / NETWORKS / f"{feature_name(recipe.network.removesuffix(_ONNX), recipe.layer)}{_ONNX}")
    opened = Network(file)
    _require_same(recipe, opened.checksum, str(file.path))
    return Pretrained(recipe.network, recipe, opened, BATCH), 0


class Measures:
    """The seven explicit features (``evf``) and the local binary patterns (``lbp``)."""

    recipes: Mapping[str, Recipe] = {"evf": Recipe(source="evf", columns=NAMES), "lbp": Recipe(source="lbp")}
    columns = (len(NAMES), N_PATTERNS)

    def run(self, pictures: Sequence[Picture]) -> list[NDArray[np.float32]]:
        """Measure the pictures in several threads."""
        found = [np.empty((len(pictures), n), np.float32) for n in self.columns]

        def some(start: int, stop: int) -> None:
            for row in range(start, stop):
                found[0][row], found[1][row] = measure(pictures[row])

        over_rows(len(pictures), some, min_rows=1)
        return found


class Pretrained:
    """One layer of a pre-trained network."""

    def __init__(self, name: str, recipe: Recipe, network: Network, batch: int) -> None:
        self.recipes = {name: recipe}
        self.columns = (network.columns,)
        self._network, self._batch = network, batch

    def run(self, pictures: Sequence[Picture]) -> list[NDArray[np.float32]]:
        """Run the network, ``batch`` pictures at a time."""
        starts = range(0, len(pictures), self._batch)
        return [np.concatenate([self._network.run(pictures[i : i + self._batch]) for i in starts])]


class Encoder:
    """The autoencoder of the data set's own pictures."""

    def __init__(self, path: Path) -> None:
        from vitrina.models.visual.autoencoder import Autoencoder

        self._model = Autoencoder.load(path)
        self.columns = (self._model.columns,)
        self.recipes = {AUTOENCODER: Recipe(source=AUTOENCODER, network=AUTOENCODER, checksum=checksum(path))}

    @staticmethod
    def of(home: Path, examples: Examples, *, retrain: bool, seed: int) -> Encoder:
        """Return the trained autoencoder, training it first where there is none."""
        from vitrina.models.visual.autoencoder import MOST, SIDE, train_autoencoder

        path = _weights(home)
        if retrain or not path.is_file():
            squares = [squashed(picture, SIDE) for picture in examples(MOST)]
            if not squares:
                raise DataError("none of the pictures could be read, so there is nothing to learn from. Look at the files.")
            train_autoencoder(np.stack(squares), seed=seed).save(path)
        return Encoder(path)

    @staticmethod
    def load(home: Path) -> Encoder:
        """Return the trained autoencoder; raises ``ModelFileError`` where there is none."""
        return Encoder(_weights(home))

    def run(self, pictures: Sequence[Picture]) -> list[NDArray[np.float32]]:
        """Encode the pictures."""
        from vitrina.models.visual.autoencoder import SIDE

        return [self._model.encode(np.stack([squashed(picture, SIDE) for picture in pictures]))]


def feature_name(network: str, layer: str) -> str:
    """Return ``<network>-<layer>`` with everything that a file's name cannot hold replaced."""
    return re.sub(r"[^A-Za-z0-9._=+@-]+", "_", f"{network}-{layer}").strip("_")[:100]


def _from_file(home: Path, path: Path, layer: str, like: str, batch: int) -> Pretrained:
    """Open a network from a file and keep it, cut off behind its layer, for pictures that come later."""
    preset = find_preset(like) if like else None
    file = NetworkFile(path, layer, *((preset.preprocessing, preset.tokens) if preset else ()))
    opened = Network(file)
    name = feature_name(path.stem, opened.layer)
    kept = home / NETWORKS / f"{name}{_ONNX}"
    model = opened.model
    notes = {"preprocessing": opened.preprocessing.model_dump(), "tokens": file.tokens}
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = _PREPARED, json.dumps(notes)
    content = model.SerializeToString(deterministic=True)
    if not kept.is_file() or kept.read_bytes() != content:
        with atomic_file(kept) as part:
            part.write_bytes(content)
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    recipe = Recipe(source="network", network=f"{path.stem}{_ONNX}", checksum=digest, layer=opened.layer)
    return Pretrained(name, recipe, opened, batch)


def _kept(path: Path) -> NetworkFile:
    """Return a network that ``_from_file`` kept, with its notes on how pictures are prepared."""
    if not path.is_file():
        raise DataError(f"the network {path} is missing. Make the feature anew with: vitrina features DATA --network FILE.onnx")
    notes = {entry.key: entry.value for entry in read_network(path).metadata_props}.get(_PREPARED, "")
    try:
        known = json.loads(notes)
        tokens = known["tokens"]
        if tokens not in ("mean", "first"):
            raise ValueError(f"tokens are {tokens!r}")
        return NetworkFile(path, "", Preprocessing.model_validate(known["preprocessing"]), tokens)
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise DataError(
            f"{path} does not say how pictures are prepared for it ({error}). Make the feature anew with: vitrina features DATA"
        ) from None


def _weights(home: Path) -> Path:
    return home / NETWORKS / f"{AUTOENCODER}.safetensors"


def _require_same(recipe: Recipe, found: str, where: str) -> None:
    if recipe.checksum and recipe.checksum != found:
        raise DataError(
            f"{where} is not the network that made the feature (its checksum differs), so other pictures cannot be compared with "
            "those of the data set. Restore it, or make the feature anew with: vitrina features DATA"
        )
