"""The pictures of a data set -> its visual features, each picture once, going on where an earlier run stopped."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitrina.data.catalogue import Catalogue, Recipe
from vitrina.data.files import write_text
from vitrina.data.known import find, known_datasets
from vitrina.data.storage import FEATURES, MARKER, add_features, load_dataset, read_manifest
from vitrina.errors import DataError
from vitrina.experiments.catalogue_pictures import CHUNK, CataloguePictures, Failure
from vitrina.experiments.picture_sources import Source, made_by, sources_for
from vitrina.experiments.progress import Progress, Silent
from vitrina.features.pictures.cache import FOLDER, FeatureCache
from vitrina.features.pictures.loading import Picture, load_picture
from vitrina.features.pictures.networks import BATCH
from vitrina.training.outcome import Standing
from vitrina.training.session import Session

FAILED = "failed.csv"  #: In the folder ``features`` of a data set: items whose picture gave no features, and why.

_TASK, _TRAINING = "pictures", "training the autoencoder"


@dataclass(frozen=True)
class Made:
    """What became of one feature: its ``columns``; pictures computed now, taken from the cache, and failed (items)."""

    feature: str
    columns: int
    computed: int
    cached: int
    failed: int


@dataclass(frozen=True)
class FeatureReport:
    """The outcome of ``compute_features``; ``without`` counts the items that have no picture at all."""

    made: list[Made]
    failures: list[Failure]
    without: int


def compute_features(
    folder: Path,
    *,
    network: str = "autoencoder",
    layer: str = "",
    like: str = "",
    batch: int = BATCH,
    retrain: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> FeatureReport:
    """Add ``evf``, ``lbp`` and the feature of a network to the data set in ``folder``.

    ``network`` is a preset, ``autoencoder`` (trained on the data set's own pictures; ``retrain`` forgets earlier weights), an
    ONNX file, or ``none``; ``layer`` another layer of it; ``like`` the preset after whose manner pictures are prepared for a
    file. ``batch`` pictures go through the network at once. A picture that fails is reported and its item stays, with a row of
    NaN. Raises ``DataError`` when the data set has no pictures or the network cannot be had, ``UnknownNameError`` for names,
    ``VitrinaError`` when the disk is full; what was computed until then is kept for the next run.
    """
    folder, progress = Path(folder), progress or Silent()
    pictures = CataloguePictures(_catalogue(folder))
    home = folder / FEATURES
    pictures.read(progress)
    with warnings.catch_warnings(), _session(home, pictures, seed, progress):
        _ignore_bombs()
        sources = sources_for(
            home, network, layer=layer, like=like, batch=batch, retrain=retrain, seed=seed,
            examples=pictures.examples,
        )  # fmt: skip
        jobs = [_Job(source, [FeatureCache(home, *named) for named in source.recipes.items()]) for source in sources]
        before = [pictures.count(job.caches) for job in jobs]
        try:
            _compute(jobs, pictures, progress)
        finally:
            for job in jobs:
                job.flush()
    made = [found for job, n in zip(jobs, before, strict=True) for found in _made(job, pictures, n)]
    _store(folder, jobs, pictures)
    failures = pictures.failures([cache for job in jobs for cache in job.caches])
    _write_failures(failures, home / FAILED)
    return FeatureReport(made, failures, len(pictures.catalogue) - pictures.n_pictures)


def features_of(pictures: Sequence[Path | str | bytes], recipe: Recipe, folder: Path) -> NDArray[np.float32]:
    """Make the feature that ``recipe`` describes for pictures from anywhere: float32 ``[n, columns]``.

    ``recipe`` is that of a feature of the data set in ``folder``, where the weights of its autoencoder or of a network from
    a file lie. Raises ``DataError`` with the reason for a picture that cannot be read, and when the network is not the one that
    made the feature.
    """
    source, place = made_by(recipe, Path(folder) / FEATURES)
    loaded = [load_picture(picture) for picture in pictures]
    parts = [source.run(loaded[i : i + CHUNK])[place] for i in range(0, len(loaded), CHUNK)]
    return np.concatenate(parts) if parts else np.empty((0, source.columns[place]), np.float32)


def _catalogue(folder: Path) -> Catalogue:
    if not (folder / MARKER).is_file() and str(folder) in [entry.name for entry in known_datasets()]:
        entry = find(str(folder))
        raise DataError(
            f"{entry.name} is no folder, and features are kept in one. Save it first: vitrina data get {folder} --out FOLDER"
        )
    read_manifest(folder)
    return load_dataset(folder).catalogue


def _session(home: Path, pictures: CataloguePictures, seed: int, progress: Progress) -> Session:
    """The surroundings of a training: it goes on only with the same pictures and seed."""
    whole = hashlib.blake2b(b"".join([*pictures.unique(), str(seed).encode()]), digest_size=8).hexdigest()
    folder = home / FOLDER / "training" / whole
    return Session(report=_told(progress), checkpoints=folder, identity="the autoencoder of the pictures")


def _told(progress: Progress) -> Callable[[Standing], None]:
    """Tell a training's epochs as steps."""
    begun: list[bool] = []
    told: list[int] = []

    def report(standing: Standing) -> None:
        if not begun:
            begun.append(True)
            progress.begin(_TRAINING, standing.epochs)
        for epoch in range(len(told), int(standing.done)):
            told.append(epoch)
            progress.advance(_TRAINING, "" if standing.loss is None else f"loss {standing.loss:.4f}")

    return report


def _ignore_bombs() -> None:
    """Pictures just above the limit make Pillow warn before they are refused."""
    from PIL import Image

    warnings.simplefilter("ignore", Image.DecompressionBombWarning)


@dataclass(frozen=True)
class _Job:
    """A source of features with the caches of these."""

    source: Source
    caches: Sequence[FeatureCache]

    def lacks(self, key: bytes) -> bool:
        """Whether a feature of a picture is still to be made."""
        return not all(key in cache for cache in self.caches)

    def run(self, loaded: Mapping[bytes, Picture], pictures: CataloguePictures) -> None:
        """Make what is lacking of the features of some pictures."""
        keys = [key for key in loaded if self.lacks(key)]
        if not keys:
            return
        for matrix, cache in zip(self.source.run([loaded[key] for key in keys]), self.caches, strict=True):
            for key, row in zip(keys, matrix, strict=True):
                if np.isfinite(row).all():
                    cache.add(key, row)
                else:
                    pictures.fail(key, "the network gave numbers that are not finite")

    def flush(self) -> None:
        """Write what was made."""
        for cache in self.caches:
            cache.flush()


def _compute(jobs: Sequence[_Job], pictures: CataloguePictures, progress: Progress) -> None:
    """Make what is lacking; a picture is decoded once for all jobs."""
    lacking = [(key, code) for key, code in pictures.unique().items() if any(job.lacks(key) for job in jobs)]
    progress.begin(_TASK, len(lacking))
    for start in range(0, len(lacking), CHUNK):
        chunk = lacking[start : start + CHUNK]
        loaded = pictures.load(chunk)
        for job in jobs:
            job.run(loaded, pictures)
        for _ in chunk:
            progress.advance(_TASK)


def _made(job: _Job, pictures: CataloguePictures, before: int) -> list[Made]:
    after = pictures.count(job.caches)
    named = zip(job.source.recipes, job.source.columns, strict=True)
    return [Made(name, columns, after - before, before, pictures.n_pictures - after) for name, columns in named]


def _store(folder: Path, jobs: Sequence[_Job], pictures: CataloguePictures) -> None:
    """Add the features to the data set; what no picture needs any more leaves the caches."""
    keys = [pictures.keys.get(code) for code in range(len(pictures.catalogue))]
    features, recipes = {}, {}
    for job in jobs:
        for (name, recipe), cache, columns in zip(job.source.recipes.items(), job.caches, job.source.columns, strict=True):
            features[name], recipes[name] = cache.matrix(keys, columns), recipe
    add_features(folder, features, recipes)
    for cache in (cache for job in jobs for cache in job.caches):
        cache.tidy({key for key in keys if key})
    shutil.rmtree(folder / FEATURES / FOLDER / "training", ignore_errors=True)


def _write_failures(failures: Sequence[Failure], path: Path) -> None:
    if not failures:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("item", "picture", "reason"), *((f.item, f.picture, f.reason) for f in failures)])
    write_text(path, text.getvalue())
