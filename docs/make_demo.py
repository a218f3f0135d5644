"""Write the end of what ``make demo`` prints into the README: ``python docs/make_demo.py``.

Runs ``vitrina demo`` as ``make demo`` does, in ``runs/demo``: it draws the gallery, looks, and replays, about six minutes on two
cores. A run that is there already is only shown again. The pictures of the pages are made from it by ``make_gallery.py``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Columns of the printed table that say too little here for the room that they take.
_LEFT_OUT = ("trials", "tuning", "fit")
_REGION = re.compile(r"(<!-- demo: [^>]*-->\n).*?(<!-- end of demo -->)", re.DOTALL)


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


if __name__ == "__main__":
    readme = ROOT / "README.md"
    block = f"```text\n{excerpt()}\n```"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(_REGION.sub(lambda match: f"{match[1]}\n{block}\n\n{match[2]}", text), encoding="utf-8")
    print("README.md written")
