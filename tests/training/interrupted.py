"""A training that is cut off and gone on with."""

from functools import partial
from pathlib import Path

import pytest

from vitrina.data.dataset import Dataset
from vitrina.models.base import Recommender
from vitrina.models.registry import make
from vitrina.training.session import Session


def whole_and_resumed(name: str, log: Dataset, folder: Path, **settings: object) -> tuple[Recommender, Recommender]:
    """Fit a model at one go, and another that is interrupted in its second validation and goes on from the checkpoint."""
    whole = make(name, **settings).fit(log, lambda scorer: 0.5)
    asked = []

    def stop(scorer):
        asked.append(scorer)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return 0.5

    session = partial(Session, checkpoints=folder, identity=name, every_seconds=0)
    with session(), pytest.raises(KeyboardInterrupt):
        make(name, **settings).fit(log, stop)
    with session():
        return whole, make(name, **settings).fit(log, lambda scorer: 0.5)
