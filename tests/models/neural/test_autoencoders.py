import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from tests.models.logs import checkerboard, random_log
from tests.training.interrupted import whole_and_resumed
from vitrina.models.neural.autoencoder_network import HistoryAutoencoder, normal_divergence
from vitrina.models.registry import make
from vitrina.training.linear import linear
from vitrina.training.plan import Moment
from vitrina.training.session import Session

BOTH = ("mult-dae", "mult-vae")


def network(layers: tuple[int, ...], *, variational: bool, dropout: float = 0.5) -> tuple[HistoryAutoencoder, np.ndarray]:
    x = (np.random.default_rng(0).random((5, 9)) < 0.5).astype(np.float32)
    x[0, 0] = 1
    built = HistoryAutoencoder(csr_matrix(x), layers, variational=variational, dropout=dropout, seed=0)
    return built.double(), x


@pytest.mark.parametrize("layers", [(4,), (6, 3), (6, 5, 3)])
@pytest.mark.parametrize("variational", [False, True])
def test_gradients_are_those_of_finite_differences(layers, variational):
    built, x = network(layers, variational=variational)
    moment = Moment(1, 0, 1, torch.Generator())

    def loss(*_):
        torch.manual_seed(3)  # the same dropout and the same codes
        return built.loss(torch.arange(len(x)), moment, kind="multinomial", reg=0.01, beta=0.3)

    assert torch.autograd.gradcheck(loss, tuple(built.parameters()))


def test_the_divergence_is_that_of_many_draws():
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(0, 1, (1, 3)), rng.normal(0, 0.5, (1, 3))
    z = mean + np.exp(log_variance / 2) * rng.standard_normal((400_000, 3))
    log_q = -0.5 * ((z - mean) ** 2 / np.exp(log_variance) + log_variance)
    drawn = (log_q + 0.5 * z**2).sum(axis=1)
    exact = float(normal_divergence(torch.from_numpy(mean), torch.from_numpy(log_variance)))
    assert exact == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(len(z)))


@pytest.mark.parametrize("variational", [False, True])
def test_inputs_have_length_one_and_dropout_keeps_their_mean(variational):
    built, x = network((4,), variational=variational, dropout=0.5)
    row, items, lengths = built._log.of(torch.arange(len(x)))
    unit = torch.from_numpy(x / np.linalg.norm(x, axis=1, keepdims=True)).double()
    plain = unit @ built.items + built.bias
    built.eval()
    found = built.encode(row, items, lengths)
    torch.testing.assert_close(found, plain if variational else torch.tanh(plain))
    if variational:
        built.train()
        torch.manual_seed(0)
        mean = torch.stack([built.encode(row, items, lengths) for _ in range(4000)]).mean(dim=0)
        torch.testing.assert_close(mean, plain, atol=0.06, rtol=0)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("layers", [(8,), (12, 8)])
def test_scores_are_those_of_the_network_without_dropout(name, layers):
    """What NumPy computes from the saved layers is what torch computed in training."""
    log = random_log(30, 20, 200)
    model = make(name, layers=layers, epochs=2)
    seen = []
    trained = type(model)._with
    type(model)._with = lambda self, built, people: seen.append(built) or trained(self, built, people)
    try:
        model.fit(log)
    finally:
        type(model)._with = trained
    built = seen[-1].eval()
    x = log.matrix()
    row, items = (torch.from_numpy(part.astype(np.int64)) for part in x.nonzero())
    code = built.encode(row, items, torch.from_numpy(np.diff(x.indptr).astype(np.int64)))
    expected = linear(built.decode(code[:, : layers[-1]]), *built.output).detach().numpy()
    np.testing.assert_allclose(model.score(log.histories()), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("likelihood", ["multinomial", "logistic", "gaussian"])
def test_a_small_log_is_learned_by_heart(name, likelihood):
    """Without dropout or divergence the loss falls to the best that any scores can have."""
    board = checkerboard()
    extra = {"beta": 0.0} if name == "mult-vae" else {"reg": 0.0}
    session = Session()
    with session:
        make(name, likelihood=likelihood, dropout=0.0, lr=0.02, batch=20, epochs=400, layers=(32,), **extra).fit(board.train)
    least = {"multinomial": 8 * np.log(8), "logistic": 0.0, "gaussian": 0.0}[likelihood]  # 8 items each
    assert session.outcomes[-1].curve.loss[-1] == pytest.approx(least, abs=0.1)


def test_the_weight_of_the_divergence_rises_to_its_cap():
    betas = []
    model = make("mult-vae", beta=0.4, annealing=2.0)
    model.beta_ = model.beta  # as ``fit`` does

    class Recorder:
        def loss(self, samples, moment, *, kind, sampled, beta):
            betas.append(beta)
            return kind

    step = model.step(Recorder())
    for number in (0, 5, 10, 20, 50):
        assert step(None, Moment(1, number, 10, torch.Generator())) == "multinomial"
    assert betas == pytest.approx([0.0, 0.1, 0.2, 0.4, 0.4])
    model = make("mult-vae", beta=0.4, annealing=0.0)
    model.beta_ = model.beta
    at_once = model.step(Recorder())
    at_once(None, Moment(1, 0, 10, torch.Generator()))
    assert betas[-1] == 0.4


@pytest.mark.parametrize("name", BOTH)
def test_training_goes_on_from_a_checkpoint(name, tmp_path):
    whole, again = whole_and_resumed(name, random_log(60, 30, 400), tmp_path, layers=(8,), epochs=11, batch=16)
    np.testing.assert_array_equal(again.items_, whole.items_)
    np.testing.assert_array_equal(again.item_vectors_, whole.item_vectors_)


def test_the_cap_is_what_beta_was_when_validation_was_best():
    log, values = random_log(60, 30, 400), iter([0.1, 0.2, 0.3, 0.2, *[0.5] * 4])
    settings = {"layers": (8,), "epochs": 20, "batch": 16, "annealing": 5.0}
    model = make("mult-vae", find_beta=True, **settings).fit(log, lambda scorer: next(values))
    assert (model.beta_, model.epochs_) == (15 / 20, 5)
    known = make("mult-vae", beta=0.75, **(settings | {"epochs": 5})).fit(log)
    np.testing.assert_array_equal(model.item_vectors_, known.item_vectors_)
    assert make("mult-vae", find_beta=True, beta=0.3, **settings).fit(log).beta_ == 0.3


def test_finding_the_cap_goes_on_from_a_checkpoint(tmp_path):
    settings = {"layers": (8,), "epochs": 11, "batch": 16, "find_beta": True}
    whole, again = whole_and_resumed("mult-vae", random_log(60, 30, 400), tmp_path, **settings)
    np.testing.assert_array_equal(again.item_vectors_, whole.item_vectors_)


@pytest.mark.parametrize("name", BOTH)
def test_the_number_of_threads_changes_nothing(name, monkeypatch):
    found = []
    for threads in ("1", "2"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        found.append(make(name, layers=(40, 20), epochs=2, batch=150).fit(random_log(400, 300, 5000)))
    np.testing.assert_array_equal(found[0].items_, found[1].items_)
