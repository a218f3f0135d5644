from __future__ import annotations

import pytest

from tests.report.gallery.cases import gallery
from vitrina.data.dataset import Dataset


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return gallery(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def hostile_shop(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return gallery(tmp_path_factory.mktemp("hostile-shop"), hostile=True)
