"""Functions of tensors whose results do not depend on the number of threads.

Most of torch's compute the last elements of each thread by another formula than the others, rounded otherwise; tanh and exp do
not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitrina.kernels.threads import over_blocks

_ALONE = 2**15  # elements that one thread handles


def tanh(x: Tensor) -> Tensor:
    """Return ``torch.tanh``, on the CPU by NumPy, whose tanh of single precision takes a seventh of the time."""
    if x.device.type != "cpu":
        return torch.tanh(x)
    y: Tensor = _Tanh.apply(x)  # type: ignore[no-untyped-call]
    return y


class _Tanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = torch.empty_like(x, memory_format=torch.contiguous_format)
        given, out = x.detach().contiguous().numpy().reshape(-1), y.numpy().reshape(-1)
        over_blocks(out.size, _ALONE, lambda part: np.tanh(given[part], out=out[part]))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        of_x: Tensor = torch.ops.aten.tanh_backward(gradients[0], y)
        return of_x


def sigmoid(x: Tensor) -> Tensor:
    """Return ``1 / (1 + exp(-x))``, up to float32's rounding of 1."""
    return tanh(x / 2) / 2 + 0.5


def swish(x: Tensor) -> Tensor:
    """Return ``x sigmoid(x)`` (torch's silu)."""
    return x * sigmoid(x)


def selu(x: Tensor) -> Tensor:
    """Return ``torch.selu`` of ``[n, m]``, in parts of one thread each."""
    if x.device.type != "cpu" or x.numel() <= _ALONE:
        return F.selu(x)
    return torch.cat([F.selu(part) for part in torch.split(x, max(1, _ALONE // x.shape[1]))])


class LayerNorm(nn.LayerNorm):
    """``torch.nn.LayerNorm`` of the rows of ``[n, m]``, whose sums over rows are those of one thread."""

    def forward(self, input: Tensor) -> Tensor:
        """Bring each row to mean 0 and variance 1, then scale and shift its columns."""
        centred = input - input.mean(dim=1, keepdim=True)
        scale = (centred.square().mean(dim=1, keepdim=True) + self.eps).rsqrt()
        return centred * scale * self.weight + self.bias
