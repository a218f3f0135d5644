"""Neural collaborative filtering as it is trained; ``gmf``, ``mlp`` and ``neumf`` say what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.kernels import ncf
from vitrina.kernels.adam import NO_RATES, Table, rates, settle
from vitrina.training.losses import logistic_sampled
from vitrina.training.negatives import Sampler, points
from vitrina.training.plan import Compiled, Moment

_DEVIATION = 0.01  # of the vectors at the start
_AT_ONCE = 2**15  # pairs whose steps are made in one call, unless that takes more than
_PRODUCTS = 2**33  # about a quarter of a second: for so long nobody can stop it


class NCFNetwork(nn.Module):
    """Parameters, data and steps. A sample is an event of ``log`` CSR ``[n_users, n_items]`` with the items drawn for it.

    ``factors`` is the dimension of the product, 0 for none. ``layers`` are the widths of the tower, of which the first is that
    of both its inputs side by side; none for no tower. Parameters are as in ``vitrina.kernels.ncf.Weights``: rows ``users``
    and ``items``, and ``layers``. What Adam remembers of them are buffers, for steps that are compiled.
    """

    _users: Tensor
    _items: Tensor

    def __init__(self, log: csr_matrix, sampler: Sampler, *, factors: int, layers: tuple[int, ...], seed: int) -> None:
        super().__init__()
        self.factors, self.widths = factors, layers[1:]
        self._inputs, last = (layers[0] // 2, layers[-1]) if layers else (0, 0)
        bound = (3 / (factors + last)) ** 0.5  # LeCun
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.users, self.items = (nn.Parameter(torch.normal(0.0, _DEVIATION, (n, factors + self._inputs))) for n in log.shape)
            output = torch.empty(factors + last).uniform_(-bound, bound)
            self.layers = nn.Parameter(torch.cat([_glorot(2 * self._inputs, self.widths), output, torch.zeros(1)]))
        self.sampler = sampler
        self._remember()
        self.n_events, self.lengths = log.nnz, np.diff(log.indptr)
        users = np.repeat(np.arange(log.shape[0], dtype=np.int32), self.lengths)
        for name, array in (("_users", users), ("_items", log.indices)):
            self.register_buffer(name, torch.from_numpy(array), persistent=False)

    def _remember(self) -> None:
        """Make room for what Adam remembers; whoever asks for the state gets one that is settled."""
        for name, parameter in list(self.named_parameters()):
            for what in ("means", "squares"):
                self.register_buffer(f"{name}_{what}", torch.zeros_like(parameter))
        for name in ("users", "items"):
            for what in ("made", "touched"):
                self.register_buffer(f"{name}_{what}", torch.zeros(len(getattr(self, name)), dtype=torch.int32))
        self._unsettled: ncf.Rule | None = None
        self._arrays: tuple[int, ncf.Weights] | None = None
        self.register_state_dict_pre_hook(lambda *_: self.settle())  # type: ignore[no-untyped-call]
        self.register_load_state_dict_post_hook(lambda *_: self._forget())  # type: ignore[no-untyped-call]

    def _forget(self) -> None:
        """Rows that were replaced have nothing to catch up with."""
        self._unsettled = None

    def parts(self) -> tuple[list[Tensor], Tensor, Tensor]:
        """Return views of ``layers``: the tower's parts, what the output weighs with, and its bias.

        The tower's are of the first layer weights of person and item, and biases; then weights and biases of the others.
        """
        shapes = _shapes(2 * self._inputs, self.widths)
        sizes = [int(np.prod(shape)) for shape in shapes]
        *tower, output, bias = torch.split(self.layers, [*sizes, len(self.layers) - sum(sizes) - 1, 1])
        return [part.view(shape) for part, shape in zip(tower, shapes, strict=True)], output, bias

    @torch.no_grad()
    def start_from(self, users: NDArray[np.float32], items: NDArray[np.float32], layers: NDArray[np.float32]) -> None:
        """Set all parameters; NaN, which stands for people without events, becomes 0."""
        for parameter, values in ((self.users, users), (self.items, items), (self.layers, layers)):
            parameter.copy_(torch.from_numpy(np.nan_to_num(values)))

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        """Return the scores of ``users [n]`` with their ``items [n, k]``, before the sigmoid: ``[n, k]``."""
        d, (tower, output, bias) = self.factors, self.parts()
        person, item = self.users[users], self.items[items]
        weighed = [person[:, None, :d] * item[:, :, :d]]
        if self.widths:
            of_user, of_item, first, *rest = tower
            x = torch.relu((person[:, d:] @ of_user.T + first).unsqueeze(1) + item[:, :, d:] @ of_item.T)
            for weight, further in zip(rest[::2], rest[1::2], strict=True):
                x = torch.relu(x @ weight.T + further)
            weighed.append(x)
        return torch.cat(weighed, dim=2) @ output + bias

    def loss(self, users: Tensor, items: Tensor) -> Tensor:
        """Return the mean log loss of ``users [n]`` with ``items [n, k]``, of which the first have target 1, the others 0."""
        logits = self.logits(users, items)
        return logistic_sampled(logits[:, 0], logits[:, 1:])

    def step(self, samples: Tensor, moment: Moment, *, negatives: int) -> Tensor:
        """Return the mean loss of the events of ``samples`` and of as many items drawn for each."""
        users, items = self._users[samples].long(), self._items[samples].long()
        drawn = self.sampler.draw(users, negatives, moment.generator)
        return self.loss(users, torch.cat([items.unsqueeze(1), drawn], dim=1))

    def compiled(self, negatives: int, lr: float, *, by_adam: bool = True) -> Compiled:
        """Return the same steps, compiled, by Adam or plain ones, with the learning rate ``lr``; see ``vitrina.kernels.ncf``."""
        at, widths = rates(lr) if by_adam else NO_RATES, np.array(self.widths, np.int64)

        def steps(batches: Sequence[Tensor], moments: Sequence[Moment]) -> Tensor:
            samples, ends = torch.cat(list(batches)), np.cumsum([0, *map(len, batches)])
            users, items = self._users[samples].long(), self._items[samples].long()
            where = [points(batch, negatives, moment.generator) for batch, moment in zip(batches, moments, strict=True)]
            items = torch.cat([items.unsqueeze(1), self.sampler.draw_at(users, torch.cat(where))], dim=1)
            rule = ncf.Rule(moments[0].step + 1, lr, by_adam, at)
            losses = ncf.steps(users.numpy(), items.numpy(), ends, self._weights(), self.factors, widths, rule)
            self._unsettled = rule._replace(step=rule.step + len(batches) - 1) if by_adam else None
            return torch.from_numpy(losses)

        pairs = min(_AT_ONCE, _PRODUCTS // len(self.layers))
        return Compiled(steps, samples=max(1, pairs // (1 + negatives)))

    def _weights(self) -> ncf.Weights:
        """All that a compiled step reads and writes, as arrays in the same memory; made once, unless the network moves."""
        if self._arrays is None or self._arrays[0] != self.layers.data_ptr():
            self._arrays = self.layers.data_ptr(), self._as_arrays()
        return self._arrays[1]

    def _as_arrays(self) -> ncf.Weights:
        def arrays(name: str, *kinds: str) -> list[Any]:
            return [getattr(self, name).detach().numpy(), *(self.get_buffer(f"{name}_{kind}").numpy() for kind in kinds)]

        rows = ("means", "squares", "made", "touched")
        return ncf.Weights(Table(*arrays("users", *rows)), Table(*arrays("items", *rows)), *arrays("layers", *rows[:2]))

    def settle(self) -> None:
        """Let all rows make the steps that they have waited with: before anybody reads them."""
        if self._unsettled is None:
            return
        for table in self._weights()[:2]:
            settle(table, self._unsettled.step, self._unsettled.rates)
        self._unsettled = None


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
