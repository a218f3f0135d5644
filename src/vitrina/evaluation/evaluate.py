"""Measure a scorer on a part of a split: lists in batches, per-user values out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import NETWORK
from vitrina.data.dataset import Dataset
from vitrina.data.ragged import Ragged
from vitrina.data.splits.split import Part
from vitrina.errors import DataError
from vitrina.kernels.topk import find_members, target_ranks
from vitrina.metrics.lists import Context, RankedLists, Vectors, mean
from vitrina.metrics.registry import Metric, parse
from vitrina.models.base import Recommender
from vitrina.ranking.rank import DEFAULT_BUDGET, RankedBatch, rank
from vitrina.ranking.scorer import Scorer

#: Users whose per-user metrics are computed together: enough to be fast, few enough to keep the tables small.
_USERS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Evaluation:
    """What a scorer reached on one part.

    ``metrics`` are means over queries (or values of the whole collection of lists); ``per_user`` has one row a query: the
    external ``user`` id, ``n_relevant``, ``history_length`` and one column for each per-user metric (NaN: cannot be
    judged). ``lists`` are the ranked lists; ``missing_scores`` counts pairs to which the model gave no score. In a replay rows
    are sessions, a user may have several of them, and ``reach`` says how many people and sessions got any list at all.
    """

    metrics: dict[str, float]
    per_user: pl.DataFrame
    lists: RankedLists
    missing_scores: int
    seconds: float
    reach: Reach | None = None


@dataclass(frozen=True)
class Reach:
    """Shares of the people, and of the sessions, of a replay for whom a model could recommend anything, newcomers included."""

    users: float
    sessions: float


def evaluate(
    scorer: Scorer,
    part: Part,
    train: Dataset,
    metrics: Sequence[str],
    *,
    seed: int = 0,
    budget: int = DEFAULT_BUDGET,
) -> Evaluation:
    """Rank the candidates of every query of ``part`` and compute the named ``metrics``.

    ``train`` is what the scorer learned from: popularity, novelty and diversity refer to it. ``budget`` bounds the memory of
    score blocks, in bytes. In a replay, models that advance with the log do so, see ``Recommender.follow``. Raises
    ``DataError`` when the part is empty, ``ValueError`` for unknown metrics.
    """
    if not len(part):
        raise DataError(f"the {part.name} part is empty: no user has events there. Choose another split or more data.")
    parsed = [parse(name) for name in metrics]
    started = time.perf_counter()
    if part.log is not None and isinstance(scorer, Recommender) and scorer.declares.advances:
        scorer = scorer.follow(part.log)
    context = _context(parsed, part, train)
    collected = _Collector(part, parsed, context)
    for batch in rank(
        scorer,
        part.queries,
        max((m.k for m in parsed if m.k), default=1),
        item_keys=train.items.keys,
        candidates=part.candidates,
        hidden="history" if part.hide_history else None,
        seed=seed,
        budget=budget,
    ):
        collected.add(batch)
    reach = _reach(scorer, part, collected, train, seed, budget)
    return collected.finish(train, time.perf_counter() - started, reach)


def _reach(scorer: Scorer, part: Part, collected: _Collector, train: Dataset, seed: int, budget: int) -> Reach | None:
    """Count whom the lists reach; newcomers are asked about here only."""
    if part.newcomers is None:
        return None
    new = part.newcomers
    keys = train.items.keys
    batches = rank(scorer, new.queries, 1, item_keys=keys, candidates=new.candidates, seed=seed, budget=budget)
    reached = np.concatenate([collected.reached, *[batch.items[:, 0] >= 0 for batch in batches]])
    users = np.concatenate([part.users, new.users])
    return Reach(np.unique(users[reached]).size / max(1, np.unique(users).size), float(reached.mean()))


def _context(parsed: Iterable[Metric], part: Part, train: Dataset) -> Context:
    """What beyond-accuracy metrics refer to; items are compared only if somebody asks."""
    vectors = _vectors(part, train) if any("item_vectors" in m.needs for m in parsed) else None
    n_active = int(np.unique(train.user_codes).size)
    return Context(train.n_items, train.popularity, max(1, n_active), item_vectors=vectors)


def _vectors(part: Part, train: Dataset) -> Vectors:
    """By what items are compared: who consumed them; in a replay, where most are consumed once, by their pictures if known."""
    seen = train.catalogue.feature_name(NETWORK) if part.log is not None else None
    if seen is None:
        return train.matrix().T.tocsr()
    vectors = train.catalogue.feature(seen)
    return vectors if isinstance(vectors, csr_matrix) else np.nan_to_num(vectors)


class _Collector:
    """Gathers batches of lists, and computes per-user metrics a block of users at a time."""

    def __init__(self, part: Part, parsed: Sequence[Metric], context: Context) -> None:
        self._part, self._parsed, self._context = part, parsed, context
        self._need_ranks = any(m.needs & {"auc", "first_rank"} for m in parsed)
        self._waiting: list[RankedLists] = []
        self._done: list[RankedLists] = []
        self._values: dict[str, list[NDArray[np.float64]]] = {m.name: [] for m in parsed if m.per_user}
        self._missing = 0

    def add(self, batch: RankedBatch) -> None:
        targets = self._part.targets.rows(batch.start, batch.stop)
        auc, first = self._ranks(batch, targets) if self._need_ranks else (None, None)
        hits = find_members(batch.items, targets.offsets, targets.values)
        self._missing += int(batch.missing.sum())
        self._waiting.append(RankedLists(batch.items, hits, targets.lengths.astype(np.int32), auc, first))
        if sum(lists.n for lists in self._waiting) >= _USERS_AT_ONCE:
            self._measure()

    @property
    def reached(self) -> NDArray[np.bool_]:
        """Which queries got any list."""
        return np.concatenate([lists.items[:, 0] >= 0 for lists in [*self._done, *self._waiting]])

    def _ranks(self, batch: RankedBatch, targets: Ragged) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if batch.columns is None:
            columns = targets.values
        else:
            columns = _columns_of(targets, batch.columns)
        keys = batch.column_keys
        return target_ranks(batch.full, targets.offsets, columns, row_keys=batch.row_keys, column_keys=keys)

    def _measure(self) -> None:
        if not self._waiting:
            return
        lists = _joined(self._waiting)
        self._waiting = []
        for metric in self._parsed:
            if metric.per_user:
                self._values[metric.name].append(np.asarray(metric.compute(lists, self._context)))
        # Only the lists themselves are kept: the shared sums of a block are dropped with it.
        self._done.append(RankedLists(lists.items, lists.hits, lists.n_relevant, lists.auc, lists.first_rank))

    def finish(self, train: Dataset, seconds: float, reach: Reach | None = None) -> Evaluation:
        self._measure()
        lists = _joined(self._done)
        values = {name: np.concatenate(blocks) for name, blocks in self._values.items()}
        means = {m.name: mean(values[m.name]) if m.per_user else float(m.compute(lists, self._context)) for m in self._parsed}
        per_user = pl.DataFrame(
            {
                "user": train.users.decode(self._part.users),
                "n_relevant": lists.n_relevant,
                "history_length": self._part.queries.histories.lengths,
                **values,
            }
        )
        return Evaluation(means, per_user, lists, self._missing, seconds, reach)


def _columns_of(targets: Ragged, columns: NDArray[np.int32]) -> NDArray[np.int32]:
    """Translate target items to columns of the scored block, -1 where a target is not a candidate."""
    if columns.ndim == 1 and not len(columns):
        return np.full(targets.values.size, -1, np.int32)
    if columns.ndim == 1:
        at = np.minimum(np.searchsorted(columns, targets.values), len(columns) - 1)
        return np.where(columns[at] == targets.values, at, -1).astype(np.int32)
    rows = np.repeat(np.arange(len(targets)), targets.lengths)
    match = columns[rows] == targets.values[:, None]
    return np.where(match.any(axis=1), match.argmax(axis=1), -1).astype(np.int32)


def _joined(blocks: Sequence[RankedLists]) -> RankedLists:
    if len(blocks) == 1:
        return blocks[0]

    def stack(name: str) -> NDArray[np.float64] | None:
        parts = [getattr(b, name) for b in blocks]
        return None if parts[0] is None else np.concatenate(parts)

    return RankedLists(
        np.concatenate([b.items for b in blocks]),
        np.concatenate([b.hits for b in blocks]),
        np.concatenate([b.n_relevant for b in blocks]),
        stack("auc"),
        stack("first_rank"),
    )
