"""``vitrina features``: what pictures look like, in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vitrina.cli import output
from vitrina.cli.output import Csv, Json

if TYPE_CHECKING:
    from vitrina.experiments.picture_features import FeatureReport

_SHOWN = 20  # failures on the screen; all are in the file


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("features")(features)


def features(
    data: Annotated[Path | None, typer.Argument(help="Folder of a data set with pictures.")] = None,
    network: Annotated[
        str, typer.Option(help="A preset (see --list), a file that ends with .onnx, autoencoder, or none.")
    ] = "autoencoder",
    layer: Annotated[str, typer.Option(help="Another layer of the network: a tensor's name, or Relu#6 for the 6th Relu.")] = "",
    like: Annotated[str, typer.Option(help="Prepare pictures for an .onnx file as for this preset.")] = "",
    batch: Annotated[int, typer.Option(min=1, help="Pictures that go through the network at once.")] = 16,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train the autoencoder anew on the present pictures.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the autoencoder's training.")] = 0,
    image: Annotated[Path | None, typer.Option(help="Measure this one picture and print its explicit features.")] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the networks: what is here, and what was tried.")] = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Add visual features to a data set: explicit ones, local binary patterns and a network's; only new pictures are computed."""
    if listing:
        return _list(json, csv)
    if image is not None:
        return _one(image, json, csv)
    if data is None:
        raise typer.BadParameter("name the folder of a data set, or give --image PICTURE or --list", param_hint="DATA")
    from vitrina.cli.progress import downloading, shown
    from vitrina.experiments.picture_features import FAILED, compute_features
    from vitrina.experiments.picture_sources import fetch_network

    with downloading() as download:
        fetch_network(network, download)
    with shown() as progress:
        report = compute_features(
            data, network=network, layer=layer, like=like, batch=batch, retrain=retrain, seed=seed, progress=progress
        )
    _print(report, data / "features" / FAILED, json, csv)


def _print(report: FeatureReport, failed: Path, json: bool, csv: bool) -> None:
    if json and not csv:
        return output.as_json(
            {
                "features": [vars(made) for made in report.made],
                "failures": [vars(failure) for failure in report.failures],
                "items_without_picture": report.without,
            }
        )
    rows = [
        {"feature": m.feature, "columns": m.columns, "computed": m.computed, "from cache": m.cached, "failed": m.failed}
        for m in report.made
    ]
    output.table(rows, json=json, csv=csv)
    if report.without:
        output.say(f"{report.without:,} item(s) have no picture.")
    for failure in report.failures[:_SHOWN]:
        output.say(f"failed: item {failure.item}: {failure.reason}")
    if report.failures:
        output.say(f"{len(report.failures):,} picture(s) failed; all with their reasons: {failed}")


def _one(image: Path, json: bool, csv: bool) -> None:
    from vitrina.features.pictures.explicit import explicit
    from vitrina.features.pictures.loading import load_picture

    found = explicit(load_picture(image)).as_dict()
    if json and not csv:
        return output.as_json(found)
    output.table([{"feature": name, "value": value} for name, value in found.items()], json=json, csv=csv)


def _list(json: bool, csv: bool) -> None:
    from vitrina.features.pictures.presets import PRESETS

    own: dict[str, Any] = {
        "network": "autoencoder", "feature": "autoencoder", "columns": 64, "MB": None, "here": "built in", "tried": True,
        "what": "trained on the data set's own pictures; needs no download",
    }  # fmt: skip
    rows = [own]
    for preset in PRESETS:
        found = preset.locate()
        row = {"network": preset.name, "feature": preset.feature, "columns": preset.columns, "MB": preset.megabytes}
        row |= {"here": "yes" if found else "no", "tried": preset.tried, "what": preset.title}
        if json or csv:
            row |= {"file": str(found or ""), "layer": preset.layer, "url": preset.url, "terms": preset.terms}
        rows.append(row)
    if json or csv:
        own |= {"file": "", "layer": "", "url": "", "terms": ""}
    else:
        for row in rows:
            row["MB"] = f"{row['MB']:g}" if row["MB"] else "-"
    output.table(rows, json=json, csv=csv)
    if not (json or csv):
        output.say("Not tried: set up after its owner's description, but never run by those who made this version.")
