"""Accuracy of ranked lists: what share of the held-out items was found, and how high.

Every function takes `RankedLists` and a cut-off k and returns one float64 per user. A user without held-out items
cannot be judged and gets NaN; average with `vitrina.metrics.mean`. T is the held-out set, rel(r) is 1 when the item at
rank r is in T, and ranks start at 1.
"""

import numpy as np
from numpy.typing import NDArray

from vitrina.metrics.lists import FloatArray, RankedLists, discounts


def recall(lists: RankedLists, k: int) -> FloatArray:
    """[n] hits / |T|, the textbook recall (RecSys evaluations of Ferrari Dacrema et al., CTR, LightGCN)."""
    return _judged(lists, _hits(lists, k) / _relevant(lists))


def recall_capped(lists: RankedLists, k: int) -> FloatArray:
    """[n] hits / min(k, |T|), which 1 can always be reached for (Liang et al. 2018, Mult-VAE)."""
    return _judged(lists, _hits(lists, k) / np.minimum(_relevant(lists), k))


def precision(lists: RankedLists, k: int) -> FloatArray:
    """[n] hits / k, also when the list is shorter than k."""
    return _judged(lists, _hits(lists, k) / k)


def f1(lists: RankedLists, k: int) -> FloatArray:
    """[n] harmonic mean of precision and plain recall, which is 2 hits / (k + |T|)."""
    return _judged(lists, 2 * _hits(lists, k) / (k + lists.n_relevant))


def hit_rate(lists: RankedLists, k: int) -> FloatArray:
    """[n] 1 when any held-out item is among the first k (He et al. 2017, NCF, with one held-out item)."""
    return _judged(lists, (_hits(lists, k) > 0).astype(np.float64))


def hit_count(lists: RankedLists, k: int) -> FloatArray:
    """[n] number of hits, which exceeds 1 when several items are held out (Ferrari Dacrema et al. 2021)."""
    return _judged(lists, _hits(lists, k))


def hit_rate_inverse_k(lists: RankedLists, k: int) -> FloatArray:
    """[n] 1/k when any held-out item is among the first k (Vasile et al. 2016, Meta-Prod2Vec)."""
    return hit_rate(lists, k) / k


def ndcg(lists: RankedLists, k: int) -> FloatArray:
    """[n] DCG / best DCG of a list of k, binary gains (Järvelin and Kekäläinen 2002).

    With one held-out item this is NCF's log 2 / log(r + 1).
    """
    return _normalised_gain(lists, k, np.minimum(lists.n_relevant, k))


def ndcg_full(lists: RankedLists, k: int) -> FloatArray:
    """[n] DCG / ideal DCG over all of T, not cut at k (code of Ferrari Dacrema et al. 2021)."""
    return _normalised_gain(lists, k, lists.n_relevant)


def ndcg_hits(lists: RankedLists, k: int) -> FloatArray:
    """[n] DCG / DCG of the same hits moved to the top (code of Messina et al. 2020, CuratorNet).

    It measures order only: one hit at rank 1 scores 1 however many held-out items were missed.
    """
    lists.check_depth(k)
    return _normalised_gain(lists, k, lists.cumulative_hits[:, k - 1])


def average_precision(lists: RankedLists, k: int) -> FloatArray:
    """[n] sum of Precision@r over the ranks of the hits / min(k, |T|) (Wu et al. 2016, CDAE)."""
    return _judged(lists, _precision_sum(lists, k) / np.minimum(_relevant(lists), k))


def average_precision_over_k(lists: RankedLists, k: int) -> FloatArray:
    """[n] sum of Precision@r over the ranks of the hits / k (code of Messina et al. 2020, CuratorNet)."""
    return _judged(lists, _precision_sum(lists, k) / k)


def average_precision_over_all(lists: RankedLists, k: int) -> FloatArray:
    """[n] sum of Precision@r over the ranks of the hits / |T|, so k < |T| keeps it below 1."""
    return _judged(lists, _precision_sum(lists, k) / _relevant(lists))


def reciprocal_rank(lists: RankedLists, k: int | None = None) -> FloatArray:
    """[n] 1 / rank of the first held-out item; 0 when it has none, or none among the first k.

    Raises:
        ValueError: no cut-off is given and `lists.first_rank` was not computed.
    """
    if k is None:
        return _judged(lists, 1.0 / _full_ranking(lists.first_rank, "first_rank", "mrr without a cut-off"))
    lists.check_depth(k)
    return _judged(lists, np.where(lists.first_hit <= k, 1.0 / lists.first_hit, 0.0))


def auc(lists: RankedLists) -> FloatArray:
    """[n] share of (held-out, other) item pairs that the full ranking puts in order, equal scores counting half.

    Raises:
        ValueError: `lists.auc` was not computed.
    """
    return _judged(lists, _full_ranking(lists.auc, "auc", "auc"))


def _hits(lists: RankedLists, k: int) -> FloatArray:
    lists.check_depth(k)
    return lists.cumulative_hits[:, k - 1].astype(np.float64)


def _precision_sum(lists: RankedLists, k: int) -> FloatArray:
    lists.check_depth(k)
    return lists.cumulative_precision[:, k - 1]


def _normalised_gain(lists: RankedLists, k: int, n_ideal: NDArray[np.int32]) -> FloatArray:
    """DCG@k over the DCG of n_ideal hits at the top; users without hits get 0 through a harmless denominator."""
    lists.check_depth(k)
    ideal = np.cumsum(discounts(max(1, int(n_ideal.max(initial=1)))))
    return _judged(lists, lists.cumulative_gain[:, k - 1] / ideal[np.maximum(n_ideal, 1) - 1])


def _relevant(lists: RankedLists) -> NDArray[np.int32]:
    """|T|, or 1 for users who are made NaN later, so that nothing is divided by zero."""
    return np.maximum(lists.n_relevant, 1)


def _judged(lists: RankedLists, values: FloatArray) -> FloatArray:
    return np.where(lists.n_relevant > 0, values, np.nan)


def _full_ranking(values: FloatArray | None, field: str, metric: str) -> FloatArray:
    if values is None:
        raise ValueError(f"{metric} looks at the full ranking: fill RankedLists.{field} when ranking")
    return values
