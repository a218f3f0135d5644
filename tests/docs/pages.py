"""The pages of the documentation as tests see them: fenced blocks with their markers, run in order.

A comment on the line before a fence says how the block is treated:

- ``<!-- not run: REASON -->``: shown only.
- ``<!-- with data: NAME -->``: run only where ``VITRINA_DATA`` holds that data set.
- ``<!-- file: NAME -->``: written to a file of that name, for the blocks after it.
- ``<!-- fails -->``: its commands must end with a non-zero exit code.
- ``<!-- printed -->``: it shows one command and all that it prints to standard output. Words must be equal and numbers nearly
  so, times aside. ``python -m tests.docs.refresh`` writes what is printed now.

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
_MARKER = re.compile(r"<!--\s*(not run|with data|file|fails|printed)(?::\s*((?:(?!-->).)*?))?\s*-->\s*\Z", re.DOTALL)
_TIME = re.compile(r"(< )?\d+(\.\d+)? (ms|s|min|h)\b")
_SHELL = set("|>&;*`$")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, where that begins on the page (line, character), and the marker before it."""

    language: str
    text: str
    line: int
    start: int
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
        found.append(Block(match[1], match[2], text.count("\n", 0, match.start()) + 1, match.start(2), marker, argument))
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
                done = execute(command)
                where = f"{self.page.name}, line {block.line}: {command}"
                assert bool(done.code) == (block.marker == "fails"), f"{where}\nended with {done.code} and printed:\n{done.all}"
                if block.marker == "printed":
                    assert similar(shown, done.lines), f"{where}\nprinted (see tests.docs.refresh):\n{done.printed}"
                    continue
                missing = [line for line in shown if not _among(line, done.all)]
                assert not missing, f"{where}\nprinted no line like {missing[0]!r}, but:\n{done.all}"
        elif block.language == "python":
            place = "\n" * block.line  # tracebacks then name the line of the page
            with redirect_stdout(io.StringIO()):
                exec(compile(place + block.text, str(self.page), "exec"), self.module.__dict__)


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote to standard output and standard error."""

    code: int
    printed: str
    said: str

    @property
    def all(self) -> str:
        """Everything it wrote."""
        return self.said + self.printed

    @property
    def lines(self) -> list[str]:
        """What it printed, line by line, without blank lines."""
        return [line.rstrip() for line in self.printed.splitlines() if line.strip()]


def execute(command: str) -> Done:
    """Run a command; plain ``vitrina`` commands run within this process."""
    if not command.startswith("vitrina ") or _SHELL & set(command):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "PATH": path}
        ended = subprocess.run(["bash", "-c", command], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return Done(ended.returncode, ended.stdout, ended.stderr)
    code, arguments, printed, said = 0, sys.argv, io.StringIO(), io.StringIO()
    try:
        sys.argv = shlex.split(command)
        with redirect_stdout(printed), redirect_stderr(said):
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = arguments
    return Done(code, printed.getvalue(), said.getvalue())


def similar(shown: list[str], printed: list[str]) -> bool:
    """Whether the lines have the same words, and numbers as near as another machine may compute them; times are ignored."""
    ours, theirs = (" ".join(_TIME.sub("#", line) for line in lines).split() for lines in (shown, printed))
    return len(ours) == len(theirs) and all(a == b or _near(a, b) for a, b in zip(ours, theirs, strict=True))


def _near(a: str, b: str) -> bool:
    """Whether two words are both rules of a table, or both nearly the same numbers, perhaps several with commas between."""
    if set(a) == set(b) == {"─"}:
        return True
    try:
        pairs = [(float(x), float(y)) for x, y in zip(a.split(","), b.split(","), strict=True) if x != y]
    except ValueError:
        return False
    return all(abs(x - y) <= 0.005 + 0.02 * abs(x) for x, y in pairs)


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
