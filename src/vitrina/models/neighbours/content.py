"""Items compared by what is known of them: a named feature of the catalogue, alone or beside who consumed them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from vitrina.data.catalogue import Catalogue, FeatureMatrix
from vitrina.errors import VitrinaError
from vitrina.kernels.strongest import Keys
from vitrina.models.base import Shape
from vitrina.models.neighbours.neighbourhood import item_neighbours, item_neighbours_dense
from vitrina.models.neighbours.similarity import SimilaritySettings
from vitrina.ranking.scorer import Scores

#: Entries of the feature of an item, for foretelling costs: data sets do not tell them beforehand. About a short text.
_ENTRIES = 100


def feature_of(catalogue: Catalogue, name: str, *, scaled: bool = False) -> FeatureMatrix:
    """Return a feature matrix ``[n_items, n_features]``, ``scaled``: each column divided by its largest absolute value.

    Rows of NaN, of items without the feature, become zeros. Raises ``UnknownNameError`` when the catalogue lacks it.
    """
    content = catalogue.feature(name)
    if not isinstance(content, csr_matrix):
        content = np.nan_to_num(content)
    if not scaled:
        return content
    if not isinstance(content, csr_matrix):
        return content / _or_one(np.abs(content).max(axis=0, initial=0))
    largest = _or_one(abs(content).max(axis=0).toarray().ravel())
    return csr_matrix((content.data / largest[content.indices], content.indices, content.indptr), shape=content.shape)


def _or_one(values: Scores) -> Scores:
    return np.where(values > 0, values, np.float32(1))


def content_neighbours(settings: SimilaritySettings, content: FeatureMatrix, x: csr_matrix | None, item_keys: Keys) -> csr_matrix:
    """Return the similarities of items by ``content [n_items, n_features]``, stacked on ``x [n_users, n_items]`` if given.

    Float32 CSR ``[n_items, n_items]`` (row: source, column: target). Raises ``VitrinaError`` for a weighting of negative
    values: weightings are made for counts.
    """
    users = csr_matrix(np.empty((0, content.shape[0]), np.float32)) if x is None else x
    if not isinstance(content, csr_matrix) and not settings.compares_sets and settings.weighting == "none":
        return item_neighbours_dense(settings, users, content, item_keys)
    words = csr_matrix(content.T, dtype=np.float32)
    words.eliminate_zeros()
    if settings.weighting != "none" and words.nnz and words.data.min() < 0:
        raise VitrinaError(f"weighting = {settings.weighting!r} is for counts, but the feature has negative values. Use 'none'.")
    return item_neighbours(settings, vstack([words, users], format="csr"), item_keys)


def has_content(content: FeatureMatrix) -> NDArray[np.bool_]:
    """Mark the items of which anything is known ``[n_items]``."""
    if isinstance(content, csr_matrix):
        return np.asarray(np.diff(content.indptr) > 0)
    return np.asarray(content.any(axis=1))


def content_memory(shape: Shape, neighbours: int) -> int:
    """The kept similarities three times, and four copies of a feature with a hundred entries an item."""
    return 3 * 8 * shape.n_items * min(neighbours, shape.n_items) + 4 * 8 * _ENTRIES * shape.n_items


def content_work(shape: Shape) -> float:
    """The products of all pairs of items that share a word, where each has a hundred words, and the search."""
    return 20.0 * shape.n_items**2
