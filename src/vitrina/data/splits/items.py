"""Cold items: the items tested have no training event at all (out-of-matrix prediction, Wang & Blei 2011)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.splits.events import Events, check_choice, check_share
from vitrina.data.splits.split import Label, Split
from vitrina.errors import DataError

ColdCandidates = Literal["fold", "all"]


def cold_items(
    dataset: Dataset, *, share: float = 0.2, validation: float = 0.1, candidates: ColdCandidates = "fold", seed: int = 0
) -> Split:
    """Test on all events of a random ``share`` of the items; validate on those of a share ``validation`` of the others.

    Each part ranks its own cold items only (``candidates="fold"``), or all items (``"all"``).
    """
    check_share("share", share)
    events = Events.of(dataset, seed)
    order = _shuffled_items(events)
    tested = order[: max(1, int(share * order.size + 1e-9))]
    return _split(events, tested, "cold-items", validation, candidates, {"share": share})


def cold_items_k_fold(
    dataset: Dataset, *, k: int = 5, validation: float = 0.1, candidates: ColdCandidates = "fold", seed: int = 0
) -> list[Split]:
    """Cut the items into ``k`` random folds and return ``k`` splits that test the events of one fold each."""
    return [
        cold_items_fold(dataset, k=k, fold=fold, validation=validation, candidates=candidates, seed=seed) for fold in range(k)
    ]


def cold_items_fold(
    dataset: Dataset,
    *,
    k: int = 5,
    fold: int = 0,
    validation: float = 0.1,
    candidates: ColdCandidates = "fold",
    seed: int = 0,
) -> Split:
    """Return split number ``fold`` (from 0) of ``cold_items_k_fold``."""
    if k < 2 or not 0 <= fold < k:
        raise DataError(f"cold-items-k-fold needs k >= 2 and a fold in 0..k-1; got k={k}, fold={fold}.")
    events = Events.of(dataset, seed)
    tested = _shuffled_items(events)[fold::k]
    return _split(events, tested, "cold-items-k-fold", validation, candidates, {"k": k, "fold": fold})


def _shuffled_items(events: Events) -> NDArray[np.int64]:
    """Codes of the items that have events, in a random order."""
    present = np.unique(events.items)
    if present.size < 3:
        raise DataError(f"cold items need at least 3 items with events; there are {present.size}.")
    return present[np.argsort(events.item_keys("cold items")[present], kind="stable")].astype(np.int64)


def _split(
    events: Events,
    tested: NDArray[np.int64],
    protocol: str,
    validation: float,
    candidates: ColdCandidates,
    settings: dict[str, Any],
) -> Split:
    check_share("validation", validation, zero=True)
    check_choice("candidates", candidates, ("fold", "all"))
    others = np.setdiff1d(np.unique(events.items), tested)
    others = others[np.argsort(events.item_keys("cold items validation")[others], kind="stable")]
    validated = others[: min(max(1, int(validation * others.size + 1e-9)), others.size - 1)] if validation else others[:0]
    label_of = np.full(events.dataset.n_items, int(Label.TRAIN), np.uint8)
    label_of[tested] = Label.TEST
    label_of[validated] = Label.VALIDATION
    ranked = {}
    if candidates == "fold":
        ranked = {"test": np.sort(tested).astype(np.int32)}
        if validation:
            ranked["validation"] = np.sort(validated).astype(np.int32)
    settings = {**settings, "validation": validation, "candidates": candidates}
    return events.split(label_of[events.items], protocol, settings, ranked)
