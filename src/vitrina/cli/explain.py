"""``vitrina explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vitrina.cli import output
from vitrina.cli.output import Csv, Json
from vitrina.cli.recommend import item_ids

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
    if json and not csv:
        facts = {"item": item, "title": title, "score": table["contribution"].sum(), "sentence": words, "exact": how == "exact"}
        return output.as_json({**facts, "parts": table.to_dicts()})
    if not csv:
        print(words)
    output.table(table.to_dicts(), json=json, csv=csv)
    if not csv:
        print(_CLOSING[how])
