import math
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.training.toy import N_SAMPLES, PLAN, STEPS_PER_EPOCH, Toy, trained
from vitrina.errors import VitrinaError
from vitrina.training.plan import Compiled, Plan
from vitrina.training.schedules import Schedule
from vitrina.training.session import Session, current
from vitrina.training.trainer import train

LONG = replace(PLAN, epochs=60, batch_size=37, clip=None, validate_every=1, patience=4)


def scripted(values, plan=LONG):
    """Train with a validation that returns ``values`` one after the other; keep the weights that it saw."""
    toy, seen, left = Toy(), [], iter(values)

    def validate():
        assert not toy.training
        seen.append(toy.flat().clone())
        return next(left)

    return toy, train(toy, N_SAMPLES, toy.loss, plan, validate=validate), seen


# --- what it learns


def test_learns():
    toy, outcome = trained(plan=replace(PLAN, epochs=200, patience=200))
    assert outcome.curve.loss[-1] < outcome.curve.loss[0] / 3
    assert toy.value() > Toy().value() / 10
    assert not toy.training


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd", "adagrad"])
def test_every_optimiser_learns_and_repeats_itself(optimiser):
    plan = replace(PLAN, optimiser=optimiser, epochs=20, patience=20)
    (one, outcome), (other, _) = trained(plan=plan), trained(plan=plan)
    assert outcome.value > Toy().value()
    assert torch.equal(one.flat(), other.flat())


def test_one_step_of_gradient_descent_is_that_of_the_formula():
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 2.0)
    plan = Plan(epochs=1, batch_size=4, lr=0.1, optimiser="sgd", weight_decay=0.5)
    train(module, 4, lambda samples, _: module(samples.float().unsqueeze(1)).square().mean(), plan)
    gradient = 2 * 2.0 * (0 + 1 + 4 + 9) / 4 + 0.5 * 2.0
    assert module.weight.item() == pytest.approx(2.0 - 0.1 * gradient)


def test_every_sample_once_an_epoch_in_a_new_order():
    seen = []
    module = nn.Linear(1, 1)

    def step(samples, moment):
        seen.append((moment.epoch, samples))
        return module(samples.float().unsqueeze(1)).mean() * 0

    train(module, 10, step, Plan(epochs=3, batch_size=4, lr=0.1))
    orders = [torch.cat([s for e, s in seen if e == epoch]).tolist() for epoch in (1, 2, 3)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert [len(s) for _, s in seen] == [4, 4, 2] * 3


def test_clipping_bounds_the_step():
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 100.0)
    plan = Plan(epochs=1, batch_size=1, lr=1.0, optimiser="sgd", clip=0.25)
    train(module, 1, lambda *_: module.weight.square().sum(), plan)
    assert module.weight.item() == pytest.approx(100 - 0.25)


def test_groups_have_rates_of_their_own_and_follow_the_schedule():
    fast, slow = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    module = nn.ParameterList([fast, slow])
    groups = [{"params": [fast], "lr": 0.2}, {"params": [slow]}]
    plan = Plan(epochs=1, batch_size=1, lr=0.1, optimiser="sgd")
    train(module, 1, lambda *_: fast.sum() + slow.sum(), plan, groups=groups)
    assert fast.item() == pytest.approx(0.8)
    assert slow.item() == pytest.approx(0.9)


# --- the same again


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    (one, a), (other, b) = trained(), trained()
    assert torch.equal(one.flat(), other.flat())
    assert (a.curve.loss, a.curve.metric) == (b.curve.loss, b.curve.metric)
    assert not torch.equal(one.flat(), trained(plan=replace(PLAN, seed=4))[0].flat())


def test_what_validation_draws_does_not_matter():
    plan = replace(PLAN, epochs=4, patience=9)
    quiet, loud = Toy(), Toy()
    train(quiet, N_SAMPLES, quiet.loss, plan, validate=lambda: float(plan.epochs))
    train(loud, N_SAMPLES, loud.loss, plan, validate=lambda: float(plan.epochs) + 0 * torch.rand(100).sum().item())
    assert torch.equal(quiet.flat(), loud.flat())


def test_global_settings_are_put_back():
    torch.manual_seed(5)
    right = torch.rand(3)
    torch.manual_seed(5)
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    trained()
    assert torch.equal(torch.rand(3), right)
    assert torch.get_num_threads() == threads
    assert torch.get_deterministic_debug_mode() == mode


def test_a_lost_gradient_is_an_error():
    toy = Toy()
    with pytest.raises(RuntimeError, match="grad"):
        train(toy, N_SAMPLES, lambda samples, moment: toy.loss(samples, moment).detach(), replace(PLAN, epochs=1))


def by_hand(toy: "Toy", at_once: int, asked: list[int] | None = None) -> Compiled:
    """Plain steps of gradient descent, several in a call."""

    def steps(batches, moments):
        if asked is not None:
            asked.append(len(batches))
        losses = []
        for batch, moment in zip(batches, moments, strict=True):
            toy.zero_grad()
            loss = toy.loss(batch, moment)
            loss.backward()
            with torch.no_grad():
                for parameter in toy.parameters():
                    parameter -= PLAN.lr * parameter.grad
            losses.append(loss.detach())
        return torch.stack(losses)

    return Compiled(steps, at_once)


@pytest.mark.parametrize("at_once", [1, 2 * PLAN.batch_size, 10**6])
def test_compiled_steps_take_the_place_of_the_others(at_once):
    """Batches, what is drawn and the curve are the same, however many steps are made in one call."""
    plan = replace(PLAN, optimiser="sgd", schedule=Schedule(), clip=None)
    plain, toy, asked = Toy(), Toy(), []
    plain.dropout.p = toy.dropout.p = 0.0
    expected = train(plain, N_SAMPLES, plain.loss, plan)
    outcome = train(toy, N_SAMPLES, None, plan, compiled=by_hand(toy, at_once, asked))
    torch.testing.assert_close(toy.flat(), plain.flat())
    assert outcome.curve.loss == pytest.approx(expected.curve.loss)
    steps = -(-N_SAMPLES // plan.batch_size)
    n = min(steps, max(1, at_once // plan.batch_size))
    assert asked == ([n] * (steps // n) + [steps % n] * (steps % n > 0)) * plan.epochs


def test_compiled_steps_that_explode_end_the_training():
    toy = Toy()
    outcome = train(
        toy,
        N_SAMPLES,
        None,
        PLAN,
        compiled=Compiled(lambda batches, moments: torch.tensor([1.0, math.nan, 1.0])[: len(batches)], 10**6),
    )
    assert "the loss became nan in epoch 1 (step 2)" in outcome.message


# --- when it stops


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ([1, 5, 4, 4, 4, 4], 2),
        ([1, 5, 4, 4, 4, 6, 5, 5, 5, 5], 6),
        ([5, 5, 5, 5, 5], 1),  # equally good: the shorter training
        ([math.nan, 2, math.nan, 1, 1, 1], 2),
    ],
)
def test_stops_early_with_the_best_weights(values, best):
    toy, outcome, seen = scripted(values)
    assert outcome.epochs == best
    assert outcome.value == max(v for v in values if v == v)
    assert len(outcome.curve) == len(values)
    assert torch.equal(toy.flat(), seen[best - 1])


def test_a_refit_with_the_chosen_epochs_gives_the_same_weights():
    toy, outcome, _ = scripted([1, 5, 4, 4, 4, 4])
    again = Toy()
    refitted = train(again, N_SAMPLES, again.loss, replace(LONG, epochs=outcome.epochs))
    assert torch.equal(again.flat(), toy.flat())
    assert refitted.curve.loss == outcome.curve.loss[:2]
    assert refitted.value is None


@pytest.mark.parametrize(("values", "best"), [([5, 1, 2, 3, 4], 0), ([5, 1, 6, 2, 2, 2, 2], 2), ([math.nan, 1, 0, 0, 0, 0], 1)])
def test_where_the_start_counts_it_may_be_the_best(values, best):
    toy, outcome, seen = scripted(values, plan=replace(LONG, start_counts=True))
    assert (outcome.epochs, outcome.value, outcome.failed) == (best, values[best], False)
    assert len(seen) == len(values) == len(outcome.curve) + 1
    assert torch.equal(seen[0], Toy().flat())
    assert torch.equal(toy.flat(), seen[best])
    assert outcome.curve.start == (None if math.isnan(values[0]) else values[0])


def test_without_any_number_the_last_weights_stand():
    toy, outcome, seen = scripted([math.nan] * 4)
    assert outcome.epochs == 4
    assert outcome.value is None
    assert torch.equal(toy.flat(), seen[-1])


def test_validates_every_few_epochs_and_after_the_last():
    toy, asked = Toy(), []
    plan = replace(LONG, epochs=7, validate_every=3)
    outcome = train(toy, N_SAMPLES, toy.loss, plan, validate=lambda: asked.append(1) or float(len(asked)))
    assert [value is not None for value in outcome.curve.metric] == [False, False, True, False, False, True, True]
    assert outcome.epochs == 7


# --- when it goes wrong


def exploding(at, value):
    """A step whose loss becomes ``value`` in step ``at``, and the weights after each epoch of one step."""
    toy, after = Toy(), []

    def step(samples, moment):
        if moment.step:
            after.append(toy.flat().clone())
        loss = toy.loss(samples, moment)
        return loss * value if moment.step >= at else loss

    return toy, step, after


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e12])
def test_an_exploding_loss_ends_with_a_message_and_the_last_good_weights(value):
    toy, step, after = exploding(at=3, value=value)
    outcome = train(toy, N_SAMPLES, step, LONG)
    assert outcome.epochs == 3
    assert not outcome.failed
    assert "in epoch 4 (step 4), so the weights are those after epoch 3" in outcome.message
    assert "smaller learning rate than 0.05, or clip the gradient" in outcome.message
    assert torch.equal(toy.flat(), after[2])
    assert len(outcome.curve) == 3


def test_an_explosion_after_the_best_epoch_keeps_that():
    toy, step, after = exploding(at=3, value=math.nan)
    values = iter([1.0, 3.0, 2.0])
    outcome = train(toy, N_SAMPLES, step, LONG, validate=lambda: next(values))
    assert outcome.epochs == 2
    assert torch.equal(toy.flat(), after[1])


def test_an_explosion_after_a_start_that_was_best_keeps_the_start():
    toy, step, _ = exploding(at=2, value=math.nan)
    start, values = toy.flat().clone(), iter([3.0, 2.0, 1.0])
    outcome = train(toy, N_SAMPLES, step, replace(LONG, start_counts=True), validate=lambda: next(values))
    assert (outcome.epochs, outcome.value, outcome.failed) == (0, 3.0, False)
    assert "in epoch 3 (step 3), so the weights are those of the start" in outcome.message
    assert torch.equal(toy.flat(), start)


def test_memory_that_runs_out_is_told():
    toy = Toy()
    with pytest.raises(VitrinaError, match=r"memory of cpu ran out in training\. Use a smaller batch"):
        train(toy, N_SAMPLES, lambda *_: torch.zeros(10**15).sum(), PLAN)

    def other(*_):
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        train(toy, N_SAMPLES, other, PLAN)


def test_nothing_good_is_told():
    toy, step, _ = exploding(at=0, value=math.nan)
    start = toy.flat().clone()
    outcome = train(toy, N_SAMPLES, step, LONG)
    assert outcome.failed
    assert "nothing was learned" in outcome.message
    assert torch.equal(toy.flat(), start)


def test_weights_that_explode_in_the_last_step_of_an_epoch_are_noticed():
    """The loss of a step is computed before its update: a good loss may leave broken weights."""
    toy = Toy()

    def step(samples, moment):
        if moment.step == 2:
            toy.out.register_hook(lambda gradient: gradient * math.nan)
        return toy.loss(samples, moment)

    outcome = train(toy, N_SAMPLES, step, replace(LONG, epochs=3))
    assert outcome.epochs == 2
    assert "the weights exploded in epoch 3" in outcome.message
    assert toy.flat().isfinite().all()


def test_a_real_explosion():
    toy = Toy()
    outcome = train(toy, N_SAMPLES, toy.loss, replace(LONG, optimiser="sgd", lr=1e6))
    assert "smaller learning rate than 1e+06" in outcome.message


def test_an_explosion_in_an_epoch_of_one_step_keeps_nothing():
    """Its loss is that of the start, and nobody has seen the loss of the weights after it."""
    toy = Toy()
    start = toy.flat().clone()
    outcome = train(toy, N_SAMPLES, toy.loss, replace(LONG, lr=1e20, schedule=Schedule()))
    assert outcome.failed
    assert torch.equal(toy.flat(), start)


def test_nothing_to_train_on():
    with pytest.raises(VitrinaError, match="no samples"):
        train(Toy(), 0, lambda *_: torch.zeros(()), PLAN)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"epochs": 0}, "epochs must be at least 1, got 0"), ({"lr": 0.0}, "lr must be above 0"), ({"clip": -1.0}, "clip must be")],
)
def test_senseless_plans_are_refused(wrong, message):
    with pytest.raises(VitrinaError, match=message):
        replace(PLAN, **wrong)


# --- what it tells


def test_the_session_collects_curves_and_reports(monkeypatch):
    monkeypatch.setattr("vitrina.training.trainer._REPORTED", 0.0)
    standings = []
    with Session(report=standings.append, device="cpu") as session:
        toy = Toy()
        outcome = train(toy, N_SAMPLES, toy.loss, replace(PLAN, epochs=2), validate=lambda: 0.5)
        assert current() is session
    assert current() is not session
    assert session.outcomes == [outcome]
    assert session.curve is outcome.curve
    assert len(outcome.curve.seconds) == 2
    assert min(outcome.curve.seconds) > 0
    assert len(standings) == 2 * STEPS_PER_EPOCH + 2
    assert [s.epoch for s in standings] == [1] * (STEPS_PER_EPOCH + 1) + [2] * (STEPS_PER_EPOCH + 1)
    assert standings[STEPS_PER_EPOCH].loss == pytest.approx(outcome.curve.loss[0])
    assert standings[-1].metric == 0.5
    assert [s.seconds_left > 0 for s in standings] == [True] * (len(standings) - 2) + [False] * 2


def test_an_epoch_of_several_passes_is_told_as_one(monkeypatch):
    monkeypatch.setattr("vitrina.training.trainer._REPORTED", 0.0)
    toy, standings = Toy(), []
    plan = replace(LONG, epochs=6, passes=3, validate_every=3)
    with Session(device="cpu", report=standings.append):
        single = train(toy, N_SAMPLES, toy.loss, replace(plan, passes=1), validate=toy.value)
        standings.clear()
        toy = Toy()
        outcome = train(toy, N_SAMPLES, toy.loss, plan, validate=toy.value)
    assert outcome.epochs == single.epochs
    losses = single.curve.loss
    assert outcome.curve.loss == pytest.approx([sum(losses[:3]) / 3, sum(losses[3:]) / 3])
    assert outcome.curve.metric == [single.curve.metric[2], single.curve.metric[5]]
    assert len(outcome.curve.seconds) == 2
    assert {s.epochs for s in standings} == {2}
    assert [s.epoch for s in standings] == sorted(s.epoch for s in standings)
    assert {s.epoch for s in standings} == {1, 2}
    assert standings[-1].done == 2

    toy, step, _ = exploding(at=4, value=math.nan)
    outcome = train(toy, N_SAMPLES, step, plan)
    assert "in epoch 2 (step 5), so the weights are those after epoch 2" in outcome.message
    assert len(outcome.curve) == 2


def test_a_plain_curve_is_json():
    from vitrina.training.outcome import Curve

    curve = Curve([0.5, math.inf], [None, math.nan], [1.0, 2.0])
    assert curve.plain() == {"loss": [0.5, None], "metric": [None, None], "seconds": [1.0, 2.0], "start": None}
    assert Curve(start=math.nan).plain()["start"] is None
    assert Curve(start=0.5).plain()["start"] == 0.5


def test_torch_is_not_imported_before_it_is_needed():
    code = "import sys, vitrina, vitrina.cli.app, vitrina.models.early, vitrina.experiments.compare; "
    code += "from vitrina.models.registry import make; make('fm'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- where it runs


def test_unknown_devices_are_refused(monkeypatch):
    for wanted in ("gpu", "cuda:99", "cpu:x"):
        with Session(device=wanted), pytest.raises(VitrinaError, match=f"no device '{wanted}' here. Known: auto, .*cpu"):
            train(Toy(), N_SAMPLES, lambda *_: torch.zeros(()), PLAN)
    monkeypatch.setenv("VITRINA_DEVICE", "abacus")
    with pytest.raises(VitrinaError, match="abacus"):
        train(Toy(), N_SAMPLES, lambda *_: torch.zeros(()), PLAN)


def test_the_fastest_device_that_the_model_can_use_is_taken(monkeypatch):
    from vitrina.training.devices import pick_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device("auto") == torch.device("cuda")
    assert pick_device("cuda:1") == torch.device("cuda:1")
    assert pick_device("auto", ("cpu",)) == pick_device("cuda", ("cpu",)) == torch.device("cpu")
    with pytest.raises(VitrinaError, match="cuda:2"):
        pick_device("cuda:2")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_learns_on_cuda_in_every_precision(precision, tmp_path):
    from vitrina.training.plan import Moment

    toy = Toy()

    def step(samples, moment: Moment):
        return (toy.table[samples] @ toy.out - toy.truth[samples]).square().mean()

    with Session(device="cuda", checkpoints=tmp_path):
        outcome = train(toy, N_SAMPLES, step, replace(PLAN, epochs=50, precision=precision))
    assert outcome.curve.loss[-1] < outcome.curve.loss[0] / 3
