"""The kinds of work that can be measured. A library offers some of them by job name, see ``peers``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.artefacts import Artefact
from benchmarks.log import Log

Settings = Mapping[str, Any]
Lists = NDArray[np.int32]


@dataclass(frozen=True)
class Fit:
    """A model: ``prepare`` makes the library's own data object (counted apart), ``fit`` the model.

    ``recommend(model, data, users, k)`` lists the best unseen items of ``users``; ``export`` gives what was learned.
    """

    prepare: Callable[[Log], Any]
    fit: Callable[[Any, Settings], Any]
    export: Callable[[Any], Artefact]
    recommend: Callable[[Any, Any, NDArray[np.int32], int], Lists] | None = None
    one_by_one: bool = False  # it takes users one at a time: measured once, and not for many


@dataclass(frozen=True)
class Curve:
    """A model trained in epochs: ``train(data, settings, after_epoch)`` calls ``after_epoch(export)`` after each."""

    prepare: Callable[[Log], Any]
    train: Callable[[Any, Settings, Callable[[Callable[[], Artefact]], None]], None]


@dataclass(frozen=True)
class Once:
    """Anything else: ``prepare(log, given, settings)``, then ``work(state)``; the result is lists or numbers by name."""

    prepare: Callable[[Log, Mapping[str, NDArray[np.float32]], Settings], Any]
    work: Callable[[Any], Lists | dict[str, float]]


Task = Fit | Curve | Once


class NotThereYet(Exception):
    """The library does not have this model (yet)."""
