"""``vitrina reproduce``: published numbers, run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vitrina.cli import output
from vitrina.cli.output import Csv, Json

if TYPE_CHECKING:
    from vitrina.experiments.reproduce import Reproduced


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("reproduce")(reproduce)


def reproduce(
    name: Annotated[str | None, typer.Argument(help="protocol/model, or a protocol for all of its models.")] = None,
    listing: Annotated[bool, typer.Option("--list", help="List what can be reproduced.")] = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Run a paper's protocol and print ours beside the published numbers; exits 1 when one is out of tolerance or fails."""
    from vitrina.cli.progress import training
    from vitrina.errors import VitrinaError
    from vitrina.experiments.failures import MODEL_FAILURES
    from vitrina.experiments.published import PROTOCOLS, REPRODUCTIONS
    from vitrina.experiments.reproduce import find, open_protocol
    from vitrina.experiments.reproduce import reproduce as run
    from vitrina.training.session import Session

    if listing or name is None:
        rows = [
            {"name": key, "data": find(key)[0].data, "source": entry.source or find(key)[0].source}
            for key, entry in REPRODUCTIONS.items()
        ]
        return output.table(rows, json=json, csv=csv)
    names = [key for key in REPRODUCTIONS if key.startswith(f"{name}/")] if name in PROTOCOLS else [name]
    split = open_protocol(names[0])
    found, failures = [], []
    for key in names:
        output.say(f"{key} ...")
        try:
            with training(key) as report, Session(report=report):
                found.append(run(key, split=split))
        except MODEL_FAILURES as error:
            failures.append(f"{key} failed: {str(error) or 'out of memory'}")
            output.say(failures[-1])
        else:
            output.say(f"{key}: {', '.join(f'{metric} {value:.4f}' for metric, value in found[-1].metrics.items())}")
    if not found:
        raise VitrinaError(" ".join(failures))
    if json:
        shown = [_as_json(r) for r in found]
        output.as_json(shown[0] if len(shown) == 1 else shown)
    else:
        output.table([row for r in found for row in _rows(r)], csv=csv)
        if not csv:
            output.say(f"Protocol: {found[0].protocol}. Published: {found[0].source}.")
    if failures or not all(r.reached for r in found):
        raise typer.Exit(1)


def _as_json(r: Reproduced) -> dict[str, Any]:
    return {
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


def _rows(r: Reproduced) -> list[dict[str, Any]]:
    """One line for each metric, also for one of which no number was published."""
    demanded = "or more" if r.at_least else f"±{r.tolerance}"
    return [
        {
            "name": r.name,
            "metric": metric,
            "ours": value,
            "published": r.published.get(metric),
            "difference": f"{value - r.published[metric]:+.4f}" if metric in r.published else "-",
            "reached": f"{'yes' if r.reaches(metric) else 'NO'} ({demanded})" if metric in r.published else "-",
            "seconds": f"{r.seconds:.1f}",
        }
        for metric, value in r.metrics.items()
    ]
