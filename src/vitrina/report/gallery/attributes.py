"""Attributes present and absent: ours, with those of the UGallery study beside them where a gallery was replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vitrina.report.contract import Results
from vitrina.report.gallery.published import ATTRIBUTES
from vitrina.report.numbers import count
from vitrina.report.records import AttributeFacts

_FAMILY = 3  # attributes of one prefix that are known together are one row from this number on


@dataclass(frozen=True)
class AttributeRow:
    """One attribute: share of the items that have it, how many have and lack it, and the study's counts of both."""

    label: str
    share: float | None
    counts: tuple[str, str] | None
    published: tuple[str, str] | None = None
    published_share: float | None = None


def attribute_rows(results: Results, study: bool) -> list[AttributeRow]:
    """Return the attributes that some items lack; with ``study`` also those that the UGallery study counted, with its counts."""
    rows = []
    for label, name, facts in _families(results.dataset.attributes):
        theirs = ATTRIBUTES.get(name) if study else None
        if facts.share == 1 and theirs is None:
            continue
        counts = None if facts.share is None else (count(facts.present), count(facts.absent))
        if theirs is None:
            rows.append(AttributeRow(label, facts.share, counts))
        else:
            rows.append(AttributeRow(label, facts.share, counts, (count(theirs[0]), count(theirs[1])), theirs[0] / sum(theirs)))
    return rows


def _families(attributes: Sequence[AttributeFacts]) -> list[tuple[str, str, AttributeFacts]]:
    """Attributes as (label, name, facts); those of one prefix that are present as often (moods) are told once."""
    prefixes = [a.name.partition("_")[0] if "_" in a.name else "" for a in attributes]
    found: dict[str, tuple[str, str, AttributeFacts]] = {}
    for attribute, prefix in zip(attributes, prefixes, strict=True):
        family = [a for a, other in zip(attributes, prefixes, strict=True) if other == prefix and a.present == attribute.present]
        if prefix and len(family) >= _FAMILY:
            found.setdefault(f"{prefix} {attribute.present}", (f"{prefix}, {len(family)} attributes", prefix, attribute))
        else:
            found[attribute.name] = (attribute.name, attribute.name.lower(), attribute)
    return list(found.values())
