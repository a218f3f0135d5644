from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.evaluation.grouping import compact_letters, equal_groups, supported_decimals, verdict
from vitrina.evaluation.significance import compare_pairs


def different(*pairs: str) -> set[frozenset[str]]:
    return {frozenset(pair) for pair in pairs}


def methods(n: int = 400, **shifts: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    base = rng.random(n)
    return {name: base + shift + rng.normal(0, 0.1, n) for name, shift in shifts.items()}


@pytest.mark.parametrize(
    ("ranking", "pairs", "letters"),
    [
        ("", [], {}),
        ("A", [], {"A": "a"}),
        ("ABC", [], {"A": "a", "B": "a", "C": "a"}),
        ("ABC", ["AB", "AC", "BC"], {"A": "a", "B": "b", "C": "c"}),
        ("ABC", ["AC"], {"A": "a", "B": "ab", "C": "b"}),
        # The warp-break example of multcomp: low tension differs from medium and high.
        ("LMH", ["LM", "LH"], {"L": "a", "M": "b", "H": "b"}),
        ("ABCD", ["AC", "AD", "BD"], {"A": "a", "B": "ab", "C": "bc", "D": "c"}),
        ("BA", ["AB", "AZ"], {"B": "a", "A": "b"}),
    ],
)
def test_known_letter_displays(ranking: str, pairs: list[str], letters: dict[str, str]):
    assert compact_letters(list(ranking), different(*pairs)) == letters


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_methods_share_a_letter_exactly_when_they_are_not_different(data: st.DataObject):
    names = [f"m{i}" for i in range(data.draw(st.integers(1, 8)))]
    pairs = [frozenset(pair) for pair in combinations(names, 2)]
    chosen = data.draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    letters = compact_letters(names, chosen)
    for pair in pairs:
        a, b = pair
        assert bool(set(letters[a]) & set(letters[b])) == (pair not in chosen)
    assert "a" in letters[names[0]]
    assert all(list(text) == sorted(set(text)) and text for text in letters.values())


def test_more_groups_than_letters():
    names = [f"m{i}" for i in range(60)]
    letters = compact_letters(names, {frozenset(pair) for pair in combinations(names, 2)})
    assert len(set(letters.values())) == 60
    assert (letters["m0"], letters["m51"], letters["m52"]) == ("a", "Z", "a1")


def test_equal_groups_follow_the_means_and_the_holm_decisions():
    values = methods(low=0.0, high=0.3, high_too=0.3005)
    pairs = compare_pairs(values, seed=1, resamples=200, flips=200)
    means = [float(v.mean()) for v in values.values()]
    assert equal_groups(list(values), means, pairs) == {"low": "b", "high": "a", "high_too": "a"}
    assert equal_groups(["low", "gone"], [0.5, float("nan")], pairs) == {"low": "a", "gone": ""}


def test_a_clear_winner():
    result = verdict(methods(ease=0.2, pop=0.0, knn=0.1), seed=1)
    assert (result.winner, result.best, result.runner_up) == ("ease", "ease", "knn")
    assert result.equal_to_best == ("ease",)
    assert result.reason == ""
    assert 0 < result.low < result.difference < result.high
    assert result.p_value < 0.001
    assert 0 < result.smallest_detectable < result.difference
    assert result.n_users == 400
    sentence = result.sentence("ndcg@10")
    assert sentence == (
        f"ease wins on ndcg@10, {result.difference:.2f} above knn (95 % interval {result.low:.2f} to "
        f"{result.high:.2f}, p < 0.001 after Holm's correction, 400 users)."
    )


def test_a_statistical_tie():
    result = verdict(methods(a=0.2, b=0.2, c=0.2, far=0.0), seed=1)
    assert result.winner is None
    assert len(result.equal_to_best) == 3
    assert result.best == result.equal_to_best[0]
    best, second, third = result.equal_to_best
    assert result.reason == f"it is not significantly better than {second} and {third}"
    assert result.smallest_detectable > result.difference
    sentence = result.sentence("recall@20")
    assert sentence.startswith(f"No winner on recall@20: {best} has the highest mean, ")
    assert f", but {result.reason}. A difference below " in sentence
    assert sentence.endswith(" would probably go unnoticed.")


def test_a_tie_says_nothing_of_the_others_among_themselves():
    """The best, measured on noisy differences, ties with two that clearly differ."""
    rng = np.random.default_rng(0)
    base, noise = rng.normal(0, 0.01, 400), rng.normal(0, 2, 400)
    values = {"best": base + noise - noise.mean() + 0.2, "good": base + 0.1, "bad": base}
    result = verdict(values, seed=1)
    assert equal_groups(list(values), [v.mean() for v in values.values()], compare_pairs(values, seed=1)) == {
        "best": "ab", "good": "a", "bad": "b",
    }  # fmt: skip
    assert result.reason == "it is not significantly better than good and bad"


def test_forty_nine_users_are_too_few_and_fifty_are_enough():
    few = verdict(methods(49, a=0.5, b=0.0), seed=1)
    assert few.winner is None
    assert few.best == "a"
    assert few.reason == "only 49 test users, and at least 50 are needed"
    assert "a has the highest mean" in few.sentence("ndcg@10")
    assert verdict(methods(50, a=0.5, b=0.0), seed=1).winner == "a"


def test_clusters_are_what_counts_as_users():
    values = methods(200, a=0.5, b=0.0)
    assert verdict(values, seed=1, clusters=np.repeat(np.arange(40), 5)).n_users == 40
    assert verdict(values, seed=1, clusters=np.repeat(np.arange(40), 5)).winner is None
    assert verdict(values, seed=1, clusters=np.repeat(np.arange(100), 2)).winner == "a"


def test_one_method_only():
    result = verdict(methods(only=0.1), seed=1)
    assert (result.winner, result.best, result.runner_up) == (None, "only", None)
    assert result.sentence("ndcg@10") == "No winner on ndcg@10: there is no other method to compare with."


def test_methods_without_values_take_no_part():
    values = methods(a=0.5, b=0.0) | {"broken": np.full(400, np.nan)}
    result = verdict(values, seed=1)
    assert (result.winner, result.n_users) == ("a", 400)
    nobody = {"a": np.array([1.0, np.nan]), "b": np.array([np.nan, 1.0])}
    result = verdict(nobody, seed=1)
    assert (result.best, result.n_users) == (None, 0)
    assert result.sentence("auc") == "No winner on auc: no user was judged for every method."


def test_means_are_over_the_users_that_all_methods_share():
    values = methods(a=0.1, b=0.0)
    # b is judged on its easiest users only, where a is better still.
    order = np.argsort(values["b"])
    values["b"][order[:200]] = np.nan
    assert np.nanmean(values["b"]) > np.nanmean(values["a"])
    result = verdict(values, seed=1)
    assert result.n_users == 200
    assert result.best == ("a" if values["a"][order[200:]].mean() > np.nanmean(values["b"]) else "b")


def test_comparisons_can_be_handed_in():
    values = methods(b=0.0, a=0.3)
    pairs = compare_pairs(values, seed=1)
    assert verdict(values, seed=1, pairs=pairs) == verdict(values, seed=1)
    assert verdict(values, seed=1, pairs=[replace(pairs[0], holm_p=0.2)]).winner is None
    with pytest.raises(ValueError, match="lack b"):
        verdict(values, seed=1, pairs=[])
    with pytest.raises(ValueError, match="at least one method"):
        verdict({}, seed=1)


@pytest.mark.parametrize(
    ("low", "high", "decimals"),
    [
        (0.010, 0.018, 3),
        (0.10, 0.12, 2),
        (0.1, 0.9, 1),
        (-30.0, 30.0, 0),
        (0.0, 1e-12, 6),
        (0.2, 0.2, 4),
        (float("nan"), float("nan"), 4),
    ],
)
def test_decimals_that_an_interval_supports(low: float, high: float, decimals: int):
    assert supported_decimals(low, high) == decimals
