"""The pictures of a catalogue: read in several threads, known by their content, each failure with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from vitrina.data.catalogue import Catalogue
from vitrina.data.storage import lies_in
from vitrina.errors import DataError
from vitrina.experiments.progress import Progress
from vitrina.features.pictures.cache import FeatureCache, content_key
from vitrina.features.pictures.loading import Picture, load_picture, read_bytes
from vitrina.kernels.threads import over_rows

CHUNK = 64  #: Pictures in memory at once.


@dataclass(frozen=True)
class Failure:
    """An item whose picture gave no features."""

    item: str
    picture: str
    reason: str


class CataloguePictures:
    """The pictures of a catalogue by their content: ``keys`` of those that could be read, reasons for the others."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        paths = {code: path for code in range(len(catalogue)) if (path := catalogue.picture(code)) is not None}
        if not paths or catalogue.pictures is None:
            raise DataError(
                "no item of the data set has a picture. Import it with pictures: vitrina data import ... --images FOLDER"
            )
        self._paths, self.n_pictures = paths, len(paths)
        self._folder = catalogue.pictures.resolve()
        self.keys: dict[int, bytes] = {}
        self._reasons: dict[int, str] = {}
        self._faults: dict[bytes, str] = {}

    def read(self, progress: Progress) -> None:
        """Look at the content of every file, in several threads."""
        codes = list(self._paths)
        progress.begin("reading", len(codes))
        one_at_a_time = Lock()

        def some(start: int, stop: int) -> None:
            for code in codes[start:stop]:
                try:
                    self.keys[code] = content_key(self._content(code))
                except DataError as error:
                    self._reasons[code] = str(error)
                with one_at_a_time:
                    progress.advance("reading")

        over_rows(len(codes), some)

    def unique(self) -> dict[bytes, int]:
        """One item for each content, in the order of contents: the same whatever the order of items."""
        return dict(sorted({key: code for code, key in sorted(self.keys.items(), reverse=True)}.items()))

    def count(self, caches: Sequence[FeatureCache]) -> int:
        """The number of items whose picture is in all the caches."""
        return sum(all(key in cache for cache in caches) for key in self.keys.values())

    def load(self, wanted: Sequence[tuple[bytes, int]]) -> dict[bytes, Picture]:
        """Decode pictures in several threads; those that fail are noted and left out."""
        found: dict[bytes, Picture] = {}

        def some(start: int, stop: int) -> None:
            for key, code in wanted[start:stop]:
                try:
                    content = self._content(code)
                    if content_key(content) != key:
                        raise DataError(f"{self._paths[code]} changed while it was read. Run the command again.")
                    found[key] = load_picture(content, name=str(self._paths[code]))
                except DataError as error:
                    self._faults[key] = str(error)

        over_rows(len(wanted), some, min_rows=1)
        return {key: found[key] for key, _ in wanted if key in found}

    def examples(self, most: int) -> Iterable[Picture]:
        """Yield up to ``most`` pictures, spread over all contents."""
        listed = list(self.unique().items())[:most]  # contents are in the order of their hashes: any of them are a sample
        for start in range(0, len(listed), CHUNK):
            yield from self.load(listed[start : start + CHUNK]).values()

    def fail(self, key: bytes, reason: str) -> None:
        """Note why a picture that could be decoded has no features."""
        self._faults[key] = reason

    def failures(self, caches: Sequence[FeatureCache]) -> list[Failure]:
        """List the items with a picture that lack a feature, in the order of the catalogue."""
        found = []
        for code, path in self._paths.items():
            key = self.keys.get(code)
            if key is None or not all(key in cache for cache in caches):
                reason = self._reasons.get(code) or self._faults.get(key or b"", "it has no features")
                found.append(Failure(str(self.catalogue.items.ids[code]), str(path.relative_to(self._folder_given)), reason))
        return found

    @property
    def _folder_given(self) -> Path:
        assert self.catalogue.pictures is not None
        return self.catalogue.pictures

    def _content(self, code: int) -> bytes:
        path = self._paths[code]
        if not lies_in(path, self._folder):
            raise DataError(f"{path} leads out of the folder of pictures, so it was not opened. Put a copy there.")
        return read_bytes(path)
