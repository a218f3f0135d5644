import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.logs import log, random_log
from tests.models.neighbours import slow
from vitrina.models.neighbours.p3alpha import P3alpha
from vitrina.models.neighbours.rp3beta import RP3beta


@given(
    st.floats(0, 2),
    st.floats(0, 2),
    st.booleans(),
    st.tuples(st.integers(1, 9), st.integers(2, 12), st.integers(1, 50)),
    st.integers(0, 10**6),
)
@settings(max_examples=100)
def test_weights_against_loops(alpha, beta, normalise, size, seed):
    toy = random_log(*size, seed)
    x, keys = toy.matrix().toarray(), toy.items.keys
    everything = toy.n_items
    right = slow.walk(x, everything, keys, alpha, beta, normalise)
    model = RP3beta(neighbours=everything, alpha=alpha, beta=beta, normalise=normalise).fit(toy)
    np.testing.assert_allclose(model.weights_.toarray(), right, rtol=1e-4)
    np.testing.assert_allclose(model.score(toy.histories()), x @ right, rtol=1e-4, atol=1e-7)
    plain = slow.walk(x, everything, keys, alpha, 0, normalise)
    model = P3alpha(neighbours=everything, alpha=alpha, normalise=normalise).fit(toy)
    np.testing.assert_allclose(model.weights_.toarray(), plain, rtol=1e-4)


@pytest.mark.parametrize("normalise", [False, True])
def test_both_truncations(normalise):
    """With alpha and beta of zero weights count common users: exact, and tied so often that hashes decide."""
    toy = random_log(40, 25, 260)
    x, keys = toy.matrix().toarray(), toy.items.keys
    right = slow.walk(x, 5, keys, 0, 0, normalise)
    weights = RP3beta(neighbours=5, alpha=0, beta=0, normalise=normalise).fit(toy).weights_.toarray()
    assert (np.count_nonzero(right, axis=1) <= 5).all()
    assert (np.count_nonzero(right, axis=0) <= 5).all()
    counts = x.T @ x
    np.fill_diagonal(counts, 0)
    assert (np.count_nonzero(right, axis=1) < np.minimum(5, np.count_nonzero(counts, axis=1))).any()  # the second cut cuts
    if not normalise:
        np.testing.assert_array_equal(weights, right.astype(np.float32))
    else:  # sums are rounded, so only what is clearly stronger must agree
        np.testing.assert_allclose(np.sort(weights, axis=0), np.sort(right, axis=0), rtol=1e-4)


def test_popularity_divides_before_the_cut():
    """From "start" the popular item is nearer by counts, the rare one after dividing; one place is to be had."""
    pairs = [(u, "start") for u in (0, 1, 2, 3)] + [(u, "rare") for u in (0, 3)]
    toy = log(pairs + [(u, "popular") for u in (0, 1, 2, *range(4, 30))])
    start, popular, rare = (toy.items.code(i) for i in ("start", "popular", "rare"))
    by_counts = RP3beta(neighbours=1, alpha=0, beta=0).fit(toy).weights_.toarray()
    held_back = RP3beta(neighbours=1, alpha=0, beta=1).fit(toy).weights_.toarray()
    assert by_counts[start].nonzero()[0].tolist() == [popular]
    assert held_back[start].nonzero()[0].tolist() == [rare]
    np.testing.assert_allclose(held_back[start, rare], 2 / 2)


def test_sources_and_targets_of_the_plain_walk():
    """From the item of one person the walk must go to that person; from the item of both it goes there half of the time."""
    toy = log([("a", "both"), ("b", "both"), ("a", "one")])
    both, one = toy.items.code("both"), toy.items.code("one")
    weights = P3alpha(alpha=1).fit(toy).weights_.toarray()
    np.testing.assert_allclose(weights[one, both], 1 * 1 / 2)
    np.testing.assert_allclose(weights[both, one], 1 / 2 * 1 / 2)
    normalised = P3alpha(alpha=1, normalise=True).fit(toy).weights_.toarray()
    np.testing.assert_allclose(normalised.sum(axis=1), 1, rtol=1e-6)
