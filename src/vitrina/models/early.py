"""Keeping the best epoch of a model that trains in epochs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy as copy_of
from typing import Any

from vitrina.models.base import Validate
from vitrina.ranking.scorer import Scorer

_PATIENCE = 4  # validations without gain before training stops


class BestEpoch:
    """Iterate over epochs; with ``validate`` stop when nothing improves and restore the best state.

    Validation happens every ``every`` epochs and after the last. Without ``validate`` all ``epochs`` are run and the last
    state stands: what a refit with a chosen number of epochs does.
    """

    def __init__(self, validate: Validate | None, epochs: int, *, every: int = 1) -> None:
        self._validate = validate
        self._epochs = epochs
        self._every = every
        self._best_value = float("-inf")
        self._best_epoch = 0
        self._last_epoch = 0
        self._best_state: dict[str, Any] = {}
        self._without_gain = 0

    def __iter__(self) -> Iterator[int]:
        for epoch in range(1, self._epochs + 1):
            self._last_epoch = epoch
            yield epoch
            if self._without_gain >= _PATIENCE:
                return

    def after(self, epoch: int, model: Scorer, state: Mapping[str, Any], *, copy: bool = False) -> None:
        """Validate ``model`` after ``epoch`` if it is time to; ``state`` are the fitted attributes that training changes.

        ``copy`` where the next epoch changes them in place instead of replacing them.
        """
        if self._validate is None or (epoch % self._every and epoch < self._epochs):
            return
        value = self._validate(model)
        self._without_gain += 1
        if value > self._best_value:
            self._best_value, self._best_epoch, self._without_gain = value, epoch, 0
            self._best_state = {name: copy_of(array) for name, array in state.items()} if copy else dict(state)

    def restore(self, model: Any) -> None:
        """Give the model its best state and the number of that epoch, ``epochs_``.

        The last state stands when there was no validation, or none gave a number.
        """
        for name, value in self._best_state.items():
            setattr(model, name, value)
        model.epochs_ = self._best_epoch or self._last_epoch
