"""The table of metrics: which functions stand behind each name and variant, and the sentence that defines them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from vitrina.metrics import accuracy, beyond, system
from vitrina.metrics.lists import Context, FloatArray, RankedLists

Need = Literal["auc", "first_rank", "context", "item_vectors"]
Values = FloatArray | float
Function = Callable[[RankedLists, int | None, Context | None], Values]
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Variant:
    """One definition of a metric; `higher_is_better` is None when it describes lists without judging them."""

    definition: str
    function: Function
    higher_is_better: bool | None = True


@dataclass(frozen=True)
class Family:
    """A metric and its variants, the default first.

    Attributes:
        variants: variant -> definition and function.
        cutoff: whether `@k` must, may or must not be written.
        per_user: True for one value per user, False for one value of all lists together.
        needs: what the function reads beside the lists.
        needs_without_cutoff: what it reads in addition when no cut-off is given.
    """

    variants: Mapping[str, Variant]
    cutoff: Literal["required", "optional", "none"] = "required"
    per_user: bool = True
    needs: frozenset[Need] = frozenset()
    needs_without_cutoff: frozenset[Need] = frozenset()


def _at(function: Callable[[RankedLists, int], Values]) -> Function:
    return lambda lists, k, context: function(lists, _given(k))


def _in_context(function: Callable[[RankedLists, int, Context], Values]) -> Function:
    return lambda lists, k, context: function(lists, _given(k), _given(context))


def _given(value: _Value | None) -> _Value:
    assert value is not None  # `parse` and `Metric.compute` have checked
    return value


_CONTEXT: frozenset[Need] = frozenset({"context"})

FAMILIES: dict[str, Family] = {
    "recall": Family(
        {
            "plain": Variant("hits / |T|", _at(accuracy.recall)),
            "capped": Variant("hits / min(k, |T|)", _at(accuracy.recall_capped)),
        }
    ),
    "precision": Family({"plain": Variant("hits / k", _at(accuracy.precision))}),
    "f1": Family({"plain": Variant("harmonic mean of hits / k and hits / |T|, per user", _at(accuracy.f1))}),
    "hr": Family(
        {
            "binary": Variant("1 if any held-out item is in the top k, else 0", _at(accuracy.hit_rate)),
            "count": Variant("number of hits in the top k", _at(accuracy.hit_count)),
            "inverse_k": Variant("1/k if any held-out item is in the top k, else 0", _at(accuracy.hit_rate_inverse_k)),
        }
    ),
    "ndcg": Family(
        {
            "truncated": Variant("DCG / ideal DCG of min(k, |T|) items, binary gains", _at(accuracy.ndcg)),
            "full": Variant("DCG / ideal DCG of all |T| items, binary gains", _at(accuracy.ndcg_full)),
            "hits": Variant("DCG / ideal DCG of the hits found, binary gains", _at(accuracy.ndcg_hits)),
        }
    ),
    "map": Family(
        {
            "capped": Variant("sum of precision at the ranks of the hits / min(k, |T|)", _at(accuracy.average_precision)),
            "k": Variant("sum of precision at the ranks of the hits / k", _at(accuracy.average_precision_over_k)),
            "all": Variant("sum of precision at the ranks of the hits / |T|", _at(accuracy.average_precision_over_all)),
        }
    ),
    "mrr": Family(
        {
            "plain": Variant(
                "1 / rank of the first held-out item, 0 if it is not in the ranking (or not in the top k)",
                lambda lists, k, context: accuracy.reciprocal_rank(lists, k),
            )
        },
        cutoff="optional",
        needs_without_cutoff=frozenset({"first_rank"}),
    ),
    "auc": Family(
        {
            "plain": Variant(
                "share of (held-out, other) item pairs ranked in order, ties counting half",
                lambda lists, k, context: accuracy.auc(lists),
            )
        },
        cutoff="none",
        needs_without_cutoff=frozenset({"auc"}),
    ),
    "novelty": Family(
        {
            "plain": Variant(
                "mean over the list of -log2((training users of the item + 1) / (training users + 1)), in bits",
                _in_context(beyond.novelty),
                None,
            )
        },
        needs=_CONTEXT,
    ),
    "popularity": Family(
        {"plain": Variant("mean training users of the listed items", _in_context(beyond.popularity), None)},
        needs=_CONTEXT,
    ),
    "diversity": Family(
        {"plain": Variant("mean of 1 - cosine over the pairs of listed items", _in_context(beyond.diversity), None)},
        needs=_CONTEXT | {"item_vectors"},
    ),
    "coverage": Family(
        {"plain": Variant("share of the catalogue recommended to at least one user", _in_context(system.coverage))},
        per_user=False,
        needs=_CONTEXT,
    ),
    "user_coverage": Family(
        {"plain": Variant("share of users with at least one recommended item", _at(system.user_coverage))},
        per_user=False,
    ),
    "gini": Family(
        {
            "plain": Variant(
                "Gini index of recommendation counts over the catalogue; 0 is even, towards 1 is one item only",
                _in_context(system.gini),
                False,
            ),
            "diversity": Variant(
                "1 - Gini index of recommendation counts over the catalogue; 1 is even",
                _in_context(system.gini_diversity),
            ),
        },
        per_user=False,
        needs=_CONTEXT,
    ),
    "entropy": Family(
        {
            "nats": Variant("Shannon entropy of recommendation counts, natural log", _in_context(system.entropy)),
            "bits": Variant("Shannon entropy of recommendation counts, log base 2", _in_context(system.entropy_bits)),
        },
        per_user=False,
        needs=_CONTEXT,
    ),
    "herfindahl": Family(
        {"plain": Variant("1 - sum of squared shares of recommendations", _in_context(system.herfindahl))},
        per_user=False,
        needs=_CONTEXT,
    ),
    "mil": Family(
        {"plain": Variant("mean over user pairs of 1 - (items both lists share) / k", _in_context(system.inter_list_diversity))},
        per_user=False,
        needs=_CONTEXT,
    ),
}
