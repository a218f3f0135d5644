"""Features as trained models see them: every column centred, with standard deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import FeatureMatrix
from vitrina.errors import VitrinaError
from vitrina.models.visual.reduction import known_rows
from vitrina.ranking.scorer import Scores


@dataclass(frozen=True)
class Scaling:
    """What was learned from the items of training: ``mean`` and ``factor`` float32 ``[n_columns]``."""

    mean: Scores
    factor: Scores

    @staticmethod
    def of(features: FeatureMatrix, *, unit: bool = False) -> Scaling:
        """Measure the known rows; a column that is the same everywhere becomes zero.

        With ``unit`` rows have the L2 norm 1 in the mean.
        """
        known = _dense(features, known_rows(features))
        mean = known.mean(axis=0, dtype=np.float64) if len(known) else np.zeros(features.shape[1])
        deviation = known.std(axis=0, dtype=np.float64) if len(known) else mean
        varies = deviation > 1e-6 * np.abs(mean).max(initial=1e-30)
        factor = np.divide(1.0, deviation, out=np.zeros_like(mean), where=varies)
        if unit and varies.any():
            factor /= np.linalg.norm((known - mean) * factor, axis=1).mean()
        return Scaling(mean.astype(np.float32), factor.astype(np.float32))

    def transform(self, features: FeatureMatrix) -> Scores:
        """Return float32 ``[n_items, n_columns]``; zeros, the place of the mean, for rows of NaN: items without the feature."""
        if features.shape[1] != self.mean.size:
            raise VitrinaError(f"expected a feature of {self.mean.size} columns, as at training; got {features.shape[1]}.")
        known = known_rows(features)
        scaled = np.zeros(features.shape, np.float32)
        scaled[known] = (_dense(features, known) - self.mean) * self.factor
        return scaled


def _dense(features: FeatureMatrix, rows: np.ndarray) -> Scores:
    found = features[rows]
    return found.toarray() if isinstance(found, csr_matrix) else found
