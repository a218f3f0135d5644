import numpy as np
import pytest

from tests.models.logs import random_log
from vitrina.data.queries import Queries
from vitrina.models.factors.ials import IALS
from vitrina.models.factors.start import normal_vectors

SETTINGS = {"factors": 6, "alpha0": 0.2, "reg": 0.05, "nu": 0.7, "epochs": 5, "seed": 3}

SOLVERS = ["cg", "exact", "block"]


def objective(x, users, items, alpha0, reg, nu, **_):
    """The loss as the paper writes it (equations 1 to 3), over all pairs, in float64."""
    scores = users @ items.T
    n_users, n_items = x.shape
    ridge_of_users = (x.sum(axis=1) + alpha0 * n_items) ** nu
    ridge_of_items = (x.sum(axis=0) + alpha0 * n_users) ** nu
    fit = ((scores - 1) ** 2 * x).sum() + alpha0 * (scores**2).sum()
    return fit + reg * (ridge_of_users @ (users**2).sum(axis=1) + ridge_of_items @ (items**2).sum(axis=1))


def best_rows(x, fixed, alpha0, reg, nu, **_):
    """Minimise the objective over the vectors of the rows of ``x``, one dense least-squares problem each."""
    n_columns, d = fixed.shape
    rows = []
    for row in x:
        weights = row + alpha0  # weight and target of each column, completed to one square: w (s - x / w)^2
        system = (fixed * weights[:, None]).T @ fixed + reg * (row.sum() + alpha0 * n_columns) ** nu * np.eye(d)
        rows.append(np.linalg.solve(system, fixed.T @ row))
    return np.array(rows)


@pytest.fixture(scope="module")
def toy():
    return random_log(50, 30, 400)


@pytest.fixture(scope="module")
def x(toy):
    return toy.matrix().toarray().astype(float)


def test_one_epoch_against_dense_solutions(toy, x):
    model = IALS(**{**SETTINGS, "epochs": 1, "solver": "exact"}).fit(toy)
    start = normal_vectors(np.random.default_rng(SETTINGS["seed"]), 30, 6, 0.1 / np.sqrt(6))
    users = best_rows(x, start, **SETTINGS)
    items = best_rows(x.T, users, **SETTINGS)
    similar = model.item_vectors_ @ model.item_vectors_.T  # the same in any basis
    np.testing.assert_allclose(similar, items @ items.T, rtol=2e-3, atol=1e-4)


def test_a_half_step_is_a_minimum(toy, x):
    """Any small change of the folded-in vectors makes the objective larger."""
    model = IALS(**SETTINGS).fit(toy)
    users, items = model.query_vectors(toy.histories()).astype(float), model.item_vectors_.astype(float)
    least = objective(x, users, items, **SETTINGS)
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert objective(x, users + rng.normal(0, 0.01, users.shape), items, **SETTINGS) > least


@pytest.mark.parametrize("nu", [0.0, 0.7, 1.0])
def test_explains_by_the_inverse_of_each_persons_system(toy, x, nu):
    """h_i' A_u^-1 h_j by dense inverses, and their sum is w_u . h_j."""
    model = IALS(**{**SETTINGS, "nu": nu}).fit(toy)
    h, known = model.item_vectors_.astype(float), toy.histories()
    targets = np.arange(50) % 30
    right = np.empty((50, 30))
    for u, row in enumerate(x):
        ridge = SETTINGS["reg"] * (row.sum() + SETTINGS["alpha0"] * 30) ** nu
        system = (h * (row + SETTINGS["alpha0"])[:, None]).T @ h + ridge * np.eye(6)
        right[u] = h @ np.linalg.inv(system) @ h[targets[u]]
    found = model.explain(known, targets.astype(np.int32))
    mine = found.contributions != 0
    np.testing.assert_allclose(found.contributions[mine], right[found.rows, known.items][mine], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.totals, (right * x).sum(axis=1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_objective_falls_with_every_epoch(toy, x, solver):
    losses = []

    def watch(model):
        users = model.query_vectors(toy.histories()).astype(float)
        losses.append(objective(x, users, model.item_vectors_.astype(float), **SETTINGS))
        return len(losses)

    IALS(**{**SETTINGS, "epochs": 12, "solver": solver}).fit(toy, watch)
    assert len(losses) == 12
    assert (np.diff(losses) <= 1e-6 * losses[0]).all()
    assert losses[-1] < 0.95 * losses[0]


def test_gradient_steps_go_where_exact_solutions_go(toy, x):
    losses = []
    for solver in SOLVERS:
        model = IALS(**{**SETTINGS, "epochs": 40, "solver": solver}).fit(toy)
        losses.append(objective(x, model.query_vectors(toy.histories()), model.item_vectors_, **SETTINGS))
    np.testing.assert_allclose(losses, losses[1], rtol=2e-3)


def test_folding_in_is_the_user_step(toy, x):
    model = IALS(**SETTINGS).fit(toy)
    right = best_rows(x, model.item_vectors_.astype(float), **SETTINGS)
    np.testing.assert_allclose(model.query_vectors(toy.histories()), right, rtol=1e-3, atol=1e-5)


def test_empty_rows(toy):
    model = IALS(**SETTINGS).fit(toy)
    assert (model.query_vectors(Queries.from_lists([[]], toy.items.keys)) == 0).all()
    sparse = random_log(50, 120, 200)
    unseen = sparse.popularity == 0
    vectors = IALS(**SETTINGS).fit(sparse).item_vectors_
    assert unseen.any()
    assert (vectors[unseen] == 0).all()
    assert (vectors[~unseen] != 0).any(axis=1).all()


def test_candidates_of_each_query_in_blocks():
    """Enough candidates for several blocks of gathered vectors."""
    toy = random_log(300, 200, 3000)
    model = IALS(factors=64, epochs=2).fit(toy)
    each = np.random.default_rng(0).integers(0, 200, (300, 150)).astype(np.int32)
    right = np.take_along_axis(model.score(toy.histories()), each.astype(np.int64), axis=1)
    np.testing.assert_allclose(model.score(toy.histories(), each), right, rtol=1e-4, atol=1e-6)
