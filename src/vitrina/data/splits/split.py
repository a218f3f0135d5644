"""A split: one label for each interaction, from which all parts follow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.data.splits.inventory import Inventory


class Label(IntEnum):
    """What an interaction is used for."""

    UNUSED = 0
    TRAIN = 1
    VALIDATION = 2  # a target of the validation part; training data once the settings are chosen
    TEST = 3  # a target of the test part
    VALIDATION_HISTORY = 4  # known of a held-out validation user, never trained on before the settings are chosen
    TEST_HISTORY = 5  # known of a held-out test user, never trained on


#: Which items are ranked: all of them, one shared list (ascending), one list per query (aligned with ``Part.users``), or
#: those on offer at the query's moment.
Candidates = None | NDArray[np.int32] | Ragged | Inventory


@dataclass(frozen=True)
class Part:
    """What is asked (queries) and what is right (targets, a set per query) in validation or test.

    ``users`` int32 ``[n]`` are the people behind the queries (statistics resample them; in a replay one may ask more than
    once). ``hide_history`` is false where people consume the same item again. In a replay, ``newcomers`` are the queries of
    people of whom nothing is known yet, and ``log`` holds all events until the part's end.
    """

    name: str
    users: NDArray[np.int32]
    queries: Queries
    targets: Ragged
    candidates: Candidates = None
    hide_history: bool = True
    newcomers: Part | None = None
    log: Dataset | None = None

    def __len__(self) -> int:
        return len(self.queries)


@dataclass(frozen=True)
class Split:
    """Train, validation and test of one data set, with the protocol that made them.

    ``labels`` uint8 ``[n_interactions]`` holds a ``Label`` for each row of ``dataset.interactions`` (positive events
    only). ``candidates`` maps ``"validation"`` / ``"test"`` to the items ranked there. Tuning may read ``train`` and
    ``validation``; only evaluation calls ``open_test``.
    """

    dataset: Dataset
    labels: NDArray[np.uint8]
    protocol: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    candidates: Mapping[str, Candidates] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.dataset):
            raise ValueError(f"{len(self.labels)} labels for {len(self.dataset)} interactions.")

    def __repr__(self) -> str:
        counts = ", ".join(f"{np.sum(self.labels == label):,} {label.name.lower()}" for label in Label)
        return f"Split({self.dataset.info.name}, {self.protocol}: {counts})"

    def rows(self, *labels: Label) -> Dataset:
        """Return the data set with only the interactions that carry one of ``labels``."""
        return self.dataset.keep(np.isin(self.labels, labels))

    @cached_property
    def train(self) -> Dataset:
        """What models learn from while their settings are chosen."""
        return self.rows(Label.TRAIN)

    @cached_property
    def train_and_validation(self) -> Dataset:
        """What the final models learn from."""
        return self.rows(Label.TRAIN, Label.VALIDATION, Label.VALIDATION_HISTORY)

    @property
    def has_validation(self) -> bool:
        """Whether settings can be chosen on this split."""
        return bool((self.labels == Label.VALIDATION).any())

    @cached_property
    def validation(self) -> Part:
        """The part on which settings are chosen."""
        return self._part("validation", Label.VALIDATION, (Label.TRAIN, Label.VALIDATION_HISTORY))

    def open_test(self) -> Part:
        """The test part, with everything known before it as history. For final evaluation only."""
        known = (Label.TRAIN, Label.VALIDATION, Label.VALIDATION_HISTORY, Label.TEST_HISTORY)
        return self._part("test", Label.TEST, known)

    @property
    def replays(self) -> bool:
        """Whether people are asked about session by session, as time passes."""
        return any(isinstance(candidates, Inventory) for candidates in self.candidates.values())

    def _part(self, name: str, target: Label, known: tuple[Label, ...]) -> Part:
        if self.replays:
            from vitrina.data.splits.replay import replayed_part

            return replayed_part(self, name, target, known)
        targets = self.rows(target)
        users = np.unique(targets.user_codes)
        row_of = np.full(self.dataset.n_users, -1, np.int64)
        row_of[users] = np.arange(users.size)
        return Part(
            name,
            users.astype(np.int32),
            self.rows(*known).histories(users),
            Ragged.sets(row_of[targets.user_codes], targets.item_codes, users.size),
            candidates=self.candidates.get(name),
            hide_history=not self.dataset.info.repeats,
        )

    @cached_property
    def hash(self) -> str:
        """A hash of protocol, settings, seed, data, labels and candidates: equal hash, equal split."""
        digest = hashlib.blake2b(digest_size=16)
        described = {"protocol": self.protocol, "settings": dict(self.settings), "seed": self.seed}
        digest.update(json.dumps(described, sort_keys=True, default=str).encode())
        digest.update(self.dataset.fingerprint.encode())
        digest.update(self.labels.tobytes())
        for name in sorted(self.candidates):
            candidates = self.candidates[name]
            if candidates is None:
                continue
            digest.update(name.encode())
            if isinstance(candidates, Ragged):
                digest.update(candidates.offsets.tobytes() + candidates.values.tobytes())
            elif isinstance(candidates, Inventory):
                digest.update(candidates.items.tobytes() + candidates.start.tobytes() + candidates.stop.tobytes())
            else:
                digest.update(candidates.tobytes())
        return digest.hexdigest()

    def describe(self) -> dict[str, Any]:
        """What reports print of a split."""
        return {
            "protocol": self.protocol,
            "settings": dict(self.settings),
            "seed": self.seed,
            "hash": self.hash,
            "events": {label.name.lower(): int(np.sum(self.labels == label)) for label in Label},
            "test_users": int(np.unique(self.dataset.user_codes[self.labels == Label.TEST]).size),
            "candidates": _kinds(self.candidates),
        }


def _kinds(candidates: Mapping[str, Candidates]) -> str:
    """What is ranked, named by part where the parts differ."""
    kinds = {name: _kind(listed) for name, listed in candidates.items()}
    if len(set(kinds.values())) <= 1:
        return next(iter(kinds.values()), "all items")
    return "; ".join(f"{name}: {kind}" for name, kind in kinds.items())


def _kind(candidates: Candidates) -> str:
    if candidates is None:
        return "all items"
    if isinstance(candidates, Ragged):
        return f"sampled: about {candidates.lengths.mean():.0f} items per query"
    if isinstance(candidates, Inventory):
        return "the items on offer at each moment"
    return f"{candidates.size} items"
