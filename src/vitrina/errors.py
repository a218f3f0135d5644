"""Errors that teach: what was given, what was expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class VitrinaError(ValueError):
    """Base of every error a user can cause. The command line prints its message and no traceback."""


class DataError(VitrinaError):
    """Input data that cannot be read or understood."""


class UnknownNameError(VitrinaError):
    """A name (data set, model, metric, column, id) that does not exist; the message suggests the nearest one."""


class ModelFileError(VitrinaError):
    """A saved model that is missing, truncated, altered or written by a newer version."""


def unknown(kind: str, name: str, known: Iterable[str], hint: str = "") -> UnknownNameError:
    """Build the error for an unknown ``name`` of some ``kind``, naming the nearest known one."""
    names = [str(k) for k in known]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    message = f"unknown {kind} {name!r}."
    if near:
        message += f" Did you mean {near[0]!r}?"
    elif names:
        shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        message += f" Known: {shown}."
    return UnknownNameError(f"{message} {hint}".strip())
