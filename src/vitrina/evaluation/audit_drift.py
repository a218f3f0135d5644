"""Audit check on popularity: do training and test consume the same items, as far as chance allows?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vitrina.evaluation.audit_view import TARGET, Finding, Mask, Severity, View, percent

#: Drift from which a note or a warning is given; see ``popularity_drift``.
_SOME, _STRONG = 0.1, 0.2
_DRAWS, _DRAWN_EVENTS = (10, 100), 2_000_000  # random splits to compare with: fewest, most, and events to draw in all
_BEYOND_CHANCE = 4  # standard deviations of those
_MOSTLY_KNOWN = 0.9


def popularity_drift(view: View) -> list[Finding]:
    """Compare the popularity of items in training and test with what a random split of the same sizes gives.

    Both are a Jensen-Shannon divergence D between the item shares of training and test events. Drift is
    sqrt(D - D of random splits), 0 for a random split and 1 for parts without a common item: 0.25 when each MovieLens-100K
    user's latest ratings are tested. A note from 0.1 on, a warning from 0.2 on, and only beyond four standard deviations.
    """
    train, test = view.trained["test"], view.labels == TARGET["test"]
    if view.cold_by_design or not train.any() or not test.any():
        return []
    observed = _divergence(_counts(view, train), _counts(view, test))
    chance = _by_chance(view, train, test)
    if not chance.size:
        return []
    drift = math.sqrt(max(0.0, observed - float(chance.mean())))
    if drift < _SOME or observed < chance.mean() + _BEYOND_CHANCE * chance.std():
        return []
    severity: Severity = "warning" if drift >= _STRONG else "note"
    words = _words(view, observed, float(chance.mean()))
    return [Finding(code="popularity-drift", severity=severity, count=int(test.sum()), share=drift, sentence=words)]


def _words(view: View, observed: float, chance: float) -> str:
    train, test = _counts(view, view.trained["test"]), _counts(view, view.labels == TARGET["test"])
    head = np.argsort(-train, kind="stable")[: max(1, int((train > 0).sum()) // 10)]
    advice = (
        "Tastes or the catalogue moved on: compare with recent popularity."
        if view.orders_users
        else "If this split is meant to be random, check how the test events were chosen."
    )
    return (
        f"Other items are popular in test than in training: Jensen-Shannon distance {math.sqrt(observed):.2f}, where random "
        f"splits of the same sizes have {math.sqrt(chance):.2f}; the most popular tenth of the training items has "
        f"{percent(train[head].sum() / train.sum())} of the training events and {percent(test[head].sum() / test.sum())} of the "
        f"test events. {advice}"
    )


def _counts(view: View, events: Mask) -> NDArray[np.int64]:
    return np.bincount(view.items[events], minlength=view.dataset.n_items)


def _divergence(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Jensen-Shannon divergence (base 2, in 0..1) between two count vectors."""
    p, q = a / a.sum(), b / b.sum()
    middle = (p + q) / 2
    terms = [x[x > 0] * np.log2(x[x > 0] / middle[x > 0]) for x in (p, q)]
    return max(0.0, 0.5 * float(terms[0].sum() + terms[1].sum()))


def _by_chance(view: View, train: Mask, test: Mask) -> NDArray[np.float64]:
    """Divergences of random splits of the same events.

    Where nearly all test users also train, each user keeps their share of test events (a leave-one-out test weighs users
    equally, which is no drift); else any event may be drawn.
    """
    random = np.random.default_rng(abs(view.split.seed))
    n_draws = int(np.clip(_DRAWN_EVENTS // (train.sum() + test.sum()), *_DRAWS))
    total = _counts(view, train) + _counts(view, test)
    n_test = int(test.sum())
    known = np.bincount(view.users[train], minlength=view.dataset.n_users)
    tested = np.bincount(view.users[test], minlength=view.dataset.n_users)
    if (known[tested > 0] > 0).mean() < _MOSTLY_KNOWN:
        drawn = random.multivariate_hypergeometric(total, n_test, size=n_draws, method="marginals")
        return np.array([_divergence(total - counts, counts) for counts in drawn])
    rows = np.flatnonzero(train | test)
    rate = (tested / np.maximum(1, known + tested))[view.users[rows]]
    items = view.items[rows]
    draws = [np.bincount(items[random.random(rows.size) < rate], minlength=total.size) for _ in range(n_draws)]
    return np.array([_divergence(total - counts, counts) for counts in draws if 0 < counts.sum() < rows.size])
