"""``vitrina doctor``: what is here, and what is missing for which feature."""

from __future__ import annotations

from typing import Annotated

import typer

from vitrina.cli import output
from vitrina.cli.output import Csv, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    compile_: Annotated[
        bool, typer.Option("--compile", help="Compile now what is otherwise compiled when it is first used.")
    ] = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Show versions, cores, BLAS threads, accelerator, data folder, and what is missing for which feature."""
    from vitrina.experiments.diagnosis import diagnose

    if compile_:
        return _compile()
    checks = diagnose()
    if json:
        return output.as_json({c.name: {"value": c.value, "ok": c.ok, "advice": c.advice} for c in checks})
    output.table([{"check": c.name, "": "ok" if c.ok else "!", "value": c.value, "advice": c.advice} for c in checks], csv=csv)
    if not all(c.ok for c in checks) and not csv:
        output.say("Lines marked ! limit a feature; the rest works.")


def _compile() -> None:
    from vitrina.cli.progress import shown
    from vitrina.experiments.warm_up import warm_up

    with shown() as progress:
        seconds = warm_up(progress)
    output.say(f"all models compiled in {seconds:.0f} s; this is kept, and no first use waits for it")
