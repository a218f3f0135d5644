from dataclasses import replace

import numpy as np
import pytest

from tests.models.logs import log
from tests.models.visual.shop import shop, shorter, visrank
from vitrina.data.queries import Queries
from vitrina.errors import UnknownNameError, VitrinaError
from vitrina.models.registry import make
from vitrina.models.visual.vbpr_training import InTraining

SMALL = {"factors": 4, "visual_factors": 4, "epochs": 3}


@pytest.fixture(scope="module")
def made():
    return shop(n_users=120, n_items=160, n_events=6)


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


def test_a_folded_in_person_is_served_as_well_as_a_trained_one():
    made, seen = shop(), []
    model = make("vbpr", epochs=30).fit(made.train, lambda scorer: seen.append(scorer) or 0.0)
    assert isinstance(seen[-1], InTraining)
    histories = made.train.histories()
    trained, folded = seen[-1].users @ model.item_vectors_.T + model.item_biases_, model.score(histories)
    for measure in (made.auc_of_cold, made.auc_of_met):
        assert measure(folded).mean() > measure(trained).mean() - 0.02


def test_validation_meets_trained_people_and_folds_in_all_others(made):
    model = make("vbpr", **SMALL).fit(made.train)
    x, histories = made.train.matrix(), made.train.histories()
    users = np.arange(made.train.n_users)
    trained = np.random.default_rng(0).normal(size=(users.size, 8)).astype(np.float32)
    lists = [row.indices for row in x]
    lists[1] = lists[1][:-1]  # another history than that of training
    changed = replace(Queries.from_lists(lists, made.train.items.keys), users=np.where(users == 2, -1, users))
    found, folded = InTraining(model, x, trained).score(changed), model.score(changed)
    np.testing.assert_allclose(found[[0, 3]], model.score_of(trained)[[0, 3]], rtol=1e-5)
    np.testing.assert_allclose(found[[1, 2]], folded[[1, 2]], rtol=1e-4)
    np.testing.assert_allclose(folded[2], model.score(histories)[2], rtol=1e-4)


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


def test_what_cannot_be_trained_is_told(made):
    with pytest.raises(UnknownNameError, match="unknown feature 'dmn'"):
        make("vbpr", feature="dmn").fit(made.train)
    assert "needs the feature 'dmn'" in make("vbpr", feature="dmn").why_not(made.train)
    with pytest.raises(VitrinaError, match="vbpr: the weights exploded in epoch 1; use a smaller lr"):
        make("vbpr", lr=1e20).fit(made.train)
    other = np.zeros((made.train.n_items + 1, 5), np.float32)
    catalogue = log([("u", f"i{n}") for n in range(made.train.n_items + 1)]).catalogue
    model = make("vbpr", **SMALL).fit(made.train)
    with pytest.raises(VitrinaError, match="expected a feature of 64 columns"):
        model.with_items(replace(catalogue, features={"dnn": other}))
