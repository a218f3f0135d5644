"""Run published protocols and write their tables into ``reproductions.md``: ``python docs/make_reproductions.py [NAME ...]``.

A name is a protocol or one of its entries, as in ``ncf-ml-1m/neumf-8``, whose row alone is made anew; without names all protocols
are run. Needs the data sets that ``vitrina reproduce --list`` names. Each entry is run with several seeds (of ties and, where a
model draws at random, of the model): seed 0 is what ``vitrina reproduce`` prints, the spread over the seeds is seed noise.
"""

from __future__ import annotations

import re
import statistics
import sys
from pathlib import Path

from make_tables import markdown

from vitrina.data.known import locate
from vitrina.data.splits.split import Split
from vitrina.experiments.published import PROTOCOLS, REPRODUCTIONS
from vitrina.experiments.reproduce import Reproduced, find, fit, measure, open_protocol, reproduce
from vitrina.models.registry import make

SEEDS = 5
SLOW = 30.0  # seconds from which an entry is run with one seed only
PAGE = Path(__file__).with_name("reproductions.md")
NOT_RUN = "Not run: the data set was not on the machine where this page was made."


def seed_noise(run: Reproduced, split: Split) -> float:
    """The largest standard deviation of a metric over ``SEEDS`` seeds, of which ``run`` is the first."""
    protocol, _ = find(run.name)
    found, model = [run.metrics], None
    for seed in range(1, SEEDS):
        if model is None or "seed" in run.settings:
            model = fit(run.name, split, **({"seed": seed} if "seed" in run.settings else {}))
        found.append(measure(run.name, model, split, seed=seed))
    return max(statistics.stdev(metrics[name] for metrics in found) for name in protocol.metrics)


def row(name: str, split: Split | None) -> str:
    """One line of a table: ours above published, the largest difference, whether it is within tolerance, the seed noise.

    Without a split, only what was published.
    """
    if split is None:
        protocol, entry = find(name)
        published = [cell(None, entry.published.get(metric)) for metric in protocol.metrics]
        return line([f"`{name.partition('/')[2]}`", *published, "-", "not run", "-"])
    run = reproduce(name, split=split)
    values = [cell(value, run.published.get(metric)) for metric, value in run.metrics.items()]
    noise = f"{seed_noise(run, split):.4f}" if run.seconds < SLOW else "-"
    return line([f"`{name.partition('/')[2]}`", *values, *verdict(run), noise])


def line(cells: list[str]) -> str:
    """A line of a table in Markdown."""
    return markdown(cells, []).splitlines()[0]


def cell(ours: float | None, published: float | None) -> str:
    """Our number, above the published one where there is one."""
    return ("-" if ours is None else f"{ours:.4f}") + (f"<br><small>{published:.4f}</small>" if published is not None else "")


def verdict(run: Reproduced) -> tuple[str, str]:
    """The largest difference, and whether all are within tolerance; dashes where nothing was published."""
    if not run.published:
        return "-", "-"
    worst = max((run.metrics[metric] - published for metric, published in run.published.items()), key=abs)
    difference = f"{worst:+.4f}".replace("-", "−") if round(worst, 4) else "0"
    demanded = "at least" if run.at_least else f"±{run.tolerance:g}"
    return difference, f"{'yes' if run.reached else '**no**'} ({demanded})"


def note(name: str) -> str:
    """The settings of an entry, and what is particular about it."""
    entry = REPRODUCTIONS[name]
    listed = ", ".join(f"`{key}` {value}" for key, value in entry.settings.items())
    used = listed or ("default settings" if make(entry.model).settings else "no settings")
    used += {"": "", "validation": "; epochs chosen on validation", "test": "; epochs chosen on the test part"}[entry.chosen_on]
    source = f" Published: {entry.source}." if entry.source else ""
    return f"- `{name.partition('/')[2]}`: {used}.{source}{f' Note: {entry.note}.' if entry.note else ''}"


def section(protocol: str, rows: dict[str, str]) -> str:
    """What a protocol is, its table of ``rows`` by entry, and its entries' settings."""
    about = PROTOCOLS[protocol]
    names = entries(protocol)
    head, rule = markdown(["entry", *about.metrics, "largest difference", "reached", "seed noise"], []).splitlines()
    return "\n".join(
        [
            f"{about.description}. Published: {about.source}, unless the entry says otherwise. Data set: `{about.data}`.",
            "",
            f"Command: `vitrina reproduce {protocol}`, or `vitrina reproduce {protocol}/ENTRY` for one of them.",
            "",
            *(head, rule, *(rows[name] for name in names)),
            "",
            *map(note, names),
            *(["", NOT_RUN] if all("not run" in rows[name] for name in names) else []),
        ]
    )


def entries(protocol: str) -> list[str]:
    """The entries of a protocol, in the order of the table."""
    return [name for name in REPRODUCTIONS if name.startswith(f"{protocol}/")]


def rows_on_page(text: str, protocol: str) -> dict[str, str]:
    """The lines of the table of ``protocol`` as they are, by entry."""
    found = pattern_of(protocol).search(text)
    lines = found.group().splitlines() if found else []
    return {f"{protocol}/{line.split('`')[1]}": line for line in lines if line.startswith("| `")}


def pattern_of(protocol: str) -> re.Pattern[str]:
    """The section of ``protocol``: to the next one, or to the end."""
    return re.compile(rf"^## {re.escape(protocol)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def written(text: str, protocol: str, content: str) -> str:
    """Return the page with the section of ``protocol`` replaced, or added at the end."""
    whole, pattern = f"## {protocol}\n\n{content}\n", pattern_of(protocol)
    return pattern.sub(lambda _: whole + "\n", text).rstrip() + "\n" if pattern.search(text) else f"{text.rstrip()}\n\n{whole}"


def made(name: str) -> None:
    """Run a protocol, or one of its entries, and write what was found into the page."""
    protocol, _, entry = name.partition("/")
    chosen = [name] if entry else entries(protocol)
    split = open_protocol(chosen[0]) if locate(PROTOCOLS[protocol].data) else None
    rows = {key: row(key, split) for key in chosen}
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(written(page, protocol, section(protocol, rows_on_page(page, protocol) | rows)), encoding="utf-8")
    print(f"{name} written")


if __name__ == "__main__":
    for name in sys.argv[1:] or PROTOCOLS:
        made(name)
