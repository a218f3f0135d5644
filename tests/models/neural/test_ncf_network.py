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
    n_users, n_items = len(network.user_factors), len(network.item_factors)
    return torch.from_numpy(rng.integers(0, n_users, n_events)), torch.from_numpy(rng.integers(0, n_items, (n_events, k)))


def gradients(network: NCFNetwork, users: torch.Tensor, items: torch.Tensor, scale: float = 1.0) -> list[torch.Tensor]:
    loss = network.loss_of(users, items) * scale
    found = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
    return [loss.detach(), *(torch.zeros_like(p) if g is None else g for g, p in zip(found, network.parameters(), strict=True))]


@every_size
@pytest.mark.parametrize("n_events", [1, 7, 700])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_compiled_gradients_are_those_of_the_plain_loss(size, n_events, scale):
    network = made(size, n_users=300, n_items=500)
    users, items = batch(network, n_events)
    compiled = gradients(network, users, items, scale)
    plain = gradients(network.double(), users, items, scale)
    for ours, right in zip(compiled, plain, strict=True):
        torch.testing.assert_close(ours.double(), right, rtol=1e-4, atol=1e-6)


@every_size
def test_the_plain_gradients_are_those_of_finite_differences(size):
    network = made(size, n_users=4, n_items=6).double()
    users, items = batch(network, 5, k=3)

    def loss(*_):
        return network.loss_of(users, items)

    assert torch.autograd.gradcheck(loss, tuple(p for p in network.parameters() if p.numel()))


@every_size
def test_no_gradient_is_left_from_the_batch_before(size):
    network = made(size)
    gradients(network, *batch(network, 40, seed=1))
    users, items = batch(network, 2)
    again = gradients(network, users, items)
    for one, other in zip(again, gradients(made(size), users, items), strict=True):
        assert torch.equal(one, other)
    assert (network._seen == -1).all()


def test_halves_of_the_first_layer_are_the_layer_over_both_vectors():
    """The equations of the paper, with both vectors side by side."""
    network = made("neumf").double()
    users, items = batch(network, 6)
    person, item = (network.user_inputs[users].unsqueeze(1).expand(-1, 5, -1), network.item_inputs[items])
    of_user, of_item, bias, weight, further = network.layer_parts()
    z = torch.relu(torch.cat([person, item], dim=2) @ torch.cat([of_user, of_item], dim=1).T + bias)
    z = torch.relu(z @ weight.T + further)
    product = network.user_factors[users].unsqueeze(1) * network.item_factors[items]
    expected = torch.cat([product, z], dim=2) @ network.output + network.bias
    torch.testing.assert_close(network.logits(users, items), expected)
    likely = torch.sigmoid(expected)
    loss = -(likely[:, 0].log().sum() + (1 - likely[:, 1:]).log().sum()) / 30
    torch.testing.assert_close(network.loss_of(users, items), loss)


def test_large_scores_do_not_overflow():
    network = made("gmf", spread=0.0)
    for bias in (1e4, -1e4):
        with torch.no_grad():
            network.bias.fill_(bias)
        loss, *found = gradients(network, torch.tensor([0]), torch.tensor([[1, 2]]))
        assert float(loss) == pytest.approx(5e3)
        assert all(torch.isfinite(gradient).all() for gradient in found)


@every_size
def test_the_number_of_threads_changes_no_gradient(size, monkeypatch):
    network = made(size, n_users=900, n_items=1500)
    users, items = batch(network, 1100)
    found = []
    for threads in ("1", "2", "4"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        found.append(gradients(network, users, items))
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_starts_as_the_paper_and_keras_do():
    log = csr_matrix(np.ones((400, 300), np.float32))
    network = NCFNetwork(log, uniform(300), factors=16, layers=(64, 32, 8), seed=0)
    for vectors in (network.user_factors, network.item_factors, network.user_inputs, network.item_inputs):
        assert float(vectors.detach().std()) == pytest.approx(0.01, rel=0.05)
    of_user, of_item, bias, weight, further = network.layer_parts()
    for part, bound in ((of_user, (6 / 96) ** 0.5), (of_item, (6 / 96) ** 0.5), (weight, (6 / 40) ** 0.5)):
        assert bound * 0.9 < float(part.detach().abs().max()) <= bound
    assert 0.7 < float(network.output.detach().abs().max()) / (3 / 24) ** 0.5 <= 1
    assert not any(part.any() for part in (bias, further, network.bias))


def test_items_are_drawn_anew_and_never_consumed():
    network = made("neumf")
    consumed = torch.zeros(20, 30, dtype=torch.bool)
    consumed[network._users, network._items] = True
    asked = []
    network.loss_of = lambda users, items: asked.append((users, items))
    samples = torch.arange(network.n_events)
    for epoch in (1, 2):
        network.loss(samples, Moment(epoch, 0, 1, torch.Generator().manual_seed(epoch)), negatives=4)
    for users, items in asked:
        assert items.shape == (network.n_events, 5)
        assert consumed[users, items[:, 0]].all()
        assert not consumed[users.unsqueeze(1), items[:, 1:]].any()
    assert not torch.equal(asked[0][1], asked[1][1])


def test_parameters_stand_in_the_order_that_compiled_code_reads():
    network = made("neumf")
    assert [name for name, _ in network.named_parameters()] == list(ncf.Parameters._fields)
