"""Vitrina: recommendations you can trust.

The functions below are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Threads of PyTorch that wait for one another should soon sleep: spinning, the default, takes the processor from our own threads,
# and makes training many times slower on a machine that others use too. It is read when PyTorch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "5000")  # a moment: waking takes longer where much is handed out

if TYPE_CHECKING:
    from vitrina.api import compare, fit, load
    from vitrina.data.dataset import Dataset
    from vitrina.data.describe import describe
    from vitrina.data.importers.log import dataset_from, import_log
    from vitrina.data.known import open_dataset, open_split
    from vitrina.data.splits.protocols import make_split
    from vitrina.data.storage import save_dataset
    from vitrina.errors import VitrinaError
    from vitrina.evaluation.audit import audit
    from vitrina.evaluation.evaluate import evaluate
    from vitrina.experiments.reproduce import reproduce
    from vitrina.models.registry import make
    from vitrina.report import write_report

_HOMES = {
    "Dataset": "vitrina.data.dataset",
    "VitrinaError": "vitrina.errors",
    "audit": "vitrina.evaluation.audit",
    "compare": "vitrina.api",
    "dataset_from": "vitrina.data.importers.log",
    "describe": "vitrina.data.describe",
    "evaluate": "vitrina.evaluation.evaluate",
    "fit": "vitrina.api",
    "import_log": "vitrina.data.importers.log",
    "load": "vitrina.api",
    "make": "vitrina.models.registry",
    "make_split": "vitrina.data.splits.protocols",
    "open_dataset": "vitrina.data.known",
    "open_split": "vitrina.data.known",
    "reproduce": "vitrina.experiments.reproduce",
    "save_dataset": "vitrina.data.storage",
    "write_report": "vitrina.report",
}

__all__ = [
    "Dataset",
    "VitrinaError",
    "audit",
    "compare",
    "dataset_from",
    "describe",
    "evaluate",
    "fit",
    "import_log",
    "load",
    "make",
    "make_split",
    "open_dataset",
    "open_split",
    "reproduce",
    "save_dataset",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vitrina' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
