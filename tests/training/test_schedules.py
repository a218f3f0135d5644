import math

import pytest

from vitrina.errors import VitrinaError
from vitrina.training.schedules import Cosine, Exponential, Schedule, Steps


@pytest.mark.parametrize(
    ("schedule", "epoch", "factor"),
    [
        (Schedule(), 0, 1), (Schedule(), 99.5, 1),
        (Schedule(warm_up=4), 0, 0), (Schedule(warm_up=4), 1, 0.25), (Schedule(warm_up=4), 4, 1), (Schedule(warm_up=4), 9, 1),
        (Cosine(epochs=10), 0, 1), (Cosine(epochs=10), 5, 0.5), (Cosine(epochs=10), 10, 0), (Cosine(epochs=10), 20, 0),
        (Cosine(epochs=10, floor=0.2), 5, 0.6), (Cosine(epochs=10, floor=0.2), 30, 0.2), (Cosine(epochs=0), 1, 0),
        (Cosine(epochs=10, warm_up=2), 1, 0.5), (Cosine(epochs=10, warm_up=2), 2, 1), (Cosine(epochs=10, warm_up=2), 7, 0.5),
        (Steps(every=3), 2.9, 1), (Steps(every=3), 3, 0.1), (Steps(every=3, factor=0.5), 7, 0.25), (Steps(every=0), 7, 1),
        (Exponential(factor=0.9), 2, 0.81), (Exponential(factor=0.9), 0.5, math.sqrt(0.9)),
    ],
)  # fmt: skip
def test_factors(schedule, epoch, factor):
    assert schedule(epoch) == pytest.approx(factor)


def test_senseless_schedules_are_refused():
    for make in (lambda: Schedule(warm_up=-1), lambda: Cosine(epochs=math.nan), lambda: Steps(every=math.inf)):
        with pytest.raises(VitrinaError, match="must be a number of at least 0"):
            make()


def test_the_trainer_follows_the_schedule_step_by_step():
    """With a constant gradient of 1 every step moves the weight by its learning rate."""
    import torch
    from torch import nn

    from vitrina.training.plan import Plan
    from vitrina.training.trainer import train

    module, weights = nn.ParameterList([torch.zeros(1)]), []

    def step(*_):
        weights.append(module[0].item())
        return module[0].sum()

    train(module, 4, step, Plan(epochs=3, batch_size=2, lr=1.0, optimiser="sgd", schedule=Steps(every=1, factor=0.5, warm_up=1)))
    assert weights == pytest.approx([0, 0, -0.5, -1.5, -2.5, -3.0])
