"""Likelihoods of whole histories, with their gradients in one pass over the scores of a batch."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from vitrina.models.neural.history_model import Likelihood


def history_loss(scores: Tensor, row: Tensor, items: Tensor, kind: Likelihood) -> Tensor:
    """Return the mean over rows of -ln p(x | f), without what does not depend on f (Liang et al. 2018, equations 2 to 4)::

        multinomial   - sum_i x_i ln softmax(f)_i
        logistic      - sum_i x_i ln s(f_i) + (1 - x_i) ln(1 - s(f_i))
        gaussian      sum_i (x_i - f_i)^2 / 2

    ``scores`` f are ``[n, n_items]``; x is 1 at ``(row, items)``, each pair once, and 0 elsewhere. All are of the form
    A(f) - sum over the history of f, so the gradient is A'(f), less 1 in the places of the history: nothing is as large as the
    scores but that.
    """
    loss: Tensor = _HistoryLoss.apply(scores, row * scores.shape[1] + items, row, kind)  # type: ignore[no-untyped-call]
    return loss


class _HistoryLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, places: Tensor, row: Tensor, kind: Likelihood) -> Tensor:
        n = max(1, len(scores))
        chosen = scores.reshape(-1)[places].sum()
        if kind == "multinomial":
            lengths = torch.bincount(row, minlength=len(scores)).to(scores.dtype)
            gradient = scores.softmax(dim=1)  # of the largest score f: exp(f) over the sum of all, which gives its logarithm
            whole = (lengths * (scores.amax(dim=1) - gradient.amax(dim=1).log())).sum()
            gradient.mul_((lengths / n).unsqueeze(1))
        elif kind == "logistic":
            whole = F.softplus(scores).sum()
            gradient = scores.neg().exp_().add_(1).mul_(n).reciprocal_()  # torch's sigmoid rounds as its threads fall
        else:
            whole = (scores.square().sum() + len(places)) / 2
            gradient = scores / n
        gradient.view(-1).scatter_add_(0, places, gradient.new_full((1,), -1 / n).expand(len(places)))
        ctx.save_for_backward(gradient)
        return (whole - chosen) / n

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        alone = bool(gradients[0] == 1)  # nothing was done to the loss but adding to it
        return gradient if alone else gradient * gradients[0], None, None, None
