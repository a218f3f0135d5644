"""The generated results and their rendered pages, each made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

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
