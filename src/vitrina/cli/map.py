"""``vitrina map``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vitrina.cli import output
from vitrina.cli.output import Json

if TYPE_CHECKING:
    from vitrina.report.map import WorkMap


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("map")(map_)


def map_(
    data: Annotated[str, typer.Argument(help="A data set: a folder or a known name.")],
    features: Annotated[str, typer.Option(help="The feature by which works are alike; dnn: that of a network.")] = "dnn",
    out: Annotated[Path, typer.Option("--out", "-o", help="The page.")] = Path("map.html"),
    png: Annotated[Path | None, typer.Option(help="Also a picture of the map, 2,400 pixels wide.")] = None,
    mark: Annotated[
        Path | None, typer.Option(help="CSV with the columns item,mark: works to point out; the mark history is a person's own.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Frame the works by an attribute, such as artist or style.")] = None,
    perplexity: Annotated[float, typer.Option(min=1.0, help="About how many neighbours a work listens to.")] = 30.0,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of the layout.")] = 0,
    json: Json = False,
) -> None:
    """Draw all works as a map on which those alike lie close together: a page to zoom and search, and a PNG."""
    if mark is not None and by is not None:
        raise typer.BadParameter("give --mark or --by, not both: frames have one meaning at a time")
    from vitrina.cli.progress import shown
    from vitrina.data.files import atomic_file, write_text
    from vitrina.data.known import open_dataset
    from vitrina.report.map import draw_map_page, draw_map_png, make_map
    from vitrina.report.map.cache import layouts_folder
    from vitrina.report.map.marks import grouped, read_marks

    dataset = open_dataset(data)
    marks = [] if mark is None else read_marks(mark, dataset.items)
    with shown() as progress:
        drawn = make_map(dataset, features, perplexity=perplexity, seed=seed, layouts=layouts_folder(data), progress=progress)
    values_left_out = 0
    if by is not None:
        marks, values_left_out = grouped(dataset.catalogue, by, drawn.codes)
    write_text(out, draw_map_page(drawn, marks, by=by or "", values_left_out=values_left_out))
    if png is not None:
        with atomic_file(png) as part:
            part.write_bytes(draw_map_png(drawn, marks))
    facts = _facts(drawn) | {"out": str(out), "png": None if png is None else str(png), "bytes": out.stat().st_size}
    if json:
        return output.as_json(facts)
    _say(drawn, facts)
    print(out)
    if png is not None:
        print(png)


def _facts(drawn: WorkMap) -> dict[str, Any]:
    return {
        "feature": drawn.feature,
        "works": len(drawn),
        "left_out": drawn.n_left_out,
        "without_picture": int((~drawn.thumbnails.present).sum()),
        "method": drawn.layout.method,
        "perplexity": drawn.layout.perplexity,
        "seed": drawn.layout.seed,
        "cached": drawn.cached,
        "ten_nearest": [{"attribute": a.attribute, "share": a.share, "chance": a.chance} for a in drawn.agreements],
        "kept_neighbours": drawn.kept,
    }


def _say(drawn: WorkMap, facts: dict[str, Any]) -> None:
    from vitrina.report.map.page import headline, measured

    output.say(f"{headline(drawn)}. {measured(drawn)}".strip())
    if facts["left_out"]:
        output.say(f"not on the map, without the feature {drawn.feature}: {facts['left_out']:,}")
    if facts["without_picture"]:
        output.say(f"without a picture that can be read, drawn as plain tiles: {facts['without_picture']:,}")
    output.say(f"the page has {output.size(facts['bytes'])}; it needs no network")
