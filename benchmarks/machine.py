"""The machine, and the environment in which a worker runs on it."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]


#: Set in this process by ``import vitrina``; in workers that import it again, and no others.
_OF_VITRINA = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def surroundings(library: str, threads: int) -> dict[str, str]:
    """Return the environment of a worker: the same threads for every pool, whatever the library calls it."""
    pools = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "LK")
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_VITRINA}
    around = inherited | {f"{pool}_NUM_THREADS": str(threads) for pool in pools}
    around |= {"VITRINA_THREADS": str(threads), "IRSPACK_NUM_THREADS_DEFAULT": str(threads), "LK_NUM_PROCS": str(threads)}
    around |= {"VECLIB_MAXIMUM_THREADS": str(threads), "POLARS_MAX_THREADS": str(threads)}
    around |= {"PYTHONPATH": str(_ROOT), "PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "ignore"}
    if library == "implicit":
        around["OPENBLAS_NUM_THREADS"] = "1"  # as its documentation asks: it spreads the work over threads itself
    return around


def setting(threads: int) -> dict[str, Any]:
    """Return the machine, the date and the threads of a measurement."""
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"),
        "threads": threads,
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
