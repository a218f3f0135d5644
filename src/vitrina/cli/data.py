"""``vitrina data``: what data sets there are, getting them, importing one's own, looking at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from vitrina.cli import audit, output
from vitrina.cli.output import Csv, Json

app = typer.Typer(no_args_is_help=True, help="List, get, import, describe and audit data sets.")


@app.command("list")
def list_(json: Json = False, csv: Csv = False) -> None:
    """List the known public data sets: size, terms, whether present."""
    from vitrina.data.known import known_datasets, locate

    rows: list[dict[str, Any]] = []
    terms: list[str] = []  # many sets share their owner's terms: each is printed once
    for known in known_datasets():
        found = locate(known.name)
        counts = known.counts[0] if known.counts else None
        row: dict[str, Any] = {"name": known.name, "title": known.title}
        row |= {key: getattr(counts, key, None) for key in ("users", "items", "events")}
        row["MB"] = known.megabytes
        present = "built in" if known.simulated else "yes" if found else "no"
        if json or csv:
            row |= {"present": present, "folder": str(found or ""), "terms": known.terms, "terms_url": known.terms_url}
        else:
            if known.terms not in terms:
                terms.append(known.terms)
            row["MB"] = f"{known.megabytes:g}" if known.megabytes else "-"
            row |= {"present": present, "terms": f"[{terms.index(known.terms) + 1}]"}
        rows.append(row)
    output.table(rows, json=json, csv=csv)
    for number, text in enumerate(terms, start=1):
        print(f"[{number}] {text}")


@app.command("get")
def get(
    name: Annotated[str, typer.Argument(help="Name of a known data set, see `vitrina data list`.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also save it here as a Vitrina data set.")] = None,
) -> None:
    """Download a data set from its owner and verify it (a copy under VITRINA_DATA is looked for first), or draw the demo."""
    from vitrina.cli.progress import downloading, drawing
    from vitrina.data import known

    entry = known.find(name)
    output.say(f"{entry.title}\nTerms: {entry.terms} {entry.terms_url}".rstrip())
    with drawing() if entry.simulated else downloading() as progress:
        imported = known.get(name, out=out, progress=progress, processes=True)
    for note in imported.notes:
        output.say(f"note: {note}")
    output.say(f"{imported.dataset!r}")
    if imported.splits:
        output.say(f"published splits: {', '.join(imported.splits)}")
    print(out or known.locate(name) or name)


@app.command("sample")
def sample(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for log.csv and catalogue.csv.")] = Path("sample"),
) -> None:
    """Write a small log.csv and catalogue.csv that show the expected shape."""
    from vitrina.data.sample import write_sample

    write_sample(out)
    print(out)


@app.command("import")
def import_(
    log: Annotated[Path, typer.Argument(help="The log: CSV, TSV, JSON lines or Parquet; one row an event.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the data set to make.")],
    items: Annotated[Path | None, typer.Option(help="The catalogue, one row an item.")] = None,
    users: Annotated[Path | None, typer.Option(help="Attributes of people, one row a person.")] = None,
    images: Annotated[
        Path | None, typer.Option(help="Folder of pictures, called as the catalogue's column image says, or after item ids.")
    ] = None,
    column: Annotated[list[str] | None, typer.Option(help="A log column: user=customer_id; value= for none.")] = None,
    item_column: Annotated[list[str] | None, typer.Option(help="A column of the catalogue: id=sku.")] = None,
    user_column: Annotated[list[str] | None, typer.Option(help="A column of the table of people: id=customer.")] = None,
    list_: Annotated[list[str] | None, typer.Option("--list", help="Split an attribute into texts: tags=, (at commas).")] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates the log's columns, where guessing fails.")] = None,
    item_delimiter: Annotated[str | None, typer.Option(help="The same for the catalogue.")] = None,
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="Whether the log's first line names columns.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the log, such as cp1252, where guessing fails.")] = None,
    timestamp_format: Annotated[str | None, typer.Option(help="How times are written, such as %d.%m.%Y.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the data set; default: that of the folder.")] = None,
    positive: Annotated[str, typer.Option(help='Which events count, such as "value >= 4" or "kind = \'like\'".')] = "",
    repeats: Annotated[bool, typer.Option("--repeats", help="People consume the same item again.")] = False,
    currency: Annotated[str, typer.Option(help="Currency of prices.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the data set in --out.")] = False,
) -> None:
    """Import your own log; columns are guessed, shown, and can be named. Refused rows are kept in rejected.csv."""
    from vitrina.data.importers.log import import_log, save_import
    from vitrina.data.importers.log_result import REJECTED, UNMATCHED
    from vitrina.data.importers.pictures import add_pictures

    result = import_log(
        log,
        items=items,
        users=users,
        columns=_pairs(column, "--column"),
        item_columns=_pairs(item_column, "--item-column"),
        user_columns=_pairs(user_column, "--user-column"),
        lists=_pairs(list_, "--list"),
        delimiter=delimiter,
        item_delimiter=item_delimiter,
        header=header,
        encoding=encoding,
        timestamp_format=timestamp_format,
        name=name or out.name,
        positive=positive,
        repeats=repeats,
        currency=currency,
    )
    if images is not None:
        result = add_pictures(result, images)
    for use in result.mapping:
        output.say(f"{use}")
    for warning in result.warnings:
        output.say(f"warning: {warning}")
    save_import(result, out, overwrite=overwrite)
    if result.n_rejected:
        output.say(f"refused rows, each with its reason: {out / REJECTED}")
    if result.pictures is not None:
        output.say(f"{result.pictures.matched:,} of {result.dataset.n_items:,} items have a picture.")
        if result.pictures.unmatched.height:
            output.say(f"what did not match, each with its reason: {out / UNMATCHED}")
    output.say(f"{result.dataset!r}")
    print(out)


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Read ``role=column`` pairs; nothing after the sign means that there is no such column."""
    pairs: dict[str, str] = {}
    for text in given or []:
        role, equals, source = text.partition("=")
        if not equals or not role:
            raise typer.BadParameter(f"{text!r} is not role=column, such as user=customer_id", param_hint=option)
        pairs[role.strip()] = source if option == "--list" else source.strip()
    return pairs


@app.command("describe")
def describe(
    data: Annotated[str, typer.Argument(help="A data set: a folder or a known name.")],
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Show counts, long tail, dates, attributes present and absent, and warnings."""
    from vitrina.cli.description import show_description
    from vitrina.data.describe import describe as look
    from vitrina.data.known import open_dataset

    found = look(open_dataset(data))
    if json:
        return output.as_json(found.model_dump(mode="json"))
    if csv:
        facts = _flat(found.model_dump(mode="json"))
        return output.table([{"what": k, "value": v} for k, v in facts if not isinstance(v, list)], csv=True)
    show_description(found)


def _flat(found: dict[str, Any], under: str = "") -> Iterator[tuple[str, Any]]:
    """Write nested facts as "per_user.median"."""
    for key, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{under}{key}.")
        else:
            yield f"{under}{key}", value


audit.register(app)
