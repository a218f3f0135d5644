"""Measure Vitrina beside its peers: ``python benchmarks/run.py``, in the environment of the project. See README.md."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # the project, not this folder

    from benchmarks.main import main

    main()
