"""Protocols by name, for configuration and command line; and the split that a comparison uses unless told otherwise."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, get_type_hints

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from vitrina.data.dataset import Dataset
from vitrina.data.splits import replay
from vitrina.data.splits.events import complete_times
from vitrina.data.splits.holdout import leave_last_out, leave_one_out, one_fold, per_user_ratio
from vitrina.data.splits.items import cold_items, cold_items_fold
from vitrina.data.splits.split import Label, Split
from vitrina.data.splits.timed import global_time
from vitrina.data.splits.users import strong_generalisation
from vitrina.errors import DataError, unknown

#: Fewer test users than this cannot tell models apart.
ENOUGH_USERS = 50


@dataclass(frozen=True)
class Protocol:
    """A way of splitting, by name: ``build(dataset, seed=..., **settings) -> Split``."""

    name: str
    description: str
    build: Callable[..., Split]

    @cached_property
    def settings(self) -> type[BaseModel]:
        """The typed settings with their defaults, as declared by ``build``."""
        hints = get_type_hints(self.build)
        parameters = list(inspect.signature(self.build).parameters.values())[1:]  # the first is the data set
        fields: dict[str, Any] = {p.name: (hints[p.name], p.default) for p in parameters if p.name != "seed"}
        return create_model(self.name, __config__=ConfigDict(extra="forbid", frozen=True), **fields)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings converted to their types, defaults filled in; raises ``DataError`` for wrong ones."""
        try:
            return dict(self.settings(**settings))
        except ValidationError as error:
            raise DataError(self._explain(error)) from None

    def _explain(self, error: ValidationError) -> str:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0])
        fields = self.settings.model_fields
        valid = ", ".join(f"{key}={field.default!r}" for key, field in fields.items()) or "none"
        if name in fields:
            return f"{self.name}: {name}={wrong['input']!r} is not valid: {wrong['msg']}. Settings and defaults: {valid}."
        return str(unknown(f"setting of {self.name}", name, fields, f"Settings and defaults: {valid}."))


def default_split(dataset: Dataset, *, seed: int = 0) -> Split:
    """Return the split that ``compare`` uses unless told otherwise; its settings say why it was ``chosen``.

    Global time (10 % validation, 10 % test) when timestamps are complete. It is kept if at least 50 users of each part have
    a history and they are at least half of the part's users. Otherwise, per-user ratio: the latest 20 % of each user's
    events where times are complete, random ones where not; users need 5 events, or 3 where fewer than 50 users have 5.
    """
    timed = complete_times(dataset.positives()) is not None
    by_time, reason = _try_global_time(dataset, seed) if timed else (None, "timestamps are missing")
    if by_time is not None and not reason:
        return _because(by_time, "timestamps are complete")
    active = np.bincount(dataset.positives().user_codes)
    min_events = 5 if (active >= 5).sum() >= ENOUGH_USERS else 3
    try:
        ratio = per_user_ratio(dataset, by="time" if timed else "random", min_events=min_events, seed=seed)
    except DataError:
        if by_time is None:
            raise
        return _because(by_time, f"timestamps are complete (although {reason}: users have too few events to hold out some)")
    return _because(ratio, f"{reason}, so global-time was not used")


def _try_global_time(dataset: Dataset, seed: int) -> tuple[Split | None, str]:
    """Return the global time split, where there is one, and what speaks against it."""
    try:
        split = global_time(dataset, seed=seed)
    except DataError:
        return None, "timestamps do not separate a past and a future"
    codes = split.dataset.user_codes
    known = np.zeros(split.dataset.n_users, bool)
    for part, before in ((Label.VALIDATION, Label.TRAIN), (Label.TEST, Label.VALIDATION)):
        known[codes[split.labels == before]] = True
        users = np.unique(codes[split.labels == part])
        warm = int(known[users].sum())
        if warm < ENOUGH_USERS or 2 * warm < users.size:
            return split, f"only {warm} of {users.size} {part.name.lower()} users of a global time split have a history"
    return split, ""


def _because(split: Split, reason: str) -> Split:
    return replace(split, settings={**split.settings, "chosen": f"by default: {reason}"})


#: All protocols by name.
PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol("default", "global time when timestamps allow it, else a ratio of each user's events", default_split),
        Protocol("global-time", "train on the past, validate on what follows, test on the rest; no leak", global_time),
        Protocol("leave-last-out", "test on the last event of each user, validate on the one before", leave_last_out),
        Protocol("leave-one-out", "test on one random event of each user, validate on another", leave_one_out),
        Protocol("per-user-ratio", "hold out a share of each user's events, random or the latest", per_user_ratio),
        Protocol("k-fold", "one of k folds of all events, spread evenly over each user's", one_fold),
        Protocol(
            "strong-generalisation", "hold out whole users; find a part of their events from the rest", strong_generalisation
        ),
        Protocol(
            replay.NAME, "replay purchases session by session among the works on offer at each moment", replay.purchase_sessions
        ),
        Protocol("cold-items", "hold out all events of a random share of the items", cold_items),
        Protocol("cold-items-k-fold", "hold out all events of one of k folds of the items", cold_items_fold),
    )
}


def protocol_named(name: str) -> Protocol:
    """Return a protocol; raises ``UnknownNameError`` with the nearest name when there is none."""
    if name not in PROTOCOLS:
        raise unknown("split protocol", name, PROTOCOLS)
    return PROTOCOLS[name]


def make_split(dataset: Dataset, name: str = "default", *, seed: int = 0, **settings: Any) -> Split:
    """Split ``dataset`` by a protocol's name; ``settings`` as in the protocol's function.

    Raises ``UnknownNameError`` for an unknown protocol, ``DataError`` for a wrong setting (naming the valid ones with
    their defaults) or data that cannot be split so.
    """
    protocol = protocol_named(name)
    return protocol.build(dataset, seed=seed, **protocol.check(settings))
