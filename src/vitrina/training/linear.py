"""Linear layers whose results do not depend on the number of threads.

BLAS shares a product out among its threads as it sees fit, and with another number of threads the sums are rounded elsewhere:
after some steps of training nothing is the same. Here, on the CPU, rows are cut into blocks whose size depends on nothing, each
is multiplied by one thread, and sums over rows are sums over blocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.threads import over_blocks

_ROWS = 128  # of a block: few enough for all threads to have some, many enough for BLAS
_COLUMNS = 512  # of a block of a wide result
_LONG = 1024  # terms of the part of a long sum
_PARTS = 16  # of a sum over rows at most: each is as large as the result
_WIDE = 256  # columns that make enough blocks for all threads


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``x weight' + bias``: ``[n, out]`` from ``[n, in]``, ``[out, in]`` and ``[out]``."""
    if x.device.type != "cpu":
        return F.linear(x, weight, bias)
    product: Tensor = _Product.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return product


class Linear(nn.Linear):
    """``torch.nn.Linear`` by ``linear``."""

    def forward(self, input: Tensor) -> Tensor:
        """See ``linear``."""
        return linear(input, self.weight, self.bias)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.from_numpy(_rows_times(_array(x), _array(weight).T, None if bias is None else _array(bias)))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = (_array(t) for t in ctx.saved_tensors)
        gradient = _array(gradients[0])
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            torch.from_numpy(_rows_times(gradient, weight)) if of_x else None,
            torch.from_numpy(_sum_of_products(gradient, x)) if of_weight else None,
            torch.from_numpy(_summed(gradient)) if of_bias else None,
        )


def _array(tensor: Tensor) -> NDArray[Any]:
    return tensor.detach().contiguous().numpy()


def _rows_times(a: NDArray[Any], b: NDArray[Any], bias: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return ``a b``, plus a bias of columns: cut so that BLAS arranges a large ``b`` only once.

    Where columns are many, these are cut, and where sums are long, they are sums of parts.
    """
    if a.shape[1] >= 2 * _LONG and b.shape[1] < 2 * _COLUMNS:
        whole = _sum_of_parts(a.T, b, _even(a.shape[1], max(_LONG, -(-a.shape[1] // _PARTS))))
        return whole if bias is None else whole + bias
    out = np.empty((len(a), b.shape[1]), a.dtype)

    def block(rows: slice, columns: slice) -> None:
        part = out[rows, columns]
        np.matmul(a[rows], b[:, columns], out=part)
        if bias is not None:
            part += bias[columns]

    everything = slice(None)
    with one_blas_thread():
        if b.shape[1] >= 2 * _COLUMNS:
            over_blocks(b.shape[1], _even(b.shape[1], _COLUMNS), lambda columns: block(everything, columns))
        else:
            over_blocks(len(a), _ROWS, lambda rows: block(rows, everything))
    return out


def _sum_of_products(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Return ``a' b``, summed over rows: wide results are cut into blocks, narrow ones are sums of parts."""
    with one_blas_thread():
        if a.shape[1] >= _WIDE:
            out = np.empty((a.shape[1], b.shape[1]), a.dtype)
            size = _even(a.shape[1], min(_COLUMNS, a.shape[1] // 2))
            over_blocks(a.shape[1], size, lambda columns: np.matmul(a[:, columns].T, b, out=out[columns]))
            return out
    return _sum_of_parts(a, b, max(_ROWS, -(-len(a) // _PARTS)))


def _sum_of_parts(a: NDArray[Any], b: NDArray[Any], size: int) -> NDArray[Any]:
    """Return ``a' b`` as a sum of products of ``size`` rows each."""
    parts = np.empty((-(-len(a) // size), a.shape[1], b.shape[1]), a.dtype)
    with one_blas_thread():
        over_blocks(len(a), size, lambda part: np.matmul(a[part].T, b[part], out=parts[part.start // size]))
    return np.asarray(parts.sum(axis=0))


def _summed(a: NDArray[Any]) -> NDArray[Any]:
    """Return the sum over rows, by BLAS, which reads ``a`` once."""
    with one_blas_thread():
        return np.asarray(np.ones(len(a), a.dtype) @ a)


def _even(n: int, size: int) -> int:
    """Return the size of as many blocks of ``n`` as ``size`` makes, with none much smaller: so that no thread waits for long."""
    return -(-n // -(-n // size))
