"""Losses against sums by hand, in float64."""

import math

import pytest
import torch

from vitrina.training import losses


def row(*values):
    return torch.tensor(values, dtype=torch.float64)


def sigma(x):
    return 1 / (1 + math.exp(-x))


def test_squared():
    assert losses.squared(row(1, 2, 4), row(1, 0, 1)).item() == pytest.approx((0 + 4 + 9) / 3)


def test_logistic():
    by_hand = -(0.25 * math.log(sigma(2)) + 0.75 * math.log(1 - sigma(2)) + math.log(1 - sigma(-1))) / 2
    assert losses.logistic(row(2, -1), row(0.25, 0)).item() == pytest.approx(by_hand)


def test_logistic_sampled_is_logistic_of_all_scores():
    positive, negative = row(0.5, -1), torch.stack([row(1, 2, 3), row(-1, 0, 4)])
    together = torch.cat([positive, negative.flatten()])
    targets = row(1, 1, 0, 0, 0, 0, 0, 0)
    assert losses.logistic_sampled(positive, negative).item() == pytest.approx(losses.logistic(together, targets).item())


def test_bpr():
    by_hand = -(math.log(sigma(1 - 0)) + math.log(sigma(1 - 3)) + math.log(sigma(-2 + 1)) + math.log(sigma(-2 - 2))) / 4
    assert losses.bpr(row(1, -2), torch.stack([row(0, 3), row(-1, 2)])).item() == pytest.approx(by_hand)


def test_softmax():
    scores, counts = torch.stack([row(1, 2, 0), row(0, 0, 0)]), torch.stack([row(1, 0, 2), row(0, 1, 0)])
    total = sum(math.exp(x) for x in (1, 2, 0))
    by_hand = (-(math.log(math.e / total) + 2 * math.log(1 / total)) + math.log(3)) / 2
    assert losses.softmax(scores, counts).item() == pytest.approx(by_hand)


def test_sampled_softmax():
    by_hand = -math.log(math.exp(1) / (math.exp(1) + math.exp(0.5) + math.exp(-1)))
    assert losses.sampled_softmax(row(1), row(0.5, -1).unsqueeze(0)).item() == pytest.approx(by_hand)


def test_sampled_softmax_with_corrections_and_a_mask():
    q, p = [0.2, 0.4, 0.1], 0.3
    corrected = [math.exp(y) / w for y, w in zip((0.5, -1, 2), q, strict=True)]
    x = math.exp(1) / p
    by_hand = -math.log(x / (x + corrected[0] + corrected[2]))
    loss = losses.sampled_softmax(
        row(1),
        row(0.5, -1, 2).unsqueeze(0),
        log_q_positive=row(p).log(),
        log_q_negative=row(*q).log(),
        valid=torch.tensor([[True, False, True]]),
    )
    assert loss.item() == pytest.approx(by_hand)


def test_sampled_softmax_with_all_others_is_softmax():
    scores = torch.randn(4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    positive, others = scores[:, 2], torch.cat([scores[:, :2], scores[:, 3:]], dim=1)
    counts = torch.zeros_like(scores)
    counts[:, 2] = 1
    assert losses.sampled_softmax(positive, others).item() == pytest.approx(losses.softmax(scores, counts).item())


def test_corrected_sampled_softmax_comes_near_the_whole_and_uncorrected_does_not():
    """k draws by q, each corrected by ln(k q), estimate the sum over the catalogue without bias (Jean et al. 2015)."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(50, dtype=torch.float64, generator=generator)
    q = torch.softmax(2 * torch.randn(50, dtype=torch.float64, generator=generator), 0)
    k, positive = 200_000, scores[:1]
    drawn = torch.multinomial(q, k, replacement=True, generator=generator)
    whole = torch.logsumexp(torch.cat([positive, scores]), 0) - positive
    corrected = losses.sampled_softmax(positive, scores[drawn].unsqueeze(0), log_q_negative=(k * q[drawn]).log())
    assert corrected.item() == pytest.approx(whole.item(), abs=0.05)
    assert abs(losses.sampled_softmax(positive, scores[drawn].unsqueeze(0)).item() - whole.item()) > 1


@pytest.mark.parametrize("loss", [losses.logistic_sampled, losses.bpr, losses.sampled_softmax])
def test_extreme_scores_stay_numbers_and_gradients_are_right(loss):
    assert math.isfinite(loss(row(1e4, -1e4), torch.stack([row(-1e4, 1e4), row(1e4, 0)])).item())
    generator = torch.Generator().manual_seed(1)
    positive, negative = (torch.randn(n, dtype=torch.float64, generator=generator, requires_grad=True) for n in ((3,), (3, 4)))
    assert torch.autograd.gradcheck(loss, (positive, negative))
