"""``vitrina compare``, ``vitrina report`` and ``vitrina demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vitrina.cli import output
from vitrina.cli.output import Csv, Json

if TYPE_CHECKING:
    from vitrina.data.dataset import Dataset
    from vitrina.data.splits.split import Split
    from vitrina.experiments.config import RunConfig

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder of the run; a run found there is gone on with.")]


#: What the demo compares with the methods of the gallery study: one strong method of each other kind.
_BESIDE_STUDY = ("itemknn", "ials", "vbpr", "curatornet")
#: A pre-trained network that the demo shows beside its own, where it is on this machine already.
_BESIDE = "squeezenet"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("compare")(compare)
    app.command("report")(report)
    app.command("demo")(demo)


def compare(
    data: Annotated[str | None, typer.Argument(help="A data set: a folder or a known name.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the run; goes on with the run in it.")] = None,
    config: Annotated[Path | None, typer.Option(help="A run declared in TOML; options override it.")] = None,
    models: Annotated[str | None, typer.Option(help="Comma-separated names; default: all that the data allows.")] = None,
    trials: Annotated[int | None, typer.Option(help=r"Tuning trials for every model.  \[default: 20]")] = None,
    seconds: Annotated[float | None, typer.Option(help="Cap on the tuning time of one model.")] = None,
    metric: Annotated[str | None, typer.Option(help=r"The metric that is tuned and decides.  \[default: ndcg@10]")] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", "--protocol", help=r"Protocol, or a published split of the data.  \[default: by time]"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help=r"Seed of split, tuning and ties.  \[default: 0]")] = None,
    memory: Annotated[str | None, typer.Option(help=r"Memory for blocks of scores, such as 2GB.  \[default: 1GB]")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would run, its time and memory; run nothing.")] = False,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Tune, fit and test models under the same conditions; goes on where an earlier run in --out stopped."""
    from vitrina.data.known import open_dataset
    from vitrina.experiments.compare import compare as run_comparison

    settings = _settings(data, config, models, trials, seconds, metric, split, seed, memory)
    dataset = open_dataset(settings.data)
    published = published_split(settings)
    if plan:
        return _print_plan(settings, dataset, published, json, csv)
    if out is None:
        raise typer.BadParameter("say where the run goes, for example --out runs/shop", param_hint="--out")
    from vitrina.cli.progress import shown

    with shown() as progress:
        results = run_comparison(settings, dataset, out, split=published, progress=progress)
    _finish(results, out, json, csv, dataset)


def _settings(
    data: str | None,
    config: Path | None,
    models: str | None,
    trials: int | None,
    seconds: float | None,
    metric: str | None,
    split: str | None,
    seed: int | None,
    memory: str | None,
) -> RunConfig:
    from vitrina.experiments.config import make_config, read_config

    given = {"data": data, "trials": trials, "seconds": seconds, "metric": metric, "seed": seed, "memory": memory}
    overrides: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if models:
        overrides["models"] = names_in(models)
    if split or seed is not None:
        overrides["split"] = ({"protocol": split} if split else {}) | ({"seed": seed} if seed is not None else {})
    if config:
        return read_config(config, **overrides)
    if not data:
        raise typer.BadParameter("name a data set (a folder or a known name), or give --config", param_hint="DATA")
    return make_config(**overrides)


def names_in(text: str) -> list[str]:
    """Read a comma-separated list of names."""
    return [name.strip() for name in text.split(",") if name.strip()]


def published_split(settings: RunConfig) -> Split | None:
    """Return the published split of that name, if the protocol is not one of ours."""
    from vitrina.data.known import open_split
    from vitrina.data.splits.holdout import with_validation
    from vitrina.data.splits.protocols import PROTOCOLS
    from vitrina.errors import UnknownNameError, unknown

    name = settings.split.protocol
    if name == "default" or name in PROTOCOLS:
        return None
    try:
        split = open_split(settings.data, name)
    except UnknownNameError:
        raise unknown("split", name, PROTOCOLS, f"Protocols: {', '.join(PROTOCOLS)}; or a published split of the data.") from None
    return split if split.has_validation else with_validation(split, seed=settings.split.seed)


def _print_plan(settings: RunConfig, dataset: Dataset, published: Split | None, json: bool, csv: bool) -> None:
    from vitrina.data.splits.protocols import make_split
    from vitrina.experiments.plan import plan

    split = published or make_split(dataset, settings.split.protocol, seed=settings.split.seed, **settings.split.settings)
    planned = plan(settings, split)
    if json or csv:
        rows: list[dict[str, Any]] = [
            {
                "model": p.name,
                "runs": not p.reason,
                "reason": p.reason,
                "trials": p.trials,
                "seconds": round(p.seconds, 1),
                "memory_bytes": p.memory,
            }
            for p in planned
        ]
    else:
        rows = [
            {
                "model": p.title,
                "trials": str(p.trials) if not p.reason else "-",
                "time, about": output.duration(p.seconds) if not p.reason else "-",
                "memory, about": output.size(p.memory),
                "": p.reason and f"left out: {p.reason}",
            }
            for p in planned
        ]
        output.say(f"{split!r}")
    output.table(rows, json=json, csv=csv)
    if not (json or csv):
        total = sum(p.seconds for p in planned if not p.reason)
        output.say(f"About {output.duration(total)} in all. Nothing was run.")


def _finish(results: dict[str, Any], out: Path, json: bool, csv: bool, dataset: Dataset) -> None:
    """Print the table; write the report."""
    from vitrina.report import write_report

    page = write_report(out, dataset=dataset)
    if json:
        output.as_json(results)
        return
    output.table(_rows(results), csv=csv, title="" if csv else f"{results['name']}: test results")
    if not csv:
        print(results["verdict"]["sentence"])
        print(f"\nReport:  {page}\nResults: {out / 'results.json'}")


def _rows(results: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a method: the deciding metric with its interval, a few others, and what it took."""
    deciding = results["metric"]
    others = [m for m in ("recall@10", "hr@10", "coverage@10") if m in results["definitions"] and m != deciding]
    replayed = any(method.get("reach") for method in results["methods"])
    rows = []
    for method in results["methods"]:
        low, high = method["intervals"][deciding]
        rows.append(
            {
                "model": method["title"],
                deciding: method["metrics"][deciding],
                "95 % interval": f"{low:.4f} to {high:.4f}",
                "equal": method["group"],
                **{name: method["metrics"][name] for name in others},
                **({"people reached": method["reach"]["users"]} if replayed else {}),
                "trials": method["trials"],
                "tuning": output.duration(method["seconds"]["tune"]),
                "fit": output.duration(method["seconds"]["fit"]),
            }
        )
    return rows


def report(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The HTML file; default: report.html in the run.")] = None,
) -> None:
    """Write the report of a run: one HTML file that works offline, with tables in Markdown and LaTeX beside it."""
    from vitrina.report import write_report

    print(write_report(run, out, dataset=_compared(run)))


def _compared(run: Path) -> Dataset | None:
    """Open the data set that a run compared, for its pictures; without it the report only names the works."""
    from vitrina.data.known import open_dataset
    from vitrina.errors import VitrinaError
    from vitrina.experiments.config import read_config
    from vitrina.experiments.runs import CONFIG

    if not (run / CONFIG).is_file():
        return None
    try:
        return open_dataset(read_config(run / CONFIG).data)
    except VitrinaError as error:
        output.say(f"without pictures: {error}")
        return None


def demo(
    out: Out = Path("runs/demo"),
    models: Annotated[
        str | None, typer.Option(help="Comma-separated names of models and methods; default: the gallery study and some others.")
    ] = None,
    trials: Annotated[int, typer.Option(help="Tuning trials for every model.")] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the simulated gallery and of the run.")] = 0,
    json: Json = False,
) -> None:
    """Draw the built-in simulated gallery, look at its pictures, and replay its sales: the whole job, in minutes."""
    from vitrina.cli.progress import shown
    from vitrina.experiments.compare import compare as run_comparison
    from vitrina.experiments.config import make_config
    from vitrina.experiments.picture_sources import AUTOENCODER
    from vitrina.experiments.study import looking_through

    folder = out.parent / ("gallery" if seed == 0 else f"gallery-{seed}")
    dataset = _gallery(folder, seed)
    output.say(f"{dataset!r}")
    split = {"protocol": "purchase-sessions", "seed": seed}
    # The network that needs no download, so that everybody gets the same table; others beside it.
    named = {name: looking_through(name, AUTOENCODER) for name in (names_in(models) if models else demo_models())}
    if "dnn" in named:
        others = [n for n, recipe in dataset.catalogue.recipes.items() if recipe.source == "network"]
        named |= {f"dnn-{n}": {"model": "visrank", "title": f"DNN ({n})", "feature": n} for n in others}
    settings = make_config(data=str(folder), models=named, split=split, trials=trials, seed=seed)
    with shown() as progress:
        results = run_comparison(settings, dataset, out, progress=progress)
    _finish(results, out, json, csv=False, dataset=dataset)
    if not json:
        best = results["verdict"]["best"] or "fa"
        user = _known_person(results, dataset, out)
        print(
            "\nNext, try:\n"
            f"  vitrina recommend {out}/models/{best} --user {user} --html picks.html\n"
            f"  vitrina map {folder} --out map.html\n"
            f"  vitrina features --image {folder}/images/w0001.jpg\n"
            "  vitrina data sample --out sample/      # the shape your own log should have\n"
            "  vitrina data import sample/log.csv --items sample/catalogue.csv --out data/shop"
        )


def _known_person(results: dict[str, Any], dataset: Dataset, out: Path) -> str:
    """Somebody of whom the saved models know something: they end where the replay begins. One of the examples, if possible."""
    from vitrina.data.splits.storage import load_split

    counts = load_split(out / "split", dataset).train_and_validation.matrix().getnnz(axis=1)
    shown = [str(example["user"]) for example in results["examples"]]
    known = [name for name in shown if counts[dataset.users.code(name)]]
    return known[0] if known else str(dataset.users.ids[int(counts.argmax())])


def demo_models() -> list[str]:
    """Return the methods that the demo compares: those of the gallery study and one strong one of each other kind."""
    from vitrina.experiments.study import STUDY

    return ["random", "popular", *STUDY, *_BESIDE_STUDY]


def _gallery(folder: Path, seed: int) -> Dataset:
    """The simulated gallery with pictures and features: what is there already is not made again."""
    from vitrina.cli.progress import drawing, shown
    from vitrina.data.gallery import save_gallery
    from vitrina.data.storage import MARKER, load_dataset
    from vitrina.experiments.picture_features import compute_features
    from vitrina.experiments.picture_sources import AUTOENCODER
    from vitrina.features.pictures.presets import find_preset

    if not (folder / MARKER).is_file():
        output.say("Drawing a gallery (people, works, likes and sales are simulated; nothing here is real) ...")
        with drawing() as told:
            save_gallery(folder, seed, progress=lambda done, total: told("pictures", done, total), processes=True)
    output.say("Looking at its pictures ...")
    networks = [AUTOENCODER, *([_BESIDE] if find_preset(_BESIDE).locate() else [])]
    with shown() as progress:
        for network in networks:
            compute_features(folder, network=network, progress=progress)
    return load_dataset(folder)
