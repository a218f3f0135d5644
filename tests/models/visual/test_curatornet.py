from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
import torch.nn.functional as F

from tests.models.visual.shop import shop, visrank
from vitrina.data.queries import Queries
from vitrina.errors import UnknownNameError
from vitrina.models.registry import make
from vitrina.models.visual.curatornet import _artists
from vitrina.models.visual.curatornet_network import CuratorNetwork
from vitrina.models.visual.triplets import Triplets
from vitrina.training.plan import Moment
from vitrina.training.session import Session

SMALL = {"lr": 0.001, "triplets": 500, "batch": 100, "epochs": 3}


@pytest.fixture(scope="module")
def made():
    return shop(n_users=60, n_items=100, n_events=5)


@pytest.fixture(scope="module")
def fitted(made):
    return make("curatornet", **SMALL).fit(made.train)


def some_triplets() -> Triplets:
    """The profiles are (0, 1), (1, 3) without 2, and (4)."""
    columns = [[0, 1, 4], [2, 4, 5], [-1, 2, -1], [1, 2, 4], [5, 0, 3]]
    return Triplets(np.array([0, 1, 2, 3, 4]), *(np.array(column) for column in columns))


def test_the_difference_of_two_scores_is_that_of_the_paper():
    features = np.random.default_rng(0).normal(size=(6, 7)).astype(np.float32)
    network = CuratorNetwork(features, lambda epoch: some_triplets(), seed=0)
    assert [layer.out_features for layer in network.item] == [200, 200]
    assert [layer.out_features for layer in network.user] == [300, 300, 200]
    assert network.user[0].in_features == 400

    def through(layers, x):
        for layer in layers:
            x = F.selu(F.linear(x, layer.weight, layer.bias))
        return x

    g = through(network.item, torch.from_numpy(features))
    right = []
    for profile, i, j in [([0, 1], 1, 5), ([1, 3], 2, 0), ([4], 4, 3)]:
        u = through(network.user, torch.cat([g[profile].mean(dim=0), g[profile].max(dim=0).values]))
        right.append((u @ g[i] - u @ g[j]).item())
    assert network.differences(some_triplets()).tolist() == pytest.approx(right, rel=1e-4, abs=1e-4)
    loss = network.loss(torch.arange(3), Moment(1, 0, 1, torch.Generator()), reg=0.01).item()
    weights = sum(p.square().sum().item() for name, p in network.named_parameters() if name.endswith("weight"))
    assert loss == pytest.approx(np.mean(np.log1p(np.exp(-np.array(right)))) + 0.01 * weights, rel=1e-4)


def test_gradients_are_those_of_finite_differences():
    features = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    network = CuratorNetwork(features, lambda epoch: some_triplets(), seed=0).double()
    rng = np.random.default_rng(1)

    def loss():
        return network.loss(torch.arange(3), Moment(1, 0, 1, torch.Generator()), reg=0.01)

    loss().backward()
    for name, parameter in network.named_parameters():
        flat, gradient = parameter.data.view(-1), parameter.grad.view(-1)
        direction = torch.from_numpy(rng.normal(size=len(flat)))
        step = 1e-6 / direction.norm()
        start = flat.clone()
        values = []
        for sign in (1, -1):
            flat.copy_(start + sign * step * direction)
            values.append(loss().item())
        flat.copy_(start)
        numeric = (values[0] - values[1]) / (2 * step)
        assert numeric.item() == pytest.approx((gradient @ direction).item(), rel=1e-4, abs=1e-7), name


def test_scores_are_the_network_s(made, fitted, monkeypatch):
    networks = []
    model = make("curatornet", **SMALL)
    taken_over = type(model)._with
    monkeypatch.setattr(type(model), "_with", lambda self, network: networks.append(network) or taken_over(self, network))
    model.fit(made.train)
    histories = made.train.histories(np.arange(5))
    with torch.no_grad():
        table = networks[-1].items()
        offsets, places = torch.from_numpy(histories.offsets), torch.from_numpy(histories.items.astype(np.int64))
        right = (networks[-1].users(table, places, offsets) @ table.T).numpy()
    assert model.score(histories) == pytest.approx(right, rel=1e-4, abs=1e-3)
    np.testing.assert_array_equal(model.score(histories), fitted.score(histories))


def test_likes_what_people_like_and_ignores_what_they_do_not_look_at():
    """Motifs fill the pictures but sell nothing: the network sees past them, the cosine cannot."""
    made = shop(n_items=600, n_users=300, n_events=6, motif=2.0)
    scores = make("curatornet", lr=0.001, per_event=4, epochs=6).fit(made.train).score(made.train.histories())
    nearest = max(made.auc_of_cold(visrank(made, how)).mean() for how in ("mean", "max"))
    assert made.auc_of_cold(scores).mean() > nearest + 0.05


def test_pictures_that_say_nothing_of_taste_teach_nothing():
    made = shop(n_items=200, n_users=100, n_events=5)
    shuffled = made.train.catalogue.feature("dnn")[np.random.default_rng(0).permutation(200)]
    dataset = replace(made.train, catalogue=replace(made.train.catalogue, features={"dnn": shuffled}))
    scores = make("curatornet", **SMALL).fit(dataset).score(dataset.histories())
    assert abs(made.auc_of_cold(scores).mean() - 0.5) < 0.1


def test_items_that_come_later_need_a_picture_only(made, fitted):
    n = made.train.n_items
    catalogue = pl.DataFrame({"id": [f"i{i}" for i in range(n + 3)]})
    pictures = np.concatenate([made.train.catalogue.feature("dnn"), made.train.catalogue.feature("dnn")[[4, 9, 0]]])
    pictures[-1] = np.nan
    from tests.models.logs import log

    longer = fitted.with_items(replace(log([("u", "i0")], items=catalogue).catalogue, features={"dnn": pictures}))
    scores = longer.score(made.train.histories())
    np.testing.assert_array_equal(scores[:, :n], fitted.score(made.train.histories()))
    assert scores[:, [n, n + 1]] == pytest.approx(scores[:, [4, 9]], rel=1e-4, abs=1e-3)
    assert np.isnan(scores[:, -1]).all()
    assert len(fitted.item_vectors_) == n


def test_items_without_a_picture_are_neither_scored_nor_looked_at(made):
    pictures = made.train.catalogue.feature("dnn").copy()
    pictures[:20] = np.nan
    dataset = replace(made.train, catalogue=replace(made.train.catalogue, features={"dnn": pictures}))
    model = make("curatornet", **SMALL).fit(dataset)
    lists = Queries.from_lists([[3, 50], [50], [3, 4], []], dataset.items.keys)
    scores = model.score(lists)
    assert np.isnan(scores[:, :20]).all()
    np.testing.assert_array_equal(scores[0], scores[1])
    assert np.isnan(scores[2:]).all()
    assert np.isfinite(scores[:2, 20:]).all()


def test_training_goes_on_from_a_checkpoint(made, fitted, tmp_path):
    asked = []

    def stop(scorer):
        asked.append(scorer)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return float(len(asked))

    def session():
        return Session(checkpoints=tmp_path, identity="curatornet", every_seconds=0)

    with session(), pytest.raises(KeyboardInterrupt):
        make("curatornet", **SMALL).fit(made.train, stop)
    values = iter([2.0, 3.0])
    with session():
        again = make("curatornet", **SMALL).fit(made.train, lambda scorer: next(values))
    np.testing.assert_array_equal(again.item_vectors_, fitted.item_vectors_)


def test_artists_come_from_the_catalogue(made):
    names = pl.Series("artist", [["b", "c"], ["a"], [], None], dtype=pl.List(pl.String))
    for column, right in ((names, [1, 0, -1, -1]), (pl.Series("artist", ["b", "a", None, "b"]), [1, 0, -1, 1])):
        catalogue = replace(made.train.catalogue, features={}, recipes={}, items=made.train.items, table=pl.DataFrame())
        catalogue = replace(catalogue, items=type(made.train.items)(made.train.items.ids[:4], "item"), table=column.to_frame())
        assert _artists(catalogue, "artist").tolist() == right
        assert _artists(catalogue, "hand").tolist() == [-1] * 4


def test_what_cannot_be_trained_is_told(made):
    with pytest.raises(UnknownNameError, match="unknown feature 'dmn'"):
        make("curatornet", feature="dmn").fit(made.train)
