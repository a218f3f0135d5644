"""Write the benchmark table into ``speed.md``: first ``python benchmarks/run.py``, then ``python docs/make_speed.py``."""

from __future__ import annotations

import json
import re
import shutil
from itertools import groupby
from pathlib import Path
from typing import Any

from make_tables import markdown

PAGE = Path(__file__).with_name("speed.md")
OUT = Path(__file__).parents[1] / "benchmarks" / "out"
DATA = {"ml-1m": "MovieLens-1M", "2m": "generated, 2 million", "20m": "generated, 20 million"}


def table(pairs: list[dict[str, Any]]) -> str:
    """One line a job, log and library; below 1 Vitrina is ahead."""
    rows = []
    for _, group in groupby(pairs, key=lambda p: (p["job"], p["data"])):
        for pair in sorted(group, key=lambda p: -p["wall"]["median"]):
            if pair["stage"] == "recommend":
                continue
            wall = pair["wall"]
            ratio = f"**{wall['median']:.2f}**<br><small>{wall['low']:.2f} to {wall['high']:.2f}</small>"
            memory = "" if pair["memory"] is None else f"{pair['memory']:.2f}"
            quality = " / ".join("-" if q is None else f"{q:.4f}" for q in pair["quality"])
            seconds = " / ".join(f"{s:.3g} s" for s in pair["seconds"])
            target = "" if pair["target"] is None else f"{pair['target']:g}"
            rounds = str(pair["rounds"])
            said = [pair["job"], DATA[pair["data"]], pair["library"], ratio, target, pair["verdict"]]
            cells = [*said, seconds, memory, quality, rounds]
            rows.append(cells)
    head = [
        "job",
        "log",
        "beside",
        "time, ours : theirs",
        "target",
        "",
        "ours / theirs",
        "memory",
        "quality, ours / theirs",
        "rounds",
    ]
    return markdown(head, rows)


def setting(measured: list[dict[str, Any]]) -> str:
    """The machine, the dates and the versions."""
    settings = [m["setting"] for m in measured]
    machines = sorted({f"{s['processor']}, {s['threads']} threads, {s['memory_gib']} GiB" for s in settings})
    dates = sorted({s["date"][:10] for s in settings})
    versions = {name: found[name] for m in measured for name, found in m["versions"].items() if name in found}
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return f"Measured on {' and '.join(dates)}: {'; '.join(machines)}. {listed}."


def main() -> None:
    """Replace what lies between the markers, and the plot."""
    results = json.loads((OUT / "results.json").read_text(encoding="utf-8"))
    content = f"{setting(results['measurements'])}\n\n{table(results['pairs'])}"
    text = PAGE.read_text(encoding="utf-8")
    new = re.sub(r"(<!-- speed -->\n).*?(<!-- end of speed -->)", lambda m: f"{m[1]}\n{content}\n\n{m[2]}", text, flags=re.DOTALL)
    PAGE.write_text(new, encoding="utf-8")
    shutil.copy(OUT / "ratios.svg", PAGE.parent / "images" / "speed.svg")


if __name__ == "__main__":
    main()
