"""What a library learned or listed, as files: so that one evaluator judges all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

#: Arrays by name: ``weights`` (row: source, column: target; sparse or dense), or ``users`` and ``items`` (vectors) and
#: perhaps ``biases`` of items, or ``lists`` (of all users: items, best first, -1 for none).
Artefact = Mapping[str, Any]


def save(artefact: Artefact, path: Path) -> None:
    """Write one ``.npz`` file in single precision."""
    flat: dict[str, NDArray[Any]] = {}
    for name, value in artefact.items():
        if issparse(value):
            rows = value.tocsr()
            flat |= {f"{name}.data": rows.data.astype(np.float32), f"{name}.indices": rows.indices}
            flat |= {f"{name}.indptr": rows.indptr, f"{name}.shape": np.array(rows.shape)}
        else:
            array = np.asarray(value)
            flat[name] = array.astype(np.float32) if array.dtype.kind == "f" else array
    np.savez(path, **flat)  # type: ignore[arg-type]


def load(path: Path) -> dict[str, Any]:
    """Read what ``save`` wrote."""
    with np.load(path) as file:
        flat = dict(file)
    found: dict[str, Any] = {name: value for name, value in flat.items() if "." not in name}
    for name in {name.split(".")[0] for name in flat if "." in name}:
        parts = tuple(flat[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
        found[name] = csr_matrix(parts, shape=tuple(flat[f"{name}.shape"]))
    return found
