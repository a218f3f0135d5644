"""The three tables of the UGallery study: ours in its layout, with its numbers beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vitrina.experiments.study import GROUPS
from vitrina.report.contract import Results
from vitrina.report.gallery.published import PUBLISHED
from vitrina.report.numbers import NONE, number
from vitrina.report.records import Method

_PLACES = 4  # as the lecture prints them

_TITLES = {"metadata": "Metadata", "evf": "Explicit visual features", "altogether": "Altogether"}
_MPAV = "MPAV: the most popular attribute value"
_PMPAV = "PMPAV: the person's own most popular attribute value"
_GROUPS = {"G4": "hybrids", "G3": "artist and price", "G2": "pictures", "G1": "metadata"}
_COLUMNS = {"users": "user cov.", "sessions": "session cov.", "diversity": "diversity@10"}


@dataclass(frozen=True)
class StudyCell:
    """A value as it is printed, the signs of the groups it beats, and whether it is the best of its column."""

    text: str
    signs: str = ""
    best: bool = False

    @property
    def beats(self) -> str:
        """The groups that the signs stand for, for those who cannot see them."""
        return " and ".join(f"{group} {_GROUPS[group]}" for group, (sign, _) in GROUPS.items() if sign and sign in self.signs)


@dataclass(frozen=True)
class StudyRow:
    """One method: its group (on the group's first row), ours, and the study's numbers (None: the study did not have it)."""

    group: str
    label: str
    cells: tuple[StudyCell, ...]
    published: tuple[str, ...] | None


@dataclass(frozen=True)
class StudyTable:
    """One of the three tables."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[StudyRow, ...]


def study_tables(results: Results) -> list[StudyTable]:
    """Return the tables of which the comparison has at least two methods; none where it is no replay."""
    if not any(method.reach for method in results.methods):
        return []
    tables = [_table(results, key) for key in PUBLISHED]
    return [table for table in tables if len(table.rows) > 1]


def remark(results: Results) -> str:
    """What must be said beside the tables where they stand without the page: whose numbers are whose, and what the signs mean."""
    words = (
        "UGallery: the numbers of Messina et al. 2018, on other data, other pictures and another network; they show the order of "
        "methods there and nothing to reach here."
    )
    study = results.study
    if study is None or not study.n_pairs:
        return words
    signs = " ".join(sign for sign, _ in reversed(GROUPS.values()) if sign)
    return (
        f"{words} {signs}: significantly better than every other method of the group that bears the sign (pairwise t-tests over "
        f"people, Bonferroni's correction over all {study.n_pairs} pairs)."
    )


def _table(results: Results, key: str) -> StudyTable:
    columns, published = PUBLISHED[key]
    grouped = _grouped(results, key, list(published))
    methods = [method for _, members in grouped for method in members]
    best = [max((v for m in methods if (v := _value(m, c)) is not None), default=None) for c in columns]
    rows = []
    for group, members in grouped:
        for place, method in enumerate(members):
            theirs = published.get(method.name)
            rows.append(
                StudyRow(
                    group if place == 0 else "",
                    results.label(method.name),
                    tuple(_cell(results, method, c, top, tested=key == "altogether") for c, top in zip(columns, best, strict=True)),
                    None if theirs is None else tuple(number(v, _PLACES) for v in theirs),
                )
            )
    return StudyTable(key, _TITLES[key], tuple(_COLUMNS.get(c, c) for c in columns), tuple(rows))


def _grouped(results: Results, key: str, names: Sequence[str]) -> list[tuple[str, list[Method]]]:
    """The methods of a table in the lecture's order, by group; networks that were tried beside the first join G2."""
    if key == "metadata":
        own = [n for n in names if n.startswith("pmpav")]
        groups = [(_MPAV, [n for n in names if n not in own]), (_PMPAV, own)]
    elif key == "evf":
        groups = [("", list(names))]
    else:
        networks = [m.name for m in results.methods if m.name.startswith("dnn-")]
        beside = {"G4": ["hybrid-experts"], "G2": networks}
        groups = [(f"{g} {sign} {_GROUPS[g]}", [*members, *beside.get(g, [])]) for g, (sign, members) in GROUPS.items()]
        groups.append(("Chance", ["random"]))
    there = {method.name: method for method in results.methods}
    found = [(group, [there[name] for name in members if name in there]) for group, members in groups]
    return [(group, members) for group, members in found if members]


def _value(method: Method, column: str) -> float | None:
    if column == "users":
        return method.reach.users if method.reach else None
    if column == "sessions":
        return method.reach.sessions if method.reach else None
    return method.metrics.get("diversity@10" if column == "diversity" else column)


def _cell(results: Results, method: Method, column: str, best: float | None, *, tested: bool) -> StudyCell:
    value = _value(method, column)
    signs = results.study.marks.get(method.name, {}).get(column, "") if results.study and tested else ""
    return StudyCell(number(value, _PLACES) if value is not None else NONE, signs, value is not None and value == best)
