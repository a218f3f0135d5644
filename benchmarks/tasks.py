"""The kinds of work that can be measured. A library offers some of them by job name, see ``peers``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

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
    """A model trained in epochs: ``train(data, settings, after)`` calls ``after(export)`` after each, or after so many as
    the settings say. ``export`` gives what was learned, or the lists of new people, see ``Log.given``.
    """

    prepare: Callable[[Log], Any]
    train: Callable[[Any, Settings, Callable[[Callable[[], Artefact]], None]], None]


@dataclass(frozen=True)
class Once:
    """Anything else: ``prepare(log, given, settings)``, then ``work(state)``; the result is lists or numbers by name."""

    prepare: Callable[[Log, Mapping[str, NDArray[np.float32]], Settings], Any]
    work: Callable[[Any], Lists | dict[str, float]]


Task = Fit | Curve | Once


def best_unseen(scores: NDArray[np.float32], given: csr_matrix, k: int) -> Lists:
    """Return the ``k`` best items of each row of ``scores``, best first, without those that are given."""
    scores[given.nonzero()] = -np.inf
    some = np.argpartition(-scores, k, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1).astype(np.int32)


class NotThereYet(Exception):
    """The library does not have this model (yet)."""
