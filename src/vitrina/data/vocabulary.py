"""External ids (strings) outside, int32 codes inside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from vitrina.errors import DataError, unknown
from vitrina.kernels import hashing

Codes = NDArray[np.int32]


class Vocabulary:
    """An immutable list of distinct external ids; the code of an id is its position.

    >>> v = Vocabulary(["b", "a"])
    >>> v.encode(["a", "b"]).tolist(), v.decode([0]).to_list()
    ([1, 0], ['b'])
    """

    def __init__(self, ids: Iterable[str] | pl.Series, kind: str = "id") -> None:
        series = ids if isinstance(ids, pl.Series) else pl.Series(list(ids), dtype=pl.String)
        self.ids: pl.Series = series.cast(pl.String).alias("id")
        self.kind = kind
        if self.ids.null_count():
            raise DataError(f"{kind} ids must not be empty; {self.ids.null_count()} of {len(self.ids)} are.")
        if self.ids.n_unique() != len(self.ids):
            raise DataError(f"{kind} ids must be distinct; {len(self.ids) - self.ids.n_unique()} repeat an earlier one.")

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.ids.equals(other.ids)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} {self.kind}s)"

    @cached_property
    def _code_of(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.ids.to_list())}

    def __contains__(self, name: object) -> bool:
        return name in self._code_of

    def code(self, name: object) -> int:
        """Return the code of one external id; raises ``UnknownNameError`` with the nearest id when there is none."""
        code = self._code_of.get(str(name))
        if code is None:
            raise unknown(self.kind, str(name), self._code_of)
        return code

    def encode(self, names: Sequence[object] | pl.Series, *, missing: str = "raise") -> Codes:
        """Map external ids to codes ``[n]``; unknown ids raise, or become -1 with ``missing="mark"``."""
        series = names if isinstance(names, pl.Series) else pl.Series([str(n) for n in names], dtype=pl.String)
        wanted = series.cast(pl.String).alias("id").to_frame()
        table = self.ids.to_frame().with_row_index("code")
        codes = wanted.join(table, on="id", how="left", maintain_order="left")["code"]
        if missing == "raise" and codes.null_count():
            raise unknown(self.kind, str(wanted["id"].filter(codes.is_null())[0]), self._code_of)
        return codes.cast(pl.Int32).fill_null(-1).to_numpy().astype(np.int32, copy=False)

    def decode(self, codes: Sequence[int] | NDArray[np.integer]) -> pl.Series:
        """Map codes back to external ids; code -1 becomes null."""
        wanted = pl.Series(np.asarray(codes, np.int64))
        return self.ids.gather(wanted.set(wanted < 0, None))

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        """A stable 64-bit hash of each external id ``[n]``, for tie-breaking that does not depend on codes."""
        array = self.ids.to_arrow().cast(pa.large_string())
        if len(array) == 0:
            return np.empty(0, np.uint64)
        _, offset_buffer, data = array.buffers()
        offsets = np.frombuffer(offset_buffer, np.int64)[array.offset : array.offset + len(array) + 1]
        raw = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
        return hashing.hash_strings(np.ascontiguousarray(offsets), raw)
