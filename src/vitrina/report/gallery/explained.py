"""The study's table of explainability: what each measured feature has in common with the dimensions of a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse

from vitrina.data.catalogue import NETWORK, Catalogue
from vitrina.features.correlation import Extremes, extremes
from vitrina.report.gallery.published import EXPLAINED
from vitrina.report.numbers import number

_EVF = "evf"


@dataclass(frozen=True)
class ExplainedRow:
    """One measured feature: ours and the study's texts, highest and lowest correlation each with its dimension."""

    feature: str
    ours: tuple[str, str, str, str]
    published: tuple[str, str, str, str] | None
    strongest: tuple[bool, bool] = (False, False)  # of all features: the highest, the lowest


@dataclass(frozen=True)
class Explained:
    """The table for one network feature of ``n_dimensions``."""

    network: str
    n_dimensions: int
    message: str
    rows: tuple[ExplainedRow, ...]


def explained(catalogue: Catalogue) -> list[Explained]:
    """Return a table for each network feature of a catalogue that also has the measured ones; none where it has not."""
    recipe = catalogue.recipes.get(_EVF)
    if recipe is None or not recipe.columns:
        return []
    networks = [name for name, made in catalogue.recipes.items() if made.source in ("network", "autoencoder")]
    first = catalogue.feature_name(NETWORK)
    networks.sort(key=lambda name: name != first)
    measured = np.asarray(catalogue.features[_EVF])
    tables = []
    for name in networks:
        network = catalogue.features[name]
        if issparse(network) or (np.isfinite(network).all(axis=1) & np.isfinite(measured).all(axis=1)).sum() < 3:
            continue
        found = extremes(measured, recipe.columns, np.asarray(network))
        if not found:
            continue
        found.sort(key=lambda e: -max(e.highest, -e.lowest))
        top, bottom = max(e.highest for e in found), min(e.lowest for e in found)
        rows = [
            ExplainedRow(
                e.feature,
                _texts(e.highest, e.highest_at, e.lowest, e.lowest_at),
                _published(e.feature),
                (e.highest == top, e.lowest == bottom),
            )
            for e in found
        ]
        tables.append(Explained(name, int(network.shape[1]), _message(name, found[0], found[-1]), tuple(rows)))
    return tables


def _message(network: str, most: Extremes, least: Extremes) -> str:
    """Which measured feature a single dimension tells best, and which one least."""
    if most.feature == least.feature:
        return f"What {network} has in common with {most.feature}"
    best, worst = (max(e.highest, -e.lowest) for e in (most, least))
    return f"{network}: a single dimension tells {most.feature} best (|r| = {best:.2f}) and {least.feature} least ({worst:.2f})"


def _published(feature: str) -> tuple[str, str, str, str] | None:
    theirs = EXPLAINED.get(feature)
    return None if theirs is None else _texts(*theirs)


def _texts(highest: float, highest_at: int, lowest: float, lowest_at: int) -> tuple[str, str, str, str]:
    return number(highest, 4), str(highest_at), number(lowest, 4), str(lowest_at)
