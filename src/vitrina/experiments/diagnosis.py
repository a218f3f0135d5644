"""A look at the machine: what is installed, how many threads work, where data are looked for."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

from vitrina import __version__
from vitrina.experiments.plan import available_memory
from vitrina.kernels.threads import n_threads

_LIBRARIES = (
    "numpy", "scipy", "polars", "pyarrow", "numba", "torch", "optuna", "altair", "pillow", "onnx", "onnxruntime", "opentsne",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One line of the diagnosis; ``advice`` says what to do where ``ok`` is false."""

    name: str
    value: str
    ok: bool = True
    advice: str = ""


def diagnose() -> list[Check]:
    """Look at everything."""
    return [
        Check("vitrina", __version__),
        Check("python", sys.version.split()[0]),
        Check("system", platform.platform(terse=True)),
        *[_library(name) for name in _LIBRARIES],
        Check("cores", str(len(os.sched_getaffinity(0)))),
        Check("kernel threads", str(n_threads())),
        _blas(),
        Check("memory free", f"{available_memory() / 1e9:.1f} GB"),
        _accelerator(),
        _data_folder(),
        _kernel_cache(),
    ]


def _library(name: str) -> Check:
    try:
        return Check(name, version(name))
    except PackageNotFoundError:
        return Check(name, "missing", False, "run make setup, or: pip install vitrina")


def _blas() -> Check:
    import numpy as np
    import scipy.linalg  # loads the second BLAS, which models use

    np.ones((2, 2)) @ np.ones((2, 2)), scipy.linalg.lapack
    pools = [p for p in threadpool_info() if p["user_api"] == "blas"]
    value = "; ".join(f"{p['internal_api']} {p.get('version')}, {p['num_threads']} threads" for p in pools) or "unknown"
    cores = len(os.sched_getaffinity(0))
    slow = [p for p in pools if p["num_threads"] < cores]
    return Check("BLAS", value, not slow, "OPENBLAS_NUM_THREADS or OMP_NUM_THREADS holds BLAS back" if slow else "")


def _accelerator() -> Check:
    from vitrina.features.pictures.networks import providers
    from vitrina.training.devices import pick_device

    looking = providers()[0].removesuffix("ExecutionProvider")
    return Check("accelerator", f"training on {pick_device().type}; networks look at pictures on {looking}")


def _data_folder() -> Check:
    wanted = os.environ.get("VITRINA_DATA")
    if not wanted:
        return Check("VITRINA_DATA", "not set", True, "set it to a folder of data sets to use copies that are there already")
    folder = Path(wanted)
    if not folder.is_dir():
        return Check("VITRINA_DATA", wanted, False, "there is no such folder")
    found = sorted(p.name for p in folder.iterdir() if p.is_dir())
    return Check("VITRINA_DATA", f"{wanted} ({', '.join(found) or 'empty'})", bool(found), "" if found else "it is empty")


def _kernel_cache() -> Check:
    """Compiled loops are kept beside the code; where that is read-only each process compiles anew."""
    import vitrina.kernels

    folder = Path(vitrina.kernels.__file__).parent
    writable = os.access(folder, os.W_OK) or "NUMBA_CACHE_DIR" in os.environ
    advice = "" if writable else "set NUMBA_CACHE_DIR to a folder that can be written, or every start compiles for seconds"
    return Check("kernel cache", os.environ.get("NUMBA_CACHE_DIR", "beside the code"), writable, advice)
