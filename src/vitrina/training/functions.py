"""Functions of tensors whose results do not depend on the number of threads.

Most of torch's compute the last elements of each thread by another formula than the others, rounded otherwise; tanh and exp do
not.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_ALONE = 2**15  # elements that one thread handles


def sigmoid(x: Tensor) -> Tensor:
    """Return ``1 / (1 + exp(-x))``, up to float32's rounding of 1."""
    return torch.tanh(x / 2) / 2 + 0.5


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
