from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vitrina.evaluation.bootstrap import bootstrap_interval
from vitrina.evaluation.significance import (
    bonferroni,
    compare_pairs,
    holm,
    paired_t,
    sign_flip,
    smallest_detectable_difference,
    wilcoxon,
)


def normal(n: int, mean: float = 0.2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1.0, n)


@pytest.mark.parametrize("n", [2, 5, 50, 500])
def test_paired_t_is_that_of_scipy(n: int):
    d = normal(n)
    want = stats.ttest_1samp(d, 0.0)
    got = paired_t(np.append(d, np.nan))
    assert (got.statistic, got.p_value) == (pytest.approx(want.statistic), pytest.approx(want.pvalue))
    assert (got.n, got.zeros) == (n, 0)


@pytest.mark.parametrize("n", [5, 40, 500])
@pytest.mark.parametrize("with_zeros", [False, True])
def test_wilcoxon_is_that_of_scipy_with_pratts_zeros(n: int, with_zeros: bool):
    d = normal(n)
    if with_zeros:
        d[::4] = 0.0
    want = stats.wilcoxon(d, zero_method="pratt")
    got = wilcoxon(d)
    assert (got.statistic, got.p_value) == (pytest.approx(want.statistic), pytest.approx(want.pvalue))
    assert got.zeros == (np.count_nonzero(d == 0))
    assert "Pratt" in got.test


def test_rounding_does_not_break_ties_in_wilcoxon():
    exact = np.repeat([0.2, -0.1, 0.1], 30)
    noisy = exact + np.where(np.arange(90) % 2, 1e-16, -1e-16)
    assert wilcoxon(noisy).p_value == wilcoxon(exact).p_value


def test_sign_flip_agrees_with_all_sign_assignments():
    d = np.array([0.9, 0.5, 0.4, -0.2, 0.3, 0.1, 0.0, 0.6, -0.1])
    sums = [abs(sum(s * x for s, x in zip(signs, d, strict=True))) for signs in product((-1, 1), repeat=len(d))]
    exact = np.mean([total >= abs(d.sum()) - 1e-9 for total in sums])
    got = sign_flip(d, seed=1, flips=50_000)
    assert got.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact / 50_000))
    assert (got.statistic, got.n, got.zeros) == (pytest.approx(d.mean()), 9, 1)


def test_sign_flip_agrees_with_t_for_many_users():
    d = normal(400, mean=0.08)
    assert sign_flip(d, seed=2, flips=20_000).p_value == pytest.approx(paired_t(d).p_value, abs=0.015)


def test_sign_flip_never_gives_zero_and_counts_equal_sums():
    assert sign_flip(np.ones(200), seed=3, flips=999).p_value == 1 / 1000
    # Two equal differences: every assignment that does not cancel is as extreme.
    assert sign_flip(np.array([0.1, 0.1]), seed=3, flips=20_000).p_value == pytest.approx(0.5, abs=0.02)


def test_tests_hold_their_level_when_there_is_nothing():
    rng = np.random.default_rng(4)
    data = np.sign(rng.normal(size=(400, 60))) * rng.integers(0, 4, size=(400, 60))
    for p_values in (
        [paired_t(d).p_value for d in data],
        [wilcoxon(d).p_value for d in data],
        [sign_flip(d, seed=5, flips=500).p_value for d in data],
    ):
        assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.085


@pytest.mark.parametrize("d", [[], [np.nan], [0.0, 0.0, 0.0], [0.0]])
def test_nothing_to_test_is_no_evidence(d: list[float]):
    differences = np.array(d)
    assert paired_t(differences).p_value == 1
    assert wilcoxon(differences).p_value == 1
    assert sign_flip(differences, seed=0, flips=100).p_value == 1


def test_constant_differences():
    assert paired_t(np.full(10, -0.5)).statistic == -np.inf
    assert paired_t(np.full(10, -0.5)).p_value == 0
    assert paired_t(np.array([0.5])).p_value == 1


def test_holm_and_bonferroni_textbook_example():
    p = [0.01, 0.04, 0.03, 0.005]
    np.testing.assert_allclose(holm(p), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(bonferroni(p), [0.04, 0.16, 0.12, 0.02])
    # Ten methods, 45 pairs: a plain p-value must fall below .0011.
    assert bonferroni([0.05 / 45] * 45)[0] == pytest.approx(0.05)
    assert len(holm([])) == len(bonferroni([])) == 0


@given(p=st.lists(st.floats(0, 1), max_size=12))
@settings(max_examples=200, deadline=None)
def test_holm_rejects_what_the_step_down_rule_rejects(p: list[float]):
    adjusted = holm(p)
    assert (adjusted <= bonferroni(p) + 1e-15).all()
    assert (adjusted >= np.array(p)).all()
    alpha, rejected = 0.05, set()
    for step, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        # Compared as a product, as the adjusted values are, so that both round alike.
        if p[i] * (len(p) - step) > alpha:
            break
        rejected.add(i)
    assert set(np.flatnonzero(adjusted <= alpha)) == rejected


def test_smallest_detectable_difference_textbook():
    # A standardised difference of .5 needs 34 pairs for 80 % power (two-sided .05).
    d = normal(34)
    unit = (d - d.mean()) / d.std(ddof=1)
    assert smallest_detectable_difference(unit) == pytest.approx(0.5, abs=0.01)
    assert smallest_detectable_difference(3 * unit) == pytest.approx(3 * smallest_detectable_difference(unit))
    assert smallest_detectable_difference(unit, m_comparisons=45) > smallest_detectable_difference(unit)
    assert np.isnan(smallest_detectable_difference(np.array([1.0])))


def test_smallest_detectable_difference_is_found_with_the_power_asked_for():
    rng = np.random.default_rng(6)
    spread = np.linspace(-1, 1, 60)
    effect = smallest_detectable_difference(spread / spread.std(ddof=1), alpha=0.05, power=0.8)
    found = [paired_t(rng.normal(effect, 1.0, 60)).p_value < 0.05 for _ in range(3000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.025)


def three_methods(n: int = 300) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    base = rng.random(n)
    return {"a": base, "b": base + rng.normal(0.05, 0.1, n), "c": np.where(rng.random(n) < 0.5, base, base - 0.1)}


def test_a_clear_difference_is_significant_among_many_methods():
    """The flips must be so many that the least p value, corrected for all pairs, is still small."""
    values = {f"m{i:02}": np.random.default_rng(i).normal(size=60) for i in range(35)}
    values["best"] = values["m00"] + 5
    record = compare_pairs(values, seed=0, resamples=10)[33 + 1]
    assert (record.first, record.second, record.test) == ("m00", "best", "sign_flip")
    assert record.holm_p < 0.05


def test_all_pairs_in_order_with_their_numbers():
    values = three_methods()
    records = compare_pairs(values, seed=1, resamples=1000, flips=1000)
    assert [(r.first, r.second) for r in records] == [("a", "b"), ("a", "c"), ("b", "c")]
    r, d = records[0], values["a"] - values["b"]
    assert (r.n, r.dropped, r.level, r.test) == (300, 0, 0.95, "t")
    assert r.difference == pytest.approx(d.mean())
    np.testing.assert_allclose((r.low, r.high), bootstrap_interval(d, seed=1, resamples=1000), rtol=1e-9)
    assert r.low < r.difference < r.high < 0
    assert r.t_p == r.p_value == pytest.approx(stats.ttest_rel(values["a"], values["b"]).pvalue)
    assert r.wilcoxon_p == pytest.approx(stats.wilcoxon(d, zero_method="pratt").pvalue)
    assert r.sign_flip_p == sign_flip(d, seed=1, flips=1000).p_value
    assert r.effect_size == pytest.approx(d.mean() / d.std(ddof=1))
    np.testing.assert_allclose([r.holm_p for r in records], holm([r.t_p for r in records]))
    np.testing.assert_allclose([r.bonferroni_p for r in records], bonferroni([r.t_p for r in records]))
    c = records[1]
    assert (c.improved, c.worsened, c.tied) == (
        pytest.approx(np.mean(values["a"] > values["c"])),
        0.0,
        pytest.approx(np.mean(values["a"] == values["c"])),
    )


def test_the_corrected_test_depends_on_the_number_of_users_unless_chosen():
    few = {name: v[:99] for name, v in three_methods().items()}
    many = {name: v[:100] for name, v in three_methods().items()}
    settings_ = {"seed": 1, "resamples": 100, "flips": 200}
    assert {r.test for r in compare_pairs(few, **settings_)} == {"sign_flip"}
    assert {r.test for r in compare_pairs(many, **settings_)} == {"t"}
    chosen = compare_pairs(many, test="wilcoxon", **settings_)
    assert all(r.p_value == r.wilcoxon_p for r in chosen)
    with_broken = compare_pairs(many | {"broken": np.full(100, np.nan)}, **settings_)
    assert {r.test for r in with_broken} == {"t"}


def test_missing_users_are_dropped_by_pair_and_counted():
    values = three_methods(120)
    values["a"][:10] = np.nan
    values["b"][5:20] = np.nan
    records = compare_pairs(values, seed=1, resamples=100, flips=100)
    assert [(r.n, r.dropped) for r in records] == [(100, 20), (110, 10), (105, 15)]
    assert records[0].difference == pytest.approx((values["a"] - values["b"])[20:].mean())
    assert records[0].improved + records[0].worsened + records[0].tied == pytest.approx(1)
    d = (values["b"] - values["c"])[~np.isnan(values["b"])]
    assert records[2].t_p == paired_t(d).p_value


def test_a_method_without_values_is_no_evidence():
    values = three_methods(60) | {"broken": np.full(60, np.nan)}
    record = compare_pairs(values, seed=1, resamples=100, flips=100)[-1]
    assert (record.second, record.n, record.dropped) == ("broken", 0, 60)
    assert (record.t_p, record.wilcoxon_p, record.sign_flip_p, record.holm_p) == (1, 1, 1, 1)
    assert np.isnan([record.difference, record.low, record.high, record.effect_size]).all()
    assert (record.improved, record.worsened, record.tied) == (0, 0, 0)


def test_sessions_of_one_user_count_once():
    users = {name: v[:150] for name, v in three_methods().items()}
    sessions = {name: np.repeat(v, 4) for name, v in users.items()}
    labels = np.repeat(np.arange(150), 4)
    by_user = compare_pairs(users, seed=1, resamples=200, flips=200)
    clustered = compare_pairs(sessions, seed=1, resamples=200, flips=200, clusters=labels)
    for want, got in zip(by_user, clustered, strict=True):
        assert got.n == want.n == 150
        for field in ("difference", "low", "high", "t_p", "wilcoxon_p", "sign_flip_p", "holm_p", "improved"):
            assert getattr(got, field) == pytest.approx(getattr(want, field), rel=1e-9, abs=1e-15), field


def test_a_comparison_turned_round():
    values = three_methods()
    turned = compare_pairs({"b": values["b"], "a": values["a"]}, seed=1, resamples=500, flips=500)[0]
    straight = compare_pairs({"a": values["a"], "b": values["b"]}, seed=1, resamples=500, flips=500)[0].reversed()
    for field in ("first", "second", "n", "t_p", "improved", "worsened"):
        assert getattr(turned, field) == getattr(straight, field)
    assert (turned.low, turned.high) == (pytest.approx(straight.low), pytest.approx(straight.high))
    assert turned.effect_size == pytest.approx(straight.effect_size)


def test_too_few_methods_to_pair():
    assert compare_pairs({}, seed=0) == []
    assert compare_pairs({"only": np.ones(3)}, seed=0) == []


def test_errors_teach():
    with pytest.raises(ValueError, match="the same users in the same order"):
        compare_pairs({"a": np.ones(3), "b": np.ones(4)}, seed=0)
    with pytest.raises(ValueError, match="test must be one of auto, t, wilcoxon, sign_flip, but is 'anova'"):
        compare_pairs({"a": np.ones(3), "b": np.zeros(3)}, seed=0, test="anova")
    with pytest.raises(ValueError, match="flips must be at least 1"):
        sign_flip(np.ones(3), seed=0, flips=0)
    with pytest.raises(ValueError, match=r"differences must have shape \[n\]"):
        paired_t(np.ones((2, 2)))
    with pytest.raises(ValueError, match="numbers between 0 and 1"):
        holm([0.5, 1.5])
    with pytest.raises(ValueError, match="numbers between 0 and 1"):
        bonferroni([np.nan])
    with pytest.raises(ValueError, match="alpha and power must lie"):
        smallest_detectable_difference(np.ones(3), power=80)
