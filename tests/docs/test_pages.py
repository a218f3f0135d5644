"""Every command and every piece of Python in README and docs runs, in order, in an empty folder of its own."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, Block, Runner, blocks

_RUN = ("console", "python")


def _ids(pages: list[Path]) -> list[str]:
    return [page.stem for page in pages]


def _with_data(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.marker == "with data"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder, and no data sets but those that a page makes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # pages import the files they write
    monkeypatch.setenv("VITRINA_HOME", str(tmp_path / ".cache"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_blocks_run(page, folder, monkeypatch):
    monkeypatch.delenv("VITRINA_DATA", raising=False)
    runner = Runner(page)
    for block in blocks(page):
        if block.marker not in ("not run", "with data"):
            runner.run(block)


@pytest.mark.needs_data
@pytest.mark.parametrize("page", [p for p in PAGES if _with_data(p)], ids=_ids([p for p in PAGES if _with_data(p)]))
def test_blocks_with_public_data_run(page, folder):
    data = Path(os.environ.get("VITRINA_DATA") or "")
    wanted = _with_data(page)
    missing = {block.argument for block in wanted if not os.environ.get("VITRINA_DATA") or not (data / block.argument).is_dir()}
    if missing:
        pytest.skip(f"VITRINA_DATA holds no {', '.join(sorted(missing))}")
    runner = Runner(page)
    for block in wanted:
        runner.run(block)


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_what_is_not_run_says_why(page):
    for block in blocks(page):
        if block.marker == "not run":
            assert len(block.argument) > 10, f"{page.name}, line {block.line}: say why this block is not run"
        if block.language in _RUN and block.marker != "not run":
            assert block.language == "python" or block.commands, f"{page.name}, line {block.line}: no command begins with '$ '"


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(page)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), f"{page.name} links to {target}, which does not exist"
        assert linked.is_relative_to(ROOT), f"{page.name} links to {target}, outside the project"
        if anchor and linked.suffix == ".md":
            assert anchor in _anchors(linked), f"{page.name} links to {target}, but {linked.name} has no such heading"


def test_every_page_is_in_the_navigation():
    listed = set(re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert listed == {page.name for page in DOCS.glob("*.md")}


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_no_path_of_one_machine(page):
    assert not re.search(r"(?<![\w.])/(work|tmp|home|root)/", page.read_text(encoding="utf-8"))


def _prose(page: Path) -> str:
    """The page without its fenced blocks and inline code."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the site makes them; ``{#name}`` sets one by hand."""
    found = set()
    for title in re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        own = re.search(r"\{\s*#([\w-]+)\s*\}", title)
        plain = re.sub(r"[^\w\s-]", "", re.sub(r"[`*]", "", title)).strip().lower()
        found.add(own[1] if own else re.sub(r"[-\s]+", "-", plain))
    return found
