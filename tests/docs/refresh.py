"""Write what commands print now into the blocks marked ``<!-- printed -->``: ``python -m tests.docs.refresh``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.docs.pages import PAGES, Block, Runner, blocks, execute


def refreshed(page: Path) -> str:
    """Run a page in the current folder, and return its text with what its marked commands print now."""
    runner, outputs = Runner(page), []
    for block in blocks(page):
        if block.marker == "printed":
            outputs.append((block, _output(block)))
        elif block.marker not in ("not run", "with data"):
            runner.run(block)
    text = page.read_text(encoding="utf-8")
    for block, output in reversed(outputs):  # from the end, so that earlier places stay where they are
        text = text[: block.start] + output + text[block.start + len(block.text) :]
    return text


def _output(block: Block) -> str:
    command, *_ = block.text.splitlines()
    return "\n".join([command, *execute(block.commands[0][0]).lines]) + "\n"


def main() -> None:
    """Refresh every page that has such blocks, each in an empty folder."""
    os.environ.pop("VITRINA_DATA", None)
    home = Path.cwd()
    for page in PAGES:
        if not any(block.marker == "printed" for block in blocks(page)):
            continue
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            text = refreshed(page)
            os.chdir(home)
        if text != page.read_text(encoding="utf-8"):
            page.write_text(text, encoding="utf-8")
            print(f"{page.name} changed")


if __name__ == "__main__":
    main()
