"""A tower of rectified layers over pairs of a person and an item, for scoring: whole catalogues in blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitrina.kernels.dense import row_products
from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.threads import over_blocks
from vitrina.ranking.scorer import Items, Scores

#: Bytes of the widest activations at a time: few enough to stay in the cache.
_BLOCK_BYTES = 2**20


@dataclass(frozen=True)
class PairTower:
    """The first layer in two halves, ``[m, e]`` each, and its biases; the layers after it as weights and biases.

    The first layer's sum is one term of the person and one of the item. So each is computed once for all pairs.
    """

    of_user: Scores
    of_item: Scores
    bias: Scores
    further: tuple[tuple[Scores, Scores], ...]

    def people(self, inputs: Scores) -> Scores:
        """Return the terms of people ``[n, m]`` from their vectors ``[n, e]``."""
        return row_products(inputs, self.of_user) + self.bias

    def items(self, inputs: Scores) -> Scores:
        """Return the terms of items ``[n, m]`` from their vectors ``[n, e]``."""
        return row_products(inputs, self.of_item)

    def climb(self, sums: Scores) -> Scores:
        """Return the last layer ``[n, last]`` from the sums of both terms ``[n, m]``, which are overwritten."""
        x = np.maximum(sums, 0, out=sums)
        for weight, bias in self.further:
            x = np.matmul(x, weight.T)
            x += bias
            np.maximum(x, 0, out=x)
        return x

    def scores(self, people: Scores, inputs: Scores, output: Scores, items: Items) -> Scores:
        """Return the last layer times ``output [last]`` for terms of ``people [n, m]`` and the items' vectors ``inputs``.

        Of all items ``[n, n_items]``, or only of the wanted ``items``, shared or each query's own.
        """
        if items is None or items.ndim == 1:
            terms, columns = self.items(inputs if items is None else inputs[items]), None
        else:
            distinct, columns = np.unique(items, return_inverse=True)
            terms, columns = self.items(inputs[distinct]), columns.reshape(items.shape)
        out = np.empty((len(people), len(terms) if columns is None else columns.shape[1]), np.float32)
        widest = max(len(bias) for bias in (self.bias, *(bias for _, bias in self.further)))
        pairs = max(1, _BLOCK_BYTES // (4 * widest))
        width = min(out.shape[1], pairs)

        def block(rows: slice) -> None:
            for start in range(0, out.shape[1], width):
                here = slice(start, start + width)
                mine = terms[None, here] if columns is None else terms[columns[rows, here]]
                sums = people[rows, None] + mine
                last = self.climb(sums.reshape(-1, sums.shape[2]))
                out[rows, here] = (last @ output).reshape(sums.shape[:2])

        if out.size:
            with one_blas_thread():
                over_blocks(len(out), max(1, pairs // width), block)
        return out
