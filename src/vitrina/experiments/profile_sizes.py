"""Results by the number of works that a person had bought before: does a method need a long acquaintance?

The lecture's "Discussion: profile size" asks it of the gallery study; only a replay can answer, since there the same person is
met with one earlier purchase, then with two, and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.evaluation.bootstrap import bootstrap_interval

#: The smallest and the largest number of earlier purchases in each group; the last group has no upper end.
SIZES: tuple[tuple[int, int | None], ...] = ((1, 1), (2, 2), (3, 4), (5, 9), (10, None))

_RESAMPLES = 2_000


def profile_sizes(
    users: Mapping[str, pl.DataFrame], metric: str, clusters: NDArray[np.integer], *, seed: int
) -> list[dict[str, Any]]:
    """Return ``metric`` of each method by the length of the histories, with bootstrap intervals over people.

    ``users`` are the per-session tables of the methods (the same sessions in the same order), ``clusters`` int ``[n]`` the person
    behind each session. Groups without a session that can be judged are left out.
    """
    if not users:
        return []
    values = np.stack([table[metric].to_numpy() for table in users.values()]).astype(np.float64)
    lengths = next(iter(users.values()))["history_length"].to_numpy()
    judged = ~np.isnan(values).all(axis=0)
    found = []
    for low, high in SIZES:
        inside = judged & (lengths >= low) & (lengths <= (high or np.inf))
        if inside.any():
            found.append({"size": _name(low, high), **_group(list(users), values[:, inside], clusters[inside], seed)})
    return found


def _name(low: int, high: int | None) -> str:
    return f"{low} or more" if high is None else str(low) if high == low else f"{low} to {high}"


def _group(names: list[str], values: NDArray[np.float64], clusters: NDArray[np.integer], seed: int) -> dict[str, Any]:
    low, high = bootstrap_interval(values, seed=seed, resamples=_RESAMPLES, clusters=clusters)
    means = [float(row[~np.isnan(row)].mean()) if not np.isnan(row).all() else None for row in values]
    return {
        "n_sessions": values.shape[1],
        "n_users": int(np.unique(clusters).size),
        "metrics": dict(zip(names, means, strict=True)),
        "intervals": {name: [float(a), float(b)] for name, a, b in zip(names, low, high, strict=True)},
    }
