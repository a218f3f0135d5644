import copy
from functools import partial

import numpy as np
import pytest
import torch

from tests.models.logs import checkerboard, log, random_log, strangers
from vitrina.errors import VitrinaError
from vitrina.experiments.tune import chosen_settings
from vitrina.kernels import ncf
from vitrina.models.neural import ncf_model, ncf_network, pair_tower
from vitrina.models.neural.ncf_model import NCFModel
from vitrina.models.registry import make
from vitrina.training import trainer
from vitrina.training.session import Session

#: Small models of every kind, with settings that learn within a few epochs.
SMALL = {
    "gmf": ("gmf", {"factors": 8}),
    "mlp": ("mlp", {"layers": (16, 12, 8)}),
    "neumf": ("neumf", {"factors": 6, "layers": (16, 12, 8)}),
    "pretrained": (
        "neumf",
        {"factors": 6, "layers": (16, 12, 8), "pretrain": True, "gmf_epochs": 3, "mlp_epochs": 2, "sgd_lr": 0.1},
    ),
}
every_kind = pytest.mark.parametrize("kind", SMALL)


def small(kind: str, **settings) -> NCFModel:
    name, own = SMALL[kind]
    return make(name, **{"batch": 100, "lr": 0.01, "epochs": 3, **own, **settings})


def networks(monkeypatch) -> list:
    """All networks that are trained from now on."""
    seen = []
    take = NCFModel._with

    def noted(self, network):
        seen.append(network)
        return take(self, network)

    monkeypatch.setattr(NCFModel, "_with", noted)
    return seen


def logits(network, n_users: int, n_items: int) -> np.ndarray:
    items = torch.arange(n_items).expand(n_users, -1)
    return network.logits(torch.arange(n_users), items).detach().numpy()


@every_kind
def test_scores_are_those_of_the_network(kind, monkeypatch):
    """Of all items, of shared ones and of each query's own, whatever the blocks."""
    data = random_log(30, 20, 200)
    seen = networks(monkeypatch)
    model, known = small(kind).fit(data), data.histories()
    right = logits(seen[-1], 30, 20)
    rng = np.random.default_rng(0)
    shared, own = rng.permutation(20)[:7].astype(np.int32), rng.integers(0, 20, (30, 9)).astype(np.int32)
    for block_bytes in (2**20, 200):
        monkeypatch.setattr(pair_tower, "_BLOCK_BYTES", block_bytes)
        for items, expected in ((None, right), (shared, right[:, shared]), (own, np.take_along_axis(right, own, axis=1))):
            np.testing.assert_allclose(model.score(known, items), expected, rtol=1e-4, atol=1e-6)


@every_kind
def test_people_without_training_have_no_score(kind):
    """Nor has who consumed all there is: for such a person no other item can be drawn."""
    events = [(f"u{u}", f"i{i}") for u in range(6) for i in range(3 + u % 2)] + [("all", f"i{i}") for i in range(5)]
    data = log([*events, ("u0", "i4")], users=None)
    model, known = small(kind).fit(data), data.histories()
    scores = model.score(known)
    everything = data.users.encode(["all"])[0]
    assert np.isnan(scores[everything]).all()
    assert np.isfinite(np.delete(scores, everything, axis=0)).all()
    assert np.isnan(model.score(strangers(known))).all()


@pytest.mark.parametrize("kind", ["gmf", "mlp", "neumf"])
def test_a_small_log_is_learned_by_heart(kind):
    data = checkerboard().train
    session, wide = Session(), {"factors": 16, "layers": (64, 64, 32)}
    sizes = {name: wide[name] for name in SMALL[kind][1]}
    with session:
        model = small(kind, batch=400, epochs=150, **sizes).fit(data)
    assert session.outcomes[-1].curve.loss[-1] < 0.02  # guessing 1 of 5 costs 0.5
    scores, x = model.score(data.histories()), data.matrix().toarray() > 0
    right = (scores[x][:, None] > scores[~x]).mean()
    assert right > 0.995  # not all: of a person for whom a whole layer has died, a tower says nothing any more


def test_pretrained_scores_are_the_mean_of_both_before_training_goes_on():
    data = random_log(40, 25, 300)
    for alpha in (0.5, 0.8):
        model = small("pretrained", alpha=alpha)
        gmf, mlp = (part.fit(data) for part in model.parts)
        network = model._network(data)
        model.join(network, gmf, mlp)
        known = data.histories()
        expected = alpha * gmf.score(known) + (1 - alpha) * mlp.score(known)
        np.testing.assert_allclose(logits(network, 40, 25), expected, rtol=1e-4, atol=1e-5)
        assert network.layers[-1].item() == pytest.approx(alpha * gmf.output_bias_ + (1 - alpha) * mlp.output_bias_, rel=1e-5)
        np.testing.assert_array_equal(network.users.detach()[:, :6], gmf.user_factors_)


def test_pretraining_is_by_adam_and_what_follows_by_plain_steps(monkeypatch):
    plans, before, steps = [], [], []
    train, compiled = trainer.train, ncf.steps

    def noted(network, n_samples, step, plan, **others):
        plans.append(plan)
        before[:] = [copy.deepcopy(network)]
        return train(network, n_samples, step, plan, **others)

    def made(users, items, *others):
        steps[:] = [(torch.from_numpy(users.copy()), torch.from_numpy(items.copy()))]
        return compiled(users, items, *others)

    monkeypatch.setattr(trainer, "train", noted)
    monkeypatch.setattr(ncf, "steps", made)
    seen = networks(monkeypatch)
    data = random_log(40, 25, 300)
    model = small("pretrained", epochs=1, batch=10**6).fit(data)
    assert [(p.optimiser, p.lr, p.epochs) for p in plans] == [("adam", 0.01, 3), ("adam", 0.01, 2), ("sgd", 0.1, 1)]
    assert not any(seen[-1].get_buffer(f"{name}_means").any() for name in ("users", "items", "layers"))
    start = list(before[0].parameters())
    gradients = torch.autograd.grad(before[0].loss(*steps[0]), start)  # one step: exactly the gradient, times the rate
    for end, begun, gradient in zip(seen[-1].parameters(), start, gradients, strict=True):
        torch.testing.assert_close(end.detach(), begun.detach() - 0.1 * gradient)
    assert (model.gmf_epochs_, model.mlp_epochs_, model.epochs_) == (3, 2, 1)


def test_validation_chooses_the_epochs_of_all_three_trainings(monkeypatch):
    monkeypatch.setattr(ncf_model, "_STEPS", 1)
    data = random_log(40, 25, 300)
    wait = [0.1] * NCFModel.patience
    values = iter([0.2, *wait, 0.1, 0.3, *wait, 0.2, 0.1, 0.2, 0.3])
    model = small("pretrained", gmf_epochs=20, mlp_epochs=20).fit(data, lambda scorer: next(values))
    assert (model.gmf_epochs_, model.mlp_epochs_, model.epochs_) == (1, 2, 3)
    again = small("pretrained", gmf_epochs=1, mlp_epochs=2).fit(data)
    np.testing.assert_array_equal(again.score(data.histories()), model.score(data.histories()))


def test_without_pretraining_only_the_epochs_of_the_whole_are_chosen():
    whole, parts = (
        small(kind, epochs=1, **extra).fit(random_log(9, 7, 20)) for kind, extra in (("neumf", {}), ("pretrained", {}))
    )
    assert chosen_settings(whole) == {"epochs": 1}
    assert chosen_settings(parts) == {"epochs": 1, "gmf_epochs": 3, "mlp_epochs": 2}


def test_where_no_further_step_helps_the_pretrained_network_is_its_start(monkeypatch):
    monkeypatch.setattr(ncf_model, "_STEPS", 1)
    data = random_log(40, 25, 300)
    values = iter([0.2, 0.2, 0.1, 0.3, 0.1, 0.1])
    model = small("pretrained", gmf_epochs=2, mlp_epochs=1, epochs=2, alpha=0.3).fit(data, lambda scorer: next(values))
    assert (model.gmf_epochs_, model.mlp_epochs_, model.epochs_) == (1, 1, 0)
    again = small("pretrained", gmf_epochs=1, mlp_epochs=1, epochs=0, alpha=0.3).fit(data)
    gmf, mlp = (part.score(data.histories()) for part in (p.fit(data) for p in again.parts))
    for scores in (model.score(data.histories()), again.score(data.histories())):
        np.testing.assert_allclose(scores, 0.3 * gmf + 0.7 * mlp, rtol=1e-4, atol=1e-5)


def test_a_random_start_is_no_model():
    with pytest.raises(VitrinaError, match="random start"):
        make("neumf", epochs=0)


def test_on_a_small_log_some_steps_lie_between_validations():
    seen = []
    small("gmf", batch=100, epochs=20).fit(random_log(40, 25, 300), lambda scorer: float(len(seen.append(scorer) or seen)))
    assert len(seen) == 3  # 300 events are 15 steps: after 7 epochs, 14 and the last


@every_kind
def test_training_goes_on_from_a_checkpoint(kind, tmp_path):
    """Interrupted in every epoch, of every training."""
    data = random_log(60, 30, 400)
    fit = partial(small(kind).fit, data)
    whole, asked = fit(lambda scorer: 0.5), []

    def stop(scorer):
        asked.append(scorer)
        raise KeyboardInterrupt

    session = partial(Session, checkpoints=tmp_path, identity=kind, every_seconds=0)
    for _ in range(2):
        with session(), pytest.raises(KeyboardInterrupt):
            fit(stop)
    with session():
        again = fit(lambda scorer: 0.5)
    assert len(asked) == 2
    np.testing.assert_array_equal(again.score(data.histories()), whole.score(data.histories()))


@every_kind
def test_training_goes_on_from_the_middle_of_an_epoch(kind, tmp_path, monkeypatch):
    """Where the calls of compiled steps begin and end does not matter."""
    data, compiled, calls, kills = random_log(60, 30, 400), ncf.steps, [], ()
    fit = partial(small(kind).fit, data)

    def counted(*given):
        calls.append(given)
        if len(calls) in kills:
            raise KeyboardInterrupt
        return compiled(*given)

    monkeypatch.setattr(ncf, "steps", counted)
    whole = fit()
    monkeypatch.setattr(ncf_network, "_AT_ONCE", 300)  # three steps in a call
    calls.clear()
    fit()
    needed, kills = len(calls), (3, 12)
    calls.clear()
    session = partial(Session, checkpoints=tmp_path, identity=kind, every_seconds=0)
    for _ in range(2):
        with session(), pytest.raises(KeyboardInterrupt):
            fit()
    with session():
        again = fit()
    assert len(calls) == needed + 2  # nothing is done again but what was killed
    np.testing.assert_array_equal(again.score(data.histories()), whole.score(data.histories()))


@pytest.mark.parametrize("kind", ["gmf", "neumf"])
def test_after_an_explosion_the_weights_are_those_of_the_epoch_before(kind, monkeypatch):
    """Rows that waited with their steps must not make them with weights that were put back."""
    data, compiled = random_log(60, 30, 400), ncf.steps
    right = small(kind, epochs=2).fit(data).score(data.histories())

    def exploding(users, items, ends, weights, d, widths, rule):
        losses = compiled(users, items, ends, weights, d, widths, rule)
        return np.where(np.arange(rule.step, rule.step + len(losses)) == 50, np.nan, losses)  # an epoch are 20 steps

    monkeypatch.setattr(ncf, "steps", exploding)
    model = small(kind, epochs=3).fit(data)
    assert model.epochs_ == 2
    np.testing.assert_array_equal(model.score(data.histories()), right)


@every_kind
def test_the_number_of_threads_changes_nothing(kind, monkeypatch):
    monkeypatch.setattr(ncf, "_SHARED", 0)  # however little there is to do, it is shared out
    data, found = random_log(400, 300, 5000), []
    for threads in ("1", "2"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        found.append(small(kind, epochs=1, batch=2000).fit(data).score(data.histories()))
    np.testing.assert_array_equal(found[0], found[1])


def test_a_batch_counts_drawn_items_too():
    assert make("gmf", batch=1024, negatives=4).events == 204
    assert make("gmf", batch=3, negatives=4).events == 1


def test_layers_are_those_of_the_authors_unless_given():
    assert make("mlp", factors=8).tower == (64, 32, 16, 8)
    assert make("neumf", factors=64).tower == (512, 256, 128, 64)
    assert make("neumf", factors=64, layers=(128, 128, 64)).tower == (128, 128, 64)
    assert make("mlp", layers=(32, 32, 16, 8)).tower == (32, 32, 16, 8)


@pytest.mark.parametrize("name", ["mlp", "neumf"])
@pytest.mark.parametrize("layers", [(8,), (9, 4)])
def test_layers_that_are_no_tower_are_refused(name, layers):
    with pytest.raises(VitrinaError, match="is no tower"):
        make(name, layers=layers)


def test_settings_that_would_change_nothing_are_refused():
    for name, settings in (("mlp", {"layers": (16, 8), "factors": 32}), ("neumf", {"alpha": 0.3}), ("neumf", {"sgd_lr": 0.5})):
        with pytest.raises(VitrinaError, match="matters only with"):
            make(name, **settings)
