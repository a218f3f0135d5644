import numpy as np
import pytest
import torch
import torch.nn.functional as F

from vitrina.models.neural.likelihoods import history_loss
from vitrina.training import losses

KINDS = ("multinomial", "logistic", "gaussian")


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Scores of 4 people for 7 items, their histories as pairs and as a matrix; the last person has none."""
    rng = np.random.default_rng(seed)
    x = (rng.random((4, 7)) < 0.4).astype(float)
    x[-1] = 0
    row, items = (torch.from_numpy(found) for found in np.nonzero(x))
    return torch.from_numpy(rng.normal(0, 2, (4, 7))), row, items, torch.from_numpy(x)


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_those_of_the_paper(kind):
    scores, row, items, x = batch()
    expected = {
        "multinomial": losses.softmax(scores, x),
        "logistic": F.binary_cross_entropy_with_logits(scores, x, reduction="none").sum(dim=1).mean(),
        "gaussian": ((x - scores).square() / 2).sum(dim=1).mean(),
    }[kind]
    assert float(history_loss(scores, row, items, kind)) == pytest.approx(float(expected))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_finite_differences(kind):
    scores, row, items, _ = batch()
    scores.requires_grad_()
    assert torch.autograd.gradcheck(lambda f: 3 * history_loss(f, row, items, kind), (scores,))


def test_large_scores_do_not_overflow():
    scores = torch.tensor([[1e4, 0.0, -1e4]], requires_grad=True)
    loss = history_loss(scores, torch.tensor([0]), torch.tensor([1]), "multinomial")
    loss.backward()
    assert float(loss.detach()) == pytest.approx(1e4)
    assert scores.grad.tolist() == [[1.0, -1.0, 0.0]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_threads_changes_nothing(kind):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(333, 301, generator=generator).requires_grad_()
    row, items = torch.nonzero(torch.rand(333, 301, generator=generator) < 0.1, as_tuple=True)
    threads, found = torch.get_num_threads(), []
    try:
        for n in (1, 2, 3, 4):
            torch.set_num_threads(n)
            found.append(torch.autograd.grad(history_loss(scores, row, items, kind), scores)[0])
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(found[0], other) for other in found[1:])
