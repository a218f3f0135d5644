import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix

from tests.models.logs import checkerboard, random_log, strangers
from tests.training.interrupted import whole_and_resumed
from vitrina.models.neural.cdae_network import CDAENetwork
from vitrina.models.registry import make
from vitrina.training.negatives import uniform
from vitrina.training.plan import Moment
from vitrina.training.session import Session

VARIANTS = [("identity", "squared"), ("identity", "logistic"), ("sigmoid", "squared"), ("sigmoid", "logistic")]  # M1 to M4


def network(**given) -> tuple[CDAENetwork, torch.Tensor]:
    """A network of 5 people and 7 items, and their histories as a matrix."""
    x = (np.random.default_rng(0).random((5, 7)) < 0.5).astype(np.float64)
    x[:, 0] = 1
    settings = {"factors": 2, "sigmoid": True, "logistic": True, "user_node": True, "tied": False, "corruption": 0.3}
    settings |= {"negatives": 0, "reg": 0.0, "seed": 0}
    return CDAENetwork(csr_matrix(x), **settings | given).double(), torch.from_numpy(x)


def moment() -> Moment:
    return Moment(1, 0, 1, torch.Generator().manual_seed(1))


def gradients(loss: torch.Tensor, parameters) -> list[torch.Tensor]:
    return [g.to_dense() for g in torch.autograd.grad(loss, list(parameters))]


@pytest.mark.parametrize(("hidden", "loss"), VARIANTS)
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("negatives", [0, 2])
def test_gradients_are_those_of_finite_differences(hidden, loss, tied, negatives):
    built, _ = network(sigmoid=hidden == "sigmoid", logistic=loss == "logistic", tied=tied, negatives=negatives, reg=0.01)

    def value() -> torch.Tensor:
        torch.manual_seed(3)  # the same items dropped
        return built.loss(torch.tensor([0, 1, 3]), moment())

    for parameter, found in zip(built.parameters(), gradients(value(), built.parameters()), strict=True):
        torch.testing.assert_close(found, differences(value, parameter), atol=1e-7, rtol=1e-6)


def differences(value, parameter: torch.Tensor, step: float = 1e-6) -> torch.Tensor:
    """The gradient by central differences; gradcheck takes no sparse ones."""
    flat, found = parameter.data.view(-1), torch.zeros(parameter.shape, dtype=torch.double)
    for place, old in enumerate(flat.tolist()):
        above, below = (value().detach() for flat[place] in (old + step, old - step))
        found.view(-1)[place], flat[place] = (above - below) / (2 * step), old
    return found


@pytest.mark.parametrize(("hidden", "loss"), VARIANTS)
def test_all_items_count_as_in_the_paper(hidden, loss):
    built, x = network(sigmoid=hidden == "sigmoid", logistic=loss == "logistic", corruption=0.0, reg=0.2)
    z = x @ built.items + built.people + built.bias
    y = (torch.sigmoid(z) if hidden == "sigmoid" else z) @ built.output.T + built.output_bias
    each = F.binary_cross_entropy_with_logits(y, x, reduction="none") if loss == "logistic" else (x - y).square() / 2
    expected = each.sum(dim=1).mean() + 0.1 * sum(p.square().sum() for p in built.parameters())
    torch.testing.assert_close(built.loss(torch.arange(len(x)), moment()), expected)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_drawn_items_count_beside_those_of_the_history(loss):
    built, x = network(logistic=loss == "logistic", negatives=3, corruption=0.0)
    everybody = torch.arange(len(x))
    row, items = x.nonzero(as_tuple=True)
    drawn = uniform(x.shape[1], csr_matrix(x.numpy())).draw(row, 3, moment().generator)
    y = torch.sigmoid(x @ built.items + built.people + built.bias) @ built.output.T + built.output_bias
    of_one = y[row.unsqueeze(1), torch.cat([items.unsqueeze(1), drawn], dim=1)]
    truth = torch.zeros_like(of_one)
    truth[:, 0] = 1
    each = (
        F.binary_cross_entropy_with_logits(of_one, truth, reduction="none") if loss == "logistic" else (of_one - truth) ** 2 / 2
    )
    ours = built.loss(everybody, moment())
    torch.testing.assert_close(ours, each.sum() / len(x))
    for mine, other in zip(*(gradients(value, built.parameters()) for value in (ours, each.sum() / len(x))), strict=True):
        torch.testing.assert_close(mine, other)


def test_who_consumed_everything_meets_no_others():
    x = csr_matrix(np.ones((2, 4)))
    built = CDAENetwork(
        x, factors=3, sigmoid=True, logistic=True, user_node=True, tied=False, corruption=0.0, negatives=3, reg=0.0, seed=0
    ).double()
    y = torch.sigmoid(torch.ones(2, 4).double() @ built.items + built.people + built.bias) @ built.output.T + built.output_bias
    torch.testing.assert_close(built.loss(torch.arange(2), moment()), F.softplus(-y).sum() / 2)


@pytest.mark.parametrize(("hidden", "loss"), VARIANTS)
def test_with_all_of_the_input_left_out_it_is_a_latent_factor_model(hidden, loss):
    """Factors h(v_u + b) of people and w~_i of items, with a bias: nothing else has a gradient."""
    built, x = network(sigmoid=hidden == "sigmoid", logistic=loss == "logistic", corruption=1.0)
    users, shift, items, biases = (p.detach().clone().requires_grad_() for p in _factors(built))
    factors = torch.sigmoid(users + shift) if hidden == "sigmoid" else users + shift
    y = factors @ items.T + biases
    each = F.binary_cross_entropy_with_logits(y, x, reduction="none") if loss == "logistic" else (x - y).square() / 2
    expected, ours = each.sum(dim=1).mean(), built.loss(torch.arange(len(x)), moment())
    torch.testing.assert_close(ours, expected)
    right = gradients(expected, (users, shift, items, biases))
    for mine, other in zip(gradients(ours, _factors(built)), right, strict=True):
        torch.testing.assert_close(mine, other)
    ours = built.loss(torch.arange(len(x)), moment())
    assert torch.autograd.grad(ours, [built.items], allow_unused=True) == (None,)


def _factors(built: CDAENetwork):
    return built.people, built.bias, built.output, built.output_bias


def test_the_identity_makes_it_a_linear_autoencoder():
    """Squared loss, nothing dropped and nobody's node: the best that rank 2 can do is given by singular vectors."""
    built, x = network(sigmoid=False, logistic=False, user_node=False, corruption=0.0)
    everybody = torch.arange(len(x))
    for parameter in (built.bias, built.output_bias):
        parameter.requires_grad_(False)
    weights = [built.items, built.output]
    error = x @ built.items @ built.output.T - x
    by_hand = [x.T @ error @ built.output / len(x), error.T @ x @ built.items / len(x)]
    for mine, other in zip(gradients(built.loss(everybody, moment()), weights), by_hand, strict=True):
        torch.testing.assert_close(mine, other)
    _, values, axes = torch.linalg.svd(x, full_matrices=False)
    least = float(values[2:].square().sum()) / 2 / len(x)
    optimiser = torch.optim.LBFGS(weights, max_iter=200, tolerance_grad=1e-10, tolerance_change=0, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = built.loss(everybody, moment())
        loss.backward()
        return loss

    optimiser.step(closure)
    assert float(built.loss(everybody, moment()).detach()) == pytest.approx(least, rel=1e-6)
    torch.testing.assert_close(x @ built.items @ built.output.T, x @ axes[:2].T @ axes[:2], atol=1e-4, rtol=0)


def test_corruption_keeps_the_mean_of_the_input():
    built, x = network(sigmoid=False, user_node=False, corruption=0.4)
    row, items = x.nonzero(as_tuple=True)
    lengths = torch.bincount(row)
    torch.manual_seed(0)
    mean = torch.stack([built.hidden(row, items, lengths, None) for _ in range(4000)]).mean(dim=0)
    torch.testing.assert_close(mean, x @ built.items + built.bias, atol=0.2, rtol=0)
    built.eval()
    torch.testing.assert_close(built.hidden(row, items, lengths, None), x @ built.items + built.bias)


def test_the_penalty_of_a_batch_stands_for_that_of_all():
    built, _ = network(reg=2.0)
    bare, _ = network(reg=0.0)
    parts = [torch.tensor([0, 3]), torch.tensor([1, 4]), torch.tensor([2])]
    penalty = 0.0
    for part in parts:
        losses = []
        for one in (built, bare):
            torch.manual_seed(0)
            losses.append(float(one.loss(part, moment()).detach()))
        penalty += (losses[0] - losses[1]) * len(part)
    assert penalty / 5 == pytest.approx(sum(float(p.detach().square().sum()) for p in built.parameters()))


@pytest.mark.parametrize("user_node", [True, False])
@pytest.mark.parametrize("corruption", [0.2, 1.0])
@pytest.mark.parametrize("hidden", ["identity", "sigmoid"])
def test_scores_are_those_of_the_network_without_corruption(user_node, corruption, hidden):
    log = random_log(30, 20, 200)
    model = make("cdae", factors=6, epochs=2, hidden=hidden, user_node=user_node, corruption=corruption)
    seen = []
    model.step = lambda built: seen.append(built) or built.loss
    model.fit(log)
    built, x = seen[-1].eval(), log.matrix()
    active = np.diff(x.indptr) > 0
    row, items = (torch.from_numpy(part.astype(np.int64)) for part in x[active].nonzero())
    hidden_layer = built.hidden(row, items, torch.bincount(row), built.people)
    expected = (hidden_layer @ built.output.T + built.output_bias).detach().numpy()
    np.testing.assert_allclose(model.score(log.histories())[active], expected, rtol=1e-4, atol=1e-5)
    if corruption == 1 and not user_node:
        assert np.ptp(expected, axis=0).max() < 1e-6  # nothing tells people apart


def test_strangers_stand_in_the_middle_of_all_people():
    log = random_log(40, 20, 300)
    model = make("cdae", factors=6, epochs=3).fit(log)
    known = log.histories()
    vectors = model.user_vectors_
    assert np.isnan(vectors).all(axis=1).tolist() == (np.diff(known.offsets) == 0).tolist()
    np.testing.assert_allclose(model.stranger_, np.nanmean(vectors, axis=0), rtol=1e-5)
    model.user_vectors_ = np.tile(model.stranger_, (len(vectors), 1))
    np.testing.assert_array_equal(model.score(strangers(known)), model.score(known))
    plain = make("cdae", factors=6, epochs=3, user_node=False).fit(log)
    np.testing.assert_array_equal(plain.score(strangers(known)), plain.score(known))


def test_known_people_keep_their_vector_with_another_history():
    log = random_log(40, 20, 300)
    model = make("cdae", factors=6, epochs=3, hidden="identity").fit(log)
    known = log.histories().rows(0, 6)
    other = log.histories().rows(6, 12)
    swapped = type(known)(other.offsets, other.items, other.keys, users=known.users)
    gap = (model.score(swapped) - model.score(strangers(other))) - (model.score(known) - model.score(strangers(known)))
    np.testing.assert_allclose(gap, 0, atol=1e-5)  # what a person adds is the same whatever the history


@pytest.mark.parametrize(("hidden", "loss"), VARIANTS)
@pytest.mark.parametrize("negatives", [0, 5])
def test_a_small_log_is_learned_by_heart(hidden, loss, negatives):
    board = checkerboard()
    session = Session()
    settings = {"factors": 32, "corruption": 0.0, "reg": 0.0, "lr": 0.2, "batch": 20, "epochs": 250}
    with session:
        make("cdae", hidden=hidden, loss=loss, negatives=negatives, **settings).fit(board.train)
    first, last = (session.outcomes[-1].curve.loss[epoch] for epoch in (0, -1))
    assert last < first / 10  # on its way to 0


@pytest.mark.parametrize("negatives", [0, 3])
def test_training_goes_on_from_a_checkpoint(negatives, tmp_path):
    settings = {"factors": 8, "epochs": 12, "batch": 16, "negatives": negatives}
    whole, again = whole_and_resumed("cdae", random_log(60, 30, 400), tmp_path, **settings)
    for learned in ("items_", "item_vectors_", "user_vectors_"):
        np.testing.assert_array_equal(getattr(again, learned), getattr(whole, learned))


@pytest.mark.parametrize("negatives", [0, 5])
def test_the_number_of_threads_changes_nothing(negatives, monkeypatch):
    found = []
    for threads in ("1", "2"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        found.append(make("cdae", epochs=2, batch=150, negatives=negatives).fit(random_log(400, 300, 5000)))
    for learned in ("items_", "item_vectors_", "user_vectors_"):
        np.testing.assert_array_equal(getattr(found[0], learned), getattr(found[1], learned))


def test_a_step_moves_only_the_people_of_its_batch():
    """AdaGrad leaves all others where they are, and their gradient is never written out."""
    built, x = network(reg=0.1)
    optimiser = torch.optim.Adagrad(built.groups, lr=0.1, initial_accumulator_value=1.0)
    before = built.people.detach().clone()
    built.loss(torch.tensor([1, 3]), moment()).backward()
    assert built.people.grad.is_sparse
    optimiser.step()
    moved = (built.people != before).any(dim=1)
    assert moved.tolist() == [False, True, False, True, False]
    assert len(x) == 5
