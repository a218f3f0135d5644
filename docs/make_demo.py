"""Write the end of what ``make demo`` prints into the README: ``python docs/make_demo.py``.

Runs ``vitrina demo`` as ``make demo`` does, in ``runs/readme``; a run that is there already is only shown again.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
_REGION = re.compile(r"(<!-- demo: [^>]*-->\n).*?(<!-- end of demo -->)", re.DOTALL)


def excerpt() -> str:
    """Return the table and the verdict, without the lines that say where the report is."""
    command = [Path(sys.executable).with_name("vitrina"), "demo", "--out", "runs/readme"]
    printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = [line.rstrip() for line in printed.split("Next, try:")[0].splitlines()]
    kept = [line for line in lines[1:] if not line.startswith(("Report:", "Results:"))]
    return "\n".join(textwrap.fill(line, 120) if line[:1].isalpha() else line for line in kept).strip("\n")


if __name__ == "__main__":
    readme = ROOT / "README.md"
    block = f"```text\n{excerpt()}\n```"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(_REGION.sub(lambda match: f"{match[1]}\n{block}\n\n{match[2]}", text), encoding="utf-8")
    print("README.md written")
