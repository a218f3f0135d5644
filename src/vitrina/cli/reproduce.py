"""``vitrina reproduce``: published numbers, run again."""

from __future__ import annotations

from typing import Annotated

import typer

from vitrina.cli import output
from vitrina.cli.output import Csv, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("reproduce")(reproduce)


def reproduce(
    name: Annotated[str | None, typer.Argument(help="protocol/model, or a protocol for all of its models.")] = None,
    listing: Annotated[bool, typer.Option("--list", help="List what can be reproduced.")] = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Run a paper's protocol and print ours beside the published numbers; exits 1 when one is out of tolerance."""
    from vitrina.experiments.published import PROTOCOLS, REPRODUCTIONS
    from vitrina.experiments.reproduce import find, open_protocol
    from vitrina.experiments.reproduce import reproduce as run

    if listing or name is None:
        rows = [
            {"name": key, "data": find(key)[0].data, "source": entry.source or find(key)[0].source}
            for key, entry in REPRODUCTIONS.items()
        ]
        return output.table(rows, json=json, csv=csv)
    names = [key for key in REPRODUCTIONS if key.startswith(f"{name}/")] if name in PROTOCOLS else [name]
    split = open_protocol(names[0])
    found = []
    for key in names:
        output.say(f"{key} ...")
        found.append(run(key, split=split))
    if json:
        shown = [
            {
                "name": r.name,
                "metrics": r.metrics,
                "published": r.published,
                "difference": {m: r.metrics[m] - value for m, value in r.published.items()},
                "tolerance": r.tolerance,
                "at_least": r.at_least,
                "reached": r.reached,
                "seconds": r.seconds,
                "settings": r.settings,
                "protocol": r.protocol,
                "source": r.source,
            }
            for r in found
        ]
        output.as_json(shown[0] if len(shown) == 1 else shown)
    else:
        table = [
            {
                "name": r.name,
                "metric": metric,
                "ours": r.metrics[metric],
                "published": value,
                "difference": f"{r.metrics[metric] - value:+.4f}",
                "reached": f"{'yes' if r.reaches(metric) else 'NO'} ({'or more' if r.at_least else f'±{r.tolerance}'})",
                "seconds": f"{r.seconds:.1f}",
            }
            for r in found
            for metric, value in r.published.items()
        ]
        output.table(table, csv=csv)
        if not csv:
            output.say(f"Protocol: {found[0].protocol}. Published: {found[0].source}.")
    if not all(r.reached for r in found):
        raise typer.Exit(1)
