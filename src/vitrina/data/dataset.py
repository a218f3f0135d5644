"""The data set: who consumed what, when; the catalogue; and the flags that models cannot guess."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import Catalogue
from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError

#: Columns of ``Dataset.interactions``; the first two are always there.
SCHEMA: dict[str, pl.DataType] = {
    "user": pl.Int32(),
    "item": pl.Int32(),
    "value": pl.Float32(),
    "timestamp": pl.Int64(),
    "kind": pl.String(),
    "session": pl.Int64(),
}


class DatasetInfo(BaseModel):
    """What ``dataset.toml`` says of the data, beside the counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "unnamed"
    title: str = ""
    positive: str = ""  # an SQL condition on value and kind ("value >= 4"); empty: every event is positive
    repeats: bool = False  # people consume the same item again, so histories are not hidden
    currency: str = ""
    simulated: bool = False
    source: str = ""
    terms: str = ""
    notes: list[str] = []


@dataclass(frozen=True)
class Dataset:
    """Immutable interactions with their users and catalogue.

    ``interactions`` has the columns of ``SCHEMA``: ``user`` and ``item`` codes, and optionally ``value``, ``timestamp``
    (seconds since 1970, null where unknown), ``kind`` and ``session``. Its row order is the order of the source.
    """

    interactions: pl.DataFrame
    users: Vocabulary
    catalogue: Catalogue
    info: DatasetInfo = field(default_factory=DatasetInfo)
    user_table: pl.DataFrame = field(default_factory=pl.DataFrame)

    def __post_init__(self) -> None:
        columns = set(self.interactions.columns)
        if not {"user", "item"} <= columns or columns - set(SCHEMA):
            raise DataError(f"interactions must have user, item and at most {', '.join(SCHEMA)}; got {sorted(columns)}.")
        for name, size in (("user", self.n_users), ("item", self.n_items)):
            codes = self.interactions[name]
            if len(codes) and not (int(codes.min()) >= 0 and int(codes.max()) < size):  # type: ignore[arg-type]
                raise DataError(f"{name} codes must lie in 0..{size - 1}.")

    def __len__(self) -> int:
        return self.interactions.height

    def __repr__(self) -> str:
        return f"Dataset({self.info.name}: {len(self):,} events, {self.n_users:,} users, {self.n_items:,} items)"

    @property
    def items(self) -> Vocabulary:
        """The item vocabulary."""
        return self.catalogue.items

    @property
    def n_users(self) -> int:
        """Size of the user vocabulary."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Size of the item vocabulary."""
        return len(self.catalogue)

    def column(self, name: str) -> NDArray[Any] | None:
        """Return one interaction column as an array, or None when the data set has none."""
        return self.interactions[name].to_numpy() if name in self.interactions.columns else None

    @cached_property
    def user_codes(self) -> NDArray[np.int32]:
        """User code of each interaction."""
        return self.interactions["user"].to_numpy()

    @cached_property
    def item_codes(self) -> NDArray[np.int32]:
        """Item code of each interaction."""
        return self.interactions["item"].to_numpy()

    @cached_property
    def has_times(self) -> bool:
        """Whether every interaction has a timestamp."""
        return "timestamp" in self.interactions.columns and self.interactions["timestamp"].null_count() == 0

    def keep(self, mask: NDArray[np.bool_]) -> Dataset:
        """Return the data set with only the interactions marked; vocabularies and catalogue stay."""
        return replace(self, interactions=self.interactions.filter(pl.Series(mask)))

    def positives(self) -> Dataset:
        """Return the data set with its positive events only (``info.positive``); the flag is then used up."""
        if not self.info.positive:
            return self
        try:
            kept = self.interactions.filter(pl.sql_expr(self.info.positive))
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise DataError(
                f"positive = {self.info.positive!r} cannot be applied: {reason}. Expected a condition on value or kind, "
                'such as "value >= 4" or "kind = \'like\'".'
            ) from None
        return replace(self, interactions=kept, info=self.info.model_copy(update={"positive": ""}))

    def matrix(self) -> csr_matrix:
        """Return the binary float32 matrix ``[n_users, n_items]``; repeated events count once."""
        sets = self._item_sets
        return csr_matrix((np.ones(sets.values.size, np.float32), sets.values, sets.offsets), shape=(self.n_users, self.n_items))

    @cached_property
    def _item_sets(self) -> Ragged:
        return Ragged.sets(self.user_codes, self.item_codes, self.n_users)

    @cached_property
    def popularity(self) -> NDArray[np.int64]:
        """Number of distinct users of each item ``[n_items]``."""
        return np.bincount(self._item_sets.values, minlength=self.n_items)

    @cached_property
    def _by_user(self) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
        """Row numbers grouped by user, oldest first (stable; None: the rows lie so already), and the offsets of the users."""
        keys: tuple[NDArray[Any], ...] = (self.user_codes,)
        if self.has_times:
            keys = (self.interactions["timestamp"].to_numpy(), self.user_codes)
        order = None if _in_order(*keys[::-1]) else np.lexsort(keys)
        offsets = np.zeros(self.n_users + 1, np.int64)
        np.cumsum(np.bincount(self.user_codes, minlength=self.n_users), out=offsets[1:])
        return order, offsets

    def histories(self, users: NDArray[np.integer] | None = None) -> Queries:
        """Return the histories of ``users`` (default: all), oldest event first, as queries.

        Without complete timestamps the order of the source is kept.
        """
        order, offsets = self._by_user
        wanted = np.arange(self.n_users) if users is None else np.asarray(users)
        lengths = offsets[wanted + 1] - offsets[wanted]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows: Any = slice(None) if order is None else order
        if users is not None:
            at = np.arange(starts[-1]) + np.repeat(offsets[wanted] - starts[:-1], lengths)
            rows = at if order is None else order[at]

        def events(name: str) -> NDArray[Any] | None:
            column = self.column(name)
            return None if column is None else column[rows]

        return Queries(
            starts,
            self.item_codes[rows],
            self.users.keys[wanted],
            values=events("value"),
            times=events("timestamp") if self.has_times else None,
            sessions=events("session"),
            users=wanted.astype(np.int32),
        )

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the interactions in external ids and source order: equal data, equal fingerprint."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(self.users.keys[self.user_codes].tobytes())
        digest.update(self.items.keys[self.item_codes].tobytes())
        for name in ("value", "timestamp", "session"):
            if name in self.interactions.columns:
                digest.update(name.encode() + self.interactions[name].fill_null(-1).to_numpy().tobytes())
        digest.update(self.info.positive.encode())
        return digest.hexdigest()

    @staticmethod
    def from_frame(
        interactions: pl.DataFrame,
        *,
        items: pl.DataFrame | None = None,
        users: pl.DataFrame | None = None,
        info: DatasetInfo | None = None,
    ) -> Dataset:
        """Build a data set from external ids.

        ``interactions`` has columns ``user``, ``item`` and any of ``value``, ``timestamp``, ``kind``, ``session``;
        ``items`` and ``users``, where given, have a column ``id`` and name further items or users. Codes follow the order
        of ``items`` / ``users``, then of first appearance.
        """
        user_vocabulary, user_table = _vocabulary(users, interactions["user"], "user")
        item_vocabulary, item_table = _vocabulary(items, interactions["item"], "item")
        frame = interactions.select(
            pl.Series("user", user_vocabulary.encode(interactions["user"])),
            pl.Series("item", item_vocabulary.encode(interactions["item"])),
            *[pl.col(c).cast(SCHEMA[c]) for c in list(SCHEMA)[2:] if c in interactions.columns],
        )
        catalogue = Catalogue(item_vocabulary, item_table)
        return Dataset(frame, user_vocabulary, catalogue, info or DatasetInfo(), user_table)


def _in_order(first: NDArray[Any], second: NDArray[Any] | None = None) -> bool:
    """Whether rows ascend by the first key, and among equals by the second."""
    step = np.diff(first)
    return bool((step >= 0).all() and (second is None or ((step > 0) | (np.diff(second) >= 0)).all()))


def _vocabulary(table: pl.DataFrame | None, seen: pl.Series, kind: str) -> tuple[Vocabulary, pl.DataFrame]:
    """Collect the ids of a table and those only seen in the log; rows of the latter are null in the table."""
    seen_ids = seen.cast(pl.String).unique(maintain_order=True).alias("id")
    if table is None:
        return Vocabulary(seen_ids, kind), pl.DataFrame()
    table = table.with_columns(pl.col("id").cast(pl.String))
    new = seen_ids.filter(~seen_ids.is_in(table["id"].implode())).to_frame()
    whole = pl.concat([table, new], how="diagonal") if new.height else table
    return Vocabulary(whole["id"], kind), whole.drop("id")
