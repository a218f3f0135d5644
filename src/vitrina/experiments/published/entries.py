"""What a published number is: a protocol, a model with its published settings, and the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ChosenOn = Literal["", "validation", "test"]


@dataclass(frozen=True)
class Made:
    """A split that is made here, by a protocol's name, after people and items with too few events are dropped.

    ``users`` and ``items`` are the events they need, see ``vitrina.data.frequent.keep_frequent``.
    """

    protocol: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    users: int = 0
    items: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Protocol:
    """A published evaluation: the data with its split, the metrics as defined there, and where it was published.

    ``split`` is one that comes with the data, by name, or one that is made. The first metric is the one by which epochs are
    chosen; where the split has no validation part, ``validation`` are the settings of ``with_validation``. ``refits`` says
    whether the final model learns from the validation part too.
    """

    data: str
    split: str | Made
    metrics: tuple[str, ...]
    source: str
    description: str
    validation: Mapping[str, Any] = field(default_factory=dict)
    refits: bool = True


@dataclass(frozen=True)
class Reproduction:
    """One model under a protocol. ``published`` maps metrics to the numbers to reach, within ``tolerance``.

    ``chosen_on`` names the part on which the number of epochs is chosen; empty: the settings give it. On the test part it is
    only chosen where the published number was, and the name of such an entry ends with ``-as-published``.
    """

    model: str
    settings: Mapping[str, Any]
    published: Mapping[str, float]
    tolerance: float
    source: str = ""
    note: str = ""
    at_least: bool = False  # a number to reach or surpass, not to hit
    chosen_on: ChosenOn = ""
