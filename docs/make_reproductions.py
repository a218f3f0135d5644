"""Run every published protocol and write the table of ``reproductions.md``: ``python docs/make_reproductions.py``.

Needs the data sets that ``vitrina reproduce --list`` names. Each entry is run with several seeds (of ties and, where a model
draws at random, of the model): seed 0 is what ``vitrina reproduce`` prints, the spread over the seeds is seed noise.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from make_tables import markdown

from vitrina.data.splits.split import Split
from vitrina.evaluation.evaluate import evaluate
from vitrina.experiments.reproduce import PROTOCOLS, REPRODUCTIONS, find, open_protocol, reproduce
from vitrina.models.registry import make

SEEDS = 5
PAGE = Path(__file__).with_name("reproductions.md")
_REGION = re.compile(r"(<!-- reproductions -->\n).*?(<!-- end of reproductions -->)", re.DOTALL)


def seed_noise(name: str, split: Split) -> dict[str, float]:
    """Standard deviation of each metric over ``SEEDS`` seeds."""
    protocol, entry = find(name)
    found: dict[str, list[float]] = {metric: [] for metric in protocol.metrics}
    train, test = split.train_and_validation, split.open_test()
    for seed in range(SEEDS):
        model = make(entry.model, **entry.settings)
        if "seed" in model.settings:
            model = make(entry.model, **{**entry.settings, "seed": seed})
        for metric, value in evaluate(model.fit(train), test, train, protocol.metrics, seed=seed).metrics.items():
            found[metric].append(value)
    return {metric: statistics.stdev(values) for metric, values in found.items()}


def sections() -> Iterator[str]:
    """Yield one section a protocol: what it is, the table, and the command of each row."""
    for protocol, group in groupby(REPRODUCTIONS, key=lambda name: name.partition("/")[0]):
        names, rows, notes = list(group), [], []
        split = open_protocol(names[0])
        for name in names:
            run, noise, entry = reproduce(name, split=split), seed_noise(name, split), REPRODUCTIONS[name]
            for metric, published in run.published.items():
                ours = run.metrics[metric]
                difference = round(ours - published, 4)
                rows.append(
                    [
                        f"`{name.partition('/')[2]}`",
                        metric,
                        f"{ours:.4f}",
                        f"{published:.4f}",
                        f"{difference:+.4f}".replace("-", "−") if difference else "0",
                        f"±{entry.tolerance:g}",
                        f"{noise[metric]:.4f}",
                    ]
                )
            used = ", ".join(f"{key} {value}" for key, value in entry.settings.items()) or "no settings"
            source = f" Published: {entry.source}." if entry.source else ""
            notes.append(f"- `{name.partition('/')[2]}`: {used}.{source}{f' Note: {entry.note}.' if entry.note else ''}")
        about = PROTOCOLS[protocol]
        head = ["entry", "metric", "ours", "published", "difference", "tolerance", "seed noise"]
        yield "\n".join(
            [
                f"## {protocol}",
                "",
                f"{about.description}. Published: {about.source}, unless the entry says otherwise. Data set: `{about.data}`.",
                "",
                markdown(head, rows),
                "",
                f"Command: `vitrina reproduce {protocol}`, or `vitrina reproduce {protocol}/ENTRY` for one of them.",
                "",
                *notes,
                "",
            ]
        )


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    made = "\n".join(sections())
    PAGE.write_text(_REGION.sub(lambda match: f"{match[1]}\n{made}\n{match[2]}", text), encoding="utf-8")
    print(f"{PAGE.name} written")
