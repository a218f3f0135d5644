"""``vitrina models`` and ``vitrina fit``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vitrina.cli import output
from vitrina.cli.output import Csv, Json

if TYPE_CHECKING:
    from vitrina.data.dataset import Dataset
    from vitrina.models.base import Recommender
    from vitrina.models.space import Setting
    from vitrina.models.trained import Trained
    from vitrina.training.processes import Processes


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("models")(models)
    app.command("fit")(fit)


def models(json: Json = False, csv: Csv = False) -> None:
    """List the models with their settings, defaults and search ranges."""
    from vitrina.models.registry import MODELS, family, model_class
    from vitrina.models.space import settings_of

    rows: list[dict[str, Any]] = []
    for name in MODELS:
        cls = model_class(name)
        head = {"model": name, "title": cls.title, "family": family(name), "paper": cls.paper}
        settings = settings_of(cls)
        if json or csv:
            rows += [{**head, "setting": s.name, "default": s.default, "range": _range(s), "doc": s.doc} for s in settings]
            rows += [] if settings else [{**head, "setting": "", "default": "", "range": "", "doc": ""}]
        else:
            rows += [
                {
                    "model": name if i == 0 else "",
                    "paper": cls.paper if i == 0 else "",
                    "setting": s.name if s else "-",
                    "default": str(s.default) if s else "",
                    "searched": _range(s) if s else "",
                    "what it does": s.doc if s else "",
                }
                for i, s in enumerate(settings or [None])
            ]
    output.table(rows, json=json, csv=csv)


def _range(setting: Setting) -> str:
    from vitrina.models.space import Choice

    space = setting.range
    if space is None:
        return "fixed"
    if isinstance(space, Choice):
        return ", ".join(map(str, space.values)) + (f" (from {setting.wide.trials} trials)" if setting.wide else "")
    return f"{space.low:g} to {space.high:g}{', log' if space.log else ''}"


def fit(
    model: Annotated[str | None, typer.Argument(help="Name of a model, see `vitrina models`.")] = None,
    data: Annotated[str | None, typer.Argument(help="A data set: a folder or a known name.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the saved model.")] = None,
    best: Annotated[Path | None, typer.Option(help="Take model and settings from the winner of this run.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting, such as l2=300; may be repeated.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model in --out.")] = False,
    without_histories: Annotated[
        bool, typer.Option("--without-histories", help="Do not store the known users' histories.")
    ] = False,
) -> None:
    """Fit one model on a whole data set and save it, ready to recommend without the data.

    A training that was interrupted goes on where it was when the same command is given again, as far as the model keeps
    checkpoints. Several processes train together when it is run by `torchrun --nproc-per-node 2 -m vitrina fit ...`.
    """
    from vitrina.data.files import refuse_existing
    from vitrina.data.known import open_dataset
    from vitrina.models.registry import make
    from vitrina.models.storage import MANIFEST
    from vitrina.training.processes import Processes

    if out is None:
        raise typer.BadParameter("say where the model goes, for example --out models/ease", param_hint="--out")
    if best is not None:
        model, data, settings = _winner(best, model if data is None else data)
    elif model is None or data is None:
        raise typer.BadParameter("give a model and a data set (vitrina fit ease ml-1m --out ...), or --best RUN")
    else:
        settings = {}
    processes, wanted = Processes.here(), make(model, **settings, **_parsed(set_ or []))
    _refuse_processes(processes, wanted)
    refuse_existing(out, marker=MANIFEST, overwrite=overwrite)
    with processes.in_turn():
        dataset = open_dataset(data)
    kept = out.with_name(f".{out.name}.training")
    trained = _trained(wanted, dataset, data, kept)
    if not processes.first:
        return
    trained.save(out, overwrite=overwrite, histories=not without_histories)
    shutil.rmtree(kept, ignore_errors=True)
    output.say(f"{model} fitted on {dataset!r}")
    print(out)


def _refuse_processes(processes: Processes, model: Recommender) -> None:
    """Meet the other processes, if there are any; a model that could not train with them is refused."""
    from vitrina.errors import VitrinaError

    if processes.count > 1 and not model.declares.shares_batches:
        raise VitrinaError(
            f"{model.name} does not learn batch by batch, so several processes cannot share its training. "
            f"Run `vitrina fit {model.name} ...` without torchrun: it uses all cores of one machine by itself."
        )
    processes.connect()


def _trained(model: Recommender, dataset: Dataset, source: str, checkpoints: Path) -> Trained:
    """Fit under the eyes of the user; ``checkpoints`` holds what an interrupted training goes on from."""
    from vitrina.cli.progress import training
    from vitrina.models.trained import Trained
    from vitrina.training.session import Session

    if checkpoints.is_dir():
        output.say(f"going on with the training kept in {checkpoints}")
    identity = f"{model!r} on {dataset.fingerprint}"
    with training(model.name) as report, Session(checkpoints=checkpoints, identity=identity, report=report) as session:
        trained = Trained.fit(model, dataset, source=source)
    for message in session.messages:
        output.say(f"{model.name}: {message}")
    return trained


def _winner(run: Path, data: str | None) -> tuple[str, str, dict[str, Any]]:
    """Return the best model of a run with the settings that tuning chose, and the run's data unless others are given."""
    from vitrina.errors import VitrinaError
    from vitrina.experiments.config import read_config
    from vitrina.experiments.runs import RESULTS, read_json

    if not (run / RESULTS).is_file():
        raise VitrinaError(f"{run} holds no finished run (no {RESULTS}). Make one with: vitrina compare DATA --out {run}")
    results = read_json(run / RESULTS)
    if not results["methods"]:
        raise VitrinaError(f"no model finished in {run}.")
    first = results["methods"][0]
    if results["verdict"]["winner"] is None:
        output.say(f"{first['name']} has the highest mean, but: {results['verdict']['reason']}.")
    return first.get("model", first["name"]), data or read_config(run / "config.toml").data, first["settings"]


def _parsed(pairs: list[str]) -> dict[str, Any]:
    """Read ``name=value`` pairs; a value is a TOML value, or else text."""
    import tomllib

    settings: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r} is not name=value", param_hint="--set")
        try:
            settings[name.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            settings[name.strip()] = text
    return settings
