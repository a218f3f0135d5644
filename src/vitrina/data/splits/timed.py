"""Global time: train on the past, validate on what follows, test on the rest. The protocol without leaks from the future."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.splits.events import Events, check_share, iso
from vitrina.data.splits.split import Label, Split
from vitrina.errors import DataError

#: A share of the events (below 1), or a moment: seconds since 1970 or an ISO date, UTC unless it names its offset.
Boundary = float | int | str


def global_time(dataset: Dataset, *, validation: Boundary = 0.1, test: Boundary = 0.1, seed: int = 0) -> Split:
    """Cut all events at two moments: train < T1 <= validation < T2 <= test (Ji et al. 2023).

    ``test`` and ``validation`` are the shares of the latest events that fall in each part, or the moments T2 and T1 where
    the parts begin; ``validation=0`` makes none. Events of the same second are never separated, so shares are met as
    nearly as the data allow. Nothing here is random; ``seed`` only labels the split. Test users without history and items
    without training data stay in the test part (the audit counts them).

    Raises ``DataError`` when timestamps are incomplete or a part would be empty.
    """
    events = Events.of(dataset, seed)
    times = events.times
    if times is None:
        raise DataError(_incomplete(events.dataset))
    ordered = np.sort(times)
    test_from, n_test = start_of_part("test", test, ordered, ordered.size)
    before = ordered[: ordered.size - n_test]
    settings = {"validation": validation, "test": test, "test_from": iso(test_from), "order": "time"}
    labels = np.where(times >= test_from, Label.TEST, Label.TRAIN)
    if validation not in (0, "0"):
        validation_from, _ = start_of_part("validation", validation, before, ordered.size)
        labels[(times >= validation_from) & (times < test_from)] = Label.VALIDATION
        settings["validation_from"] = iso(validation_from)
    return events.split(labels, "global-time", settings)


def start_of_part(name: str, boundary: Boundary, ordered: NDArray[np.int64], n_events: int) -> tuple[int, int]:
    """Return the moment at which a part begins and how many of the ``ordered`` times it holds.

    A share counts from all ``n_events``; of the two moments around it, the one that meets it more nearly is taken.
    """
    value = _parse(name, boundary)
    if isinstance(value, float):
        check_share(name, value)
        wanted = value * n_events
        at = ordered[max(0, ordered.size - max(1, round(wanted)))]
        starts = [int(s) for s in np.searchsorted(ordered, [at, at + 1]) if 0 < s < ordered.size]
        starts.sort(key=lambda start: abs(ordered.size - start - wanted))
        first = starts[0] if starts else 0
        moment = int(ordered[first])
    else:
        first, moment = int(np.searchsorted(ordered, value)), value
    if not 0 < first < ordered.size:
        raise DataError(
            f"global-time: {name}={boundary!r} leaves nothing {'before' if first == 0 else 'after'} it; the "
            f"{ordered.size:,} events to cut go from {iso(ordered[0])} to {iso(ordered[-1])} at "
            f"{np.unique(ordered).size:,} distinct moments. Choose a moment in between or another share, or use per-user-ratio."
        )
    return moment, ordered.size - first


def _parse(name: str, boundary: Boundary) -> float | int:
    """Return a share as float, a moment as int (seconds)."""
    try:
        number = float(boundary)
    except ValueError:
        return _parse_date(name, str(boundary))
    return int(number) if 1 <= number < np.inf else number


def _parse_date(name: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DataError(
            f"{name}={text!r} is neither a share (0.1), an ISO date (2024-12-31 or 2024-12-31T18:00:00) nor seconds since 1970."
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _incomplete(dataset: Dataset) -> str:
    times = dataset.column("timestamp")
    if times is None:
        missing = "has no timestamps"
    else:
        known = dataset.interactions["timestamp"].fill_null(0) != 0
        missing = f"lacks the timestamp of {int((~known).sum()):,} of {len(dataset):,} events (0 counts as unknown)"
    return f"global-time needs a timestamp for every event; {dataset.info.name} {missing}. Use per-user-ratio instead."
