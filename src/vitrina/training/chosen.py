"""Scores of chosen pairs: what a step needs that meets few of all items."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor

from vitrina.kernels.sparse import dense_dense_at, sparse_dense


def chosen_scores(x: Tensor, vectors: Tensor, bias: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
    """Return the products of rows of ``x [n, d]`` with rows of ``vectors [m, d]``, and their ``bias [m]``: ``[p]``.

    ``items`` int64 ``[p]`` are rows of ``vectors``: the first ``lengths[0]`` of them meet the first row of ``x``, the next
    ``lengths[1]`` the second, and so on. On the CPU no vector is copied, forward or backward, and the result does not depend on
    the number of threads.
    """
    if x.device.type != "cpu":
        row = torch.repeat_interleave(lengths)
        return (F.embedding(row, x) * F.embedding(items, vectors)).sum(dim=1) + bias[items]
    scores: Tensor = _ChosenScores.apply(x, vectors, bias, items, lengths)  # type: ignore[no-untyped-call]
    return scores


class _ChosenScores(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, vectors: Tensor, bias: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        offsets = F.pad(lengths.cumsum(0), (1, 0))
        ctx.save_for_backward(x, vectors, items, offsets)
        products = dense_dense_at(*(t.detach().contiguous().numpy() for t in (x, vectors, offsets, items)))
        return torch.from_numpy(products).add_(bias[items])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, vectors, items, offsets = (t.detach().contiguous().numpy() for t in ctx.saved_tensors)
        of_pairs = csr_matrix((gradients[0].contiguous().numpy(), items, offsets), shape=(len(x), len(vectors)))
        of_items = of_pairs.T.tocsr()
        return (
            torch.from_numpy(sparse_dense(of_pairs, vectors)),
            torch.from_numpy(sparse_dense(of_items, x)),
            torch.from_numpy(sparse_dense(of_items, np.ones((len(x), 1), x.dtype))[:, 0]),
            None,
            None,
        )
