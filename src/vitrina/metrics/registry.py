"""Metrics by name: `name@k` or `name@k:variant`, each with the one-sentence definition that tables print."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vitrina.metrics.families import FAMILIES, Family, Need, Values
from vitrina.metrics.lists import Context, RankedLists

_NAME = re.compile(r"(?P<name>[a-z0-9_]+)(@(?P<k>[^:]*))?(:(?P<variant>.*))?")


@dataclass(frozen=True)
class Metric:
    """A metric ready to be computed.

    Attributes:
        name: canonical name; the default variant is not written (`recall@20`, `recall@20:capped`).
        family: the name without cut-off and variant (`recall`).
        k: the cut-off, or None for metrics of the full ranking.
        variant: the named variant, the default one included.
        definition: one sentence that tables print.
        higher_is_better: None when the metric describes lists without judging them.
        per_user: True when `compute` gives one value per user, False when it gives one for all lists together.
        needs: what must be there beside the lists: `auc` or `first_rank` (fields of `RankedLists`), `context`, and
            `item_vectors` (a field of `Context`).
    """

    name: str
    family: str
    k: int | None
    variant: str
    definition: str
    higher_is_better: bool | None
    per_user: bool
    needs: frozenset[Need]

    def compute(self, lists: RankedLists, context: Context | None = None) -> Values:
        """Float64 [n] for per-user metrics (NaN: the user cannot be judged), one float otherwise.

        Raises:
            ValueError: the lists are shorter than k, or something the metric needs is missing.
        """
        if "context" in self.needs and context is None:
            raise ValueError(f"{self.name} needs a Context (catalogue size, popularity, number of training users)")
        return FAMILIES[self.family].variants[self.variant].function(lists, self.k, context)


@dataclass(frozen=True)
class KnownMetric:
    """A metric that `parse` knows.

    Attributes:
        name: the part before `@`.
        pattern: how to write it: `ndcg@k`, `auc`, or `mrr, mrr@k`.
        variants: variant -> definition; the first is the default and need not be written.
        higher_is_better: of the default variant.
        per_user: whether it has a value per user.
    """

    name: str
    pattern: str
    variants: Mapping[str, str]
    higher_is_better: bool | None
    per_user: bool


def parse(name: str) -> Metric:
    """The metric called `name@k` or `name@k:variant`, in any case: `ndcg@10:full`.

    Raises:
        ValueError: unknown name or variant, or a cut-off that is missing, superfluous or not a positive whole number;
            the message says what would be valid.
    """
    match = _NAME.fullmatch(name.strip().lower())
    if match is None or match["name"] not in FAMILIES:
        raise ValueError(_unknown(name, match["name"] if match else name))
    family = FAMILIES[match["name"]]
    k = _cutoff(match["name"], match["k"], family)
    default = next(iter(family.variants))
    variant = _variant(match["name"], match["variant"], family) or default
    chosen = family.variants[variant]
    canonical = match["name"] + (f"@{k}" if k else "") + (f":{variant}" if variant != default else "")
    return Metric(
        name=canonical,
        family=match["name"],
        k=k,
        variant=variant,
        definition=chosen.definition,
        higher_is_better=chosen.higher_is_better,
        per_user=family.per_user,
        needs=family.needs if k else family.needs | family.needs_without_cutoff,
    )


def known_metrics() -> list[KnownMetric]:
    """All metrics with their variants and definitions, in the order tables list them."""
    return [
        KnownMetric(
            name=name,
            pattern=_pattern(name, family),
            variants={variant: row.definition for variant, row in family.variants.items()},
            higher_is_better=next(iter(family.variants.values())).higher_is_better,
            per_user=family.per_user,
        )
        for name, family in FAMILIES.items()
    ]


def definitions(names: Iterable[str]) -> dict[str, str]:
    """Canonical name -> definition, in the order given; raises ValueError like `parse`."""
    return {metric.name: metric.definition for metric in map(parse, names)}


def _cutoff(name: str, text: str | None, family: Family) -> int | None:
    if family.cutoff == "none":
        if text is not None:
            raise ValueError(f"{name} looks at the full ranking and takes no cut-off: write {name}")
        return None
    if text is None:
        if family.cutoff == "required":
            raise ValueError(f"{name} needs a cut-off: write {name}@10 for the first ten items")
        return None
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) == 0:
        raise ValueError(f"the cut-off of {name}@{text} must be a whole number of at least 1, as in {name}@10")
    return int(text)


def _variant(name: str, text: str | None, family: Family) -> str | None:
    if text is not None and text not in family.variants:
        valid = "; ".join(f"{variant} ({row.definition})" for variant, row in family.variants.items())
        raise ValueError(f"{name} has no variant {text!r}; it has: {valid}")
    return text


def _unknown(given: str, name: str) -> str:
    nearest = difflib.get_close_matches(name.lower(), FAMILIES, n=1, cutoff=0.4)
    suggestion = f"; did you mean {nearest[0]!r}?" if nearest else "."
    valid = ", ".join(_pattern(known, family) for known, family in FAMILIES.items())
    return f"unknown metric {given!r}{suggestion} Known metrics: {valid}"


def _pattern(name: str, family: Family) -> str:
    return {"required": f"{name}@k", "optional": f"{name}, {name}@k", "none": name}[family.cutoff]
