"""The replay of purchase sessions: shopping trips in the order of time, each with what was on offer and known just then.

The evaluation of the UGallery study (Messina et al. 2017, figure 3, and the code of its follow-up CuratorNet): what a person
bought in a session is predicted from that person's earlier sessions, among the works on offer at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.data.splits.events import Events, check_choice, iso
from vitrina.data.splits.inventory import Inventory
from vitrina.data.splits.split import Label, Part, Split
from vitrina.data.splits.timed import Boundary, start_of_part
from vitrina.errors import DataError

NAME = "purchase-sessions"
POSITIVE = "positive events"  #: What a split says of its events where no condition on purchases chose them.

#: Kinds of events that are purchases, and those that bring a copy back on offer.
SALES = ("sale", "sold", "purchase", "buy", "order", "transaction")
RETURNS = ("restock", "upload", "return")

Target = Literal["next", "future"]
Copies = Literal["counted", "unlimited", "default"]
Codes = NDArray[np.int64]


def purchase_sessions(
    dataset: Dataset,
    *,
    validation: Boundary = 0.15,
    test: Boundary = 0.6,
    target: Target = "next",
    last: int = 0,
    events: str = "",
    gap: float = 3600.0,
    copies: Copies = "default",
    seed: int = 0,
) -> Split:
    """Replay the log session by session: models learn from what came before, then each session is predicted in its turn.

    ``test`` and ``validation`` are the shares of the latest sessions that fall in each part, or the moments where the parts
    begin (as in ``global_time``). ``target``: the session's items (``next``), or those of this and all later sessions of the
    person that are on offer at the moment (``future``). Histories hold what was bought before the session began; ``last``
    cuts them to the last n sessions, or to the first n where negative (0: all). ``events`` is the SQL condition on purchases;
    by default the kinds ``sale``, ``purchase`` and the like, or the positive events where the log has no such kind. Without
    a column ``session`` purchases of a person less than ``gap`` seconds apart are one session. ``copies``: ``counted`` (sold
    works are gone, see ``Inventory.of``), ``unlimited``, or by default unlimited where people buy the same thing again.

    Nothing is random; ``seed`` only labels the split. Raises ``DataError`` when timestamps are incomplete, no purchase is
    left, or a part would be empty.
    """
    check_choice("target", target, ("next", "future"))
    check_choice("copies", copies, ("counted", "unlimited", "default"))
    if not gap > 0:
        raise DataError(f"gap must be a number of seconds above 0; got {gap!r}.")
    sales = _purchases(dataset, events)
    usable = Events.of(sales, seed)
    times = usable.times
    if times is None:
        raise DataError(f"{NAME} needs a timestamp for every purchase; {sales.info.name} lacks some. Use per-user-ratio instead.")
    session = sessions_of(sales, gap)[usable.rows]
    starts = _starts(session, times)
    ordered = np.sort(starts[np.unique(session)])
    test_from, n_test = start_of_part("test", test, ordered, ordered.size)
    labels = np.where(starts[session] >= test_from, Label.TEST, Label.TRAIN)
    settings = {"validation": validation, "test": test, "target": target, "last": last, "gap": gap, "test_from": iso(test_from)}
    if validation not in (0, "0"):
        validation_from, _ = start_of_part("validation", validation, ordered[: ordered.size - n_test], ordered.size)
        labels[(starts[session] >= validation_from) & (labels == Label.TRAIN)] = Label.VALIDATION
        settings["validation_from"] = iso(validation_from)
        labels[(labels == Label.TRAIN) & (times >= validation_from)] = Label.UNUSED  # a session over the boundary
    labels[(labels != Label.TEST) & (times >= test_from)] = Label.UNUSED
    inventory = _inventory(dataset, sales, copies)
    settings |= {"events": sales_condition(dataset, events) or POSITIVE, "copies": _copies(dataset, copies)}
    return usable.split(labels, NAME, settings, {"validation": inventory, "test": inventory})


def sales_condition(dataset: Dataset, events: str = "") -> str:
    """Return the condition on purchases: the given one, or that on the kinds of the log that are purchases, or nothing."""
    if events or "kind" not in dataset.interactions.columns:
        return events
    kinds = [kind for kind in dataset.interactions["kind"].unique().drop_nulls().sort() if kind.lower() in SALES]
    return f"kind IN ({', '.join(map(_quoted, kinds))})" if kinds else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _purchases(dataset: Dataset, events: str) -> Dataset:
    condition = sales_condition(dataset, events)
    if condition:
        dataset = replace(dataset, info=dataset.info.model_copy(update={"positive": condition}))
    sales = dataset.positives()
    if not len(sales):
        raise DataError(f"{dataset.info.name} has no purchase ({condition or dataset.info.positive or 'no event at all'}).")
    return sales


def _copies(dataset: Dataset, copies: Copies) -> str:
    if copies == "default":
        return "unlimited" if dataset.info.repeats else "counted"
    return copies


def _inventory(dataset: Dataset, sales: Dataset, copies: Copies) -> Inventory:
    if _copies(dataset, copies) == "unlimited":
        return Inventory.unlimited(dataset.catalogue)
    back = dataset.interactions.clear()
    if "kind" in back.columns and "timestamp" in back.columns:
        back = dataset.interactions.filter(pl.col("kind").str.to_lowercase().is_in(RETURNS) & pl.col("timestamp").is_not_null())
    back_at = back["timestamp"].to_numpy() if len(back) else None
    times = sales.interactions["timestamp"].to_numpy()
    return Inventory.of(dataset.catalogue, sales.item_codes, times, back["item"].to_numpy() if len(back) else None, back_at)


def sessions_of(dataset: Dataset, gap: float) -> Codes:
    """Return the session of each event ``[n]``, numbered from 0: those of the log, or what a person did without a long pause."""
    users = dataset.user_codes.astype(np.int64)
    given = dataset.interactions["session"] if "session" in dataset.interactions.columns else None
    if given is not None and not given.null_count():
        pairs = np.unique(np.column_stack([users, given.to_numpy()]), axis=0, return_inverse=True)[1]
        return np.asarray(pairs, np.int64).ravel()
    times = dataset.interactions["timestamp"].to_numpy()
    order = np.lexsort((times, users))
    new = np.ones(len(dataset), bool)
    new[1:] = (np.diff(users[order]) != 0) | (np.diff(times[order]) >= gap)
    out = np.empty(len(dataset), np.int64)
    out[order] = np.cumsum(new) - 1
    return out


def _starts(session: Codes, times: Codes) -> Codes:
    """The first time of each session ``[n_sessions]``; sessions without an event begin never."""
    starts = np.full(int(session.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(starts, session, times)
    return starts


@dataclass(frozen=True)
class _Log:
    """Events ordered by user and time, and the sessions that they make, numbered by owner and start."""

    rows: Codes  # of the events in their data set
    users: NDArray[np.int32]  # of the events, ascending
    items: NDArray[np.int32]
    times: Codes
    session: Codes  # of the events
    owner: NDArray[np.int32]  # of the sessions, ascending
    start: Codes  # of the sessions

    @staticmethod
    def of(dataset: Dataset, session: Codes) -> _Log:
        """Order the events of a data set, given the ``session [n]`` of each, however numbered."""
        times = dataset.interactions["timestamp"].to_numpy()
        session = np.unique(session, return_inverse=True)[1]
        start = _starts(session, times)
        owner = np.zeros(start.size, np.int32)
        owner[session] = dataset.user_codes
        by_owner = np.lexsort((start, owner))
        place = np.empty(start.size, np.int64)
        place[by_owner] = np.arange(start.size)
        rows = np.lexsort((place[session], times, dataset.user_codes))
        return _Log(
            rows,
            dataset.user_codes[rows],
            dataset.item_codes[rows],
            times[rows],
            place[session][rows],
            owner[by_owner],
            start[by_owner],
        )

    def before(self, session: Codes, last: int) -> tuple[Codes, Codes]:
        """Return which events (first, end) each of the sessions ``[n]`` knows: its owner's, strictly before it began."""
        owner, at = self.owner[session].astype(np.int64), self.start[session]
        low = int(self.times.min(initial=0))
        span = int(self.times.max(initial=0)) - low + 2
        keys = self.users.astype(np.int64) * span + (self.times - low)
        first = np.searchsorted(self.users, owner)
        end = np.searchsorted(keys, owner * span + (at - low))
        if last:
            opening = np.searchsorted(self.owner, owner)  # the owner's first session
            begins = self._first_events
            if last > 0:
                first = np.maximum(first, begins[np.maximum(session - last, opening)])
            else:
                end = np.minimum(end, begins[np.minimum(opening - last, session)])
        return first, np.maximum(first, end)

    @property
    def _first_events(self) -> Codes:
        """The position of the first event of each session."""
        begins = np.full(self.start.size, self.session.size)
        np.minimum.at(begins, self.session, np.arange(self.session.size))
        return begins


def replayed_part(split: Split, name: str, target: Label, known: tuple[Label, ...]) -> Part:
    """Return the sessions of a part as queries: history and inventory of the moment, and what was bought.

    Sessions of people without history are ``newcomers``: nothing personal can be said of them; they count for coverage only.
    """
    inventory = split.candidates[name]
    assert isinstance(inventory, Inventory)
    used = np.isin(split.labels, (target, *known))
    whole = split.dataset.keep(used)
    log = _Log.of(whole, sessions_of(split.dataset, float(split.settings["gap"]))[used])
    asked = np.unique(log.session[(split.labels[used] == target)[log.rows]])
    first, end = log.before(asked, int(split.settings["last"]))
    queries = _queries(log, split.dataset, asked, first, end)
    targets = _targets(log, asked, str(split.settings["target"]))
    targets = _on_offer(targets, log.start[asked], inventory)
    judged = targets.lengths > 0
    personal = (first < end) & judged
    newcomers = _part(name, log, asked, queries, targets, inventory, split, (first >= end) & judged)
    return replace(_part(name, log, asked, queries, targets, inventory, split, personal), newcomers=newcomers, log=whole)


def _queries(log: _Log, dataset: Dataset, asked: Codes, first: Codes, end: Codes) -> Queries:
    lengths = end - first
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    events = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], lengths)
    owner = log.owner[asked]
    ordinal = asked - np.searchsorted(log.owner, owner)
    return Queries(
        offsets,
        log.items[events],
        dataset.users.keys[owner] + ordinal.astype(np.uint64),  # ties fall anew in every session
        times=log.times[events],
        sessions=log.session[events],
        users=owner,
        at=log.start[asked],
    )


def _targets(log: _Log, asked: Codes, target: str) -> Ragged:
    """The items of each session asked about, and of the owner's later ones where ``target`` is the future."""
    n_sessions = log.start.size
    bought = Ragged.sets(log.session, log.items, n_sessions)
    if target == "next":
        return bought.take(asked)
    stop = np.searchsorted(log.owner, log.owner[asked], side="right")
    lengths = stop - asked
    rows = np.repeat(np.arange(asked.size), lengths)
    sessions = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths - asked, lengths)
    later = bought.take(sessions)
    return Ragged.sets(np.repeat(rows, later.lengths), later.values, asked.size)


def _on_offer(targets: Ragged, at: Codes, inventory: Inventory) -> Ragged:
    """Leave out targets that are not on offer: nobody can recommend them."""
    rows = np.repeat(np.arange(len(targets)), targets.lengths)
    there = inventory.has(targets.values, at[rows])
    return Ragged.group(rows[there], targets.values[there], len(targets))


def _part(
    name: str, log: _Log, asked: Codes, queries: Queries, targets: Ragged, inventory: Inventory, split: Split,
    mask: NDArray[np.bool_],
) -> Part:  # fmt: skip
    """The sessions marked, in the order of time."""
    rows = np.flatnonzero(mask)
    rows = rows[np.argsort(log.start[asked[rows]], kind="stable")]
    hide = not split.dataset.info.repeats
    return Part(name, log.owner[asked[rows]], queries.take(rows), targets.take(rows), inventory, hide)
