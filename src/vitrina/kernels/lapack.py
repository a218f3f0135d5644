"""Routines of SciPy's BLAS and LAPACK for compiled loops, which must not come back to Python for each small system."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from threading import Lock
from typing import Any

import numba.experimental.function_type  # noqa: F401  (registers the type of Native; numba imports it only after a first compilation)
from numba import types
from numba.core.typing import Signature
from numba.extending import get_cython_function_address
from threadpoolctl import ThreadpoolController


class Native(types.WrapperAddressProtocol):  # type: ignore[misc]
    """A BLAS or LAPACK routine of SciPy as a first-class function for compiled code (all arguments are addresses).

    Passed as an argument, not referenced as a global, so that the compiled loop can be cached between runs.
    """

    def __init__(self, module: str, name: str, n_arguments: int) -> None:
        self._address = get_cython_function_address(module, name)
        self._signature: Signature = types.void(*[types.uintp] * n_arguments)

    def __wrapper_address__(self) -> int:
        return int(self._address)

    def signature(self) -> Any:
        """Return the type that numba compiles calls for."""
        return self._signature


SSYRK = Native("scipy.linalg.cython_blas", "ssyrk", 10)
SPOSV = Native("scipy.linalg.cython_lapack", "sposv", 8)


@cache
def _libraries() -> ThreadpoolController:
    """The loaded BLAS libraries; finding them takes longer than a small solution."""
    return ThreadpoolController()


class _OneThread:
    """The number of threads is the whole process's: all inside set it to one, and the last one out puts it back."""

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            limit = _libraries().limit(limits=1, user_api="blas")
            self._limit = self._limit if self._inside else limit  # the one that remembers what was before
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


_ONE_THREAD = _OneThread()


def one_blas_thread() -> AbstractContextManager[None]:
    """Keep BLAS to one thread while the rows of a job are spread over threads already; callers may overlap."""
    return _ONE_THREAD
