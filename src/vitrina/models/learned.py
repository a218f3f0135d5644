"""From what torch has learned to the arrays that a fitted model keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from vitrina.models.base import Recommender
from vitrina.ranking.scorer import Scores

if TYPE_CHECKING:
    from torch import Tensor, nn


def array(values: Tensor) -> Scores:
    """Return what was learned as an array of its own."""
    return np.array(values.detach().cpu().numpy())


def keep_layers(model: Recommender, tower: str, layers: Iterable[nn.Module]) -> None:
    """Keep what layers have learned as ``<tower>_weight_1_`` and ``<tower>_bias_1_``, and so on."""
    for number, layer in enumerate(layers, 1):
        for kind, values in layer.named_parameters():
            setattr(model, f"{tower}_{kind}_{number}_", array(values))
