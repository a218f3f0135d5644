import numpy as np
import pytest

from vitrina.evaluation.bootstrap import bootstrap_interval, bootstrap_means, cluster_sums, independent_differences


def test_resampled_means_have_the_closed_form_moments():
    values = np.random.default_rng(0).exponential(size=(2, 80))
    means = bootstrap_means(values, seed=1, resamples=20_000)
    np.testing.assert_allclose(means.mean(axis=0), values.mean(axis=1), rtol=0.01)
    np.testing.assert_allclose(means.var(axis=0), values.var(axis=1) / 80, rtol=0.05)


def test_two_users_are_drawn_like_two_coins():
    means = bootstrap_means(np.array([[0.0, 1.0]]), seed=2, resamples=40_000)[:, 0]
    shares = [np.mean(means == value) for value in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(shares, [0.25, 0.5, 0.25], atol=0.01)


@pytest.mark.parametrize("skewed", [False, True])
def test_intervals_cover_the_truth_as_often_as_they_say(skewed: bool):
    rng = np.random.default_rng(3)
    data = rng.exponential(size=(600, 100)) if skewed else rng.normal(1.0, 1.0, size=(600, 100))
    low, high = bootstrap_interval(data, seed=4, resamples=1000, level=0.9)
    # The percentile interval is known to be a little short for skewed data.
    assert 0.85 <= np.mean((low <= 1.0) & (high >= 1.0)) <= 0.93


def test_the_interval_is_close_to_the_normal_one_for_many_users():
    values = np.random.default_rng(5).random(4000)
    low, high = bootstrap_interval(values, seed=6, resamples=4000)
    half = 1.96 * values.std() / np.sqrt(4000)
    assert low.shape == high.shape == ()
    assert float(low) == pytest.approx(values.mean() - half, abs=half / 15)
    assert float(high) == pytest.approx(values.mean() + half, abs=half / 15)


def test_methods_share_their_resamples():
    a = np.random.default_rng(7).random(200)
    means = bootstrap_means(np.stack([a, a + 0.25, 1 - a]), seed=8, resamples=500)
    np.testing.assert_allclose(means[:, 1] - means[:, 0], 0.25, atol=1e-12)
    np.testing.assert_allclose(means[:, 2], 1 - means[:, 0], atol=1e-12)


def test_the_seed_decides():
    values = np.random.default_rng(9).random(50)
    first, again = (bootstrap_interval(values, seed=1, resamples=200) for _ in range(2))
    other = bootstrap_interval(values, seed=2, resamples=200)
    assert first == again
    assert first != other


def test_clusters_of_copies_are_as_wide_as_one_copy_each():
    values = np.random.default_rng(10).random((3, 40))
    copies, labels = np.repeat(values, 5, axis=1), np.repeat(np.arange(40), 5)
    single = bootstrap_interval(values, seed=3, resamples=500)
    shuffle = np.random.default_rng(11).permutation(200)
    clustered = bootstrap_interval(copies[:, shuffle], seed=3, resamples=500, clusters=labels[shuffle])
    np.testing.assert_allclose(clustered, single, atol=1e-12)
    ignored = bootstrap_interval(copies, seed=3, resamples=500)
    assert ((ignored[1] - ignored[0]) < 0.7 * (single[1] - single[0])).all()


def test_users_missing_everywhere_change_nothing():
    values = np.random.default_rng(12).random((2, 60))
    with_gaps = np.insert(values, [10, 30, 60], np.nan, axis=1)
    np.testing.assert_array_equal(
        bootstrap_interval(with_gaps, seed=4, resamples=300), bootstrap_interval(values, seed=4, resamples=300)
    )


def test_users_missing_for_one_method_only():
    values = np.random.default_rng(13).random((2, 500))
    values[0, :100] = np.nan
    means = bootstrap_means(values, seed=5, resamples=5000)
    assert means[:, 0].std() == pytest.approx(values[0, 100:].std() / 20, rel=0.05)
    assert means[:, 1].std() == pytest.approx(values[1].std() / np.sqrt(500), rel=0.05)


def test_a_method_seen_for_one_user_or_none():
    values = np.full((3, 20), np.nan)
    values[0] = np.arange(20)
    values[1, 3] = 0.5
    low, high = bootstrap_interval(values, seed=6, resamples=400)
    assert low[0] < 9.5 < high[0]
    assert low[1] == high[1] == 0.5
    assert np.isnan([low[2], high[2]]).all()
    assert np.isnan(bootstrap_interval(np.array([np.nan]), seed=0, resamples=10)).all()
    assert np.isnan(bootstrap_interval(np.array([]), seed=0, resamples=10, clusters=np.array([], dtype=int))).all()


def test_blocks_do_not_matter_for_the_distribution():
    values = np.random.default_rng(14).random(3000)
    means = bootstrap_means(values[None], seed=7, resamples=3000)
    assert means.std() == pytest.approx(values.std() / np.sqrt(3000), rel=0.05)
    assert len(np.unique(means)) > 2990


def test_cluster_sums():
    sums, sizes = cluster_sums(np.array([[1.0, 2.0, np.nan, 4.0]]), np.array([7, 3, 3, 7]))
    assert sums.tolist() == [[2.0, 5.0]]
    assert sizes.tolist() == [[1.0, 2.0]]


def test_independent_differences_keep_the_mean():
    d = np.array([1.0, 2.0, np.nan, 4.0, np.nan])
    assert independent_differences(d).tolist() == [1.0, 2.0, 4.0]
    units = independent_differences(d, np.array([0, 0, 1, 1, 2]))
    assert len(units) == 2
    assert units.mean() == pytest.approx(7 / 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 95}, "level must lie between 0 and 1"),
        ({"resamples": 0}, "resamples must be at least 1"),
        ({"clusters": np.zeros(2, dtype=int)}, "one label for each of 3 rows"),
    ],
)
def test_errors_teach(arguments: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(np.zeros(3), seed=0, **arguments)
    with pytest.raises(ValueError, match="values must have shape"):
        bootstrap_interval(np.zeros((2, 2, 2)), seed=0)
