import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix

from tests.models.logs import checkerboard, log, random_log
from tests.training.interrupted import whole_and_resumed
from vitrina.models.graph import propagation
from vitrina.models.graph.lightgcn_network import LightGCNNetwork
from vitrina.models.graph.propagation import propagated
from vitrina.models.registry import make
from vitrina.training.plan import Moment
from vitrina.training.session import Session


def sparse_log(n_users: int = 7, n_items: int = 9) -> np.ndarray:
    """People x items, of whom the last has nobody and nothing."""
    x = (np.random.default_rng(0).random((n_users, n_items)) < 0.4).astype(np.float32)
    x[-1], x[:, -1] = 0, 0
    return x


def dense_adjacency(x: np.ndarray) -> np.ndarray:
    """D^-1/2 A D^-1/2 of people and items together, as the paper writes it; rows of nobody are zeros."""
    n = len(x)
    a = np.zeros((sum(x.shape), sum(x.shape)))
    a[:n, n:], a[n:, :n] = x, x.T
    degree = a.sum(axis=1)
    root = np.where(degree > 0, np.maximum(degree, 1) ** -0.5, 0)
    return root[:, None] * a * root


def double_network(x: np.ndarray, layers: int) -> LightGCNNetwork:
    return LightGCNNetwork(csr_matrix(x), factors=4, layers=layers, seed=0).double()


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_propagation_is_that_of_dense_linear_algebra(layers):
    x = sparse_log()
    network, a = double_network(x, layers), dense_adjacency(x)
    start = torch.cat([network.people, network.items]).detach().numpy()
    right = np.mean([np.linalg.matrix_power(a, k) @ start for k in range(layers + 1)], axis=0)
    found = torch.cat(network.vectors()).detach().numpy()
    np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-7)
    people, items = torch.tensor([5, 0, 6]), torch.tensor([8, 2])
    some = torch.cat(propagated(network.people, network.items, network.graph, layers, (people, items))).detach().numpy()
    np.testing.assert_allclose(some, right[[5, 0, 6, len(x) + 8, len(x) + 2]], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("rows", [(None, None), (torch.tensor([5, 0, 6]), torch.tensor([8, 2]))])
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_gradients_of_propagation_are_those_of_finite_differences(layers, rows):
    network = double_network(sparse_log(), layers)
    ready = (network.people.detach().requires_grad_(), network.items.detach().requires_grad_())
    assert torch.autograd.gradcheck(lambda *tables: propagated(*tables, network.graph, layers, rows), ready)


@pytest.mark.parametrize("layers", [0, 2])
def test_gradients_of_the_loss_are_those_of_finite_differences(layers):
    network = double_network(sparse_log(), layers)
    samples = torch.tensor([0, 3, 3, 11, 17])

    def loss(*_):
        return network.loss(samples, Moment(1, 0, 1, torch.Generator().manual_seed(3)), reg=0.1)

    assert torch.autograd.gradcheck(loss, tuple(network.parameters()))


def test_without_layers_the_loss_is_that_of_matrix_factorisation():
    x = sparse_log()
    network = double_network(x, layers=0)
    samples = torch.arange(network.n_samples)
    users, items = (torch.from_numpy(part.astype(np.int64)) for part in x.nonzero())
    drawn = network.sampler.draw(users, 1, torch.Generator().manual_seed(3))[:, 0]
    w, h, other = network.people[users], network.items[items], network.items[drawn]
    size = (w.square() + h.square() + other.square()).sum() / len(users)
    right = -F.logsigmoid((w * h).sum(dim=1) - (w * other).sum(dim=1)).mean() + 0.05 * size
    torch.testing.assert_close(network.loss(samples, Moment(1, 0, 1, torch.Generator().manual_seed(3)), reg=0.1), right)


@pytest.mark.parametrize("rows", [None, (torch.tensor([5, 0, 6]), torch.tensor([8, 2]))])
def test_what_accelerators_compute_is_the_same(rows, monkeypatch):
    """Their sparse matrices, here on the CPU."""
    network = LightGCNNetwork(csr_matrix(sparse_log()), factors=4, layers=3, seed=0)
    tables = network.people.detach(), network.items.detach()
    ours = propagated(*tables, network.graph, 3, rows or (None, None))
    monkeypatch.setattr(propagation, "_add_on_cpu", propagation._add_elsewhere)
    torch.testing.assert_close(propagated(*tables, network.graph, 3, rows or (None, None)), ours)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_history_is_attached_to_the_graph(layers):
    """The layers above 0 are those that a person with this history has, and layer 0 is a ridge regression on them."""
    dataset = random_log(40, 25, 300)
    x, seen = dataset.matrix(), []
    model = make("lightgcn", factors=4, layers=layers, epochs=2, batch=64)
    trained = type(model)._with
    type(model)._with = lambda self, network: seen.append(network) or trained(self, network)
    try:
        model.fit(dataset)
    finally:
        type(model)._with = trained
    network, n = seen[-1], x.shape[0]
    start = torch.cat([network.people, network.items]).detach().numpy()
    a = dense_adjacency(x.toarray())
    sums = np.mean([np.linalg.matrix_power(a, k) @ start for k in range(layers + 1)], axis=0)
    known, zero = dataset.histories(), start[:n] / (layers + 1)
    above = sums[:n] - zero
    ridge = 0.01 * (above**2).sum() / 4
    guessed = above @ np.linalg.inv(above.T @ above + ridge * np.eye(4)) @ above.T @ zero
    np.testing.assert_allclose(model.query_vectors(known), above + guessed, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(model.item_vectors_, sums[n:], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.score(known), (above + guessed) @ sums[n:].T, rtol=1e-3, atol=1e-5)


def test_a_small_log_is_learned_by_heart():
    board = checkerboard()
    with Session() as session:
        make("lightgcn", factors=32, layers=2, lr=0.1, reg=0.0, batch=320, epochs=120).fit(board.train)
    assert session.curve.loss[-1] < 0.02


def test_people_and_items_without_neighbours_are_left_alone():
    dataset = log([("a", "i"), ("b", "j"), ("b", "i")], items=None)
    x = csr_matrix(np.pad(dataset.matrix().toarray(), ((0, 1), (0, 1))))
    network = LightGCNNetwork(x, factors=3, layers=2, seed=0)
    people, items = network.vectors()
    torch.testing.assert_close(people[2], network.people[2] / 3)
    torch.testing.assert_close(items[2], network.items[2] / 3)
    assert not network.attached()[2].any()
    assert torch.isfinite(torch.cat([people, items])).all()


def test_whoever_consumed_everything_meets_no_other_item():
    x = csr_matrix(np.array([[1, 1, 1], [1, 0, 0]], np.float32))
    assert LightGCNNetwork(x, factors=3, layers=1, seed=0).n_samples == 1
    everything = log([("a", "i"), ("a", "j")])
    assert np.isfinite(make("lightgcn", factors=3, epochs=2).fit(everything).score(everything.histories())).all()


def test_training_goes_on_from_a_checkpoint(tmp_path):
    settings = {"factors": 8, "epochs": 15, "batch": 100}  # of which every fifth is validated
    whole, again = whole_and_resumed("lightgcn", random_log(60, 30, 400), tmp_path, **settings)
    np.testing.assert_array_equal(again.item_vectors_, whole.item_vectors_)
    np.testing.assert_array_equal(again.history_vectors_, whole.history_vectors_)


def test_the_number_of_threads_changes_nothing(monkeypatch):
    found = []
    for threads in ("1", "2"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        found.append(make("lightgcn", factors=64, epochs=2, batch=1500).fit(random_log(900, 700, 9000)))
    np.testing.assert_array_equal(found[0].item_vectors_, found[1].item_vectors_)
    np.testing.assert_array_equal(found[0].history_vectors_, found[1].history_vectors_)
