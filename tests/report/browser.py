"""Chromium for the pages: where it is, and a tab that may neither complain nor reach for the network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: the page was not tried in a browser")


@contextmanager
def silent_tab(browser: Any, page: Path, width: int, height: int = 800) -> Iterator[Any]:
    """Open ``page`` with all its details; at the end nothing may have been said, asked from the network, or overflow."""
    said: list[str] = []
    asked: list[str] = []
    with browser.new_context(viewport={"width": width, "height": height}) as context:
        tab = context.new_page()
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("dialog", lambda dialog: (said.append("a dialog opened"), dialog.dismiss()))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(page.as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        yield tab
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate("document.body.scrollWidth") <= width
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
