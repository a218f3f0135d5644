import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from vitrina.kernels import ncf
from vitrina.models.neural.ncf_network import NCFNetwork
from vitrina.training.negatives import uniform
from vitrina.training.plan import Moment

#: Product only, towers only, both; with one layer and with several.
SIZES = {
    "gmf": (5, ()),
    "mlp of one layer": (0, (8, 3)),
    "mlp": (0, (8, 6, 5, 4)),
    "neumf": (5, (12, 7, 3)),
}
every_size = pytest.mark.parametrize("size", SIZES)


def made(size: str, *, n_users: int = 20, n_items: int = 30, spread: float = 0.5) -> NCFNetwork:
    """A network whose parameters are spread enough for the layers to matter."""
    factors, layers = SIZES[size]
    x = (np.random.default_rng(0).random((n_users, n_items)) < 0.3).astype(np.float32)
    log = csr_matrix(x)
    network = NCFNetwork(log, uniform(n_items, log), factors=factors, layers=layers, seed=0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.normal(0.0, spread, parameter.shape, generator=generator))
    return network


def batch(network: NCFNetwork, n_events: int, k: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Events in which people and items stand several times."""
    rng = np.random.default_rng(seed)
    n_users, n_items = len(network.users), len(network.items)
    return torch.from_numpy(rng.integers(0, n_users, n_events)), torch.from_numpy(rng.integers(0, n_items, (n_events, k)))


def stepped(network: NCFNetwork, batches, *, by_adam: bool = True, lr: float = 0.01, first: int = 0) -> list[float]:
    """Make compiled steps with given batches, all at once; return the losses."""
    users, items = (torch.cat(parts) for parts in zip(*batches, strict=True))
    network._users, network._items = users.int(), items[:, 0].int()
    network.sampler.draw_at = lambda users, at: items[:, 1:]
    samples = torch.arange(len(users)).split([len(batch) for batch, _ in batches])
    moments = [Moment(1, first + number, 1, torch.Generator()) for number in range(len(batches))]
    return network.compiled(items.shape[1] - 1, lr, by_adam=by_adam).steps(samples, moments).tolist()


@every_size
@pytest.mark.parametrize("by_adam", [True, False])
@pytest.mark.parametrize("n_events", [1, 7, 300])
def test_compiled_steps_are_those_of_torch(size, by_adam, n_events):
    """After every step, of which each touches some rows only: losses, and in the end all parameters and means."""
    sizes = {"n_users": 200, "n_items": 300}
    network, plain = made(size, **sizes), made(size, **sizes).double()
    batches = [batch(network, n_events, seed=seed) for seed in range(12)]
    losses = stepped(network, batches, by_adam=by_adam)
    parameters = list(plain.parameters())
    optimiser = torch.optim.Adam(parameters, lr=0.01) if by_adam else torch.optim.SGD(parameters, lr=0.01)
    expected = []
    for users, items in batches:
        optimiser.zero_grad()
        loss = plain.loss(users, items)
        loss.backward()
        optimiser.step()
        expected.append(float(loss.detach()))
    assert losses == pytest.approx(expected, rel=1e-4)
    state = network.state_dict()
    for name, parameter in plain.named_parameters():
        close = torch.isclose(state[name].double(), parameter.detach(), rtol=1e-3, atol=2e-5)
        assert close.double().mean() > 0.99  # Adam magnifies the rounding of gradients that are nearly 0
        if by_adam:
            left = of_squares = 1.0
            if name != "layers":  # kept as they were after the last gradient
                since = (len(batches) - state[f"{name}_touched"]).double()[:, None]
                left, of_squares = 0.9**since, 0.999**since
            for kind, theirs, share in (("means", "exp_avg", left), ("squares", "exp_avg_sq", of_squares)):
                ours = state[f"{name}_{kind}"].double() * share
                torch.testing.assert_close(ours, optimiser.state[parameter][theirs], rtol=1e-2, atol=5e-6)


@every_size
@pytest.mark.parametrize("n_events", [1, 7, 700])
def test_compiled_gradients_are_those_of_the_plain_loss(size, n_events):
    """A plain step at rate 1 goes as far as the gradient."""
    sizes = {"n_users": 300, "n_items": 500}
    network, start = made(size, **sizes), made(size, **sizes)
    users, items = batch(network, n_events)
    (loss,) = stepped(network, [(users, items)], by_adam=False, lr=1.0)
    plain = start.double().loss(users, items)
    gradients = torch.autograd.grad(plain, list(start.parameters()))
    assert loss == pytest.approx(plain.item(), rel=1e-4, abs=1e-6)
    for end, before, right in zip(network.parameters(), start.parameters(), gradients, strict=True):
        torch.testing.assert_close(before.detach() - end.detach().double(), right, rtol=1e-4, atol=1e-6)


@every_size
def test_steps_at_once_are_those_one_by_one(size):
    """All rows are settled before they are read; whether that is done once or after every step is the same bit for bit."""
    looked, alone = made(size, n_users=90, n_items=120), made(size, n_users=90, n_items=120)
    batches = [batch(looked, 5, seed=seed) for seed in range(10)]
    stepped(alone, batches)
    for number, one in enumerate(batches):
        stepped(looked, [one], first=number)
        looked.state_dict()
    for name, tensor in alone.state_dict().items():
        assert torch.equal(tensor, looked.state_dict()[name]), name


@every_size
def test_the_plain_gradients_are_those_of_finite_differences(size):
    network = made(size, n_users=4, n_items=6).double()
    users, items = batch(network, 5, k=3)

    def loss(*_):
        return network.loss(users, items)

    assert torch.autograd.gradcheck(loss, tuple(network.parameters()))


def test_halves_of_the_first_layer_are_the_layer_over_both_vectors():
    """The equations of the paper, with both vectors side by side."""
    network = made("neumf").double()
    users, items = batch(network, 6)
    (p, r), (q, s) = (rows.split([5, 6], dim=-1) for rows in (network.users[users], network.items[items]))
    (of_user, of_item, bias, weight, further), output, last = network.parts()
    both = torch.cat([r.unsqueeze(1).expand(-1, 5, -1), s], dim=2)
    z = torch.relu(both @ torch.cat([of_user, of_item], dim=1).T + bias)
    z = torch.relu(z @ weight.T + further)
    expected = torch.cat([p.unsqueeze(1) * q, z], dim=2) @ output + last
    torch.testing.assert_close(network.logits(users, items), expected)
    likely = torch.sigmoid(expected)
    loss = -(likely[:, 0].log().sum() + (1 - likely[:, 1:]).log().sum()) / 30
    torch.testing.assert_close(network.loss(users, items), loss)


def test_large_scores_do_not_overflow():
    for bias in (1e4, -1e4):
        network = made("gmf", spread=0.0)
        with torch.no_grad():
            network.layers[-1] = bias
        assert stepped(network, [(torch.tensor([0]), torch.tensor([[1, 2]]))], by_adam=True) == pytest.approx([5e3])
        assert all(torch.isfinite(tensor).all() for tensor in network.state_dict().values())


@every_size
def test_the_number_of_threads_changes_nothing(size, monkeypatch):
    monkeypatch.setattr(ncf, "_SHARED", 0)  # however little there is to do, it is shared out
    found = []
    for threads in ("1", "2", "4"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        network = made(size, n_users=900, n_items=1500)
        stepped(network, [batch(network, n, seed=seed) for seed, n in enumerate((1100, 1, 30, 1100, 700))])
        found.append(network.state_dict())
    for other in found[1:]:
        assert all(torch.equal(found[0][name], tensor) for name, tensor in other.items())


def test_starts_as_the_paper_and_keras_do():
    log = csr_matrix(np.ones((400, 300), np.float32))
    network = NCFNetwork(log, uniform(300), factors=16, layers=(64, 32, 8), seed=0)
    for vectors in (network.users, network.items):
        assert vectors.shape[1] == 16 + 32
        assert float(vectors.detach().std()) == pytest.approx(0.01, rel=0.05)
    (of_user, of_item, bias, weight, further), output, last = network.parts()
    for part, bound in ((of_user, (6 / 96) ** 0.5), (of_item, (6 / 96) ** 0.5), (weight, (6 / 40) ** 0.5)):
        assert bound * 0.9 < float(part.detach().abs().max()) <= bound
    assert 0.7 < float(output.detach().abs().max()) / (3 / 24) ** 0.5 <= 1
    assert not any(part.any() for part in (bias, further, last))


def test_items_are_drawn_anew_and_never_consumed(monkeypatch):
    network = made("neumf")
    consumed = torch.zeros(20, 30, dtype=torch.bool)
    consumed[network._users.long(), network._items.long()] = True
    asked = []
    monkeypatch.setattr(ncf, "steps", lambda *given: asked.append([torch.from_numpy(a) for a in given[:2]]) or np.zeros(2))
    samples = torch.arange(network.n_events).split([10, network.n_events - 10])
    compiled = network.compiled(4, 0.01)
    for epoch in (1, 2):
        compiled.steps(samples, [Moment(epoch, step, 1, torch.Generator().manual_seed(2 * epoch + step)) for step in (0, 1)])
    for users, items in asked:
        assert items.shape == (network.n_events, 5)
        assert consumed[users, items[:, 0]].all()
        assert not consumed[users.unsqueeze(1), items[:, 1:]].any()
    assert not np.array_equal(asked[0][1], asked[1][1])


@every_size
def test_compiled_steps_draw_what_plain_ones_do(size):
    """From one generator both draw the same items, so the first loss is the same."""
    network, moment = made(size), lambda: Moment(1, 0, 1, torch.Generator().manual_seed(5))
    samples = torch.arange(0, network.n_events, 3)
    plain = network.step(samples, moment(), negatives=4)
    assert plain.requires_grad
    (loss,) = network.compiled(4, 0.01).steps([samples], [moment()])
    assert float(loss) == pytest.approx(float(plain.detach()), rel=1e-5)
