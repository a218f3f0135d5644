"""Averages over neighbours in the graph of people and items, with gradients.

With X the log (people x items, 1 where consumed), d_u and d_i how many items a person and how many people an item has, the
normalised adjacency A is made of R = diag(d_u)^-1/2 X diag(d_i)^-1/2 in one direction and R' in the other. Who has no neighbours
has a row of zeros.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.kernels.sparse import add_sparse_dense

Pair = tuple[Tensor, Tensor]  # of people and of items
Rows = tuple[Tensor | None, Tensor | None]  # of people and of items; None: all

_ALL: Rows = (None, None)


class Graph(nn.Module):
    """R and R', each by rows, of a log CSR ``[n_users, n_items]``; ``of_item [n_items]`` is 1 / sqrt(d_i), 0 without people.

    A module, so that they move to the training's device. They are not saved with it.
    """

    of_item: Tensor

    def __init__(self, log: csr_matrix) -> None:
        super().__init__()
        of_user, of_item = (_inverse_roots(log.getnnz(axis=axis)) for axis in (1, 0))
        values = np.repeat(of_user, np.diff(log.indptr)) * of_item[log.indices]
        r = csr_matrix((values, log.indices, log.indptr), shape=log.shape)
        self._keep("of_item", of_item)
        for side, half in (("people", r), ("items", r.T.tocsr())):
            for name, array in (("offsets", half.indptr), ("columns", half.indices), ("values", half.data)):
                self._keep(f"_{side}_{name}", array)

    def _keep(self, name: str, array: Any) -> None:
        self.register_buffer(name, torch.from_numpy(array), persistent=False)

    def add(self, side: str, sums: Tensor, others: Tensor, rows: Tensor | None) -> None:
        """Add to ``sums [n, d]`` of ``people`` or ``items`` what A makes of ``others``; ``rows [n]`` are those wanted."""
        half = tuple(getattr(self, f"_{side}_{name}") for name in ("offsets", "columns", "values"))
        (_add_on_cpu if sums.device.type == "cpu" else _add_elsewhere)(half, sums, others, rows)


def _add_on_cpu(half: tuple[Tensor, ...], sums: Tensor, others: Tensor, rows: Tensor | None) -> None:
    offsets, columns, values = (part.numpy() for part in half)
    a = csr_matrix((values, columns, offsets), shape=(len(offsets) - 1, len(others)))
    add_sparse_dense(a, others.numpy(), sums.numpy(), None if rows is None else rows.numpy())


def _add_elsewhere(half: tuple[Tensor, ...], sums: Tensor, others: Tensor, rows: Tensor | None) -> None:
    offsets, columns, values = half
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")  # users can do nothing about it
        a = torch.sparse_csr_tensor(offsets, columns, values, (len(offsets) - 1, len(others)), check_invariants=False)
        product = a @ others
    sums += product if rows is None else product[rows]


def _inverse_roots(counts: Any) -> Any:
    roots = np.where(counts > 0, 1 / np.sqrt(np.maximum(counts, 1)), 0)
    return roots.astype(np.float32)


def propagated(people: Tensor, items: Tensor, graph: Graph, layers: int, of: Rows = _ALL) -> Pair:
    """Return the mean over layers k = 0 .. ``layers`` of A^k E, of people ``[n_users, d]`` and items ``[n_items, d]``.

    ``of`` are the rows wanted of both sides, each once. By Horner's rule, E + A (E + A (E + ...)), which adds in place: two
    products with half of A a layer, the last one for the wanted rows alone. A is symmetric, so gradients go the same way.
    """
    found: Pair = _Propagation.apply(people, items, graph, layers, of)  # type: ignore[no-untyped-call]
    return found


class _Propagation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, people: Tensor, items: Tensor, graph: Graph, layers: int, of: Rows) -> Pair:
        ctx.graph, ctx.layers, ctx.of, ctx.sizes = graph, layers, of, (len(people), len(items))
        return _mean_over_layers((people.detach(), items.detach()), graph, layers, of)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        people, items = (_spread(*part) for part in zip(gradients, ctx.of, ctx.sizes, strict=True))
        return (*_mean_over_layers((people, items), ctx.graph, ctx.layers, _ALL), None, None, None)


def _spread(gradient: Tensor, rows: Tensor | None, n: int) -> Tensor:
    """Put the gradient of wanted rows in its place among all ``n``."""
    if rows is None:
        return gradient.contiguous()
    return gradient.new_zeros(n, gradient.shape[1]).index_copy_(0, rows, gradient)


def _mean_over_layers(start: Pair, graph: Graph, layers: int, of: Rows) -> Pair:
    people, items = start if layers else _copied(start, of)
    for layer in range(1, layers + 1):
        rows = of if layer == layers else _ALL
        sums = _copied(start, rows)
        graph.add("people", sums[0], items, rows[0])
        graph.add("items", sums[1], people, rows[1])
        people, items = sums
    return people.div_(layers + 1), items.div_(layers + 1)


def _copied(tables: Pair, rows: Rows) -> Pair:
    people, items = (table.clone() if mine is None else table[mine] for table, mine in zip(tables, rows, strict=True))
    return people, items
