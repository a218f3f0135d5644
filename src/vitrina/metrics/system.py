"""Metrics of all lists together: how much of the catalogue, and of the users, a recommender reaches.

Each function returns one float. c_i is the number of users whose first k items contain item i, and p_i = c_i / sum c.
"""

import numpy as np

from vitrina.metrics.lists import Context, FloatArray, RankedLists


def coverage(lists: RankedLists, k: int, context: Context) -> float:
    """Share of the catalogue recommended to at least one user, in [0, 1]; NaN for an empty catalogue."""
    counts = lists.item_counts(k, context.n_items)
    return float(np.count_nonzero(counts) / context.n_items) if context.n_items else float("nan")


def user_coverage(lists: RankedLists, k: int) -> float:
    """Share of users with at least one recommended item, in [0, 1]; NaN without users."""
    reached = (lists.top(k) >= 0).any(axis=1)
    return float(reached.mean()) if lists.n else float("nan")


def gini(lists: RankedLists, k: int, context: Context) -> float:
    """Gini index of c over the whole catalogue: 0 when all items are recommended equally, towards 1 for one item only.

    sum_i (2i - n - 1) c_(i) / (n sum c), with c sorted in ascending order and i = 1..n. NaN without recommendations.
    """
    counts = np.sort(lists.item_counts(k, context.n_items))
    total, n = int(counts.sum()), len(counts)
    if total == 0:
        return float("nan")
    return float((2.0 * np.arange(1, n + 1) - n - 1) @ counts / (n * total))


def gini_diversity(lists: RankedLists, k: int, context: Context) -> float:
    """1 - Gini index: 1 when all items are recommended equally.

    The code behind Ferrari Dacrema et al. 2021 divides by n + 1 instead of n and, in its first versions, leaves out the
    items nobody was recommended, so the values differ slightly, or much, from this definition.
    """
    return 1.0 - gini(lists, k, context)


def entropy(lists: RankedLists, k: int, context: Context) -> float:
    """Shannon entropy -sum p ln p, in nats; NaN without recommendations."""
    p = _shares(lists, k, context)
    return float(-(p @ np.log(p))) + 0.0 if p.size else float("nan")


def entropy_bits(lists: RankedLists, k: int, context: Context) -> float:
    """Shannon entropy -sum p log2 p, in bits (code of Ferrari Dacrema et al. 2021)."""
    return entropy(lists, k, context) / float(np.log(2))


def herfindahl(lists: RankedLists, k: int, context: Context) -> float:
    """1 - sum p^2: the chance that two random recommendations are of different items; NaN without recommendations."""
    p = _shares(lists, k, context)
    return float(1.0 - p @ p) if p.size else float("nan")


def inter_list_diversity(lists: RankedLists, k: int, context: Context) -> float:
    """Mean over pairs of users of 1 - |Lu ∩ Lv| / k (Zhou et al. 2010, "personalisation"); NaN for fewer than 2 users.

    No pair is formed: an item recommended to c users is shared by c (c - 1) ordered pairs.
    """
    counts = lists.item_counts(k, context.n_items)
    if lists.n < 2:
        return float("nan")
    return 1.0 - float(counts @ (counts - 1)) / (k * lists.n * (lists.n - 1))


def _shares(lists: RankedLists, k: int, context: Context) -> FloatArray:
    """p_i of the recommended items only."""
    counts = lists.item_counts(k, context.n_items)
    recommended = counts[counts > 0]
    return recommended / max(1, int(recommended.sum()))
