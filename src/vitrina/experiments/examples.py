"""A few sessions of a replay as they were: what the person had bought, what each method showed, what was bought then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.catalogue import Catalogue
from vitrina.data.splits.split import Part
from vitrina.experiments.seeds import seed_of

#: How many sessions are shown, how many earlier works of each, and how many picks of each method.
SESSIONS, HISTORY, PICKS = 4, 8, 10


def lists_table(lists: NDArray[np.int32]) -> pl.DataFrame:
    """Turn the first picks of each query ``[n, k]`` into a table of one row a query."""
    first = np.ascontiguousarray(lists[:, :PICKS])
    return pl.DataFrame({"items": pl.Series(first.tolist(), dtype=pl.List(pl.Int32))})


def examples(
    part: Part, lists: Mapping[str, pl.DataFrame], catalogue: Catalogue, users: pl.Series, seed: int
) -> list[dict[str, Any]]:
    """Draw sessions at random among those in which some method found a work; items are named by external ids.

    ``lists`` hold each method's picks, one row a session of ``part``; ``users`` are the external ids of all users.
    """
    picks = {name: table["items"].to_list() for name, table in lists.items()}
    targets = [set(part.targets.row(n).tolist()) for n in range(len(part))]
    found = [n for n in range(len(part)) if any(targets[n] & set(rows[n]) for rows in picks.values())]
    rng = np.random.default_rng(seed_of(seed, "examples", 0))
    shown: list[int] = []
    for n in (found[i] for i in rng.permutation(len(found))):
        if len(shown) < SESSIONS and part.users[n] not in part.users[shown]:
            shown.append(n)

    def ids(codes: Any) -> list[str]:
        return catalogue.items.decode([code for code in codes if code >= 0]).to_list()

    assert part.queries.at is not None or not shown
    return [
        {
            "user": users[int(part.users[n])],
            "at": None if part.queries.at is None else int(part.queries.at[n]),
            "history": ids(part.queries.histories.row(n)[-HISTORY:].tolist()),
            "n_history": int(part.queries.histories.lengths[n]),
            "targets": ids(sorted(targets[n])),
            "picks": {name: ids(rows[n]) for name, rows in picks.items()},
        }
        for n in shown
    ]


def works_shown(found: list[dict[str, Any]], catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Return what the catalogue says of every item in ``found``, by external id."""
    named = dict.fromkeys(
        item
        for example in found
        for items in (example["history"], example["targets"], *example["picks"].values())
        for item in items
    )
    codes = catalogue.items.encode(list(named))
    rows = catalogue.table[codes].to_dicts() if catalogue.table.width else [{} for _ in codes]
    return {item: {k: v for k, v in row.items() if v is not None} for item, row in zip(named, rows, strict=True)}
