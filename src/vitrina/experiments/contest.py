"""Who takes part where neural models are to beat simple ones."""

from __future__ import annotations

from vitrina.data.dataset import Dataset
from vitrina.models.registry import MODELS, family, make, model_class

#: Families of methods that are simple beside a neural network, and are tuned like one.
SIMPLE = ("neighbours", "linear", "factors")

#: The same model solved otherwise, for catalogues that are too large for the exact one.
_DOUBLES = {"ease-sparse"}


def contestants(dataset: Dataset) -> list[str]:
    """Return every neural model and every tuned simple one that the data allow, and popularity to show what is at stake."""
    neural = [name for name in MODELS if model_class(name).declares.neural]
    simple = [name for name in MODELS if family(name) in SIMPLE and name not in _DOUBLES]
    return ["popular", *(name for name in (*simple, *neural) if not make(name).why_not(dataset))]
