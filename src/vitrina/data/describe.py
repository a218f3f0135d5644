"""The shape of a data set: how much there is, how skewed it is, what is missing, and whether it can decide anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from vitrina.data.catalogue import PRICE
from vitrina.data.dataset import Dataset
from vitrina.data.describe_doubts import doubts

_TOP_SHARES = (1, 5, 10, 20)
_HISTORY_LENGTHS = (2, 3, 5, 10, 20)
_MOST_BARS = 20
_SECONDS_A_DAY = 86_400


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Quantiles(_Frozen):
    """Spread of a count."""

    mean: float
    min: int
    q25: float
    median: float
    q75: float
    q95: float
    max: int


class Bar(_Frozen):
    """One bar of a histogram: values from ``low`` to ``high`` (equal: that value) and how many there are."""

    low: float
    high: float
    count: int


class LongTail(_Frozen):
    """How unevenly positive events fall on the items that have any.

    ``top`` maps a percentage of the items (most popular first, at least one item) to their share of the events; ``gini``
    is 0 for equal shares and nears 1 when one item has all.
    """

    top: dict[int, float]
    gini: float
    single_event_items: int


class Times(_Frozen):
    """When events happened (ISO 8601, UTC); ``missing`` counts events without time, ``zeros`` those stamped 0."""

    first: str | None
    last: str | None
    days: float
    missing: int
    zeros: int
    distinct: int


class Sessions(_Frozen):
    """Sessions (baskets, visits): how many, and events in each."""

    count: int
    events: Quantiles


class Attribute(_Frozen):
    """One column of the catalogue: for how many items it is known, and how many different values it takes."""

    name: str
    type: str
    present: int
    absent: int
    share: float
    distinct: int


class Prices(_Frozen):
    """Price range of the catalogue, in its currency."""

    min: float
    median: float
    max: float
    currency: str


class Description(_Frozen):
    """Everything that ``vitrina data describe`` shows.

    ``users`` and ``items`` count the vocabularies, ``active_*`` those with a positive event. ``density`` is the share of
    active user-item pairs that occur. ``repeats`` is the share of events whose user and item occurred before.
    ``users_with_at_least`` counts users by their number of distinct positive items. ``warnings`` are full sentences.
    """

    name: str
    title: str
    simulated: bool
    positive: str
    events: int
    positive_events: int
    users: int
    active_users: int
    items: int
    active_items: int
    density: float
    per_user: Quantiles | None
    per_item: Quantiles | None
    users_with_at_least: dict[int, int]
    long_tail: LongTail | None
    repeats: float
    times: Times | None
    kinds: dict[str, int]
    values: list[Bar]
    values_missing: int
    sessions: Sessions | None
    attributes: list[Attribute]
    prices: Prices | None
    warnings: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return self.model_dump(mode="json")


def describe(dataset: Dataset) -> Description:
    """Describe a data set. Counts per user and item are of positive events; times, kinds and values are of all events."""
    positives = dataset.positives()
    by_user = np.bincount(positives.user_codes, minlength=dataset.n_users)
    by_item = np.bincount(positives.item_codes, minlength=dataset.n_items)
    history = np.diff(positives.matrix().indptr)  # distinct items of each user
    pairs, active_users, active_items = int(history.sum()), int((by_user > 0).sum()), int((by_item > 0).sum())
    values = dataset.column("value")
    description = Description(
        name=dataset.info.name,
        title=dataset.info.title,
        simulated=dataset.info.simulated,
        positive=dataset.info.positive,
        events=len(dataset),
        positive_events=len(positives),
        users=dataset.n_users,
        active_users=active_users,
        items=dataset.n_items,
        active_items=active_items,
        density=pairs / (active_users * active_items) if pairs else 0.0,
        per_user=_quantiles(by_user[by_user > 0]),
        per_item=_quantiles(by_item[by_item > 0]),
        users_with_at_least={k: int((history >= k).sum()) for k in _HISTORY_LENGTHS},
        long_tail=_long_tail(by_item[by_item > 0]),
        repeats=1 - pairs / len(positives) if len(positives) else 0.0,
        times=_times(dataset),
        kinds=_kinds(dataset),
        values=[] if values is None else _histogram(values[np.isfinite(values)]),
        values_missing=0 if values is None else int((~np.isfinite(values)).sum()),
        sessions=_sessions(dataset),
        attributes=[_attribute(column) for column in dataset.catalogue.table],
        prices=_prices(dataset),
        warnings=[],
    )
    return description.model_copy(update={"warnings": doubts(dataset, description)})


def _quantiles(counts: NDArray[np.int64]) -> Quantiles | None:
    if not counts.size:
        return None
    q25, median, q75, q95 = np.quantile(counts, (0.25, 0.5, 0.75, 0.95)).tolist()
    mean = float(counts.mean())
    return Quantiles(mean=mean, min=int(counts.min()), q25=q25, median=median, q75=q75, q95=q95, max=int(counts.max()))


def _long_tail(counts: NDArray[np.int64]) -> LongTail | None:
    if not counts.size:
        return None
    falling = np.sort(counts)[::-1]
    reached = np.cumsum(falling) / falling.sum()
    gini = (2 * float(reached.sum()) - falling.size - 1) / falling.size
    top = {percent: float(reached[max(1, round(falling.size * percent / 100)) - 1]) for percent in _TOP_SHARES}
    return LongTail(top=top, gini=max(0.0, gini), single_event_items=int((counts == 1).sum()))


def _times(dataset: Dataset) -> Times | None:
    if "timestamp" not in dataset.interactions.columns:
        return None
    column = dataset.interactions["timestamp"]
    known = column.drop_nulls()
    zeros = int((known == 0).sum())
    known = known.filter(known != 0)
    missing = len(column) - len(known)
    if not len(known):
        return Times(first=None, last=None, days=0.0, missing=missing, zeros=zeros, distinct=0)
    first, last = (int(moment) for moment in (known.to_numpy().min(), known.to_numpy().max()))
    iso = [f"{np.datetime64(moment, 's')}Z" for moment in (first, last)]
    days = (last - first) / _SECONDS_A_DAY
    return Times(first=iso[0], last=iso[1], days=days, missing=missing, zeros=zeros, distinct=known.n_unique())


def _kinds(dataset: Dataset) -> dict[str, int]:
    if "kind" not in dataset.interactions.columns:
        return {}
    counts = dataset.interactions["kind"].fill_null("").value_counts(sort=True)
    return dict(counts.iter_rows())


def _histogram(values: NDArray[np.float32]) -> list[Bar]:
    """One bar a value where there are few, else bars of equal width."""
    distinct, counts = np.unique(values, return_counts=True)
    if distinct.size <= _MOST_BARS:
        return [Bar(low=float(v), high=float(v), count=int(n)) for v, n in zip(distinct, counts, strict=True)]
    heights, edges = np.histogram(values.astype(np.float64), bins=_MOST_BARS)
    return [Bar(low=float(a), high=float(b), count=int(n)) for a, b, n in zip(edges[:-1], edges[1:], heights, strict=True)]


def _sessions(dataset: Dataset) -> Sessions | None:
    if "session" not in dataset.interactions.columns or not len(dataset):
        return None
    # session numbers may begin anew with each user
    sizes = dataset.interactions.group_by("user", "session").len()["len"].to_numpy().astype(np.int64)
    events = _quantiles(sizes)
    return None if events is None else Sessions(count=sizes.size, events=events)


def _attribute(column: pl.Series) -> Attribute:
    is_list = isinstance(column.dtype, pl.List)
    known = column.drop_nulls()
    if is_list:
        known = known.filter(known.list.len() > 0)
    distinct = known.explode().n_unique() if is_list and len(known) else known.n_unique()
    kind = "list" if is_list else "number" if column.dtype.is_numeric() else "text"
    total = len(column)
    share = len(known) / total if total else 0.0
    return Attribute(name=column.name, type=kind, present=len(known), absent=total - len(known), share=share, distinct=distinct)


def _prices(dataset: Dataset) -> Prices | None:
    if PRICE not in dataset.catalogue.table.columns:
        return None
    known = dataset.catalogue.table[PRICE].drop_nulls().to_numpy()
    if not known.size:
        return None
    low, middle, high = float(known.min()), float(np.median(known)), float(known.max())
    return Prices(min=low, median=middle, max=high, currency=dataset.info.currency)
