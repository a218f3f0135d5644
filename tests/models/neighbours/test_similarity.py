import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.logs import log, random_log
from tests.models.neighbours import slow
from vitrina.errors import VitrinaError
from vitrina.models.neighbours.itemknn import ItemKNN
from vitrina.models.registry import make

cases = st.fixed_dictionaries(
    {
        "similarity": st.sampled_from(slow.SIMILARITIES),
        "shrink": st.sampled_from([0.0, 7.5]),
        "alpha": st.floats(0, 2),
        "beta": st.floats(0, 2),
        "weighting": st.sampled_from(["none", "tf-idf", "bm25"]),
        "normalise": st.booleans(),
    }
)


def fitting(case: dict) -> dict:
    """Drop what does not matter beside the similarity; written out here, not asked of the code."""
    matters = {
        "cosine": ("weighting", "normalise"),
        "asymmetric": ("alpha", "weighting"),
        "tversky": ("alpha", "beta"),
    }.get(case["similarity"], ())
    return {name: case[name] for name in ("similarity", "shrink", *matters)}


@given(cases, st.integers(2, 9), st.integers(2, 12), st.integers(1, 60), st.integers(0, 10**6))
@settings(max_examples=150)
def test_all_similarities_against_loops(case, n_users, n_items, n_events, seed):
    toy, given_settings = random_log(n_users, n_items, n_events, seed), fitting(case)
    x = toy.matrix().toarray().astype(float)
    loops = {"kind" if name == "similarity" else name: value for name, value in given_settings.items()}
    right = slow.similarities(x, **loops)
    weights = ItemKNN(neighbours=n_items, **given_settings).fit(toy).weights_.toarray()
    np.testing.assert_allclose(weights, right, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("kind", slow.SIMILARITIES)
def test_the_nearest_are_kept(kind):
    toy = random_log(60, 30, 500)
    right = slow.similarities(toy.matrix().toarray().astype(float), kind=kind, shrink=5)
    kept = slow.strongest_sources(right, 6, toy.items.keys)
    weights = ItemKNN(neighbours=6, similarity=kind, shrink=5).fit(toy).weights_.toarray()
    np.testing.assert_allclose(np.sort(weights, axis=0), np.sort(kept, axis=0), rtol=1e-5, atol=1e-7)
    for target in range(30):
        last = np.sort(kept[:, target])[-6]
        clearly = right[:, target] > last * (1 + 1e-4)
        assert (weights[clearly, target] > 0).all()


#: Four people have item "often", one of them also "rarely": all else follows by hand.
OFTEN, RARELY = 0, 1
ONE_SIDED = [("a", "often"), ("b", "often"), ("c", "often"), ("d", "often"), ("a", "rarely")]


@pytest.mark.parametrize(
    ("given_settings", "often_to_rarely", "rarely_to_often"),
    [
        # target rarely: its own remainder is 0; target often: 3
        ({"similarity": "tversky", "alpha": 1.0, "beta": 0.0}, 1 / 1, 1 / 4),
        ({"similarity": "tversky", "alpha": 0.0, "beta": 2.0}, 1 / 7, 1 / 1),
        # the target's norm has all the exponent: |rarely|^2 = 1, |often|^2 = 4
        ({"similarity": "asymmetric", "alpha": 1.0}, 1 / 1, 1 / 4),
        ({"similarity": "asymmetric", "alpha": 0.25}, 1 / 4**0.75, 1 / 4**0.25),
        ({"similarity": "asymmetric", "alpha": 2.0}, 4 / 1, 1 / 16),
        ({"similarity": "jaccard"}, 1 / 4, 1 / 4),
        ({"similarity": "dice"}, 1 / 5, 1 / 5),
        ({"similarity": "cosine"}, 1 / 2, 1 / 2),
    ],
)
def test_which_side_is_the_target(given_settings, often_to_rarely, rarely_to_often):
    """Rows of the weights are sources, columns targets; alpha belongs to the target."""
    weights = ItemKNN(shrink=0, **given_settings).fit(log(ONE_SIDED)).weights_.toarray()
    np.testing.assert_allclose(weights[OFTEN, RARELY], often_to_rarely, rtol=1e-5)
    np.testing.assert_allclose(weights[RARELY, OFTEN], rarely_to_often, rtol=1e-5)


def test_special_cases_of_the_families():
    toy = random_log(50, 20, 300)

    def weights(**given_settings):
        return ItemKNN(neighbours=20, shrink=0, **given_settings).fit(toy).weights_.toarray()

    np.testing.assert_allclose(weights(similarity="asymmetric", alpha=0.5), weights(), rtol=1e-5)
    np.testing.assert_allclose(weights(similarity="tversky", alpha=1.0, beta=1.0), weights(similarity="jaccard"), rtol=1e-5)
    np.testing.assert_allclose(weights(similarity="tversky"), 2 * weights(similarity="dice"), rtol=1e-5)


def test_correlation_is_numpys():
    toy = random_log(50, 20, 300)
    x = toy.matrix().toarray()
    x = x[:, x.any(axis=0)]
    right = np.maximum(np.corrcoef(x.T), 0)
    np.fill_diagonal(right, 0)
    right[(x.T @ x) == 0] = 0
    weights = ItemKNN(neighbours=20, shrink=0, similarity="correlation").fit(toy).weights_.toarray()
    used = toy.popularity > 0
    np.testing.assert_allclose(weights[np.ix_(used, used)], right, rtol=1e-4, atol=1e-5)


def test_what_everybody_consumed_correlates_with_nothing():
    """Its variance is zero: rounding must not be divided by nearly nothing."""
    everybody = [(u, item) for u in range(1000) for item in ("all", "everything")] + [(u, "some") for u in range(0, 1000, 3)]
    weights = ItemKNN(shrink=0, similarity="correlation").fit(log(everybody)).weights_
    assert weights.nnz == 0


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        (
            {"similarity": "jaccard", "weighting": "bm25"},
            "weighting = 'bm25' matters only with similarity = cosine or asymmetric",
        ),
        ({"similarity": "asymmetric", "normalise": False}, "normalise = False matters only with similarity = cosine, not with"),
        ({"alpha": 1.0}, "alpha = 1.0 matters only with similarity = asymmetric or tversky, not with 'cosine'"),
        ({"similarity": "asymmetric", "beta": 1.0}, "beta = 1.0 matters only with similarity = tversky"),
    ],
)
@pytest.mark.parametrize("name", ["itemknn", "userknn", "itemknn-cbf", "itemknn-cfcbf"])
def test_settings_that_would_change_nothing_are_refused(name, given_settings, message):
    with pytest.raises(VitrinaError, match=f"{name}: {message}"):
        make(name, **given_settings)
