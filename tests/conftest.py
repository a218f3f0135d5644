"""Settings and fixtures shared by all tests."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import settings

import vitrina

# What is tested is the same on every machine; tests of accelerators name theirs.
os.environ.setdefault("VITRINA_DEVICE", "cpu")

# The first call of a kernel compiles it, which no deadline foresees.
settings.register_profile("vitrina", deadline=None, print_blob=True)
settings.load_profile("vitrina")


def pytest_configure(config: pytest.Config) -> None:
    """Throw away compiled kernels that are older than others they call: numba looks at a kernel's own file alone."""
    if hasattr(config, "workerinput"):
        return
    kernels = Path(vitrina.__file__).parent / "kernels"
    sources = {path.stem: path for path in kernels.glob("*.py")}
    called = {name: set(re.findall(r"vitrina\.kernels\.(\w+)", path.read_text())) for name, path in sources.items()}
    for compiled in kernels.glob("__pycache__/*.nbi"):
        reached, ahead = set(), {compiled.name.split(".")[0]}
        while ahead:
            reached |= ahead
            ahead = set().union(*(called.get(name, ()) for name in ahead)) - reached
        if any(name in sources and sources[name].stat().st_mtime > compiled.stat().st_mtime for name in reached):
            compiled.unlink()
