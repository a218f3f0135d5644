"""Layouts once computed, kept as safetensors under a name that only the same feature and settings lead to."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix, issparse

from vitrina.data.catalogue import FeatureMatrix
from vitrina.data.files import atomic_file
from vitrina.errors import VitrinaError
from vitrina.report.map.layout import Layout

FOLDER = "layouts"
"""Beside the features of a data set, or in the cache of known ones."""

_FORMAT = 1  # to be raised whenever the same input leads to another layout


def layouts_folder(data: str) -> Path:
    """Return where the layouts of a DATA argument are kept: in a saved data set's own folder, else in the cache."""
    from vitrina.data.known import cache_folder
    from vitrina.data.storage import MARKER

    folder = Path(data)
    return folder / FOLDER if (folder / MARKER).is_file() else cache_folder() / FOLDER


def layout_file(folder: Path, matrix: FeatureMatrix, *, perplexity: float, seed: int) -> Path:
    """Return where the layout of a feature lies: the name is the checksum of its content and of the settings."""
    digest = hashlib.blake2b(f"{_FORMAT} {matrix.shape} {perplexity!r} {seed}".encode(), digest_size=16)
    if issparse(matrix):
        rows = csr_matrix(matrix)
        for part in (rows.data, rows.indices, rows.indptr):
            digest.update(np.ascontiguousarray(part).data)
    else:
        digest.update(np.ascontiguousarray(matrix, np.float32).data)
    return Path(folder) / f"{digest.hexdigest()}.safetensors"


def read_layout(path: Path, n_items: int) -> Layout | None:
    """Return the layout in a file, or None when there is none or it is damaged: it is then made again."""
    try:
        with safe_open(path, "np") as file:
            facts, positions = file.metadata() or {}, file.get_tensor("positions")
        layout = Layout(positions, facts["method"], float(facts["perplexity"]), int(facts["seed"]))
    except (SafetensorError, OSError, KeyError, ValueError):
        return None
    fits = positions.shape == (n_items, 2) and positions.dtype == np.float32 and layout.placed.size > 0
    return layout if fits else None


def write_layout(layout: Layout, path: Path) -> bool:
    """Keep a layout; returns False where the folder cannot be written, which costs a later call time and nothing else."""
    facts = {"method": layout.method, "perplexity": repr(layout.perplexity), "seed": str(layout.seed)}
    try:
        with atomic_file(path) as part:
            save_file({"positions": np.ascontiguousarray(layout.positions)}, part, facts)
    except (VitrinaError, SafetensorError, OSError):
        return False
    return True
