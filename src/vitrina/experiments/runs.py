"""The folder of a run: where each result lies, and whether it is there already."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vitrina import __version__
from vitrina.data.files import write_text
from vitrina.errors import VitrinaError
from vitrina.experiments.config import RunConfig
from vitrina.kernels.threads import n_threads

CONFIG, RESULTS = "config.toml", "results.json"


@dataclass(frozen=True)
class RunFolder:
    """Paths inside a run's folder."""

    path: Path

    @property
    def split(self) -> Path:
        """The saved split."""
        return self.path / "split"

    @property
    def results(self) -> Path:
        """Everything the report shows."""
        return self.path / RESULTS

    def trials(self, model: str) -> Path:
        """The finished trials of a model."""
        return self.path / "trials" / model

    def model(self, model: str) -> Path:
        """The final model."""
        return self.path / "models" / model

    def users(self, model: str) -> Path:
        """Per-user metrics on test."""
        return self.path / "users" / f"{model}.parquet"

    def lists(self, model: str) -> Path:
        """The first picks for each query of test."""
        return self.path / "lists" / f"{model}.parquet"

    def evaluation(self, model: str) -> Path:
        """Means, settings and costs of the final model; written last, so that its presence means the model is done."""
        return self.path / "evaluations" / f"{model}.json"

    def claim(self, config: RunConfig) -> None:
        """Make the folder, or check that the run in it is this one; raises ``VitrinaError`` when it is another."""
        text = config.to_toml()
        path = self.path / CONFIG
        if path.is_file():
            if path.read_text(encoding="utf-8") != text:
                raise VitrinaError(
                    f"{self.path} holds a run with another configuration (see {path}). "
                    "Choose another --out, or remove that folder to start anew."
                )
            return
        if self.path.exists() and any(p for p in self.path.iterdir() if not p.name.startswith(".")):
            raise VitrinaError(f"{self.path} is not empty and holds no run. Choose another --out.")
        write_text(path, text)


def read_json(path: Path) -> Any:
    """Read a JSON file of a run; raises ``VitrinaError`` when it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise VitrinaError(f"{path} is damaged ({error}). Remove it and run the same command again.") from None


def environment() -> dict[str, Any]:
    """Return the versions and the machine a run was made with."""
    libraries = ("numpy", "scipy", "polars", "numba", "optuna")
    return {
        "vitrina": __version__,
        "python": sys.version.split()[0],
        **{name: version(name) for name in libraries},
        "platform": platform.platform(terse=True),
        "cpu": platform.processor() or platform.machine(),
        "threads": n_threads(),
    }
