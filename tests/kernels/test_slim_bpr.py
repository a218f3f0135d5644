import math

import numpy as np
import pytest

from tests.kernels import slow
from vitrina.kernels.slim_bpr import SlimSteps

GOLDEN = 0x9E3779B97F4A7C15


def steps_on(histories: list[list[int]], n_items: int, **rule) -> SlimSteps:
    offsets = np.cumsum([0, *map(len, histories)])
    items = np.array([i for history in histories for i in history], np.int32)
    rule = {"symmetric": False, "optimiser": "sgd", "learning_rate": 0.1, "lambda_i": 0.0, "lambda_j": 0.0, "seed": 3} | rule
    return SlimSteps(offsets, items, n_items, **rule)


class Slow:
    """The same steps on the same random numbers, one number at a time in float64."""

    def __init__(self, histories, n_items, *, symmetric, optimiser, learning_rate, lambda_i, lambda_j, seed):
        self.histories, self.n, self.symmetric, self.optimiser = histories, n_items, symmetric, optimiser
        self.rate, self.lambda_i, self.lambda_j = learning_rate, lambda_i, lambda_j
        self.key = (seed * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) % 2**64
        self.draws = self.time = 0
        self.weights = np.zeros((n_items, n_items))
        self.mean, self.square = np.zeros(n_items), np.zeros(n_items)

    def draw(self, n):
        self.draws += 1
        return ((slow.mix((self.key + (self.draws - 1) * GOLDEN) % 2**64) >> 32) * n) >> 32

    def scaled(self, g, item):
        if self.optimiser == "adagrad":
            self.square[item] += g * g
            return g / (math.sqrt(self.square[item]) + 1e-8)
        if self.optimiser == "adam":
            self.mean[item] = 0.9 * self.mean[item] + 0.1 * g
            self.square[item] = 0.999 * self.square[item] + 0.001 * g * g
            mean, square = self.mean[item] / (1 - 0.9**self.time), self.square[item] / (1 - 0.999**self.time)
            return mean / (math.sqrt(square) + 1e-8)
        return g

    def step(self):
        self.time += 1
        users = [h for h in self.histories if 0 < len(h) < self.n]
        history = users[self.draw(len(users))]
        i = history[self.draw(len(history))]
        j = self.draw(self.n)
        while j in history:
            j = self.draw(self.n)
        difference = sum(self.weights[i, s] - self.weights[j, s] for s in history)
        g = 1 / (1 + math.exp(difference))
        up, down = self.scaled(g, i), self.scaled(g, j)
        for s in history:
            for target, change, decay in ((i, up, self.lambda_i), (j, -down, self.lambda_j)):
                if s == target:
                    continue
                self.weights[target, s] += self.rate * (change - decay * self.weights[target, s])
                if self.symmetric:
                    self.weights[s, target] = self.weights[target, s]


def test_first_steps_by_hand():
    """One person with item 0 of two: only W_10 can move (W_00 stays zero), by -rate/2, then by the sigmoid of that."""
    steps = steps_on([[0]], 2)
    steps.run(1)
    np.testing.assert_allclose(steps.weights, [[0, 0], [-0.05, 0]], rtol=1e-6)
    steps.run(1)  # x_0 - x_1 = 0.05
    np.testing.assert_allclose(steps.weights[1, 0], -0.05 - 0.1 / (1 + math.exp(0.05)), rtol=1e-6)


def test_regularisation_pulls_towards_zero_by_hand():
    steps = steps_on([[0]], 2, lambda_j=0.5)
    steps.run(2)
    expected = -0.05 * (1 - 0.1 * 0.5) - 0.1 / (1 + math.exp(0.05))
    np.testing.assert_allclose(steps.weights[1, 0], expected, rtol=1e-6)


def test_step_sizes_by_hand():
    """The first adagrad and adam steps have length one, whatever the gradient."""
    for optimiser in ("adagrad", "adam"):
        steps = steps_on([[0]], 2, optimiser=optimiser, symmetric=True)
        steps.run(1)
        np.testing.assert_allclose(steps.weights, [[0, -0.1], [-0.1, 0]], rtol=1e-6)


@pytest.mark.parametrize("optimiser", ["sgd", "adagrad", "adam"])
@pytest.mark.parametrize("symmetric", [True, False])
def test_against_slow_steps(optimiser, symmetric):
    """With people who have nothing, and one who has everything."""
    rng = np.random.default_rng(0)
    histories = [sorted(rng.permutation(9)[: rng.integers(0, 7)].tolist()) for _ in range(20)] + [list(range(9))]
    rule = {
        "symmetric": symmetric,
        "optimiser": optimiser,
        "learning_rate": 0.05,
        "lambda_i": 0.03,
        "lambda_j": 0.2,
        "seed": 11,
    }
    ours, right = steps_on(histories, 9, **rule), Slow(histories, 9, **rule)
    for n in (1, 5, 300):
        ours.run(n)
        for _ in range(n):
            right.step()
        np.testing.assert_allclose(ours.weights, right.weights, atol=2e-4)
    assert (np.diag(ours.weights) == 0).all()
    assert (ours.weights == ours.weights.T).all() == symmetric


def test_many_steps_at_once_are_the_same_as_few():
    one, two = (steps_on([[0, 1], [1, 2], [3]], 5, optimiser="adam") for _ in range(2))
    one.run(100)
    for _ in range(20):
        two.run(5)
    np.testing.assert_array_equal(one.weights, two.weights)


def test_seeds():
    one, same, other = (steps_on([[0, 1], [1, 2], [3]], 5, seed=seed) for seed in (1, 1, -2))
    for steps in (one, same, other):
        steps.run(50)
    np.testing.assert_array_equal(one.weights, same.weights)
    assert (one.weights != other.weights).any()


@pytest.mark.parametrize("histories", [[], [[], []], [[0, 1]]])
def test_nobody_with_something_to_compare(histories):
    steps = steps_on(histories, 2)
    steps.run(10)
    assert (steps.weights == 0).all()
