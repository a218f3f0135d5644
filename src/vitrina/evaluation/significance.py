"""Paired significance: is one recommender better than another for the same users, by how much, and beyond chance?

Tests take differences per user, method A minus method B; NaN (a user that either could not be judged for) is dropped
and counted. References: Smucker, Allan and Carterette 2007 for the choice of tests; Holm 1979; Pratt 1959.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from vitrina.evaluation.bootstrap import (
    BLOCK_ENTRIES,
    FloatArray,
    bootstrap_interval,
    cluster_sums,
    independent_differences,
)

Test = Literal["t", "wilcoxon", "sign_flip"]

# Below this many users the paired t test leans on normality that metrics do not have.
FEW_USERS = 100
# Differences this small are rounding of equal values, in metrics that lie around 1.
_TIE = 1e-12


@dataclass(frozen=True)
class PairedTest:
    """Outcome of a two-sided paired test.

    Attributes:
        test: what was done, with its handling of zero differences where that matters.
        statistic: t, the smaller signed rank sum, or the mean difference.
        p_value: two-sided; 1 when there is too little to test.
        n: differences tested.
        zeros: how many of them were zero.
    """

    test: str
    statistic: float
    p_value: float
    n: int
    zeros: int


@dataclass(frozen=True)
class PairedComparison:
    """Two methods compared on the same users; positive differences favour `first`.

    Attributes:
        first, second: names of the methods.
        n: users compared (clusters, when rows were clustered).
        dropped: rows left out because either method has no value there.
        difference: mean of first - second, in units of the metric.
        low, high: its bootstrap interval.
        level: confidence of the interval.
        t_p, wilcoxon_p, sign_flip_p: two-sided p-values.
        test: the test whose p-value is corrected.
        p_value, bonferroni_p, holm_p: of that test, plain and corrected for all pairs of the comparison.
        effect_size: Cohen's d of the paired differences, mean / standard deviation; infinite when all are equal.
        improved, worsened, tied: shares of rows where first is better, worse, equal.
    """

    first: str
    second: str
    n: int
    dropped: int
    difference: float
    low: float
    high: float
    level: float
    t_p: float
    wilcoxon_p: float
    sign_flip_p: float
    test: Test
    p_value: float
    bonferroni_p: float
    holm_p: float
    effect_size: float
    improved: float
    worsened: float
    tied: float

    def reversed(self) -> "PairedComparison":
        """The same comparison seen from the second method."""
        return replace(
            self,
            first=self.second,
            second=self.first,
            difference=-self.difference,
            low=-self.high,
            high=-self.low,
            effect_size=-self.effect_size,
            improved=self.worsened,
            worsened=self.improved,
        )


def paired_t(differences: FloatArray) -> PairedTest:
    """Paired t test, t = mean / (sd / sqrt n); sound for about 100 users and more.

    Args:
        differences: [n]; NaN is dropped.
    """
    d = _known(differences)
    if len(d) < 2 or not d.any():
        return PairedTest("paired t", 0.0, 1.0, len(d), _zeros(d))
    error = float(d.std(ddof=1)) / np.sqrt(len(d))
    # Equal differences leave no doubt about the sign of their mean.
    statistic = float(d.mean()) / error if error > 0 else float(np.copysign(np.inf, d.mean()))
    return PairedTest("paired t", statistic, float(2 * special.stdtr(len(d) - 1, -abs(statistic))), len(d), _zeros(d))


def wilcoxon(differences: FloatArray) -> PairedTest:
    """Wilcoxon signed-rank test: for skewed differences. Zeros take part in the ranking, then are left out (Pratt 1959).

    Exact for up to 50 differences without ties and zeros, the normal approximation otherwise.

    Args:
        differences: [n]; NaN is dropped. Values are rounded to 12 decimals so that rounding does not break ties.
    """
    d = np.round(_known(differences), 12)
    if not d.any():
        return PairedTest("Wilcoxon, Pratt's zeros", 0.0, 1.0, len(d), len(d))
    result = stats.wilcoxon(d, zero_method="pratt")
    return PairedTest("Wilcoxon, Pratt's zeros", float(result.statistic), float(result.pvalue), len(d), _zeros(d))


def sign_flip(differences: FloatArray, *, seed: int, flips: int = 10_000) -> PairedTest:
    """Randomisation test: under the null hypothesis each difference could as well have had the other sign.

    p = (1 + flips with |mean| at least as large) / (1 + flips), which is valid for any n and any number of flips.

    Args:
        differences: [n]; NaN is dropped.
        seed: of the flips.
        flips: number of random sign assignments.

    Raises:
        ValueError: flips < 1.
    """
    d = _known(differences)
    p_value = float(_sign_flip_p_values(d[None, :], seed=seed, flips=flips)[0])
    return PairedTest("sign flip", float(d.mean()) if len(d) else 0.0, p_value, len(d), _zeros(d))


def bonferroni(p_values: Sequence[float] | FloatArray) -> FloatArray:
    """[m] min(1, m p): p-values corrected for m comparisons (Bonferroni). Raises ValueError outside [0, 1]."""
    p = _checked(p_values)
    return np.minimum(1.0, len(p) * p)


def holm(p_values: Sequence[float] | FloatArray) -> FloatArray:
    """[m] p-values corrected for m comparisons by Holm's step-down method, never above Bonferroni's.

    In ascending order, adjusted p_(i) = max over j <= i of min(1, (m - j + 1) p_(j)). Raises ValueError outside [0, 1].
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, np.arange(len(p), 0.0, -1.0) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def smallest_detectable_difference(
    differences: FloatArray, *, alpha: float = 0.05, power: float = 0.8, m_comparisons: int = 1
) -> float:
    """Mean difference, in units of the metric, that a paired t test would find with the given power (Bloom 1995).

    (t_{1 - alpha / (2 m), n - 1} + t_{power, n - 1}) sd / sqrt n, Bonferroni-corrected for m comparisons.

    Args:
        differences: [n]; NaN is dropped.
        alpha: two-sided error rate of the family of comparisons.
        power: chance to find a difference of the returned size.
        m_comparisons: number of comparisons in the family.

    Returns:
        The difference; NaN for fewer than two users.

    Raises:
        ValueError: alpha or power outside (0, 1), or m_comparisons < 1.
    """
    if not (0 < alpha < 1 and 0 < power < 1 and m_comparisons >= 1):
        raise ValueError(
            f"alpha and power must lie between 0 and 1 and m_comparisons be at least 1, but are {alpha}, {power} and "
            f"{m_comparisons}"
        )
    d = _known(differences)
    if len(d) < 2:
        return float("nan")
    quantiles = special.stdtrit(len(d) - 1, np.array([1 - alpha / (2 * m_comparisons), power]))
    return float(quantiles.sum() * d.std(ddof=1) / np.sqrt(len(d)))


def compare_pairs(
    values: Mapping[str, FloatArray],
    *,
    seed: int,
    test: Test | Literal["auto"] = "auto",
    level: float = 0.95,
    resamples: int = 10_000,
    flips: int | None = None,
    clusters: NDArray[np.integer] | None = None,
) -> list[PairedComparison]:
    """Compare every pair of methods on the users that both were judged on.

    All pairs share resamples and sign flips. With clusters, intervals resample whole clusters and tests take one
    difference per cluster. Memory is O(pairs x users).

    Args:
        values: method -> [n] value per user (per session, with clusters), NaN where it could not be judged.
        seed: of resamples and flips.
        test: the test whose p-values are corrected; "auto" takes sign flips when any pair that can be judged shares
            fewer than 100 users, else the paired t test.
        level: confidence of the intervals.
        resamples: bootstrap resamples.
        flips: random sign assignments; no p-value of this test, corrected for m pairs, is below m / (1 + flips). Default: 10,000,
            or 100 for each pair where that is more, so that a clear difference is significant among any number of methods.
        clusters: [n] labels of dependent rows, such as the user of each session.

    Returns:
        One record per pair, in the order of `values`; empty for fewer than two methods. A pair without a common user
        has NaN differences and p = 1.

    Raises:
        ValueError: methods have different numbers of rows, or an argument is out of range.
    """
    pairs = list(combinations(values, 2))
    if not pairs:
        return []
    flips = max(10_000, 100 * len(pairs)) if flips is None else flips
    differences = _paired_differences(values, pairs)
    units = [independent_differences(row, clusters) for row in differences]
    p_values: dict[Test, FloatArray] = {
        "t": np.array([paired_t(row).p_value for row in units]),
        "wilcoxon": np.array([wilcoxon(row).p_value for row in units]),
        # Clusters that a pair cannot be judged on count as zero differences, which no flip changes.
        "sign_flip": _sign_flip_p_values(cluster_sums(differences, clusters)[0], seed=seed, flips=flips),
    }
    chosen = _automatic_test(units) if test == "auto" else test
    if chosen not in p_values:
        raise ValueError(f"test must be one of auto, {', '.join(p_values)}, but is {chosen!r}")
    low, high = bootstrap_interval(differences, seed=seed, level=level, resamples=resamples, clusters=clusters)
    columns = {f"{name}_p": p for name, p in p_values.items()} | {"low": low, "high": high}
    p = p_values[chosen]
    columns |= {"p_value": p, "bonferroni_p": bonferroni(p), "holm_p": holm(p)}
    return [
        PairedComparison(
            first=first,
            second=second,
            n=len(units[i]),
            dropped=int(np.count_nonzero(np.isnan(differences[i]))),
            level=level,
            test=chosen,
            **_description(_known(differences[i])),
            **{name: float(column[i]) for name, column in columns.items()},
        )
        for i, (first, second) in enumerate(pairs)
    ]


def _automatic_test(units: Sequence[FloatArray]) -> Test:
    fewest = min((len(d) for d in units if len(d)), default=0)
    return "sign_flip" if fewest < FEW_USERS else "t"


def _paired_differences(values: Mapping[str, FloatArray], pairs: Sequence[tuple[str, str]]) -> FloatArray:
    """[pairs, n] first - second, NaN where either is."""
    shapes = {name: np.shape(array) for name, array in values.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
        raise ValueError(f"every method needs one value per user, for the same users in the same order, not {shapes}")
    columns = {name: np.asarray(array, dtype=np.float64) for name, array in values.items()}
    return np.stack([columns[a] - columns[b] for a, b in pairs])


def _description(d: FloatArray) -> dict[str, float]:
    rows = max(1, len(d))
    return {
        "difference": float(d.mean()) if len(d) else float("nan"),
        "effect_size": _effect_size(d),
        "improved": int(np.count_nonzero(d > _TIE)) / rows,
        "worsened": int(np.count_nonzero(d < -_TIE)) / rows,
        "tied": _zeros(d) / rows,
    }


def _effect_size(d: FloatArray) -> float:
    """Cohen's d of paired differences; 0 when all are zero, NaN for fewer than two."""
    if len(d) < 2:
        return float("nan")
    mean, deviation = float(d.mean()), float(d.std(ddof=1))
    if deviation == 0:
        return float(np.copysign(np.inf, mean)) if mean else 0.0
    return mean / deviation


def _sign_flip_p_values(differences: FloatArray, *, seed: int, flips: int) -> FloatArray:
    """[pairs] p-values of [pairs, n] differences; all pairs see the same flips.

    The flipped sum is the sum of the kept differences minus that of the others, so one product of random bits and
    differences serves all pairs.
    """
    if flips < 1:
        raise ValueError(f"flips must be at least 1, but is {flips}")
    n = differences.shape[1]
    totals = differences.sum(axis=1)
    # Equal sums reached in another order differ by rounding; they count as equal.
    threshold = np.abs(totals) - 1e-12 * np.abs(differences).sum(axis=1)
    generator = np.random.default_rng(seed)
    extreme = np.zeros(len(differences), dtype=np.int64)
    block = max(1, BLOCK_ENTRIES // max(1, n))
    for start in range(0, flips, block):
        size = min(block, flips - start)
        random_bytes = np.frombuffer(generator.bytes(-(-size * n // 8)), dtype=np.uint8)
        kept = np.unpackbits(random_bytes, count=size * n).reshape(size, n).astype(np.float64)
        extreme += np.count_nonzero(np.abs(2 * (kept @ differences.T) - totals) >= threshold, axis=0)
    return np.asarray((1.0 + extreme) / (1.0 + flips), dtype=np.float64)


def _known(differences: FloatArray) -> FloatArray:
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1:
        raise ValueError(f"differences must have shape [n], one per user, but have {d.shape}")
    return d[~np.isnan(d)]


def _zeros(d: FloatArray) -> int:
    return int(np.count_nonzero(np.abs(d) <= _TIE))


def _checked(p_values: Sequence[float] | FloatArray) -> FloatArray:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values must be a flat list of numbers between 0 and 1")
    return p
