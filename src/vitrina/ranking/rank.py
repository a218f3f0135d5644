"""Score, hide, take the best: in batches that fit a memory budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.data.splits.inventory import Inventory
from vitrina.data.splits.split import Candidates
from vitrina.errors import VitrinaError
from vitrina.kernels import hashing, topk
from vitrina.ranking.memory import batch_size
from vitrina.ranking.scorer import ON_OFFER, Items, Scorer, Scores

#: Memory for blocks of scores when nobody gives a budget.
DEFAULT_BUDGET = 10**9


@dataclass(frozen=True)
class RankedBatch:
    """The lists of a batch of queries.

    ``items`` int32 ``[n, k]`` best first, -1 where a list ends early, with their float32 ``scores``; ``missing`` int64
    ``[n]`` counts candidates to which the model gave no score (NaN). ``full`` float32 ``[n, m]`` are all scores, hidden
    items NaN; ``columns`` names their items (None: column = item); ``row_keys`` and ``column_keys`` break ties.
    """

    start: int
    items: NDArray[np.int32]
    scores: Scores
    missing: NDArray[np.int64]
    full: Scores
    columns: Items
    row_keys: NDArray[np.uint64]
    column_keys: NDArray[np.uint64]

    @property
    def stop(self) -> int:
        """One past the last query of the batch."""
        return self.start + len(self.items)


def rank(
    scorer: Scorer,
    queries: Queries,
    k: int,
    *,
    item_keys: NDArray[np.uint64],
    candidates: Candidates = None,
    hidden: Ragged | Literal["history"] | None = None,
    seed: int = 0,
    budget: int = DEFAULT_BUDGET,
) -> Iterator[RankedBatch]:
    """Yield the ``k`` best candidates of each query, batch by batch.

    ``item_keys`` uint64 ``[n_items]`` are the item vocabulary's keys. Candidates in time are those on offer at each query's
    moment; models find shared ones and these in the queries' context, see ``ON_OFFER``. ``hidden`` lists (ascending) items per
    query that must not be recommended; ``"history"``: those of its history. Equal scores are ordered by a hash of (seed, query,
    item). Raises ``VitrinaError`` when the model returns scores of another shape or type than the contract says, or when
    ``candidates`` or ``hidden`` have another number of rows than ``queries``.
    """
    _check_rows(queries, candidates=candidates, hidden=hidden)
    n_items = item_keys.size
    shared = candidates if isinstance(candidates, np.ndarray) else None
    column_of = _column_of(shared, n_items)
    row_keys = hashing.seeded(queries.keys, seed)
    for start, batch in queries.batches(batch_size(_width(candidates, n_items), budget)):
        stop = start + len(batch)
        items = candidates.rows(start, stop).padded() if isinstance(candidates, Ragged) else shared
        if not isinstance(candidates, Ragged | None):
            batch = _with_offer(batch, candidates, n_items)
        scores = _scores(scorer, batch, items, (len(batch), n_items if items is None else items.shape[-1]))
        hide = _hidden(hidden, batch, start)
        if items is not None and items.ndim == 2:
            missing = _hide_per_query(scores, items, hide)
        else:
            off_offer = _hide_off_offer(scores, batch) if isinstance(candidates, Inventory) else 0
            missing = topk.hide(scores, hide.offsets, hide.values, column_of) - off_offer
        keys = item_keys if items is None else item_keys[np.maximum(items, 0)]
        best, best_scores = topk.top_k(scores, k, row_keys=row_keys[start:stop], column_keys=keys)
        yield RankedBatch(start, _to_items(best, items), best_scores, missing, scores, items, row_keys[start:stop], keys)


def _with_offer(batch: Queries, candidates: NDArray[np.int32] | Inventory, n_items: int) -> Queries:
    """Tell the model what is on offer to each query."""
    if isinstance(candidates, Inventory):
        if batch.at is None:
            raise VitrinaError("candidates in time need queries that say at which moment they are asked.")
        offer = candidates.on_offer(batch.at)
    else:
        shared = np.zeros(n_items, bool)
        shared[candidates] = True
        offer = np.broadcast_to(shared, (len(batch), n_items))
    return replace(batch, context={**batch.context, ON_OFFER: offer})


def _hide_off_offer(scores: Scores, batch: Queries) -> NDArray[np.int64]:
    """Hide what is not on offer at the query's moment; return how many items those are ``[n]``."""
    off = ~batch.context[ON_OFFER].astype(bool, copy=False)
    scores[off] = np.nan
    hidden: NDArray[np.int64] = off.sum(axis=1)
    return hidden


def _hidden(hidden: Ragged | str | None, batch: Queries, start: int) -> Ragged:
    """The items to hide from each query of a batch that begins with query ``start``."""
    if isinstance(hidden, Ragged):
        return hidden.rows(start, start + len(batch))
    return batch.sets if hidden else Ragged(np.zeros(len(batch) + 1, np.int64), np.empty(0, np.int32))


def _check_rows(queries: Queries, **lists: Candidates | str) -> None:
    """Refuse lists per query that are not one per query."""
    for name, rows in lists.items():
        if isinstance(rows, Ragged) and len(rows) != len(queries):
            raise VitrinaError(f"{name} has {len(rows)} rows for {len(queries)} queries; it needs one for each.")


def _width(candidates: Candidates, n_items: int) -> int:
    """The most candidates that a query has."""
    if isinstance(candidates, Ragged):
        return int(candidates.lengths.max(initial=0))
    return len(candidates) if isinstance(candidates, np.ndarray) else n_items


def _scores(scorer: Scorer, batch: Queries, items: Items, shape: tuple[int, int]) -> Scores:
    """Ask the model; padding of per-query lists is scored as item 0 and hidden afterwards, so models never see -1."""
    if not shape[1]:
        return np.empty(shape, np.float32)  # nothing on offer, nothing to ask
    asked = items if items is None or items.ndim == 1 else np.maximum(items, 0)
    scores = scorer.score(batch, asked)
    if not isinstance(scores, np.ndarray) or scores.shape != shape or scores.dtype != np.float32:
        given = f"{scores.dtype} {list(scores.shape)}" if isinstance(scores, np.ndarray) else type(scores).__name__
        raise VitrinaError(f"{type(scorer).__name__}.score returned {given}; expected float32 {list(shape)}.")
    return scores if scores.flags.writeable and scores.flags.c_contiguous else np.array(scores, order="C")


def _column_of(shared: NDArray[np.int32] | None, n_items: int) -> NDArray[np.int32]:
    if shared is None:
        return np.arange(n_items, dtype=np.int32)
    column_of = np.full(n_items, -1, np.int32)
    column_of[shared] = np.arange(len(shared), dtype=np.int32)
    return column_of


def _hide_per_query(scores: Scores, items: NDArray[np.int32], hidden: Ragged) -> NDArray[np.int64]:
    """Hide padding and hidden items where each query has candidates of its own."""
    padding = items < 0
    missing: NDArray[np.int64] = (np.isnan(scores) & ~padding).sum(axis=1)
    scores[padding] = np.nan
    if hidden.values.size:
        scores[topk.find_members(items, hidden.offsets, hidden.values)] = np.nan
    return missing


def _to_items(columns: NDArray[np.int32], items: Items) -> NDArray[np.int32]:
    if items is None or not items.size:
        return columns
    at = np.maximum(columns, 0)
    listed = items[at] if items.ndim == 1 else np.take_along_axis(items, at.astype(np.int64), axis=1)
    return np.where(columns < 0, np.int32(-1), listed)
