"""The generated results and their rendered pages, each made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.report.browser import CHROMIUM
from tests.report.cases import CASES, full_results, rendered


@pytest.fixture
def full() -> dict[str, Any]:
    return full_results()


@pytest.fixture
def page() -> Callable[[str], str]:
    """Return the page of a case by name."""
    return rendered


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> str:
    """The name of every case in turn."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for the tests that look at pages as readers do."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: the page was not tried in a browser"
    )
    with playwright.sync_playwright() as p:
        instance = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield instance
        instance.close()
