"""Keeping the best epoch of a model that trains in epochs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vitrina.models.base import Validate
from vitrina.ranking.scorer import Scorer

_PATIENCE = 4  # validations without gain before training stops


class BestEpoch:
    """Iterate over epochs; with ``validate`` stop when nothing improves and restore the best state.

    Without ``validate`` all ``epochs`` are run and the last state stands: what a refit with a chosen number of epochs does.
    """

    def __init__(self, validate: Validate | None, epochs: int) -> None:
        self._validate = validate
        self._epochs = epochs
        self._best_value = float("-inf")
        self._best_epoch = 0
        self._last_epoch = 0
        self._best_state: dict[str, Any] = {}

    def __iter__(self) -> Iterator[int]:
        for epoch in range(1, self._epochs + 1):
            self._last_epoch = epoch
            yield epoch
            if self._validate is not None and epoch - self._best_epoch >= _PATIENCE:
                return

    def after(self, epoch: int, model: Scorer, state: Mapping[str, Any]) -> None:
        """Validate ``model`` after ``epoch``; ``state`` are fitted attributes that the next epoch replaces, not changes."""
        if self._validate is None:
            self._best_epoch, self._best_state = epoch, {}
            return
        value = self._validate(model)
        if value > self._best_value:
            self._best_value, self._best_epoch, self._best_state = value, epoch, dict(state)

    def restore(self, model: Any) -> None:
        """Give the model its best state and the number of that epoch, ``epochs_``.

        The last state stands when no validation gave a number.
        """
        for name, value in self._best_state.items():
            setattr(model, name, value)
        model.epochs_ = self._best_epoch or self._last_epoch
