"""Losses: pure functions of scores, means over all their terms. Scores are logits: any real numbers, higher is better."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def squared(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean of ``(score - target)^2``; both of any one shape."""
    return F.mse_loss(scores, targets)


def logistic(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean log loss ``-t ln s(x) - (1 - t) ln(1 - s(x))`` of scores x and targets t in [0, 1]; both of any one shape."""
    return F.binary_cross_entropy_with_logits(scores, targets)


def logistic_sampled(positive: Tensor, negative: Tensor) -> Tensor:
    """``logistic`` with target 1 for ``positive [n]`` and 0 for ``negative [n, k]``: the mean over all n (1 + k) scores."""
    return (F.softplus(-positive).sum() + F.softplus(negative).sum()) / (positive.numel() + negative.numel())


def bpr(positive: Tensor, negative: Tensor) -> Tensor:
    """Mean of ``-ln s(x_i - x_j)`` over all pairs of ``positive [n]`` with its ``negative [n, k]`` (Rendle et al. 2009)."""
    return F.softplus(negative - positive.unsqueeze(-1)).mean()


def softmax(scores: Tensor, counts: Tensor) -> Tensor:
    """Mean over rows of ``-sum_i c_i ln softmax(x)_i``: the multinomial log likelihood (Liang et al. 2018).

    ``scores`` and ``counts`` are ``[n, n_items]``; counts are 1 where a person consumed an item.
    """
    return -(counts * F.log_softmax(scores, dim=-1)).sum(dim=-1).mean()


def sampled_softmax(
    positive: Tensor,
    negative: Tensor,
    *,
    log_q_positive: Tensor | None = None,
    log_q_negative: Tensor | None = None,
    valid: Tensor | None = None,
) -> Tensor:
    """Mean of ``-ln(e^x / (e^x + sum_j e^y_j))`` of ``positive [n]`` scores x against ``negative [n, k]`` scores y.

    Items drawn with probability q stand for 1/q of their kind, so ln q is taken from their scores (Jean et al. 2015; for
    batches Yi et al. 2019): ``log_q_negative [n, k]`` or ``[k]``. Negatives drawn k times each need ``ln(k q)`` to stand for the
    whole catalogue. Where positives too are drawn (in-batch), give ``log_q_positive [n]``. ``valid`` bool ``[n, k]`` marks
    the negatives that count.
    """
    x = positive if log_q_positive is None else positive - log_q_positive
    y = negative if log_q_negative is None else negative - log_q_negative
    if valid is not None:
        y = y.masked_fill(~valid, -torch.inf)
    together = torch.cat([x.unsqueeze(-1), y], dim=-1)
    return (torch.logsumexp(together, dim=-1) - x).mean()
