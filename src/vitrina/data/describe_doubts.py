"""What to doubt in a data set before trusting a comparison on it, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vitrina.data.dataset import Dataset

if TYPE_CHECKING:
    from vitrina.data.describe import Description

#: Below this many people with enough events no comparison can be decided (the report says so too).
ENOUGH_USERS = 50
#: One item to learn from, one to validate and one to test on.
ENOUGH_EVENTS = 3
_MOST_GRADES = 20


def doubts(dataset: Dataset, found: Description) -> list[str]:
    """Return what is doubtful in a description, in full sentences that say what it means and what can be done."""
    if not found.positive_events:
        return ["There is no positive event, so nothing can be learned or tested. Check the condition `positive`."]
    return [*_too_little(found), *_skew(dataset, found), *_time_warnings(found), *_meaning(dataset, found)]


def _too_little(found: Description) -> list[str]:
    warnings: list[str] = []
    enough = found.users_with_at_least[ENOUGH_EVENTS]
    if found.active_users == 1:
        warnings.append("There is a single user: models can be fitted, but nothing can be compared over people.")
    elif enough < ENOUGH_USERS:
        warnings.append(
            f"Only {enough} users have {ENOUGH_EVENTS} or more positive items (to learn, validate and test on): too few to "
            f"decide which model is better. Expect wide intervals; {ENOUGH_USERS} are the least for a verdict."
        )
    if found.active_items == 1:
        warnings.append("All positive events are of one item: every recommender is the same.")
    lone = 1 - found.users_with_at_least[2] / found.active_users
    if found.active_users > 1 and lone > 0.5:
        warnings.append(
            f"{lone:.0%} of the users have one positive item only: nothing personal can be learned of them, and they cannot be "
            "both trained on and tested."
        )
    return warnings


def _skew(dataset: Dataset, found: Description) -> list[str]:
    warnings: list[str] = []
    tail, per_item = found.long_tail, found.per_item
    if tail is None or per_item is None or found.active_items == 1:
        return warnings
    top = per_item.max / found.positive_events
    if top > 0.5:
        warnings.append(f"One item has {top:.0%} of all positive events: popularity alone will look very good.")
    if per_item.median <= 2:
        warnings.append(
            f"Half of the items have {per_item.median:.0f} event(s) or fewer (density {found.density:.2g}): methods that learn "
            "from who else took an item know little of them; attributes, texts or pictures may help."
        )
    if found.repeats > 0.2 and not dataset.info.repeats:
        warnings.append(
            f"{found.repeats:.0%} of the events repeat a user and item seen before. If people consume the same item again, set "
            "repeats = true; otherwise repeats are counted once and the log may hold duplicates."
        )
    unsold = found.items - found.active_items
    if unsold > 0.5 * found.items:
        warnings.append(f"{unsold / found.items:.0%} of the catalogue has no positive event: only its content can recommend it.")
    return warnings


def _time_warnings(found: Description) -> list[str]:
    times = found.times
    if times is None:
        return ["There are no timestamps: the past cannot be told from the future, so tests draw events at random."]
    warnings: list[str] = []
    if times.missing:
        zeros = f", {times.zeros:,} of them 0" if times.zeros else ""
        warnings.append(
            f"{times.missing:,} of {found.events:,} events have no timestamp{zeros}: a split by time needs all of them, so tests "
            "draw events at random."
        )
    elif times.days < 1 and found.events > 1:
        warnings.append("All events lie within one day: a split by time says little.")
    return warnings


def _meaning(dataset: Dataset, found: Description) -> list[str]:
    warnings: list[str] = []
    if not dataset.info.positive and 3 <= len(found.values) <= _MOST_GRADES and found.values[0].high == found.values[0].low >= 0:
        low, high = found.values[0].low, found.values[-1].high
        warnings.append(
            f"Values run from {low:g} to {high:g}, and every event counts as positive, the lowest too. If they are ratings, set "
            f'positive = "value >= {_upper_third(low, high):g}".'
        )
    if not dataset.info.positive and len(found.kinds) > 1:
        kinds = ", ".join(repr(kind) for kind in list(found.kinds)[:4])
        warnings.append(
            f"Events of all kinds count as positive ({kinds}). If some are not, set for example positive = \"kind = '...'\"."
        )
    rare = [a.name for a in found.attributes if 0 < a.share < 0.1]
    if rare:
        warnings.append(f"Known for fewer than one item in ten: {', '.join(rare)}. Models of attributes gain little from them.")
    return warnings


def _upper_third(low: float, high: float) -> float:
    return float(np.ceil(low + (high - low) * 2 / 3))
