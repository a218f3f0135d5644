from dataclasses import replace

import numpy as np
import pytest

from tests.kernels import slow as slow_kernels
from tests.models.logs import log, random_log, strangers
from tests.models.neighbours import slow
from vitrina.data.queries import Queries
from vitrina.models.neighbours.userknn import UserKNN
from vitrina.models.storage import load_trained
from vitrina.models.trained import Trained

CASES = [
    {"similarity": "cosine", "weighting": "bm25", "shrink": 3},
    {"similarity": "cosine", "normalise": False, "shrink": 10},
    {"similarity": "asymmetric", "alpha": 0.2, "weighting": "tf-idf", "shrink": 0},
    {"similarity": "jaccard", "shrink": 5},
    {"similarity": "dice", "shrink": 0},
    {"similarity": "tversky", "alpha": 0.1, "beta": 1.7, "shrink": 2},
    {"similarity": "correlation", "shrink": 0},
]


@pytest.fixture(scope="module")
def toy():
    """People with many items each, so that no two have the same."""
    toy = random_log(40, 25, 500)
    assert len(np.unique(toy.matrix().toarray(), axis=0)) == 40
    return toy


def person_weights(x: np.ndarray, k: int, keys: np.ndarray, *, own: bool, **settings) -> np.ndarray:
    """Similarities of people ``[asked about, other]``; users are weighted as terms, items are the documents."""
    loops = {"kind" if name == "similarity" else name: value for name, value in settings.items() if name != "weighting"}
    weighted = slow.weights_of(x, settings.get("weighting", "none"))
    sources_by_target = slow.similarities(weighted.T, **loops)
    kept = slow.strongest_sources(sources_by_target, k, keys)
    return kept.T if own else kept


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["similarity"])
@pytest.mark.parametrize("k", [3, 40])
def test_scores_against_loops(toy, case, own, k):
    x = toy.matrix().toarray().astype(float)
    right = person_weights(x, k, toy.users.keys, own=own, **case) @ x
    model = UserKNN(neighbours=k, neighbourhood="own" if own else "reverse", **case).fit(toy)
    scores = model.score(toy.histories())
    np.testing.assert_allclose(scores, right, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(model.score(strangers(toy.histories())), scores)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["similarity"])
def test_explanations_against_loops(toy, case, own):
    """By definition: each neighbour's similarity is divided among the common items as its numerator is."""
    x = toy.matrix().toarray().astype(float)
    weights = person_weights(x, 6, toy.users.keys, own=own, **case)
    weighted = slow.weights_of(x, case.get("weighting", "none"))
    chance = weighted.mean(axis=1) if case["similarity"] == "correlation" else np.zeros(40)
    items = np.arange(40) % 25
    parts, subtracted = np.zeros((40, 25)), np.zeros(40)
    for u, j in enumerate(items):
        for v in np.flatnonzero(weights[u] * x[:, j]):
            numerator = weighted[u] @ weighted[v] - 25 * chance[u] * chance[v]
            parts[u] += weights[u, v] * weighted[u] * weighted[v] / numerator
            subtracted[u] -= weights[u, v] * 25 * chance[u] * chance[v] / numerator
    model = UserKNN(neighbours=6, neighbourhood="own" if own else "reverse", **case).fit(toy)
    found = model.explain(toy.histories(), items.astype(np.int32))
    events = toy.histories()
    np.testing.assert_allclose(found.contributions, _at_first(parts, events), rtol=1e-4, atol=1e-5)
    if case["similarity"] == "correlation":
        np.testing.assert_allclose(found.others["shared by chance"], subtracted, rtol=1e-4, atol=1e-5)
    else:
        assert not found.others


def _at_first(parts: np.ndarray, queries: Queries) -> np.ndarray:
    """The part of each event's item, where it stands first in its history."""
    found = []
    for row in range(len(queries)):
        seen: set[int] = set()
        for item in queries.histories.row(row).tolist():
            found.append(0.0 if item in seen else parts[row, item])
            seen.add(item)
    return np.array(found)


def test_whose_neighbourhood_counts():
    """ "far" is nearest to nobody, yet has a nearest one itself: only the textbook's neighbourhood recommends to it."""
    pairs = [(u, i) for u in ("twin", "double") for i in "abcd"] + [("twin", "e"), ("double", "f"), ("far", "a"), ("far", "z")]
    toy = log(pairs)
    far = toy.histories(np.array([toy.users.code("far")]))
    scores = {n: UserKNN(neighbours=1, shrink=0, neighbourhood=n).fit(toy).score(far)[0] for n in ("reverse", "own")}
    assert not scores["reverse"].any()
    assert scores["own"][toy.items.code("b")] > 0


def test_which_side_is_the_target():
    """Tversky with all weight on the target's remainder; the target is whose neighbourhood it is."""
    toy = log([("long", "a"), ("long", "b"), ("long", "c"), ("long", "d"), ("short", "a"), ("short", "e")])
    asked = toy.histories(np.array([toy.users.code("short")]))
    settings = {"similarity": "tversky", "alpha": 1.0, "beta": 0.0, "shrink": 0}
    reverse = UserKNN(neighbourhood="reverse", **settings).fit(toy).score(asked)[0, toy.items.code("b")]
    own = UserKNN(neighbourhood="own", **settings).fit(toy).score(asked)[0, toy.items.code("b")]
    np.testing.assert_allclose([reverse, own], [1 / 4, 1 / 2], rtol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["similarity"])
def test_a_new_person_joins_whom_it_is_near_enough(toy, case):
    """Each one's neighbourhood stays as it was at training; the new person is weighted with the items of the training data."""
    history, k = [3, 8, 11, 12], 4
    x = toy.matrix().toarray().astype(float)
    extended = np.vstack([x, np.isin(np.arange(25), history)])
    weighted = slow.weights_of(x, case.get("weighting", "none"))
    idf = slow.weights_of(extended, "tf-idf")[-1]
    new = {"none": extended[-1], "tf-idf": idf, "bm25": _bm25(x, history, idf)}[case.get("weighting", "none")]
    loops = {"kind" if name == "similarity" else name: value for name, value in case.items() if name != "weighting"}
    query = Queries.from_lists([history], toy.items.keys)
    right = np.zeros(25)
    for v in range(40):
        vectors, keys = [*weighted, new], np.append(toy.users.keys, query.keys)
        near = np.float32([np.nan if u == v else slow.similarity(weighted[v], vectors[u], **loops) for u in range(41)])
        ranked = [u for u in slow_kernels.ranking(near, keys[v], keys) if near[u] > 0]
        right += near[40] * x[v] if 40 in ranked[:k] else 0
    model = UserKNN(neighbours=k, **case).fit(toy)
    np.testing.assert_allclose(model.score(query)[0], right, rtol=1e-4, atol=1e-5)


def _bm25(x: np.ndarray, history: list[int], idf: np.ndarray) -> np.ndarray:
    lengths = (1 - slow.B) + slow.B * x.sum(axis=0) / x.sum(axis=0).mean()
    return np.where(np.isin(np.arange(x.shape[1]), history), (slow.K1 + 1) / (slow.K1 * lengths + 1) * idf, 0)


def test_ties_are_broken_by_key_as_at_training():
    """Everybody shares one item with everybody: all similarities are equal, and only some find room."""
    toy = log([(f"u{u}", item) for u in range(30) for item in ("shared", f"own{u}")])
    k = 5
    keys = toy.users.keys
    right = person_weights(toy.matrix().toarray().astype(float), k, keys, own=False, similarity="jaccard", shrink=1)
    assert (np.count_nonzero(right, axis=0) == k).all()
    model = UserKNN(neighbours=k, similarity="jaccard", shrink=1).fit(toy)
    scores = model.score(toy.histories())
    others = toy.matrix().toarray() == 0
    expected = right @ toy.matrix().toarray()
    np.testing.assert_allclose(scores[others], expected[others], rtol=1e-5)


def test_somebody_with_the_same_items_tells_nothing_new():
    """One person with exactly these items is taken to be the one who asks; a second one remains a neighbour."""
    pairs = [(u, i) for u in ("one", "two", "three") for i in "ab"] + [("other", "a"), ("other", "c")]
    toy = log(pairs)
    model = UserKNN(shrink=0).fit(toy)
    scores = model.score(toy.histories())
    rows = [toy.users.code(u) for u in ("one", "two", "three")]
    np.testing.assert_array_equal(scores[rows[0]], scores[rows[1]])
    np.testing.assert_array_equal(scores[rows[0]], scores[rows[2]])
    x = toy.matrix().toarray().astype(float)
    right = person_weights(x, 100, toy.users.keys, own=False, similarity="cosine", shrink=0) @ x
    np.testing.assert_allclose(scores, right, rtol=1e-5)


def test_an_explicit_history_overrides_the_user(toy):
    model = UserKNN(neighbours=5).fit(toy)
    mine = toy.histories(np.array([0, 1]))
    swapped = replace(mine, users=mine.users[::-1].copy())
    np.testing.assert_array_equal(model.score(swapped), model.score(mine))


@pytest.mark.parametrize("neighbourhood", ["reverse", "own"])
def test_weights_are_made_again_after_loading(toy, tmp_path, neighbourhood):
    """Only histories are saved; everything derived from them follows."""
    trained = Trained.fit(UserKNN(neighbours=5, weighting="bm25", neighbourhood=neighbourhood), toy)
    trained.save(tmp_path / "model")
    loaded = load_trained(tmp_path / "model").model
    np.testing.assert_array_equal(loaded.score(toy.histories()), trained.model.score(toy.histories()))


def test_queries_in_blocks(toy, monkeypatch):
    monkeypatch.setattr("vitrina.models.neighbours.userknn._ENTRIES", 1)
    each = np.random.default_rng(0).integers(0, 25, (40, 4)).astype(np.int32)
    model = UserKNN(neighbours=5).fit(toy)
    blocks, blocks_each = model.score(toy.histories()), model.score(toy.histories(), each)
    monkeypatch.undo()
    np.testing.assert_array_equal(blocks, model.score(toy.histories()))
    np.testing.assert_array_equal(blocks_each, np.take_along_axis(blocks, each.astype(np.int64), 1))
