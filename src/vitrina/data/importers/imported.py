"""What every importer returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vitrina.data.dataset import Dataset
from vitrina.data.splits.split import Split


@dataclass(frozen=True)
class Imported:
    """A data set read from somebody's files, with the splits they published.

    ``splits`` maps names (``"published"``, ``"cvae-p10"``) to splits of ``dataset``.
    """

    dataset: Dataset
    splits: Mapping[str, Split] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """What the reader of a result must know of the files: gaps, repairs, omissions."""
        return self.dataset.info.notes

    def described(self, **info: Any) -> Imported:
        """Return the same data with fields of ``DatasetInfo`` replaced, in the data set and in its splits."""
        dataset = replace(self.dataset, info=self.dataset.info.model_copy(update=info))
        return Imported(dataset, {name: replace(split, dataset=dataset) for name, split in self.splits.items()})
