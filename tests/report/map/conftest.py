from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.report.map.cases import gallery
from vitrina.report.map import Marks, WorkMap, make_map


@pytest.fixture(scope="session")
def work_map(tmp_path_factory: pytest.TempPathFactory) -> WorkMap:
    return make_map(gallery(tmp_path_factory.mktemp("gallery")))


@pytest.fixture(scope="session")
def hostile_map(tmp_path_factory: pytest.TempPathFactory) -> WorkMap:
    return make_map(gallery(tmp_path_factory.mktemp("hostile"), hostile=True))


@pytest.fixture
def marks() -> list[Marks]:
    return [
        Marks("history", np.array([0, 1, 2], np.int32), "history"),
        Marks("dnn", np.array([2, 10, 11], np.int32)),
        Marks("random", np.array([3, 20, 21, 22], np.int32)),  # 3 has no place
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
