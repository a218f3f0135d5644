"""``vitrina progress``: are neural models better than simple ones, on the user's own data?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vitrina.cli import output
from vitrina.cli.compare import names_in, published_split
from vitrina.cli.output import Csv, Json

if TYPE_CHECKING:
    from vitrina.report.contract import Results
    from vitrina.report.progress import Progress, Step


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("progress")(progress)


def progress(
    data: Annotated[str, typer.Argument(help="A data set (a folder or a known name), or the folder of a finished comparison.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the run; goes on with the run in it.")] = None,
    models: Annotated[
        str | None, typer.Option(help="Comma-separated names; default: every neural model and every tuned simple one.")
    ] = None,
    trials: Annotated[int, typer.Option(help="Tuning trials, the same for every model.")] = 10,
    seconds: Annotated[float | None, typer.Option(help="Cap on the tuning time of one model.")] = None,
    metric: Annotated[str, typer.Option(help="The metric that is tuned and decides.")] = "ndcg@10",
    split: Annotated[str, typer.Option("--split", "--protocol", help="Protocol, or a published split of the data.")] = "default",
    seed: Annotated[int, typer.Option(help="Seed of split, tuning and ties.")] = 0,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Compare every neural model with every tuned simple one, and say which of them beat the best simple one, at what price.

    All have the same number of trials on the validation part. Given the folder of a comparison, its answer is printed.
    """
    from vitrina.errors import VitrinaError
    from vitrina.experiments.runs import RESULTS
    from vitrina.report.contract import read_results
    from vitrina.report.progress import progress_of

    run, page = Path(data), None
    if (run / RESULTS).is_file():
        if out is not None or models is not None:
            raise typer.BadParameter(f"{run} is a comparison that was made: it is read, and nothing is run", param_hint="DATA")
    elif out is None:
        raise typer.BadParameter("say where the run goes, for example --out runs/progress", param_hint="--out")
    else:
        run, page = out, _compared(data, out, models, trials, seconds, metric, split, seed)
    results = read_results(run)
    answer = progress_of(results)
    if answer is None:
        raise VitrinaError(
            f"{run} holds no neural model and simple one that were both tested, so there is nothing to say. Give a data set: "
            "vitrina progress DATA --out RUN compares them."
        )
    _print(results, answer, page, json, csv)


def _compared(
    data: str, out: Path, models: str | None, trials: int, seconds: float | None, metric: str, split: str, seed: int
) -> Path:
    """Run the comparison, or go on with it, and return its report."""
    from vitrina.cli.progress import shown
    from vitrina.data.known import open_dataset
    from vitrina.experiments.compare import compare
    from vitrina.experiments.config import make_config
    from vitrina.experiments.contest import contestants
    from vitrina.report import write_report

    dataset = open_dataset(data)
    config = make_config(
        data=data,
        models=names_in(models) if models else contestants(dataset),
        trials=trials,
        seconds=seconds,
        metric=metric,
        seed=seed,
        split={"protocol": split, "seed": seed},
    )
    with shown() as bars:
        compare(config, dataset, out, split=published_split(config), progress=bars)
    return write_report(out, dataset=dataset)


def _print(results: Results, answer: Progress, page: Path | None, json: bool, csv: bool) -> None:
    if json:
        return output.as_json(
            {
                "metric": results.deciding,
                "simple": answer.simple.name,
                "sentence": answer.sentence,
                "models": [_record(step) for step in answer.steps],
            }
        )
    output.table([_row(results, step) for step in answer.steps], csv=csv)
    if not csv:
        print(answer.sentence)
        if page is not None:
            print(f"\nReport:  {page}")


def _record(step: Step) -> dict[str, Any]:
    pair = step.pair
    return {
        "name": step.method.name,
        "outcome": step.outcome,
        "difference": pair.difference,
        "low": pair.low,
        "high": pair.high,
        "p_holm": pair.p_holm,
        "times": step.times,
        "seconds": step.method.seconds.model_dump(),
    }


def _row(results: Results, step: Step) -> dict[str, Any]:
    from vitrina.report.numbers import multiple

    pair = step.pair
    span = f"{pair.low:+.4f} to {pair.high:+.4f}" if pair.low is not None and pair.high is not None else "-"
    return {
        "neural model": results.label(step.method.name),
        results.deciding: step.method.metrics[results.deciding],
        "difference": f"{pair.difference:+.4f}",
        "95 % interval": span,
        "p (Holm)": pair.p_holm,
        "verdict": step.outcome,
        "training time": f"{multiple(step.times)} x" if step.times is not None else "-",
    }
