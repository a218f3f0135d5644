"""Neural collaborative filtering as it is trained; ``gmf``, ``mlp`` and ``neumf`` say what it computes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.kernels import ncf
from vitrina.training.losses import logistic_sampled
from vitrina.training.negatives import Sampler
from vitrina.training.plan import Moment

_DEVIATION = 0.01  # of the vectors at the start


class NCFNetwork(nn.Module):
    """Parameters, data and loss. A sample is an event of ``log`` CSR ``[n_users, n_items]`` with the items drawn for it.

    ``factors`` is the dimension of the vectors whose product is weighted, 0 for none. ``layers`` are the widths of the tower,
    of which the first is that of both its inputs side by side; none for no tower. All parameters are as in
    ``vitrina.kernels.ncf.Parameters``.
    """

    _users: Tensor
    _items: Tensor

    def __init__(self, log: csr_matrix, sampler: Sampler, *, factors: int, layers: tuple[int, ...], seed: int) -> None:
        super().__init__()
        n_users, n_items = log.shape
        self.widths = layers[1:]
        inputs, last = (layers[0] // 2, layers[-1]) if layers else (0, 0)
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.user_factors, self.item_factors = _vectors(n_users, factors), _vectors(n_items, factors)
            self.user_inputs, self.item_inputs = _vectors(n_users, inputs), _vectors(n_items, inputs)
            self.tower = nn.Parameter(_glorot(2 * inputs, self.widths))
            bound = (3 / (factors + last)) ** 0.5  # LeCun
            self.output = nn.Parameter(torch.empty(factors + last).uniform_(-bound, bound))
            self.bias = nn.Parameter(torch.zeros(1))
        self.sampler = sampler
        users = np.repeat(np.arange(n_users, dtype=np.int32), np.diff(log.indptr))
        for name, array in (("_users", users), ("_items", log.indices)):
            self.register_buffer(name, torch.from_numpy(array), persistent=False)
        self.n_events, self.lengths = log.nnz, np.diff(log.indptr)
        self._seen = np.full(max(log.shape), -1, np.int64)

    def layer_parts(self) -> list[Tensor]:
        """Return the parts of the tower as views: of the first layer weights of person and item, and biases; then the others'."""
        shapes = _shapes(2 * self.user_inputs.shape[1], self.widths)
        parts = torch.split(self.tower, [int(np.prod(shape)) for shape in shapes])
        return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]

    @torch.no_grad()
    def start_from(self, **parameters: NDArray[np.float32]) -> None:
        """Set parameters by name; NaN, which stands for people without events, becomes 0."""
        for name, values in parameters.items():
            getattr(self, name).copy_(torch.from_numpy(np.nan_to_num(values)))

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        """Return the scores of ``users [n]`` with their ``items [n, k]``, before the sigmoid: ``[n, k]``."""
        parts = [(self.user_factors[users].unsqueeze(1) * self.item_factors[items])]
        if self.widths:
            of_user, of_item, bias, *rest = self.layer_parts()
            person, item = self.user_inputs[users] @ of_user.T + bias, self.item_inputs[items] @ of_item.T
            x = torch.relu(person.unsqueeze(1) + item)
            for weight, bias in zip(rest[::2], rest[1::2], strict=True):
                x = torch.relu(x @ weight.T + bias)
            parts.append(x)
        return torch.cat(parts, dim=2) @ self.output + self.bias

    def loss(self, samples: Tensor, moment: Moment, *, negatives: int) -> Tensor:
        """Return the mean log loss of the events of ``samples``, target 1, and of the items drawn for each, target 0."""
        users, items = self._users[samples].long(), self._items[samples].long()
        drawn = self.sampler.draw(users, negatives, moment.generator)
        return self.loss_of(users, torch.cat([items.unsqueeze(1), drawn], dim=1))

    def loss_of(self, users: Tensor, items: Tensor) -> Tensor:
        """Return the mean log loss of ``users [n]`` with their ``items [n, k]``, of which the first are the events'.

        On the CPU in single precision it is compiled, see ``vitrina.kernels.ncf``.
        """
        if self.bias.device.type != "cpu" or self.bias.dtype != torch.float32:
            logits = self.logits(users, items)
            return logistic_sampled(logits[:, 0], logits[:, 1:])
        parameters = [getattr(self, name) for name in ncf.Parameters._fields]
        loss: Tensor = _Compiled.apply(users, items, self.widths, self._seen, *parameters)  # type: ignore[no-untyped-call]
        return loss


class _Compiled(torch.autograd.Function):
    """The loss, whose gradients are there as soon as it is."""

    @staticmethod
    def forward(
        ctx: Any, users: Tensor, items: Tensor, widths: tuple[int, ...], seen: NDArray[np.int64], *parameters: Tensor
    ) -> Tensor:
        gradients = [torch.zeros_like(parameter) for parameter in parameters]
        at, into = (ncf.Parameters(*(t.detach().numpy() for t in tensors)) for tensors in (parameters, gradients))
        loss = ncf.gradients(users.numpy(), items.numpy(), at, np.array(widths, np.int64), seen, into)
        ctx.save_for_backward(*gradients)
        return torch.tensor(loss)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (by_loss,) = gradients
        alone = bool(by_loss == 1)  # nothing was done to the loss: nothing need be multiplied
        return (None, None, None, None, *(t if alone else t * by_loss for t in ctx.saved_tensors))


def _vectors(n: int, d: int) -> nn.Parameter:
    return nn.Parameter(torch.normal(0.0, _DEVIATION, (n, d)))


def _shapes(inputs: int, widths: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The shapes of the parts of a tower, in their order."""
    if not widths:
        return []
    half, further = (widths[0], inputs // 2), pairwise(widths)
    return [half, half, widths[:1], *(shape for n, m in further for shape in ((m, n), (m,)))]


def _glorot(inputs: int, widths: tuple[int, ...]) -> Tensor:
    """Draw a tower: weights uniform within sqrt(6 / (in + out)), biases 0; the first layer's input are both halves."""
    parts = [torch.empty(0)]
    for number, shape in enumerate(_shapes(inputs, widths)):
        part = torch.zeros(shape)
        if len(shape) == 2:
            bound = (6 / (shape[0] + (inputs if number < 2 else shape[1]))) ** 0.5
            part.uniform_(-bound, bound)
        parts.append(part.flatten())
    return torch.cat(parts)
