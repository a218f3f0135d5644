"""The pages of the documentation as tests see them: fenced blocks with their markers, run in order.

A comment on the line before a fence says how the block is treated:

- ``<!-- not run: REASON -->``: shown only.
- ``<!-- with data: NAME -->``: run only where ``VITRINA_DATA`` holds that data set.
- ``<!-- file: NAME -->``: written to a file of that name, for the blocks after it.
- ``<!-- fails -->``: its commands must end with a non-zero exit code.

Other ``console`` blocks must run with exit code 0, and ``python`` blocks without an exception. What a console block shows
below its commands must be among what they print: numbers are not compared, and ``...`` stands for anything left out.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import types
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from vitrina.cli import main

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"<!--\s*(not run|with data|file|fails)(?::\s*((?:(?!-->).)*?))?\s*-->\s*\Z", re.DOTALL)
_SHELL = set("|>&;*`$")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, the marker before it and the line it begins at."""

    language: str
    text: str
    line: int
    marker: str = ""
    argument: str = ""

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """The commands of a console block, each with the lines shown below it."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                found.append((re.sub(r"\s+#\s.*$", "", line[2:]).strip(), []))
            elif found and line.strip():
                found[-1][1].append(line)
        return found


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        before = _MARKER.search(text[: match.start()])
        marker, argument = (before[1], before[2] or "") if before else ("", "")
        found.append(Block(match[1], match[2], text.count("\n", 0, match.start()) + 1, marker, argument))
    return found


@dataclass
class Runner:
    """Runs the blocks of one page in the current folder; Python blocks share one module."""

    page: Path
    module: types.ModuleType = field(init=False)

    def __post_init__(self) -> None:
        self.module = types.ModuleType(f"page_{self.page.stem.replace('-', '_').lower()}")
        sys.modules[self.module.__name__] = self.module  # annotations are looked up there

    def run(self, block: Block) -> None:
        """Run one block; raises ``AssertionError`` that names page and line."""
        if block.marker == "file":
            Path(block.argument).parent.mkdir(parents=True, exist_ok=True)
            Path(block.argument).write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            for command, shown in block.commands:
                code, output = execute(command)
                where = f"{self.page.name}, line {block.line}: {command}"
                assert bool(code) == (block.marker == "fails"), f"{where}\nended with exit code {code} and printed:\n{output}"
                missing = [line for line in shown if not _among(line, output)]
                assert not missing, f"{where}\nprinted no line like {missing[0]!r}, but:\n{output}"
        elif block.language == "python":
            place = "\n" * block.line  # tracebacks then name the line of the page
            with redirect_stdout(io.StringIO()):
                exec(compile(place + block.text, str(self.page), "exec"), self.module.__dict__)


def execute(command: str) -> tuple[int, str]:
    """Run a command and return its exit code and all it printed; plain ``vitrina`` commands run within this process."""
    if not command.startswith("vitrina ") or _SHELL & set(command):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", command],
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout
    code, arguments, printed = 0, sys.argv, io.StringIO()
    try:
        sys.argv = shlex.split(command)
        with redirect_stdout(printed), redirect_stderr(printed):
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = arguments
    return code, printed.getvalue()


def _among(line: str, output: str) -> bool:
    """Whether ``output`` has a line like this one."""
    if line.strip() == "...":
        return True
    wanted = ".*".join(re.escape(_masked(part)) for part in line.split("..."))
    return any(re.fullmatch(wanted, _masked(printed)) for printed in output.splitlines())


def _masked(text: str) -> str:
    """The words of a line: numbers with their signs and units of time or memory become ``#``, spaces one."""
    text = re.sub(r"(< )?[-+−]?\d[\d.,]*(e[-+]?\d+)?( (ms|s|min|h|B|KB|MB|GB)\b)?", "#", text)
    return " ".join(re.sub("─+", "─", text).split())
