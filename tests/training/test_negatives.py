import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.stats import chisquare

from vitrina.training.negatives import Consumed, FixedLists, by_popularity, in_batch_any, points, uniform

GENERATOR = torch.Generator()


@st.composite
def logs(draw):
    """Who consumed what, sometimes everything or nothing: a CSR matrix."""
    n_users, n_items = draw(st.integers(1, 8)), draw(st.integers(1, 12))
    density = draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    return csr_matrix((rng.random((n_users, n_items)) < density).astype(np.float32))


def drawn(sampler, users, k, seed=0):
    return sampler.draw(torch.as_tensor(users), k, GENERATOR.manual_seed(seed)).numpy()


def check_even(counts, expected):
    """Chi-square: would chance make counts this uneven less than once in ten thousand times?"""
    assert counts[expected == 0].sum() == 0
    kept = expected > 0
    if kept.sum() > 1:
        assert (
            chisquare(counts[kept], counts.sum() * expected[kept].astype(float) / expected[kept].sum(dtype=float)).pvalue > 1e-4
        )


@given(logs(), st.integers(0, 10**6), st.sampled_from(["uniform", "among", "popular", "flat"]))
@settings(max_examples=150)
def test_never_draws_a_consumed_item(consumed, seed, kind):
    rng = np.random.default_rng(seed)
    n_items = consumed.shape[1]
    allowed = np.ones(n_items, bool)
    if kind == "uniform":
        sampler = uniform(n_items, consumed)
    elif kind == "among":
        allowed = rng.random(n_items) < 0.6
        sampler = uniform(n_items, consumed, among=allowed)
    else:
        popularity = rng.integers(0, 50, n_items)
        allowed = popularity > 0 if kind == "popular" else allowed
        sampler = by_popularity(popularity, 0.75 if kind == "popular" else 0.0, consumed)
    items = drawn(sampler, np.arange(consumed.shape[0]), 60, seed)
    possible = (consumed.toarray() == 0) & allowed
    for user, row in enumerate(items):
        if possible[user].any():
            assert possible[user][row].all()
        else:
            assert (row == -1).all()


@given(logs(), st.integers(0, 10**6), st.booleans())
@settings(max_examples=50)
def test_compiled_draws_are_those_of_other_devices(consumed, seed, even):
    n_users, n_items = consumed.shape
    popularity = np.random.default_rng(seed).integers(0, 9, n_items)
    sampler = uniform(n_items, consumed) if even else by_popularity(popularity, 0.75, consumed)
    users = torch.arange(n_users).repeat(3)
    compiled = sampler.draw(users, 5, GENERATOR.manual_seed(seed))
    at = points(users, 5, GENERATOR.manual_seed(seed))
    assert torch.equal(compiled, sampler._draw_on_device(users, at))


@pytest.mark.parametrize("excluding", [True, False])
def test_uniform_draws_are_uniform_over_what_is_left(excluding):
    consumed = csr_matrix(np.isin(np.arange(30), [0, 3, 4, 5, 17, 29])[None].astype(np.float32))
    items = drawn(uniform(30, consumed if excluding else None), np.zeros(500, int), 200)
    expected = np.ones(30) if not excluding else 1 - consumed.toarray()[0]
    check_even(np.bincount(items.ravel(), minlength=30), expected)


@pytest.mark.parametrize("excluding", [True, False])
@pytest.mark.parametrize("power", [0.5, 1.0])
def test_draws_by_popularity_follow_it(power, excluding):
    popularity = np.array([100, 0, 1, 40, 7, 7, 900, 3])
    consumed = csr_matrix(np.array([[0, 0, 0, 1, 0, 0, 0, 1], [0] * 8], np.float32))
    sampler = by_popularity(popularity, power, consumed if excluding else None)
    for user in (0, 1):
        expected = popularity.astype(float) ** power
        if excluding:
            expected[consumed.toarray()[user] > 0] = 0
        check_even(np.bincount(drawn(sampler, np.full(400, user), 250).ravel(), minlength=8), expected)


def test_draws_of_one_row_are_independent():
    pairs = drawn(uniform(6), np.zeros(40_000, int), 2)
    check_even(np.bincount(pairs[:, 0] * 6 + pairs[:, 1], minlength=36), np.ones(36))


def test_log_q_is_the_log_of_the_share():
    popularity = np.array([8, 0, 1, 1])
    q = by_popularity(popularity, 1.0).log_q(torch.tensor([[0, 2], [3, 1]])).exp()
    assert q.numpy() == pytest.approx(np.array([[0.8, 0.1], [0.1, 0.0]]), abs=1e-6)
    assert uniform(5).log_q(torch.tensor([4])).exp().item() == pytest.approx(0.2)


def test_the_same_generator_draws_the_same():
    sampler = uniform(50)
    users = np.arange(20)
    np.testing.assert_array_equal(drawn(sampler, users, 5, seed=1), drawn(sampler, users, 5, seed=1))
    assert (drawn(sampler, users, 5, seed=1) != drawn(sampler, users, 5, seed=2)).any()


def test_too_many_users_for_the_weights_are_refused():
    popularity = np.full(4, 10**6)
    assert by_popularity(popularity, 1.0, csr_matrix((1000, 4), dtype=np.float32))
    from vitrina.training.negatives import Sampler

    with pytest.raises(ValueError, match="too large"):
        Sampler(np.full(4, 2**60), csr_matrix((1000, 4), dtype=np.float32))


def test_a_million_users_and_items_are_drawn_exactly():
    """Keys of users and weights share 63 bits: the largest must still be told apart."""
    n = 1_000_000
    consumed = csr_matrix((np.ones(2, np.float32), ([n - 1, n - 1], [0, n - 2])), shape=(n, n))
    items = drawn(by_popularity(np.r_[np.zeros(n - 3, int), 5, 5, 5], 1.0, consumed), np.full(50, n - 1), 20)
    assert set(items.ravel()) == {n - 3, n - 1}


def test_fixed_lists_are_drawn_evenly_and_only_from_the_users_own():
    sampler = FixedLists(np.array([0, 3, 3, 5]), np.array([7, 8, 9, 1, 2]))
    items = drawn(sampler, np.array([0, 1, 2] * 200), 30).reshape(200, 3, 30)
    check_even(np.bincount(items[:, 0].ravel() - 7), np.ones(3))
    assert (items[:, 1] == -1).all()
    check_even(np.bincount(items[:, 2].ravel() - 1), np.ones(2))


@given(logs(), st.integers(0, 10**6))
def test_consumed_answers_like_the_matrix(log, seed):
    rng = np.random.default_rng(seed)
    users, items = rng.integers(0, log.shape[0], 9), rng.integers(0, log.shape[1], 9)
    answers = Consumed(log).contains(torch.from_numpy(users), torch.from_numpy(items))
    np.testing.assert_array_equal(answers.numpy(), log.toarray()[users, items] > 0)


@given(logs(), st.integers(0, 10**6))
def test_negatives_within_a_batch(log, seed):
    rows, columns = log.nonzero()
    if not len(rows):
        return
    batch = np.random.default_rng(seed).integers(0, len(rows), 7)
    users, items = torch.from_numpy(rows[batch].astype(np.int64)), torch.from_numpy(columns[batch].astype(np.int64))
    mask = Consumed(log).in_batch(users, items).numpy()
    np.testing.assert_array_equal(mask, log.toarray()[rows[batch]][:, columns[batch]] == 0)
    assert not mask.diagonal().any()
    np.testing.assert_array_equal(in_batch_any(items).numpy(), columns[batch][:, None] != columns[batch][None])
