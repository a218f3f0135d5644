"""The library in a handful of functions; ``import vitrina`` offers them all.

>>> import vitrina
>>> data = vitrina.open_dataset("demo")
>>> model = vitrina.fit("itemknn", data, neighbours=50)
>>> model.recommend(users=["u0001"], k=3).columns
['query', 'rank', 'item', 'title', 'score', 'source']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vitrina.data.dataset import Dataset
from vitrina.data.splits.split import Split
from vitrina.experiments.compare import compare as run_comparison
from vitrina.experiments.config import make_config
from vitrina.experiments.progress import Progress
from vitrina.models.registry import make
from vitrina.models.storage import load_trained
from vitrina.models.trained import Trained


def fit(model: str, data: Dataset, **settings: Any) -> Trained:
    """Fit the model of that name on all positive events of ``data``, ready to recommend and to save.

    Raises ``UnknownNameError`` for an unknown model and ``VitrinaError`` for wrong settings.
    """
    return Trained.fit(make(model, **settings), data)


def load(folder: str | Path) -> Trained:
    """Load a saved model; it needs neither the training data nor the code that fitted it. Raises ``ModelFileError``."""
    return load_trained(Path(folder))


def compare(
    data: Dataset,
    out: str | Path,
    *,
    models: Sequence[str] | Mapping[str, Mapping[str, Any]] | None = None,
    split: Split | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Tune, fit and test ``models`` (default: all) on ``data`` under the same conditions; resumes the run in ``out``.

    ``options`` are the fields of ``vitrina.experiments.config.RunConfig``: ``trials``, ``metric``, ``metrics``, ``seed``,
    ``seconds``, ``memory``. Returns the content of ``results.json``. Raises ``VitrinaError`` for wrong options or when
    ``out`` holds another run.
    """
    if models is not None:
        options["models"] = models
    config = make_config(data=data.info.name, **options)
    return run_comparison(config, data, Path(out), split=split, progress=progress)
