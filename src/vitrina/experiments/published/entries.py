"""What a published number is: a protocol, a model with its published settings, and the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Protocol:
    """A published evaluation: the data with its fixed split, the metrics as defined there, and where it was published."""

    data: str
    split: str
    metrics: tuple[str, ...]
    source: str
    description: str


@dataclass(frozen=True)
class Reproduction:
    """One model under a protocol. ``published`` maps metrics to the numbers to reach, within ``tolerance``."""

    model: str
    settings: Mapping[str, Any]
    published: Mapping[str, float]
    tolerance: float
    source: str = ""
    note: str = ""
    at_least: bool = False  # a number to reach or surpass, not to hit
