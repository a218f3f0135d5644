"""What one model may fail of while the others of a run go on."""

from __future__ import annotations

from numpy.linalg import LinAlgError

from vitrina.errors import VitrinaError

MODEL_FAILURES = (VitrinaError, MemoryError, LinAlgError)
"""Settings or data that do not suit it, more memory than there is, equations without a solution."""
