"""``vitrina data audit``."""

from __future__ import annotations

from typing import Annotated

import typer

from vitrina.cli import output
from vitrina.cli.output import Csv, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit")(audit)


def audit(
    data: Annotated[str, typer.Argument(help="A data set: a folder or a known name.")],
    split: Annotated[str, typer.Option(help="Protocol, or a published split of the data.")] = "default",
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Say what would make the numbers of a split untrue, before anything is compared; a fatal finding is an error."""
    from vitrina.cli.compare import published_split
    from vitrina.data.known import open_dataset
    from vitrina.data.splits.protocols import make_split
    from vitrina.evaluation.audit import audit as look
    from vitrina.experiments.config import make_config

    settings = make_config(data=data, split={"protocol": split, "seed": seed})
    dataset = open_dataset(data)
    found = look(published_split(settings) or make_split(dataset, split, seed=seed))
    if json and not csv:
        output.as_json(found.model_dump(mode="json"))
    elif csv:
        output.table([finding.model_dump(exclude={"examples"}) for finding in found.findings], json=json, csv=csv)
    else:
        print(f"{found.verdict}\n")
        for finding in found.findings:
            print(f"{finding.severity}: {finding.sentence} ({finding.code})")
    if found.fatal:
        raise typer.Exit(1)
