import ctypes
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def overwrites_what_is_freed() -> Iterator[None]:
    """Memory is filled with 0xAA as soon as it is freed, so that whoever still reads it reads nonsense, every time."""
    if not sys.platform.startswith("linux") or not hasattr(library := ctypes.CDLL(None), "mallopt"):
        pytest.skip("needs the GNU C library")
    perturb = -6  # M_PERTURB
    library.mallopt(perturb, 0x55)
    yield
    library.mallopt(perturb, 0)
