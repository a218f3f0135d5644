"""Write what ``make demo`` finds into the README and the page of reproductions: ``python docs/make_demo.py``.

Runs ``vitrina demo`` as ``make demo`` does, in ``runs/demo``: it draws the gallery, looks, and replays, about six minutes on two
cores. A run that is there already is only shown again. The pictures of the pages are made from it by ``make_gallery.py``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from make_tables import markdown

from vitrina.report.gallery.published import PUBLISHED

ROOT = Path(__file__).parents[1]
#: Columns of the printed table that say too little here for the room that they take.
_LEFT_OUT = ("trials", "tuning", "fit")
METRIC = "ndcg@10"


def excerpt() -> str:
    """Return the table and the verdict, without the lines that say where the report is."""
    command = [Path(sys.executable).with_name("vitrina"), "demo", "--out", "runs/demo"]
    env = {**os.environ, "COLUMNS": "200"}  # wide enough for every column
    printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=env).stdout
    lines = [line.rstrip() for line in printed.split("Next, try:")[0].splitlines()]
    kept = [line for line in lines[1:] if not line.startswith(("Report:", "Results:"))]
    table = [line for line in kept if line[:1] == " "]
    words = [textwrap.fill(line, 120) for line in kept if line[:1].isalpha()]
    return "\n".join([*narrowed(table), "", *words])


def narrowed(table: list[str]) -> list[str]:
    """Cut the last columns, those of ``_LEFT_OUT`` that stand together at the end, off a printed table."""
    end = min(table[0].index(name) for name in _LEFT_OUT)
    return [line[:end].rstrip() for line in table]


def beside_the_study() -> str:
    """Return the study's methods in its own order: its nDCG@10, and that of the demo with its interval."""
    results = json.loads((ROOT / "runs" / "demo" / "results.json").read_text(encoding="utf-8"))
    ours = {method["name"]: method for method in results["methods"]}
    columns, published = PUBLISHED["altogether"]
    theirs = {name: values[columns.index(METRIC)] for name, values in published.items()} | {"random": None}
    rows = []
    for name in sorted(theirs, key=lambda name: -(theirs[name] or 0.0)):
        found = ours[name]
        low, high = found["intervals"][METRIC]
        study = "-" if theirs[name] is None else f"{theirs[name]:.3f}"
        rows.append([found["title"], study, f"{found['metrics'][METRIC]:.3f}", f"{low:.3f} to {high:.3f}"])
    return markdown(["method", "UGallery", "demo", "95 % interval"], rows)


def written(page: Path, region: str, content: str) -> None:
    """Put ``content`` between the marks of a region of a page."""
    pattern = re.compile(rf"(<!-- {region}: [^>]*-->\n).*?(<!-- end of {region} -->)", re.DOTALL)
    text = page.read_text(encoding="utf-8")
    page.write_text(pattern.sub(lambda match: f"{match[1]}\n{content}\n\n{match[2]}", text), encoding="utf-8")
    print(f"{page.name} written")


if __name__ == "__main__":
    written(ROOT / "README.md", "demo", f"```text\n{excerpt()}\n```")
    written(ROOT / "docs" / "reproductions.md", "study", beside_the_study())
