from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from tests.models.logs import log
from tests.models.visual.shop import shop, shorter, visrank
from vitrina.errors import UnknownNameError, VitrinaError
from vitrina.models.registry import make
from vitrina.models.visual.vbpr_network import VBPRNetwork
from vitrina.training.negatives import uniform
from vitrina.training.plan import Moment
from vitrina.training.session import Session

SMALL = {"factors": 4, "visual_factors": 4, "epochs": 3}


@pytest.fixture(scope="module")
def made():
    return shop(n_users=120, n_items=160, n_events=6)


def network(seed: int = 0) -> VBPRNetwork:
    """A network in float64 whose parameters are all far from zero."""
    rng = np.random.default_rng(seed)
    x = csr_matrix((rng.random((5, 9)) < 0.5).astype(np.float32))
    features = rng.normal(size=(9, 6)).astype(np.float32)
    built = VBPRNetwork(x, features, uniform(9, x), factors=3, visual_factors=2, init=0.7, seed=seed).double()
    with torch.no_grad():
        built.bias += torch.from_numpy(rng.normal(size=(9, 1)))
        built.visual[-1] += torch.from_numpy(rng.normal(size=6))
    return built


def test_the_difference_of_two_scores_is_that_of_the_paper():
    built = network()
    user, item, bias, visual, f = (
        t.detach().numpy() for t in (built.user, built.item, built.bias, built.visual, built._features)
    )

    def x(u, i):
        gamma_u, theta_u, embedding, beta = user[u, :3], user[u, 3:], visual[:-1], visual[-1]
        return bias[i, 0] + gamma_u @ item[i] + theta_u @ (embedding @ f[i]) + beta @ f[i]

    triples = [(0, 1, 2), (4, 8, 0), (4, 0, 8), (2, 3, 3)]
    found = built.differences(*torch.tensor(triples).T).detach().numpy()
    assert found == pytest.approx([x(u, i) - x(u, j) for u, i, j in triples])


def test_gradients_are_those_of_finite_differences():
    built, generator = network(), torch.Generator()

    def loss(*_):
        return built.loss(torch.arange(8), Moment(1, 0, 1, generator.manual_seed(3)), reg=0.1, reg_visual=0.05)

    assert torch.autograd.gradcheck(loss, tuple(built.parameters()))


@pytest.mark.parametrize("seed", [0, 1])
def test_ranks_works_that_nobody_has_met_and_is_no_worse_where_they_are_known(seed):
    """Above VisRank on works never seen, not below BPR-MF of as many factors and epochs on the others."""
    made = shop(seed)
    histories = made.train.histories()
    ours = make("vbpr", epochs=30).fit(made.train).score(histories)
    bpr = make("bpr-mf", factors=20, epochs=30).fit(made.train).score(histories)
    nearest = max(made.auc_of_cold(visrank(made, how)).mean() for how in ("mean", "max"))
    assert made.auc_of_cold(ours).mean() > nearest
    assert made.auc_of_met(ours).mean() > made.auc_of_met(bpr).mean() - 0.01


def test_what_no_picture_shows_is_learned_as_well():
    """Groups that only the log tells apart: the factors of items beside the pictures keep up with BPR-MF."""
    made = shop(n_users=300, n_items=360, n_kinds=4, hidden=3)
    histories = made.train.histories()
    ours = made.auc_of_met(make("vbpr", epochs=30).fit(made.train).score(histories))
    bpr = made.auc_of_met(make("bpr-mf", factors=20, epochs=30).fit(made.train).score(histories))
    assert ours.mean() > bpr.mean() - 0.01


def test_a_folded_in_person_is_served_as_well_as_a_trained_one(monkeypatch):
    made, networks = shop(), []
    model = make("vbpr", epochs=30)
    taken_over = type(model)._with
    monkeypatch.setattr(type(model), "_with", lambda self, network: networks.append(network) or taken_over(self, network))
    model.fit(made.train)
    trained = networks[-1].user.detach().numpy() @ model.item_vectors_.T + model.item_biases_
    folded = model.score(made.train.histories())
    for measure in (made.auc_of_cold, made.auc_of_met):
        assert measure(folded).mean() > measure(trained).mean() - 0.02


def test_items_without_events_have_their_picture_alone(made):
    model = make("vbpr", **SMALL).fit(made.train)
    assert not model.item_vectors_[made.cold, :4].any()
    assert model.item_vectors_[~made.cold, :4].all()
    assert model.item_vectors_[:, 4:].all()


def test_items_that_come_later_are_scored_as_if_they_had_been_there(made):
    """The last works have no events, so a model that knew them at training learns the same of the others."""
    first, n = shorter(made.train, made.cold)
    model = make("vbpr", **SMALL).fit(first)
    catalogue = replace(made.train.catalogue, items=made.train.items)
    longer = model.with_items(_reordered(catalogue, made.cold))
    scores = longer.score(first.histories())
    np.testing.assert_array_equal(scores[:, :n], model.score(first.histories()))
    assert np.isfinite(scores).all()
    likes = made.likes[:, np.argsort(made.cold, kind="stable")]
    new = [(row[n:][own[n:]].mean() > row[n:][~own[n:]].mean()) for row, own in zip(scores, likes, strict=True)]
    assert np.mean(new) > 0.6


def _reordered(catalogue, cold):
    from vitrina.data.vocabulary import Vocabulary

    order = np.argsort(cold, kind="stable")
    features = {name: matrix[order] for name, matrix in catalogue.features.items()}
    return replace(
        catalogue, items=Vocabulary(catalogue.items.ids[order], "item"), table=catalogue.table[order], features=features
    )


def test_items_without_events_and_picture_have_no_score(made):
    pictures = made.train.catalogue.feature("dnn").copy()
    cold, met = np.flatnonzero(made.cold)[0], np.flatnonzero(made.train.popularity)[0]
    pictures[[cold, met]] = np.nan
    dataset = replace(made.train, catalogue=replace(made.train.catalogue, features={"dnn": pictures}))
    model = make("vbpr", **SMALL).fit(dataset)
    scores = model.score(dataset.histories())
    assert np.isnan(scores[:, cold]).all()
    assert np.isfinite(np.delete(scores, cold, axis=1)).all()
    assert not model.item_vectors_[met, 4:].any()


def test_training_goes_on_from_a_checkpoint(made, tmp_path):
    """Broken off in the third of its validations, then made again: the same model as in one go."""
    whole = make("vbpr", **SMALL).fit(made.train, lambda scorer: 0.5)
    asked = []

    def stop(scorer):
        asked.append(scorer)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return 0.5

    def session():
        return Session(checkpoints=tmp_path, identity="vbpr", every_seconds=0)

    with session(), pytest.raises(KeyboardInterrupt):
        make("vbpr", **SMALL).fit(made.train, stop)
    with session():
        again = make("vbpr", **SMALL).fit(made.train, lambda scorer: 0.5)
    np.testing.assert_array_equal(again.item_vectors_, whole.item_vectors_)


def test_what_cannot_be_trained_is_told(made):
    with pytest.raises(UnknownNameError, match="unknown feature 'dmn'"):
        make("vbpr", feature="dmn").fit(made.train)
    assert "needs the feature 'dmn'" in make("vbpr", feature="dmn").why_not(made.train)
    with pytest.raises(VitrinaError, match=r"vbpr: the (loss|weights)"):
        make("vbpr", lr=1e20).fit(made.train)
    other = np.zeros((made.train.n_items + 1, 5), np.float32)
    catalogue = log([("u", f"i{n}") for n in range(made.train.n_items + 1)]).catalogue
    model = make("vbpr", **SMALL).fit(made.train)
    with pytest.raises(VitrinaError, match="expected a feature of 64 columns"):
        model.with_items(replace(catalogue, features={"dnn": other}))
