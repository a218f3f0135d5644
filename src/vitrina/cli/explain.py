"""``vitrina explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vitrina.cli import output
from vitrina.cli.output import Csv, Json
from vitrina.cli.recommend import item_ids

if TYPE_CHECKING:
    import polars as pl

    from vitrina.data.catalogue import Catalogue

_CLOSING = {
    "exact": "The parts are the model's own and sum exactly to the score.",
    "estimate": 'The parts are an estimate; "rest" is what it does not explain of the score.',
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    item: Annotated[str, typer.Option(help="The item whose score is explained.")],
    user: Annotated[str | None, typer.Option(help="A known user's id.")] = None,
    history: Annotated[str | None, typer.Option(help="Comma-separated item ids of somebody never seen before.")] = None,
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="Items of the history listed one by one.")] = 10,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Say why an item is recommended: what each item of the history contributes to its score."""
    from vitrina.models.reasons import sentence
    from vitrina.models.storage import load_trained

    if (user is None) == (history is None):
        raise typer.BadParameter("give either --user or --history")
    trained = load_trained(model)
    table = trained.explain(item=item, user=user, history=None if history is None else item_ids(history), k=k)
    title = trained.catalogue.titles[trained.catalogue.items.code(item)]
    named = item if title == item else f"{title} ({item})"
    words = sentence(table, named, "this history" if user is None else user)
    how = trained.model.declares.explains
    parts = _with_likeness(table, trained.catalogue, item)
    if json and not csv:
        facts = {"item": item, "title": title, "score": table["contribution"].sum(), "sentence": words, "exact": how == "exact"}
        about = {"facts": _facts(trained.catalogue, item), "currency": trained.info.currency}
        for part in parts:
            part["facts"] = _facts(trained.catalogue, part["cause"]) if part["kind"] == "history" else None
        return output.as_json({**facts, **about, "parts": parts})
    if not csv:
        print(words)
        for line in _lines(trained.catalogue, item, parts, trained.info.currency):
            print(line)
    output.table(parts if csv else table.to_dicts(), json=json, csv=csv)
    if not csv:
        print(_CLOSING[how])


def _with_likeness(table: pl.DataFrame, catalogue: Catalogue, item: str) -> list[dict[str, Any]]:
    """The parts of a score, each item of the history with what the explained one has in common with it, in words."""
    from vitrina.models.likeness import likeness

    code = catalogue.items.code(item)
    parts = table.to_dicts()
    for part in parts:
        known = part["kind"] == "history"
        part["likeness"] = (likeness(catalogue, code, catalogue.items.code(part["cause"])) or None) if known else None
    return parts


def _facts(catalogue: Catalogue, item: str) -> dict[str, Any]:
    """What the catalogue knows of an item: its attributes and its price."""
    from vitrina.data.catalogue import PRICE

    names = [*catalogue.attributes, *([PRICE] if PRICE in catalogue.table.columns else [])]
    row = catalogue.table[catalogue.items.code(item)].to_dicts()[0] if names else {}
    return {name: row[name] for name in names if row[name] is not None}


def _lines(catalogue: Catalogue, item: str, parts: list[dict[str, Any]], currency: str) -> list[str]:
    """The labels of the item and of its causes, and what they have in common; nothing where only ids are known."""
    import numpy as np

    from vitrina.report.map.labels import museum_labels

    causes = [part["cause"] for part in parts if part["kind"] == "history"]
    labels = museum_labels(catalogue, np.array([catalogue.items.code(name) for name in (item, *causes)]), currency)
    keys = ("title", "artist", "year", "medium", "price")
    told = [", ".join(text for key in keys if (text := labels[key][n])) for n in range(len(causes) + 1)]
    alike = {part["cause"]: part["likeness"] for part in parts}
    if not any(labels[key][n] for key in keys[1:] for n in range(len(told))) and not any(alike.values()):
        return []
    return [
        "",
        f"The item: {told[0]}.",
        *(f"  {name}: {text}." + (f" {alike[name]}." if alike[name] else "") for name, text in zip(causes, told[1:], strict=True)),
        "",
    ]
