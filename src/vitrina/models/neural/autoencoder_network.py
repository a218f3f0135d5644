"""Mult-DAE and Mult-VAE as they are trained; ``multdae`` and ``multvae`` say what they compute."""

from __future__ import annotations

from itertools import pairwise

import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.models.neural.likelihoods import Likelihood, history_loss
from vitrina.training.histories import Histories
from vitrina.training.linear import Linear
from vitrina.training.plan import Moment
from vitrina.training.sparse import weighted_sums


class HistoryAutoencoder(nn.Module):
    """Parameters, data and loss of an autoencoder of histories; a sample is a row of ``log`` CSR ``[n_users, n_items]``.

    ``layers`` are the widths of the encoder after the input, the last one that of the code; the decoder has them mirrored.
    """

    def __init__(self, log: csr_matrix, layers: tuple[int, ...], *, variational: bool, dropout: float, seed: int) -> None:
        super().__init__()
        self._log, self._variational, self._dropout = Histories(log), variational, dropout
        *hidden, code = layers
        inward = [*hidden, 2 * code if variational else code]
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.items = nn.Parameter(_glorot(log.shape[1], inward[0]))
            self.bias = nn.Parameter(_small(inward[0]))
            self.encoder = nn.ModuleList(_layer(n, m) for n, m in pairwise(inward))
            self.decoder = nn.ModuleList(_layer(n, m) for n, m in pairwise([*reversed(layers), log.shape[1]]))

    def encode(self, row: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        """Return the code ``[n, code]`` of histories, or mean and log variance side by side ``[n, 2 code]``."""
        values = lengths.clamp(min=1).to(self.items.dtype).rsqrt()[row]
        if self.training and self._dropout:
            kept = torch.rand(len(items), device=items.device) >= self._dropout
            items, values = items[kept], values[kept] / (1 - self._dropout)
            lengths = torch.bincount(row[kept], minlength=len(lengths))
        x = weighted_sums(self.items, items, lengths, values) + self.bias
        for layer in self.encoder:
            x = layer(torch.tanh(x))
        return x if self._variational else torch.tanh(x)

    def decode(self, code: Tensor) -> Tensor:
        """Return the scores of all items ``[n, n_items]``."""
        *hidden, last = self.decoder
        for layer in hidden:
            code = torch.tanh(layer(code))
        scores: Tensor = last(code)
        return scores

    def loss(self, samples: Tensor, moment: Moment, *, kind: Likelihood, reg: float = 0.0, beta: float = 0.0) -> Tensor:
        """Return the mean loss of histories, with ``reg`` times the squares of all weights that are no biases.

        Of a variational one, ``beta`` times the divergence of the codes from N(0, I) is added: the negative ELBO.
        """
        row, items, lengths = self._log.of(samples)
        code = self.encode(row, items, lengths)
        divergence = code.new_zeros(())
        if self._variational:
            mean, log_variance = code.chunk(2, dim=1)
            divergence = beta * normal_divergence(mean, log_variance)
            code = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        loss = history_loss(self.decode(code), row, items, kind) + divergence
        if reg:
            loss = loss + reg * (self.items.square().sum() + sum(layer.weight.square().sum() for layer in self._layers))
        return loss

    @property
    def _layers(self) -> list[nn.Linear]:
        return [layer for layer in (*self.encoder, *self.decoder) if isinstance(layer, nn.Linear)]


def normal_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the mean over rows of KL(N(mean, variance) || N(0, I)), of ``[n, d]`` each."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean() / 2


def _glorot(n: int, m: int) -> Tensor:
    return nn.init.xavier_uniform_(torch.empty(n, m)) if n and m else torch.empty(n, m)


def _small(n: int) -> Tensor:
    return nn.init.trunc_normal_(torch.empty(n), std=0.001, a=-0.002, b=0.002)


def _layer(n: int, m: int) -> Linear:
    layer = Linear(n, m)
    with torch.no_grad():
        layer.weight.copy_(_glorot(m, n))
        layer.bias.copy_(_small(m))
    return layer
