"""``vitrina recommend``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vitrina.cli import output
from vitrina.cli.output import Csv, Json

if TYPE_CHECKING:
    import polars as pl

    from vitrina.models.trained import Trained


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("recommend")(recommend)


def recommend(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    user: Annotated[list[str] | None, typer.Option(help="A known user's id; may be repeated.")] = None,
    history: Annotated[str | None, typer.Option(help="Comma-separated item ids of somebody never seen before.")] = None,
    liked: Annotated[str | None, typer.Option(help="Comma-separated picture files that somebody likes.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="All known users; needs --out.")] = False,
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="Length of the list.")] = 10,
    exclude: Annotated[str, typer.Option(help="Comma-separated item ids to leave out.")] = "",
    why: Annotated[bool, typer.Option("--why", help="Name for each item what in the history speaks most for it.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write Parquet (.parquet) or CSV (.csv) here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with the pictures of one person's list here.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of the pictures, where they have moved since the fit.")] = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Recommend for known users, for somebody given by a history or by pictures, or for everyone."""
    from vitrina.models.storage import load_trained

    if sum([bool(user), history is not None, liked is not None, everyone]) != 1:
        raise typer.BadParameter("give one of --user, --history, --liked or --all")
    if html is not None and (everyone or len(user or []) > 1):
        raise typer.BadParameter("a page shows the list of one person", param_hint="--html")
    trained = load_trained(model)
    if images is not None:
        trained = _with_images(trained, images)
    if everyone:
        if out is None:
            raise typer.BadParameter("--all writes a file: give --out recs.parquet", param_hint="--out")
        return _everyone(trained, k, out, why)
    known, files = item_ids(history or ""), dict[str, Path]()
    if liked is not None:
        from vitrina.experiments.guests import with_pictures

        trained, files = with_pictures(trained, [Path(name) for name in item_ids(liked)], model)
        known = list(files)
    listed = trained.recommend(
        users=user or None,
        histories=None if user else [known],
        k=k,
        exclude=[*item_ids(exclude), *files],
        why=why,
    )
    if html is not None:
        person = user[0] if user else "these pictures" if files else "this history"
        _page(trained, listed, trained.history_of(user[0]) if user else known, person, files, html)
    if out is not None:
        return _write([listed], out)
    if listed["query"].n_unique() == 1 and not (json or csv):
        listed = listed.drop("query")
    if listed.is_empty():
        output.say("nothing to recommend: every item is in the history, excluded or not on offer.")
    output.table(listed.to_dicts(), json=json, csv=csv)


def _with_images(trained: Trained, images: Path) -> Trained:
    from dataclasses import replace

    if not images.is_dir():
        raise typer.BadParameter(f"there is no folder {images}", param_hint="--images")
    return replace(trained, catalogue=replace(trained.catalogue, pictures=images))


def _page(trained: Trained, listed: pl.DataFrame, history: list[str], person: str, files: dict[str, Path], path: Path) -> None:
    from vitrina.data.files import write_text
    from vitrina.report.gallery.picks import picks_html

    write_text(path, picks_html(trained, listed, history, person=person, pictures=files))
    output.say(f"page: {path}")


def item_ids(text: str) -> list[str]:
    """Read comma-separated ids."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _everyone(trained: Any, k: int, out: Path, why: bool) -> None:
    from vitrina.cli.progress import shown

    batch = 5_000
    with shown() as progress:
        progress.begin("recommending", -(-len(trained.users or ()) // batch) or 1)

        def told() -> Any:
            for table in trained.recommend_all(k, batch=batch, why=why):
                yield table
                progress.advance("recommending")

        _write(told(), out)


def _write(tables: Any, out: Path) -> None:
    """Write tables one after the other, so that memory stays small; the file appears only when it is whole."""
    from vitrina.data.files import atomic_file

    if out.suffix not in {".parquet", ".csv"}:
        raise typer.BadParameter(f"{out.name} should end in .parquet or .csv", param_hint="--out")
    rows = 0
    with atomic_file(out) as part:
        if out.suffix == ".csv":
            with part.open("wb") as file:
                for table in tables:
                    file.write(table.write_csv(include_header=rows == 0).encode())
                    rows += len(table)
        else:
            rows = _write_parquet(tables, part)
    output.say(f"{rows:,} recommendations")
    print(out)


def _write_parquet(tables: Any, path: Path) -> int:
    import pyarrow.parquet as pq

    writer, rows = None, 0
    for table in tables:
        arrow = table.to_arrow()
        writer = writer or pq.ParquetWriter(path, arrow.schema)
        writer.write_table(arrow)
        rows += len(table)
    if writer is not None:
        writer.close()
    return rows
