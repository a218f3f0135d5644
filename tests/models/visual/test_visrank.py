"""VisRank against its equations, one pair of pictures at a time."""

import math
import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from benchmarks.visrank_speed import mapped, measured
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import Catalogue, Recipe
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import UnknownNameError, VitrinaError
from vitrina.models.registry import make
from vitrina.models.visual.pictures import pictures_of
from vitrina.models.visual.scaling import Scaling

NAMES = ("brightness", "contrast", "sharpness")


def gallery(recipes=None, **features):
    """A data set with these features; nothing else of it matters."""
    n = len(next(iter(features.values())))
    ids = pl.Series("id", [f"i{m}" for m in range(n)], dtype=pl.String)
    catalogue = Catalogue(Vocabulary(ids, "item"), features=features, recipes=recipes or {})
    users = Vocabulary(pl.Series("id", ["u"]), "user")
    return Dataset(pl.DataFrame({"user": [0], "item": [0]}, {"user": pl.Int32, "item": pl.Int32}), users, catalogue)


def asked(*histories):
    return Queries.from_lists(histories, np.arange(10_000, dtype=np.uint64))


def pictures(n=12, width=3, seed=0, missing=(4, 7)):
    features = np.random.default_rng(seed).standard_normal((n, width)).astype(np.float32) + np.float32(0.5)
    features[list(missing)] = np.nan
    return features


def alike(a, b):
    """The similarity of two vectors."""
    if len(a) == 1:
        return -abs(float(a[0]) - float(b[0]))
    lengths = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(np.dot(a, b)) / lengths if lengths else 0.0


def plain(features, histories, aggregation, top_k):
    """Scores by the equations."""
    out = np.full((len(histories), len(features)), math.nan)
    for row, history in enumerate(histories):
        seen = [j for j in sorted(set(history)) if np.isfinite(features[j]).all()]
        for item, vector in enumerate(features):
            if seen and np.isfinite(vector).all():
                likeness = sorted((alike(vector, features[j]) for j in seen), reverse=True)
                most = {"max": 1, "average": len(seen), "average_top_k": min(top_k, len(seen))}[aggregation]
                out[row, item] = sum(likeness[:most]) / most
    return out


AGGREGATIONS = [{"aggregation": "max"}, {"aggregation": "average"}, *({"top_k": k} for k in (1, 2, 3))]
histories = st.lists(st.lists(st.integers(0, 11), max_size=8), min_size=1, max_size=4)


@given(histories, st.sampled_from(AGGREGATIONS), st.sampled_from([1, 2, 5]), st.integers(0, 10**6))
@settings(max_examples=80)
def test_equals_the_equations(lists, how, width, seed):
    features = pictures(width=width, seed=seed)
    features[2] = 0
    dataset = gallery(dnn=features)
    model = make("visrank", **how).fit(dataset)
    right = plain(features, lists, how.get("aggregation", "average_top_k"), how.get("top_k", 2))
    queries = asked(*lists)
    np.testing.assert_allclose(model.score(queries), right, rtol=1e-4, atol=1e-5)
    rng = np.random.default_rng(seed)
    shared, each = rng.integers(0, 12, 5).astype(np.int32), rng.integers(0, 12, (len(lists), 4)).astype(np.int32)
    np.testing.assert_allclose(model.score(queries, shared), right[:, shared], rtol=1e-4, atol=1e-5)
    by_pair = np.take_along_axis(right, each.astype(np.int64), axis=1)
    np.testing.assert_allclose(model.score(queries, each), by_pair, rtol=1e-4, atol=1e-5)
    found = model.explain(queries, each[:, 0])
    assert found.exact
    assert not found.others
    known = ~np.isnan(by_pair[:, 0])
    np.testing.assert_allclose(found.totals[known], by_pair[known, 0], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(np.isnan(found.contributions), ~known[found.rows])


def test_one_is_the_maximum_and_many_are_the_average():
    dataset, queries = gallery(dnn=pictures()), asked([0, 1, 2, 4], [5], [7])
    scores = {name: make("visrank", aggregation=name).fit(dataset).score(queries) for name in ("max", "average")}
    np.testing.assert_allclose(make("visrank", top_k=1).fit(dataset).score(queries), scores["max"], rtol=1e-6)
    for k in (3, 4, 100):
        np.testing.assert_allclose(make("visrank", top_k=k).fit(dataset).score(queries), scores["average"], rtol=1e-5, atol=1e-6)
    assert np.isnan(scores["max"][2]).all()


def test_explains_by_the_works_that_count():
    features = np.array([[1, 0], [0.8, 0.6], [0, 1], [1, 0.1], [np.nan, 0]], np.float32)
    queries, item = asked([4, 2, 1, 0]), np.array([3], np.int32)
    parts = [alike(features[3], features[j]) for j in (2, 1, 0)]
    for how, right in (
        ({"aggregation": "max"}, [0, 0, 0, parts[2]]),
        ({"aggregation": "average"}, [0, parts[0] / 3, parts[1] / 3, parts[2] / 3]),
        ({"top_k": 2}, [0, 0, parts[1] / 2, parts[2] / 2]),
    ):
        found = make("visrank", **how).fit(gallery(dnn=features)).explain(queries, item)
        np.testing.assert_allclose(found.contributions, right, rtol=1e-5)


def test_measured_features_are_standardised_and_those_of_networks_are_not():
    features = pictures() * np.array([1, 1000, 0.01], np.float32)
    known = features[np.isfinite(features).all(axis=1)]
    standard = (features - known.mean(axis=0)) / known.std(axis=0)
    queries, kinds = asked([0, 1], [3]), {"evf": Recipe(source="evf"), "net-layer": Recipe(source="network")}
    dataset = gallery(kinds, evf=features, **{"net-layer": features})
    for feature, how, seen in (
        ("evf", "auto", standard),
        ("evf", "no", features),
        ("net-layer", "auto", features),
        ("dnn", "auto", features),
        ("dnn", "yes", standard),
    ):
        model = make("visrank", feature=feature, standardise=how).fit(dataset)
        right = plain(seen, [[0, 1], [3]], "average_top_k", 2)
        np.testing.assert_allclose(model.score(queries), right, rtol=1e-3, atol=1e-5)
    assert make("visrank", feature="net-layer").fit(dataset).vectors_ is features


def test_columns_that_never_vary_do_not_count():
    features = pictures()
    features[:, 1] = 3.0000001
    dataset = gallery(evf=features)
    model = make("visrank", feature="evf").fit(dataset)
    assert not model.vectors_[0, 1]
    assert np.isfinite(model.score(asked([0, 1]))[0, [0, 1, 2]]).all()


def test_single_columns_are_compared_by_distance():
    features = pictures()
    dataset = gallery({"evf": Recipe(source="evf", columns=NAMES)}, evf=features)
    model = make("visrank", feature="evf", columns=("contrast",), aggregation="average").fit(dataset)
    known = features[np.isfinite(features).all(axis=1), 1]
    standard = ((features[:, 1] - known.mean()) / known.std())[:, None]
    np.testing.assert_allclose(model.score(asked([0, 1])), plain(standard, [[0, 1]], "average", 0), rtol=1e-4, atol=1e-5)


def test_features_and_columns_are_joined():
    evf, lbp = pictures(), pictures(width=4, seed=1, missing=(5,))
    recipes = {"evf": Recipe(source="evf", columns=NAMES), "lbp": Recipe(source="lbp", columns=("a", "b", "c", "d"))}
    dataset = gallery(recipes, evf=evf, lbp=lbp)
    both = pictures_of(dataset.catalogue, "evf+lbp")
    np.testing.assert_array_equal(both.rows(slice(0, 12)), np.concatenate([evf, lbp], axis=1))
    some = pictures_of(dataset.catalogue, "evf+lbp", ("d", "sharpness", "a"))
    np.testing.assert_array_equal(some.rows(slice(2, 4)), np.stack([evf[2:4, 2], lbp[2:4, 3], lbp[2:4, 0]], axis=1))
    scores = make("visrank", feature="evf+lbp").fit(dataset).score(asked([0]))[0]
    assert np.flatnonzero(np.isnan(scores)).tolist() == [4, 5, 7]


def test_what_is_missing_is_said():
    dataset = gallery(
        {"evf": Recipe(source="evf", columns=NAMES)}, evf=pictures(), words=csr_matrix(np.eye(12, dtype=np.float32))
    )
    with pytest.raises(UnknownNameError, match=r"unknown column 'contrasts'\. Did you mean 'contrast'"):
        make("visrank", feature="evf", columns=("contrasts",)).fit(dataset)
    assert make("visrank", feature="evf").why_not(dataset) == ""
    assert "needs the feature 'dnn' of the pictures: unknown feature" in make("visrank").why_not(dataset)
    assert "'words' is sparse, as words are" in make("visrank", feature="words").why_not(dataset)
    assert "The columns of 'dnn' have no names" in make("visrank", columns=("a",)).why_not(gallery(dnn=pictures()))
    with pytest.raises(VitrinaError, match="top_k = 5 matters only with aggregation = average_top_k"):
        make("visrank", aggregation="max", top_k=5)


def test_pictures_from_anywhere():
    """A picture that is not in the catalogue is liked like one that is."""
    features = pictures() * np.array([1, 100, 1], np.float32)
    for how in ({"aggregation": "max"}, {"aggregation": "average"}, {}):
        for columns in ((), ("contrast",)):
            recipes = {"evf": Recipe(source="evf", columns=NAMES)}
            model = make("visrank", feature="evf", columns=columns, **how).fit(gallery(recipes, evf=features))
            grown = model.with_items(gallery(recipes, evf=np.concatenate([features, features[[0, 3, 4, 5]]])).catalogue)
            scores = grown.score(asked([12, 13, 14], [], [15]), np.arange(12, dtype=np.int32))
            right = model.score(asked([0, 3, 4], [], [5]))
            np.testing.assert_allclose(scores, right, rtol=1e-5, atol=1e-6)


def test_new_items_are_seen_with_what_was_learned():
    features = pictures(20)
    model = make("visrank", feature="evf").fit(gallery(evf=features[:12]))
    grown = model.with_items(gallery(evf=features).catalogue)
    np.testing.assert_array_equal(grown.mean_, model.mean_)
    np.testing.assert_array_equal(grown.vectors_[:12], model.vectors_)
    assert len(grown.score(asked([19]))[0]) == 20
    with pytest.raises(VitrinaError, match="evf has 2 columns; at training it had 3"):
        model.with_items(gallery(evf=features[:, :2]).catalogue)


def test_mapped_features_stay_where_they_are(tmp_path, monkeypatch):
    """As they are they are not copied; standardised they go to a nameless file, block by block."""
    monkeypatch.setattr("vitrina.models.visual.pictures._BLOCK_BYTES", 200)
    features = pictures(400, 8)
    np.save(tmp_path / "features.npy", features)
    there = np.load(tmp_path / "features.npy", mmap_mode="r")
    queries = asked([0, 1, 2, 300])
    for standardise in ("no", "yes"):
        mapped_model, model = (make("visrank", standardise=standardise).fit(gallery(dnn=f)) for f in (there, features))
        assert isinstance(mapped_model.vectors_, np.memmap)
        assert np.shares_memory(mapped_model.vectors_, there) == (standardise == "no")
        np.testing.assert_array_equal(mapped_model.score(queries), model.score(queries))
    known = features[np.isfinite(features).all(axis=1)]
    scale = Scaling.of(pictures_of(gallery(dnn=there).catalogue, "dnn"))
    np.testing.assert_allclose(scale.mean, known.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scale.factor, 1 / known.std(axis=0), rtol=1e-4)


def test_many_blocks_and_threads_give_the_same_scores(monkeypatch):
    dataset = replace(gallery(dnn=pictures(5000, 16)))
    queries, rng = asked([0, 9, 4999], [], [17]), np.random.default_rng(0)
    each = rng.integers(0, 5000, (3, 4000)).astype(np.int32)
    model, found = make("visrank").fit(dataset), []
    for threads in ("1", "3"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        found.append((model.score(queries), model.score(queries, each)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    right = np.take_along_axis(found[0][0], each.astype(np.int64), axis=1)
    np.testing.assert_allclose(found[0][1], right, rtol=1e-5, atol=1e-6)


def test_is_about_as_fast_as_the_bare_product(tmp_path):
    """1.3 times is measured on 100,000 x 2,048, see the benchmark; here a bound that holds on a busy machine."""
    vectors = mapped(tmp_path / "vectors.npy", 10_000, 512)
    for _ in range(3):
        ratios = {name: ours / bare for name, (ours, bare) in measured(vectors, 50, 5).items()}
        if max(ratios.values()) < 2.5:
            return
        time.sleep(0.5)
    raise AssertionError(f"times of the bare product: {ratios}")


def test_long_lists_of_histories_are_scored_in_pieces(monkeypatch):
    dataset, rng = gallery(dnn=pictures()), np.random.default_rng(0)
    queries = asked(*[rng.integers(0, 12, n).tolist() for n in (3, 0, 5, 1, 4)])
    each = rng.integers(0, 12, (5, 4)).astype(np.int32)
    model = make("visrank").fit(dataset)
    whole = model.score(queries), model.score(queries, each), model.score(queries, each[0])
    monkeypatch.setattr("vitrina.models.visual.visrank._LIKED", 4)
    pieces = model.score(queries), model.score(queries, each), model.score(queries, each[0])
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
