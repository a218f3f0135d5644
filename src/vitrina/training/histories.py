"""A log as tensors, of which a step reads the rows of some users."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.kernels.entries import Integers, entries_of, kept_entries


class Histories(nn.Module):
    """The rows of a CSR matrix; a module, so that they move to the training's device. They are not saved with it."""

    _offsets: Tensor
    _items: Tensor

    def __init__(self, log: csr_matrix) -> None:
        super().__init__()
        for name, array in (("_offsets", log.indptr), ("_items", log.indices)):
            self.register_buffer(name, torch.from_numpy(array.astype(np.int64)), persistent=False)

    def of(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return all entries of ``rows`` int64 ``[n]``: which of the rows each is of, their columns, and how many a row has."""
        if rows.device.type == "cpu":
            return _tensors(*entries_of(self._offsets.numpy(), self._items.numpy(), rows.numpy()))
        start = self._offsets[rows]
        lengths = self._offsets[rows + 1] - start
        row = torch.repeat_interleave(lengths)
        first = lengths.cumsum(0) - lengths
        return row, self._items[torch.arange(len(row), device=row.device) + (start - first)[row]], lengths


def thinned(row: Tensor, items: Tensor, lengths: Tensor, dropout: float) -> tuple[Tensor, Tensor, Tensor]:
    """Leave entries out with the probability ``dropout``, each by itself; takes and returns what ``Histories.of`` does."""
    points = torch.rand(len(items), device=items.device)
    if items.device.type == "cpu":
        return _tensors(*kept_entries(row.numpy(), items.numpy(), points.numpy(), dropout, len(lengths)))
    kept = torch.nonzero(points >= dropout).squeeze(1)  # found once, not for each
    row = row[kept]
    return row, items[kept], torch.bincount(row, minlength=len(lengths))


def _tensors(row: Integers, items: Integers, lengths: Integers) -> tuple[Tensor, Tensor, Tensor]:
    return torch.from_numpy(row), torch.from_numpy(items), torch.from_numpy(lengths)
