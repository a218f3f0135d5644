import numpy as np
import pytest

from vitrina.data.dataset import Dataset
from vitrina.data.gallery import simulate
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.models.registry import make


@pytest.fixture(scope="module")
def likes() -> Dataset:
    return simulate(seed=2, n_users=120, n_works=80, n_artists=10).positives()


def test_puresvd_projects_on_the_right_singular_vectors(likes: Dataset):
    model = make("puresvd", factors=5).fit(likes)
    x = likes.matrix().toarray()
    right = np.linalg.svd(x, full_matrices=False)[2][:5]
    assert model.score(likes.histories()) == pytest.approx(x @ right.T @ right, abs=1e-3)


def test_randomised_svd_is_close_to_the_exact_one(likes: Dataset):
    exact = make("puresvd", factors=5).fit(likes).score(likes.histories())
    near = make("puresvd", factors=5, solver="randomised").fit(likes).score(likes.histories())
    assert near == pytest.approx(exact, abs=0.02)


def test_more_factors_than_the_data_have_reconstruct_the_history(likes: Dataset):
    model = make("puresvd", factors=350).fit(likes)
    assert model.score(likes.histories()) == pytest.approx(likes.matrix().toarray(), abs=1e-3)


def test_nmf_is_non_negative_and_every_epoch_fits_better(likes: Dataset):
    x = likes.matrix().toarray()
    errors = []
    for epochs in (1, 5, 25, 125):
        model = make("nmf", factors=6, epochs=epochs).fit(likes)
        assert (model.item_vectors_ >= 0).all()
        errors.append(np.square(model.score(likes.histories()) - x).sum())
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("name", ["bpr-mf", "mf"])
def test_strangers_and_people_without_events_get_no_score(likes: Dataset, name: str):
    silent = likes.keep(likes.user_codes != 3)
    model = make(name, factors=8, epochs=2).fit(silent)
    scores = model.score(likes.histories())
    assert np.isnan(scores[3]).all()
    assert np.isfinite(np.delete(scores, 3, axis=0)).all()
    stranger = Queries.from_lists([[1, 2, 3]], likes.items.keys)
    assert np.isnan(model.score(stranger)).all()


@pytest.mark.parametrize("name", ["bpr-mf", "mf"])
def test_exploding_factors_are_told(likes: Dataset, name: str):
    with pytest.raises(VitrinaError, match="smaller lr"):
        make(name, factors=8, lr=1e30, epochs=50).fit(likes)


def test_ials_solvers_reach_the_same_objective(likes: Dataset):
    x = likes.matrix().toarray()
    ranked = {}
    for solver in ("exact", "cg", "block"):
        model = make("ials", factors=12, epochs=30, solver=solver, alpha0=0.3, reg=0.01).fit(likes)
        ranked[solver] = np.square(model.score(likes.histories())[x > 0] - 1).mean()
    assert ranked["cg"] == pytest.approx(ranked["exact"], rel=0.02)
    assert ranked["block"] == pytest.approx(ranked["exact"], rel=0.02)
