from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.models.logs import no_history, random_log
from tests.models.neighbours import slow
from vitrina.data.dataset import Dataset
from vitrina.errors import UnknownNameError, VitrinaError
from vitrina.models.neighbours.itemknn import ItemKNN
from vitrina.models.neighbours.itemknn_cbf import ItemKNNCBF
from vitrina.models.neighbours.itemknn_cfcbf import ItemKNNCFCBF
from vitrina.models.registry import make

N_USERS, N_ITEMS = 30, 22


def with_feature(dataset: Dataset, **features) -> Dataset:
    return replace(dataset, catalogue=replace(dataset.catalogue, features=features))


def counts(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.integers(1, 6, (N_ITEMS, 15)) * (rng.random((N_ITEMS, 15)) < 0.3)).astype(np.float32)


@pytest.fixture(scope="module")
def toy():
    return random_log(N_USERS, N_ITEMS, 200)


CASES = [
    {"similarity": "cosine"},
    {"similarity": "cosine", "weighting": "tf-idf"},
    {"similarity": "cosine", "weighting": "bm25", "normalise": False},
    {"similarity": "asymmetric", "alpha": 0.3, "weighting": "bm25"},
    {"similarity": "jaccard"},
    {"similarity": "dice"},
    {"similarity": "tversky", "alpha": 0.2, "beta": 1.4},
    {"similarity": "correlation"},
]


def loops(case: dict) -> dict:
    return {"kind" if name == "similarity" else name: value for name, value in case.items()}


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_content_against_loops(toy, case, dense):
    content = counts()
    right = slow.similarities(content.T, shrink=4, **loops(case))
    data = with_feature(toy, bag=content if dense else csr_matrix(content))
    model = ItemKNNCBF(feature="bag", neighbours=N_ITEMS, shrink=4, **case).fit(data)
    np.testing.assert_allclose(model.weights_.toarray(), right, rtol=2e-5, atol=1e-6)
    expected = toy.matrix().toarray() @ right
    expected[:, ~content.any(axis=1)] = np.nan
    np.testing.assert_allclose(model.score(toy.histories()), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_content_and_users_are_stacked(toy, case, dense):
    """Every item's vector is its weighted content followed by its users; weightings see the whole."""
    content = counts()
    sets = case["similarity"] in ("jaccard", "dice", "tversky")
    weight = 1.0 if sets else 2.5
    stacked = np.vstack([weight * content.T, toy.matrix().toarray()])
    right = slow.similarities(stacked, shrink=4, **loops(case))
    data = with_feature(toy, bag=content if dense else csr_matrix(content))
    model = ItemKNNCFCBF(feature="bag", neighbours=N_ITEMS, shrink=4, content_weight=weight, **case).fit(data)
    np.testing.assert_allclose(model.weights_.toarray(), right, rtol=2e-5, atol=1e-6)


def test_between_the_two(toy):
    """Content that weighs nothing leaves the users; content that weighs all leaves the content."""
    data = with_feature(toy, bag=csr_matrix(counts()))
    settings = {"neighbours": N_ITEMS, "shrink": 0.0}
    users = ItemKNN(**settings).fit(toy).weights_.toarray()
    content = ItemKNNCBF(feature="bag", **settings).fit(data).weights_.toarray()
    light = ItemKNNCFCBF(feature="bag", content_weight=1e-4, **settings).fit(data).weights_.toarray()
    heavy = ItemKNNCFCBF(feature="bag", content_weight=1e4, **settings).fit(data).weights_.toarray()
    np.testing.assert_allclose(light[users > 0], users[users > 0], rtol=1e-3)
    described = content > 0
    np.testing.assert_allclose(heavy[described], content[described], rtol=1e-3)


@pytest.mark.parametrize("dense", [False, True])
def test_scaled(toy, dense):
    """Each column is divided by its largest value; an empty column stays empty."""
    content = counts()
    content[:, 3] = 0
    largest = np.where(content.max(axis=0) > 0, content.max(axis=0), 1)
    as_given = content if dense else csr_matrix(content)
    data, divided = with_feature(toy, bag=as_given), with_feature(toy, bag=csr_matrix(content / largest))
    for cls in (ItemKNNCBF, ItemKNNCFCBF):
        scaled = cls(feature="bag", scaled=True, shrink=2).fit(data)
        np.testing.assert_allclose(
            scaled.weights_.toarray(), cls(feature="bag", shrink=2).fit(divided).weights_.toarray(), rtol=1e-5, atol=1e-7
        )
    np.testing.assert_array_equal(content if dense else as_given.toarray(), content)  # the catalogue's own is untouched
    with pytest.raises(VitrinaError, match="scaled = True matters only with similarity"):
        make("itemknn-cbf", similarity="jaccard", scaled=True)


def test_vectors_with_signs(toy):
    """Dense vectors of a network: what points away is no neighbour; more items than a block of targets."""
    rng = np.random.default_rng(0)
    big = random_log(5, 600, 50)
    vectors = rng.normal(size=(600, 8)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    right = unit @ unit.T
    np.fill_diagonal(right, 0)
    weights = ItemKNNCBF(feature="net", shrink=0, neighbours=20).fit(with_feature(big, net=vectors)).weights_.toarray()
    assert (weights >= 0).all()
    np.testing.assert_allclose(np.sort(weights, axis=0)[-20:], np.sort(right, axis=0)[-20:], rtol=1e-4, atol=1e-6)
    with pytest.raises(VitrinaError, match="weighting = 'tf-idf' is for counts, but the feature has negative values"):
        ItemKNNCBF(feature="net", weighting="tf-idf").fit(with_feature(big, net=vectors))


def test_items_without_content(toy):
    """Nothing is known of them, which is not the same as being unlike everything; users make up for it."""
    content = counts() + 1
    content[5] = 0
    for feature in (content, csr_matrix(content)):
        data = with_feature(toy, bag=feature)
        model = ItemKNNCBF(feature="bag").fit(data)
        scores = model.score(toy.histories())
        assert np.isnan(scores[:, 5]).all()
        assert not np.isnan(np.delete(scores, 5, axis=1)).any()
        shared, each = np.array([5, 1], np.int32), np.full((N_USERS, 2), 5, np.int32)
        assert np.isnan(model.score(toy.histories(), shared)).tolist() == [[True, False]] * N_USERS
        assert np.isnan(model.score(toy.histories(), each)).all()
        assert not np.isnan(ItemKNNCFCBF(feature="bag").fit(data).score(toy.histories())).any()


def test_items_nobody_has_consumed_are_scored_by_their_content():
    toy = random_log(10, 6, 40)
    toy = toy.keep(toy.item_codes != 0)
    content = np.ones((6, 2), np.float32)
    model = ItemKNNCBF(feature="bag").fit(with_feature(toy, bag=content))
    assert (model.score(toy.histories())[toy.matrix().toarray().any(axis=1), 0] > 0).all()
    assert not model.score(no_history(toy)).any()


@pytest.mark.parametrize("cls", [ItemKNNCBF, ItemKNNCFCBF])
def test_a_feature_that_is_not_there(toy, cls):
    data = with_feature(toy, bag=counts())
    with pytest.raises(UnknownNameError, match=r"unknown feature 'bags'\. Did you mean 'bag'\?"):
        cls(feature="bags").fit(data)
    with pytest.raises(UnknownNameError, match=r"unknown feature 'words'\. The catalogue has no features\."):
        cls().fit(with_feature(toy))
