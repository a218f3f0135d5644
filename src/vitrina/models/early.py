"""Keeping the best epoch of a model that trains in epochs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from copy import copy as copy_of
from typing import Any

from vitrina.models.base import Validate
from vitrina.ranking.scorer import Scorer
from vitrina.training.outcome import Curve, Outcome, Standing
from vitrina.training.plan import PATIENCE
from vitrina.training.session import current


class BestEpoch:
    """Iterate over epochs; with ``validate`` stop when nothing improves and restore the best state.

    Validation happens every ``every`` epochs and after the last. Without ``validate`` all ``epochs`` are run and the last
    state stands: what a refit with a chosen number of epochs does. The session (``vitrina.training.session``) is told of every
    epoch and keeps the curve.
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
        self._curve = Curve()
        self._session = current()
        self._session.started += 1
        self._began = self._epoch_began = time.perf_counter()

    def __iter__(self) -> Iterator[int]:
        for epoch in range(1, self._epochs + 1):
            self._last_epoch = epoch
            yield epoch
            if self._without_gain >= PATIENCE:
                return

    def after(
        self, epoch: int, model: Scorer, state: Mapping[str, Any], *, copy: bool = False, loss: float | None = None
    ) -> None:
        """Validate ``model`` after ``epoch`` if it is time to; ``state`` are the fitted attributes that training changes.

        ``copy`` where the next epoch changes them in place instead of replacing them. ``loss`` is the epoch's mean.
        """
        value = None
        if self._validate is not None and (epoch % self._every == 0 or epoch == self._epochs):
            value = self._validate(model)
            self._without_gain += 1
            if value > self._best_value:
                self._best_value, self._best_epoch, self._without_gain = value, epoch, 0
                self._best_state = {name: copy_of(array) for name, array in state.items()} if copy else dict(state)
        self._tell(epoch, loss, None if value is None or math.isnan(value) else value)

    def _tell(self, epoch: int, loss: float | None, value: float | None) -> None:
        now = time.perf_counter()
        untold = epoch - len(self._curve)  # the present epoch, and those before it that the model passed over
        for missing in reversed(range(untold)):
            known = (None, None) if missing else (loss, value)
            self._curve.add(*known, (now - self._epoch_began) / untold)
        self._epoch_began = now
        if self._session.report is not None:
            metric = next((v for v in reversed(self._curve.metric) if v is not None), None)
            left = (now - self._began) / epoch * (self._epochs - epoch)
            self._session.report(Standing(epoch, self._epochs, loss, metric, left))

    def restore(self, model: Any) -> None:
        """Give the model its best state and the number of that epoch, ``epochs_``.

        The last state stands when there was no validation, or none gave a number.
        """
        for name, value in self._best_state.items():
            setattr(model, name, value)
        model.epochs_ = self._best_epoch or self._last_epoch
        best = self._best_value if self._best_epoch else None
        self._session.outcomes.append(Outcome(model.epochs_, self._curve, best))
