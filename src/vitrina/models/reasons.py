"""Explanations in external ids and in words: what a person can read."""

from __future__ import annotations

import numpy as np
import polars as pl

from vitrina.data.catalogue import TITLE, Catalogue
from vitrina.data.queries import Queries
from vitrina.models.explanation import REST, Explanation

#: Causes named beside a recommendation, and in a sentence.
_BRIEF, _NAMED = 2, 3


def reasons(found: Explanation, query: Queries, catalogue: Catalogue, k: int | None = None) -> pl.DataFrame:
    """Return the parts of the score of one pair: ``kind``, ``cause``, ``title`` where known, ``contribution``, ``share``.

    Items of the history come first (kind ``history``, cause: their id), then what no item causes (kind ``other``), each
    sorted by contribution. Items that contribute nothing, and those after the ``k``-th, are one row of the others. A share
    is that of the sum of all parts without their signs: it is negative for what speaks against the item.
    """
    events = pl.DataFrame({"item": query.items, "contribution": found.contributions.astype(np.float64)})
    causes = events.group_by("item", maintain_order=True).sum().sort("contribution", descending=True, maintain_order=True)
    listed = causes.filter(pl.col("contribution") != 0).head(len(causes) if k is None else k)
    further = causes.join(listed, on="item", how="anti")
    history = pl.DataFrame(
        {
            "kind": pl.repeat("history", len(listed), dtype=pl.String, eager=True),
            "cause": catalogue.items.decode(listed["item"].to_numpy()),
            TITLE: catalogue.titles.gather(listed["item"]),
            "contribution": listed["contribution"],
        }
    )
    others = {name: float(part[0]) for name, part in found.others.items()}
    size = float(causes["contribution"].abs().sum()) + sum(map(abs, others.values()))
    if len(further):
        others[f"{len(further)} further {'item' if len(further) == 1 else 'items'} of the history"] = float(
            further["contribution"].sum()
        )
    rows = [("other", name, None, part) for name, part in others.items()]
    rest = pl.DataFrame(rows, schema=history.schema, orient="row").sort("contribution", descending=True, maintain_order=True)
    table = pl.concat([history, rest]).with_columns(share=pl.col("contribution") / (size or 1.0))
    return table if TITLE in catalogue.table.columns else table.drop(TITLE)


def because(found: Explanation, queries: Queries, catalogue: Catalogue) -> pl.Series:
    """Name for each pair the two items of the history that contribute most, or else the largest other parts.

    Titles, or ids where there are none; null where nothing known speaks for the item.
    """
    pairs = pl.Series(np.arange(len(queries)))
    parts = [pl.DataFrame({"pair": found.rows, "cause": catalogue.titles.gather(queries.items), "by": found.contributions})]
    parts += [pl.DataFrame({"pair": pairs, "cause": name, "by": part}) for name, part in found.others.items() if name != REST]
    ordered = pl.concat([part.with_columns(kind=pl.lit(kind > 0)) for kind, part in enumerate(parts)])
    ordered = ordered.filter(pl.col("by").fill_nan(None) > 0).sort("kind", -pl.col("by"), maintain_order=True)
    best = pl.col("cause").filter(pl.col("kind") == pl.col("kind").first()).head(_BRIEF).str.join("; ")
    named = ordered.group_by("pair", maintain_order=True).agg(best.alias("because"))
    return pairs.alias("pair").to_frame().join(named, on="pair", how="left", maintain_order="left")["because"]


def sentence(table: pl.DataFrame, item: str, person: str) -> str:
    """Say in one sentence what a table of ``reasons`` shows of the score of ``item`` for a ``person``."""
    score = f"{item} scores {table['contribution'].sum():,.4g} for {person}"
    named = pl.coalesce(TITLE, "cause") if TITLE in table.columns else pl.col("cause")
    speaking = table.filter(pl.col("contribution") > 0).with_columns(name=named)
    liked = speaking.filter(kind="history").head(_NAMED)
    if len(liked):
        return f"{score}, {'mostly' if liked['share'].sum() > 0.5 else 'first of all'} because of: {_listed(liked)}."
    if len(speaking):
        return f"{score}, not because of the history but of: {_listed(speaking)}."
    return f"{score}; nothing speaks for it."


def _listed(rows: pl.DataFrame) -> str:
    return ", ".join(f"{name} ({100 * share:.0f} %)" for name, share in rows.select("name", "share").rows())
