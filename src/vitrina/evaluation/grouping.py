"""Who wins, and who is equal to the winner: compact letter displays and the verdict over all methods."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import ceil, floor, isfinite, isnan, log10
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from vitrina.evaluation.bootstrap import FloatArray, independent_differences
from vitrina.evaluation.significance import PairedComparison, compare_pairs, smallest_detectable_difference

# With fewer users intervals and tests are too unsteady to call a winner.
MIN_USERS = 50


@dataclass(frozen=True)
class Verdict:
    """Which method wins on a metric, if any.

    Attributes:
        winner: the method that is significantly better (Holm) than every other one; None when `reason` forbids it.
        best: the method with the highest mean; None when no method has values for common users.
        runner_up: the method with the second highest mean, if any.
        equal_to_best: the best and every method it is not significantly better than, highest mean first.
        difference: mean of best - runner_up over their common users, in units of the metric; NaN without runner-up.
        low, high: its bootstrap interval.
        level: confidence of the interval.
        p_value: of best against runner_up, corrected by Holm's method over all pairs.
        smallest_detectable: the difference to the runner-up that these users would show with the power asked for.
        n_users: users (clusters) that every method was judged on.
        reason: why there is no winner; empty when there is one.
    """

    winner: str | None
    best: str | None
    runner_up: str | None
    equal_to_best: tuple[str, ...]
    difference: float
    low: float
    high: float
    level: float
    p_value: float
    smallest_detectable: float
    n_users: int
    reason: str

    def sentence(self, metric: str) -> str:
        """The verdict in plain English, with no more decimals than the interval supports.

        Args:
            metric: name of the metric, `ndcg@10`.
        """
        if self.runner_up is None:
            return f"No winner on {metric}: {self.reason}."
        digits = _telling_decimals(self.low, self.high)
        lead = (
            f"{self.difference:.{digits}f} above {self.runner_up} "
            f"({self.level * 100:g} % interval {self.low:.{digits}f} to {self.high:.{digits}f}, "
            f"{_p_text(self.p_value)} after Holm's correction, {self.n_users:,} users)"
        )
        if self.winner:
            return f"{self.winner} wins on {metric}, {lead}."
        if self.n_users < MIN_USERS:
            return f"No winner on {metric}: {self.reason}. {self.best} has the highest mean, {lead}."
        return (
            f"No winner on {metric}: {self.best} has the highest mean, {lead}, but {self.reason}. "
            f"A difference below {_round_up(self.smallest_detectable, digits)} would probably go unnoticed."
        )


def verdict(
    values: Mapping[str, FloatArray],
    *,
    seed: int,
    pairs: Sequence[PairedComparison] | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    clusters: NDArray[np.integer] | None = None,
) -> Verdict:
    """Declare a winner only where the data allow it.

    Means are over the users that every method was judged on; a method without any value takes no part. There is no
    winner with one method only, with fewer than 50 such users, or when the best is not significantly better than every
    other method (Holm-corrected p < alpha, over all pairs): that is a statistical tie.

    Args:
        values: method -> [n] value per user, higher is better, NaN where it could not be judged.
        seed: of the comparisons, when `pairs` is not given.
        pairs: the result of `compare_pairs` on the same values, if it is already there.
        alpha: error rate of the family of comparisons.
        power: chance with which `smallest_detectable` would be found.
        clusters: [n] labels of dependent rows; they are then what is counted as users.

    Raises:
        ValueError: no method is given, methods have different numbers of rows, or `pairs` lacks one.
    """
    if not values:
        raise ValueError("a verdict needs at least one method, but values is empty")
    if pairs is None:
        pairs = compare_pairs(values, seed=seed, clusters=clusters)
    means, n_users = _common_means(values, clusters)
    ranked = sorted(means, key=lambda name: -means[name])
    if len(ranked) < 2:
        return _without_comparison(ranked, n_users)
    found = _against_best(ranked, pairs)
    equal = (ranked[0], *(name for name in ranked[1:] if not _better(found[name], alpha)))
    reason = _reason(equal, n_users)
    runner_up = found[ranked[1]]
    differences = independent_differences(values[ranked[0]] - values[ranked[1]], clusters)
    return Verdict(
        winner=None if reason else ranked[0],
        best=ranked[0],
        runner_up=ranked[1],
        equal_to_best=equal,
        difference=runner_up.difference,
        low=runner_up.low,
        high=runner_up.high,
        level=runner_up.level,
        p_value=runner_up.holm_p,
        smallest_detectable=smallest_detectable_difference(differences, alpha=alpha, power=power, m_comparisons=len(pairs)),
        n_users=n_users,
        reason=reason,
    )


def equal_groups(
    names: Sequence[str], means: Sequence[float] | FloatArray, pairs: Iterable[PairedComparison], alpha: float = 0.05
) -> dict[str, str]:
    """Compact letter display: methods that share a letter cannot be told apart (Holm-corrected p >= alpha).

    Args:
        names: the methods.
        means: one per method, higher is better; a method whose mean is NaN gets no letter.
        pairs: comparisons of all pairs of methods.
        alpha: error rate of the family of comparisons.

    Returns:
        name -> letters, in the order of `names`; the best method has "a".
    """
    ranking = sorted(
        (name for name, mean in zip(names, means, strict=True) if not isnan(mean)),
        key=lambda name: -float(means[names.index(name)]),
    )
    different = {frozenset((pair.first, pair.second)) for pair in pairs if pair.holm_p < alpha}
    letters = compact_letters(ranking, different)
    return {name: letters.get(name, "") for name in names}


def compact_letters(ranking: Sequence[str], different: Iterable[frozenset[str]]) -> dict[str, str]:
    """Letters such that two methods share one exactly when they are not different (insert and absorb, Piepho 2004).

    Args:
        ranking: methods, best first; the first gets "a".
        different: the pairs that are significantly different; pairs of other methods are ignored.

    Returns:
        method -> letters, in the order of the ranking.
    """
    groups = [frozenset(ranking)] if ranking else []
    for pair in sorted((pair for pair in different if pair <= set(ranking)), key=sorted):
        groups = _absorb([part for group in groups for part in _insert(group, pair)])
    position = {name: place for place, name in enumerate(ranking)}
    groups.sort(key=lambda group: sorted(position[name] for name in group))
    letters = dict.fromkeys(ranking, "")
    for group, letter in zip(groups, _letters(), strict=False):
        for name in group:
            letters[name] += letter
    return letters


def supported_decimals(low: float, high: float) -> int:
    """Decimals that an interval supports: the place of the first significant digit of its half-width, 0 to 6."""
    half = (high - low) / 2
    if not isfinite(half) or half <= 0:
        return 4
    return min(6, max(0, -floor(log10(half))))


def _telling_decimals(low: float, high: float) -> int:
    """As many decimals as the interval supports, or the few more that keep a bound from being printed as zero."""
    digits = supported_decimals(low, high)
    while digits < 6 and any(bound and not round(bound, digits) for bound in (low, high)):
        digits += 1
    return digits


def _insert(group: frozenset[str], pair: frozenset[str]) -> list[frozenset[str]]:
    """A group that holds both methods of a different pair is split in two, each without one of them."""
    return [group - {name} for name in pair] if pair <= group else [group]


def _absorb(groups: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Groups that lie within no other group."""
    unique = list(dict.fromkeys(groups))
    return [group for group in unique if not any(group < other for other in unique)]


def _letters() -> Iterator[str]:
    """a..z, A..Z, then a1, b1, ... without end."""
    yield from ascii_letters
    for number in count(1):
        yield from (f"{letter}{number}" for letter in ascii_letters)


def _common_means(values: Mapping[str, FloatArray], clusters: NDArray[np.integer] | None) -> tuple[dict[str, float], int]:
    """Mean of each method that has values over the users all of them share, and how many users (clusters) those are."""
    judged = {name: array for name, array in values.items() if not np.isnan(array).all()}
    if not judged:
        return {}, 0
    common = ~np.isnan(np.stack(list(judged.values()))).any(axis=0)
    if not common.any():
        return {}, 0
    n_users = int(common.sum()) if clusters is None else len(np.unique(clusters[common]))
    return {name: float(array[common].mean()) for name, array in judged.items()}, n_users


def _against_best(ranked: Sequence[str], pairs: Iterable[PairedComparison]) -> dict[str, PairedComparison]:
    """Every other method -> its comparison with the best, turned so that the best comes first."""
    best = ranked[0]
    found = {pair.second: pair for pair in pairs if pair.first == best}
    found |= {pair.first: pair.reversed() for pair in pairs if pair.second == best}
    missing = [name for name in ranked[1:] if name not in found]
    if missing:
        raise ValueError(f"pairs must compare {best} with every other method, but lack {', '.join(missing)}")
    return found


def _better(comparison: PairedComparison, alpha: float) -> bool:
    return comparison.holm_p < alpha and comparison.difference > 0


def _reason(equal: Sequence[str], n_users: int) -> str:
    if n_users < MIN_USERS:
        return f"only {n_users} test users, and at least {MIN_USERS} are needed"
    if len(equal) > 1:
        *others, last = equal[1:]  # they may well differ from one another
        return f"it is not significantly better than {', '.join(others)}{' and ' if others else ''}{last}"
    return ""


def _without_comparison(ranked: Sequence[str], n_users: int) -> Verdict:
    nan = float("nan")
    return Verdict(
        winner=None,
        best=ranked[0] if ranked else None,
        runner_up=None,
        equal_to_best=tuple(ranked),
        difference=nan,
        low=nan,
        high=nan,
        level=nan,
        p_value=nan,
        smallest_detectable=nan,
        n_users=n_users,
        reason="there is no other method to compare with" if ranked else "no user was judged for every method",
    )


def _p_text(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def _round_up(value: float, digits: int) -> str:
    """Rounded towards the cautious side."""
    return f"{ceil(value * 10**digits) / 10**digits:.{digits}f}"
