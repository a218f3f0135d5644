"""Where the real data sets are, for the tests that read them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def real() -> Callable[[str], Path]:
    """Return the folder of a real data set under VITRINA_DATA, or skip the test where there is none."""

    def folder(name: str) -> Path:
        home = os.environ.get("VITRINA_DATA")
        if not home or not (Path(home) / name).is_dir():
            pytest.skip(f"needs the folder {name} under the one that VITRINA_DATA names")
        return Path(home) / name

    return folder
