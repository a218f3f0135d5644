"""The multinomial likelihood of histories over a large catalogue: a step computes the scores of some items only."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vitrina.models.neural.likelihoods import history_loss
from vitrina.training.linear import linear


def loss_over_some(code: Tensor, vectors: Tensor, bias: Tensor, row: Tensor, items: Tensor, drawn: Tensor) -> Tensor:
    """Return ``history_loss`` of the scores ``code [n, d]`` times ``vectors [n_items, d]`` plus ``bias``, multinomial, estimated.

    Scored, and given gradients, are the items of the batch's histories, ``(row, items)``, and those ``drawn [k]`` from the whole
    catalogue, all alike. In the sum of exp(score) over all items the batch's own stand for themselves and each drawn other for
    n_items / k of its kind, which is right on average: the correction by ln(k q) of Jean et al. 2015. With every item drawn
    once nothing is estimated.
    """
    columns, place = torch.unique(torch.cat([items, drawn]), return_inverse=True)
    mine, others = place.split([len(items), len(drawn)])
    stands_for = torch.bincount(others, minlength=len(columns)).to(code.dtype) * (len(vectors) / max(1, len(drawn)))
    stands_for[mine] = 1.0
    shift = F.embedding(columns, bias.unsqueeze(1))[:, 0] + stands_for.log()
    return history_loss(linear(code, F.embedding(columns, vectors), shift), row, mine, "multinomial")
