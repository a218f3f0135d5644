"""The demo's promise: on the simulated gallery the methods of the study come out in the study's order."""

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from vitrina.data.gallery import draw_world, save_gallery, simulate
from vitrina.data.gallery.drawing import draw_picture
from vitrina.data.splits.protocols import make_split
from vitrina.data.storage import load_dataset
from vitrina.evaluation.evaluate import evaluate
from vitrina.experiments.compare import compare
from vitrina.experiments.config import make_config
from vitrina.experiments.picture_features import compute_features
from vitrina.experiments.picture_sources import AUTOENCODER
from vitrina.experiments.study import STUDY, looking_through
from vitrina.features.pictures.explicit import measure
from vitrina.features.pictures.loading import load_picture, squashed
from vitrina.models.registry import make
from vitrina.models.visual.autoencoder import SIDE, train_autoencoder

#: Each should be better than the next.
STEPS = ("hybrid-fa-dnn-evf-price", "fa", "dnn", "evf", "random")
#: A little better than chance, and worse than what pictures tell.
BETWEEN = ("pmpav-color", "mpav-color")
SMALL = {"n_works": 600, "n_artists": 40}


def ndcg(dataset, methods, **protocol):
    """Return the mean ndcg@10 of each method in a replay of the sales, with the settings that the study names."""
    split = make_split(dataset, "purchase-sessions", **protocol)
    known, test, found = split.train_and_validation, split.open_test(), {}
    for method in methods:
        declared = dict(STUDY.get(method, {"model": method}))
        declared.pop("title", None)
        model = make(declared.pop("model"), **declared).fit(known)
        found[method] = evaluate(model, test, known, ["ndcg@10"]).metrics["ndcg@10"]
    return found


@pytest.fixture(scope="module")
def looked_at():
    """Features ``evf`` and ``dnn`` of small pictures of a small world."""
    world = draw_world(0, n_users=1, **SMALL)
    pictures = []
    for work in range(SMALL["n_works"]):
        draw_picture(world, work, longest=128).save(file := io.BytesIO(), "JPEG", quality=92)
        pictures.append(load_picture(file.getvalue()))
    squares = np.stack([squashed(picture, SIDE) for picture in pictures])
    explicit = np.array([measure(picture)[0] for picture in pictures], np.float32)
    return {"evf": explicit, "dnn": train_autoencoder(squares, steps=1).encode(squares)}


def test_a_small_gallery_keeps_the_order_of_the_study(looked_at):
    """A hundred keen people: some 130 sessions, whose means have standard errors of .01 to .03."""
    data = simulate(0, n_users=100, **SMALL, likes_per_user=0, sales_per_user=4)
    data = replace(data, catalogue=replace(data.catalogue, features=looked_at))
    found = ndcg(data, (*STEPS, *BETWEEN), test=0.7, validation=0.1)
    assert sorted(STEPS, key=found.__getitem__, reverse=True) == list(STEPS)
    for method in BETWEEN:
        assert found[method] < found["evf"]


def test_what_is_told_of_colours_is_better_than_chance_in_the_mean_of_five_seeds():
    """In the gallery's usual size; explicit features reach several times as much there, see the test that draws it."""
    found = [ndcg(simulate(seed, likes_per_user=0), (*BETWEEN, "random")) for seed in range(5)]
    mean = {method: np.mean([of_seed[method] for of_seed in found]) for method in found[0]}
    assert 1.15 * mean["random"] < mean["mpav-color"] < mean["pmpav-color"] < 0.05


@pytest.mark.slow
def test_each_step_is_significant_in_the_whole_gallery(tmp_path: Path):
    """Drawn, looked at and replayed as `vitrina demo` does it; the study's own tests, corrected over all pairs."""
    folder, out = tmp_path / "gallery", tmp_path / "run"
    save_gallery(folder, 0, processes=True)
    compute_features(folder, network=AUTOENCODER)
    named = {name: looking_through(name, AUTOENCODER) or {"model": name} for name in (*STEPS, *BETWEEN)}
    split = {"protocol": "purchase-sessions", "seed": 0}
    config = make_config(data=str(folder), models=named, split=split, trials=4, seed=0, save_models=False)
    compare(config, load_dataset(folder), out)
    results = json.loads((out / "results.json").read_text())
    assert not results["failures"]
    mean = {method["name"]: method["metrics"]["ndcg@10"] for method in results["methods"]}
    pairs = {frozenset((p["a"], p["b"])): p["p_bonferroni"] for p in results["study"]["pairs"] if p["metric"] == "ndcg@10"}
    for better, worse in pairwise(STEPS):
        assert mean[better] > mean[worse]
        assert pairs[frozenset((better, worse))] < 0.05, (better, worse)
    for method in BETWEEN:
        assert mean[method] < mean["evf"]
