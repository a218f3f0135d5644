from functools import partial

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from scipy.stats import norm

from tests.models.logs import checkerboard, random_log
from vitrina.errors import VitrinaError
from vitrina.models.neural.autoencoder_network import normal_divergence
from vitrina.models.neural.recvae_network import RecVAENetwork, log_normal, log_prior
from vitrina.models.registry import make
from vitrina.training.plan import Moment
from vitrina.training.session import Session


def network(**given) -> tuple[RecVAENetwork, torch.Tensor]:
    """A network of 5 people and 7 items, and their histories as a matrix."""
    x = (np.random.default_rng(0).random((5, 7)) < 0.5).astype(np.float64)
    x[:, 0] = 1
    settings = {"width": 4, "depth": 3, "code": 2, "eps": 0.1, "turns": 3, "dropout": 0.3, "gamma": 0.2, "beta": 0.0}
    settings |= {"prior": (0.15, 0.75, 0.1), "sampled": 0, "seed": 0}
    return RecVAENetwork(csr_matrix(x), **settings | given).double(), torch.from_numpy(x)


def moment(epoch: int = 1, step: int = 1) -> Moment:
    return Moment(epoch, step, 10, torch.Generator().manual_seed(1))


def loss_of(built: RecVAENetwork, epoch: int) -> torch.Tensor:
    torch.manual_seed(3)  # the same items dropped, the same codes drawn
    return built.loss(torch.arange(5), moment(epoch))


@pytest.mark.parametrize("settings", [{}, {"beta": 0.3}, {"depth": 1}])
def test_gradients_are_those_of_finite_differences(settings):
    built, _ = network(**settings)
    built.old.code.bias.data += 0.5  # another encoder than the present one
    turns = {1: list(built.encoder.parameters()), 4: list(built.decoder.parameters())}
    for epoch, parameters in turns.items():
        assert torch.autograd.gradcheck(lambda *_, epoch=epoch: loss_of(built, epoch), tuple(parameters))


def test_each_turn_trains_its_part():
    built, _ = network()
    for epoch in range(1, 9):
        built.zero_grad(set_to_none=True)
        loss_of(built, epoch).backward()
        with_gradient = {name.split(".")[0] for name, p in built.named_parameters() if p.grad is not None}
        assert with_gradient == {"decoder" if epoch in (4, 8) else "encoder"}


def test_what_waits_for_its_turn_stays_as_it_is():
    """Adam moves on by what it remembers of the last gradients: not where there is none."""
    built, _ = network()
    optimiser = torch.optim.Adam(built.parameters(), lr=0.1)
    steps = {}
    for epoch in (1, 2, 3, 4, 5):
        before = {name: p.detach().clone() for name, p in built.named_parameters()}
        optimiser.zero_grad(set_to_none=True)
        loss_of(built, epoch).backward()
        optimiser.step()
        for part in ("encoder", "decoder", "old"):
            moved = any((p != before[name]).any() for name, p in built.named_parameters() if name.startswith(part))
            assert moved == (part == ("decoder" if epoch == 4 else "encoder"))
    for name, p in built.named_parameters():
        if p in optimiser.state:
            steps[name.split(".")[0]] = int(optimiser.state[p]["step"])
    assert steps == {"encoder": 4, "decoder": 1}


def test_the_old_encoder_is_that_before_the_epoch():
    built, _ = network()
    with torch.no_grad():
        built.encoder.code.bias += 1
    built.loss(torch.arange(5), moment(2, 10))  # the second pass of an epoch
    assert (built.old.code.bias != built.encoder.code.bias).all()
    built.loss(torch.arange(5), moment(5, 40))  # the first step of the next
    assert (built.old.code.bias == built.encoder.code.bias).all()
    assert "old.code.bias" in built.state_dict()


def test_the_prior_is_a_mixture_of_three():
    rng = np.random.default_rng(0)
    z, mean, log_variance = (rng.normal(0, 2, (4, 3)) for _ in range(3))
    density = 0.15 * norm.pdf(z) + 0.75 * norm.pdf(z, mean, np.exp(log_variance / 2)) + 0.1 * norm.pdf(z, 0, np.exp(5))
    ours = log_prior(*map(torch.from_numpy, (z, mean, log_variance)), (0.15, 0.75, 0.1))
    np.testing.assert_allclose(ours.numpy(), np.log(density))
    alone = log_prior(*map(torch.from_numpy, (z, mean, log_variance)), (0.0, 1.0, 0.0))
    np.testing.assert_allclose(alone.numpy(), norm.logpdf(z, mean, np.exp(log_variance / 2)))
    one = torch.zeros((1, 1), dtype=torch.double)
    grid = torch.linspace(-2000, 2000, 2_000_001, dtype=torch.double).view(-1, 1)
    mass = log_prior(grid, one + 3, one - 1, (0.15, 0.75, 0.1)).exp().sum() * (grid[1] - grid[0])
    assert float(mass) == pytest.approx(1.0, abs=1e-6)


def test_the_divergence_is_that_of_many_draws():
    """From N(0, I) alone it is known exactly."""
    built, _ = network(prior=(1.0, 0.0, 0.0))
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = (torch.randn(1, 2, generator=generator, dtype=torch.double) for _ in range(2))
    many = mean.expand(400_000, 2), log_variance.expand(400_000, 2)
    z = many[0] + torch.exp(many[1] / 2) * torch.randn(400_000, 2, generator=generator, dtype=torch.double)
    drawn = built.divergence(z, *many, many)
    exact = float(normal_divergence(mean, log_variance))
    assert float(drawn.mean()) == pytest.approx(exact, abs=4 * float(drawn.std()) / len(z) ** 0.5)


def test_the_loss_is_that_of_the_paper():
    built, x = network(dropout=0.0)
    built.old.code.bias.data += 0.5
    row, items = x.nonzero(as_tuple=True)
    lengths = torch.bincount(row)
    mean, log_variance = built.encoder(row, items, lengths, 0.0)
    torch.manual_seed(3)
    z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
    fit = (x * torch.log_softmax(built.decoder(z), dim=1)).sum(dim=1)
    apart = log_normal(z, mean, log_variance) - log_prior(z, *built.old(row, items, lengths, 0.0), (0.15, 0.75, 0.1))
    torch.testing.assert_close(loss_of(built, 1), (0.2 * lengths * apart.sum(dim=1) - fit).mean())
    torch.testing.assert_close(loss_of(built, 4), -fit.mean())


@pytest.mark.parametrize("depth", [1, 3])
def test_scores_are_those_of_the_network_without_dropout(depth):
    log = random_log(30, 20, 200)
    model, seen = make("recvae", width=12, depth=depth, code=6, epochs=2, lr=0.01), []
    model.step = lambda built: seen.append(built) or built.loss
    model.fit(log)
    x = log.matrix()
    row, items = (torch.from_numpy(part.astype(np.int64)) for part in x.nonzero())
    mean, _ = seen[-1].encoder(row, items, torch.from_numpy(np.diff(x.indptr).astype(np.int64)), 0.0)
    expected = seen[-1].decoder(mean).detach().numpy()
    np.testing.assert_allclose(model.score(log.histories()), expected, rtol=1e-4, atol=1e-5)


def test_a_small_log_is_learned_by_heart():
    """Without dropout or divergence the loss falls to the best that any scores can have."""
    session = Session()
    settings = {"width": 32, "depth": 2, "code": 32, "dropout": 0.0, "gamma": 0.0, "lr": 0.01, "batch": 20, "epochs": 80}
    with session:
        make("recvae", **settings).fit(checkerboard().train)
    assert session.outcomes[-1].curve.loss[-1] == pytest.approx(8 * np.log(8), abs=0.25)  # 8 items each


def test_an_epoch_is_four_passes(monkeypatch):
    asked, passes, session, loss = [], set(), Session(), RecVAENetwork.loss

    def counted(self, samples, moment):
        passes.add(moment.epoch)
        return loss(self, samples, moment)

    monkeypatch.setattr(RecVAENetwork, "loss", counted)
    with session:
        model = make("recvae", width=8, depth=2, code=4, epochs=3).fit(random_log(60, 30, 400), lambda s: asked.append(s) or 0.5)
    assert len(asked) == 3
    assert passes == set(range(1, 13))
    assert len(session.outcomes[-1].curve) == 3
    assert model.epochs_ == 1


@pytest.mark.parametrize("killed", [2, 5, 9])
def test_training_goes_on_from_a_checkpoint(killed, tmp_path, monkeypatch):
    """In whatever turn it was cut off: the old encoder is part of what is kept."""
    log = random_log(60, 30, 400)
    settings = {"width": 8, "depth": 2, "code": 4, "lr": 0.01, "epochs": 3, "batch": 16}
    whole = make("recvae", **settings).fit(log)
    loss, steps = RecVAENetwork.loss, []

    def stop(self, samples, moment):
        steps.append(moment.step)
        if moment.epoch == killed and moment.step % 4 == 2:
            raise KeyboardInterrupt
        return loss(self, samples, moment)

    session = partial(Session, checkpoints=tmp_path, identity="recvae", every_seconds=0)
    monkeypatch.setattr(RecVAENetwork, "loss", stop)
    with session(), pytest.raises(KeyboardInterrupt):
        make("recvae", **settings).fit(log)
    monkeypatch.undo()
    with session():
        again = make("recvae", **settings).fit(log)
    assert len(steps) > 1
    for learned in ("items_", "encoder_weight_1_", "norm_weight_2_", "code_bias_", "item_vectors_"):
        np.testing.assert_array_equal(getattr(again, learned), getattr(whole, learned))


def test_the_number_of_threads_changes_nothing(monkeypatch):
    found = []
    for threads in ("1", "2"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        log = random_log(400, 300, 5000)
        found.append(make("recvae", width=300, depth=3, code=20, lr=0.01, epochs=1, batch=150).fit(log))
    for learned in ("items_", "encoder_weight_1_", "norm_weight_2_", "code_bias_", "item_vectors_"):
        np.testing.assert_array_equal(getattr(found[0], learned), getattr(found[1], learned))


@pytest.mark.parametrize("prior", [(0.0, 0.0, 0.0), (0.2, 0.2, 0.2), (1.0, 1.0, 1.0)])
def test_a_prior_is_made_of_shares(prior):
    with pytest.raises(VitrinaError, match="three shares of 1"):
        make("recvae", prior=prior)
    assert make("recvae", prior=(1.0, 0.0, 0.0)).prior == (1.0, 0.0, 0.0)
