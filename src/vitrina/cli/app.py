"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from vitrina import __version__
from vitrina.cli import answer, compare, data, doctor, explain, features, map, models, recommend, reproduce

app = typer.Typer(
    name="vitrina",
    help="Recommendations you can trust: compare recommenders under the same conditions, explain and serve them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
compare.register(app)
answer.register(app)
models.register(app)
recommend.register(app)
explain.register(app)
features.register(app)
map.register(app)
reproduce.register(app)
doctor.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vitrina {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Recommendations you can trust."""
