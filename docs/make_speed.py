"""Write the benchmark tables into ``speed.md``: first ``python benchmarks/run.py``, then ``python docs/make_speed.py``.

The page has two tables: the one of the networks is of the folder ``networks`` inside, which ``speed.md`` shows how to fill. A
table whose results are not there stays as it is.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from make_tables import markdown

PAGE = Path(__file__).with_name("speed.md")
OUT = Path(__file__).parents[1] / "benchmarks" / "out"
TABLES = {"speed": OUT, "networks": OUT / "networks"}  # name of markers and plot -> folder of the results
DATA = {"ml-1m": "MovieLens-1M", "2m": "2 million events", "20m": "20 million events"}


def table(pairs: list[dict[str, Any]]) -> str:
    """One line a job, log and library; below 1 Vitrina is ahead."""
    rows = []
    for (job, log), group in groupby(pairs, key=lambda p: (p["job"], p["data"])):
        found = [pair for pair in group if pair["stage"] != "recommend"]
        for pair in sorted(found, key=lambda p: -p["wall"]["median"]):
            rows.append([_with_small(job, DATA[log]), *cells(pair)])
    head = ["job", "beside", "time", "target", "seconds, ours / theirs", "memory", "quality, ours / theirs", "rounds"]
    return markdown(head, rows)


def cells(pair: dict[str, Any]) -> list[str]:
    """What a pair of libraries did, from the name of the other to the number of rounds."""
    wall = pair["wall"]
    target = "" if pair["target"] is None else _with_small(f"{pair['target']:g}", pair["verdict"])
    return [
        pair["library"],
        _with_small(f"**{wall['median']:.2f}**", f"{wall['low']:.2f} to {wall['high']:.2f}"),
        target,
        _together(f"{seconds:.3g}" for seconds in pair["seconds"]),
        "" if pair["memory"] is None else f"{pair['memory']:.2f}",
        _together("-" if quality is None else f"{quality:.4f}" for quality in pair["quality"]),
        str(pair["rounds"]),
    ]


def _with_small(text: str, small: str) -> str:
    return f"{text}<br><small>{small.replace(' ', chr(160))}</small>"


def _together(values: Iterable[str]) -> str:
    """Two numbers that no line break parts."""
    return "\u00a0/\u00a0".join(values)


def setting(measured: list[dict[str, Any]]) -> str:
    """The machine, the dates and the versions."""
    settings = [m["setting"] for m in measured]
    machines = sorted({f"{s['processor']}, {s['threads']} threads, {s['memory_gib']} GiB" for s in settings})
    dates = sorted({s["date"][:10] for s in settings})
    versions = {name: found[name] for m in measured for name, found in m["versions"].items() if name in found}
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return f"Measured on {' and '.join(dates)}: {'; '.join(machines)}. {listed}."


def main() -> None:
    """Replace what lies between the markers, and the plots."""
    for name, folder in TABLES.items():
        if not (folder / "results.json").is_file():
            continue
        results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        content = f"{setting(results['measurements'])}\n\n{table(results['pairs'])}"
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        page = marked.sub(lambda m: f"{m[1]}\n{content}\n\n{m[2]}", PAGE.read_text(encoding="utf-8"))  # noqa: B023  called at once
        PAGE.write_text(page, encoding="utf-8")
        shutil.copy(folder / "ratios.svg", PAGE.parent / "images" / f"{name}.svg")


if __name__ == "__main__":
    main()
