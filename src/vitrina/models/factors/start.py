"""Where factors start."""

from __future__ import annotations

import numpy as np

from vitrina.ranking.scorer import Scores


def normal_vectors(rng: np.random.Generator, n: int, factors: int, deviation: float) -> Scores:
    """Draw float32 ``[n, factors]`` from a normal distribution around zero."""
    vectors = rng.standard_normal((n, factors), np.float32)
    vectors *= np.float32(deviation)
    return vectors
