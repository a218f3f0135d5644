import numpy as np
import pytest

from vitrina.kernels.strata import Strata
from vitrina.kernels.visual_bpr import visual_bpr_epoch

OWN, SEEN, COLUMNS = 3, 2, 5


def parameters(n_users: int, n_items: int) -> dict[str, np.ndarray]:
    shapes = {
        "users": (n_users, OWN + SEEN),
        "items": (n_items, OWN),
        "biases": n_items,
        "features": (n_items, COLUMNS),
        "visual": (SEEN + 1, COLUMNS),
    }
    rng = np.random.default_rng(0)
    return {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def log(n_users: int, n_items: int) -> Strata:
    """Everybody consumed a few items."""
    items = np.concatenate([np.sort(np.random.default_rng(u).permutation(n_items)[:5]) for u in range(n_users)])
    return Strata(5 * np.arange(n_users + 1, dtype=np.int32), items.astype(np.int32), n_items)


def loss(users, items, biases, features, visual, *, reg, reg_visual):
    """The paper's, of the pair of the consumed item 0 and the item 1 (He and McAuley 2016, equations 4 and 7)."""

    def x(i):
        gamma, theta = users[0, :OWN], users[0, OWN:]
        return biases[i] + gamma @ items[i] + theta @ (visual[:-1] @ features[i]) + visual[-1] @ features[i]

    met = sum(float((v**2).sum()) for v in (users[0], items, biases))
    return np.log1p(np.exp(x(1) - x(0))) + reg / 2 * met + reg_visual / 2 * (visual**2).sum()


def test_a_step_descends_along_the_gradient_of_finite_differences():
    """With one consumed item and one other there is but one pair; a tiny step is the gradient of every parameter."""
    rates, lr = {"reg": 0.1, "reg_visual": 0.05}, 1e-2
    before = parameters(1, 2)
    after = {name: value.copy() for name, value in before.items()}
    strata = Strata(np.array([0, 1], np.int32), np.array([0], np.int32), 2)
    visual_bpr_epoch(strata, **after, lr=lr, **rates, rng=np.random.default_rng())
    exact = {name: value.astype(float) for name, value in before.items()}
    np.testing.assert_array_equal(after["features"], before["features"])
    for name in ("users", "items", "biases", "visual"):
        for place in np.ndindex(before[name].shape):
            slopes = []
            for move in (1e-5, -1e-5):
                moved = {n: v.copy() for n, v in exact.items()}
                moved[name][place] += move
                slopes.append(loss(**moved, **rates))
            slope = (slopes[0] - slopes[1]) / 2e-5
            assert (before[name][place] - after[name][place]) / lr == pytest.approx(slope, abs=2e-4), (name, place)


def test_the_mean_loss_is_that_of_the_pairs():
    now = parameters(1, 2)
    expected = loss(**{n: v.astype(float) for n, v in now.items()}, reg=0, reg_visual=0)
    strata = Strata(np.array([0, 1], np.int32), np.array([0], np.int32), 2)
    found = visual_bpr_epoch(strata, **now, lr=1e-6, reg=0, reg_visual=0, rng=np.random.default_rng())
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_number_of_threads_changes_nothing(monkeypatch):
    strata = log(512, 512)
    assert strata.n_blocks == 8
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        now, rng = parameters(512, 512), np.random.default_rng(4)
        for _ in range(2):
            visual_bpr_epoch(strata, **now, lr=0.05, reg=0.01, reg_visual=1e-4, rng=rng)
        found.append(now)
    for name, value in found[0].items():
        np.testing.assert_array_equal(found[1][name], value)


def test_a_user_who_has_everything_is_passed_over():
    now = parameters(1, 2)
    before = {name: value.copy() for name, value in now.items()}
    strata = Strata(np.array([0, 2], np.int32), np.array([0, 1], np.int32), 2)
    assert visual_bpr_epoch(strata, **now, lr=0.1, reg=0.1, reg_visual=0.1, rng=np.random.default_rng()) == 0
    for name, value in before.items():
        np.testing.assert_array_equal(now[name], value)


def test_epochs_make_the_loss_fall():
    strata, now, rng = log(64, 64), parameters(64, 64), np.random.default_rng(0)
    losses = [visual_bpr_epoch(strata, **now, lr=0.05, reg=0.01, reg_visual=1e-4, rng=rng) for _ in range(20)]
    assert losses[-1] < 0.7 * losses[0]
