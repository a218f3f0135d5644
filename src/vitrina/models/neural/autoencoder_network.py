"""Mult-DAE and Mult-VAE as they are trained; ``multdae`` and ``multvae`` say what they compute."""

from __future__ import annotations

from itertools import pairwise

import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.models.neural.history_model import Likelihood
from vitrina.models.neural.likelihoods import history_loss
from vitrina.models.neural.some_items import loss_over_some
from vitrina.training.functions import tanh
from vitrina.training.histories import Histories, thinned
from vitrina.training.linear import Linear, linear
from vitrina.training.negatives import uniform
from vitrina.training.plan import Moment
from vitrina.training.sparse import weighted_sums


class HistoryAutoencoder(nn.Module):
    """Parameters, data and loss of an autoencoder of histories; a sample is a row of ``log`` CSR ``[n_users, n_items]``.

    ``layers`` are the widths of the encoder after the input, the last one that of the code; the decoder has them mirrored.
    """

    def __init__(self, log: csr_matrix, layers: tuple[int, ...], *, variational: bool, dropout: float, seed: int) -> None:
        super().__init__()
        self._log, self._variational, self._dropout = Histories(log), variational, dropout
        self._items = uniform(log.shape[1])
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
        x = unit_sums(self.items, row, items, lengths, self._dropout if self.training else 0.0) + self.bias
        for layer in self.encoder:
            x = layer(tanh(x))
        return x if self._variational else tanh(x)

    def decode(self, code: Tensor) -> Tensor:
        """Return the last hidden layer ``[n, d]``, of which ``output`` makes the scores of all items."""
        for layer in self.decoder[:-1]:
            code = tanh(layer(code))
        return code

    @property
    def output(self) -> tuple[Tensor, Tensor]:
        """The last layer: a vector ``[n_items, d]`` and a bias ``[n_items]`` for each item."""
        vectors, bias = self.decoder[-1].parameters()
        return vectors, bias

    def loss(
        self, samples: Tensor, moment: Moment, *, kind: Likelihood, sampled: int = 0, reg: float = 0.0, beta: float = 0.0
    ) -> Tensor:
        """Return the mean loss of histories, with ``reg`` times the squares of all weights that are no biases.

        Of a variational one, ``beta`` times the divergence of the codes from N(0, I) is added: the negative ELBO. With
        ``sampled`` the likelihood is estimated by ``loss_over_some``.
        """
        row, items, lengths = self._log.of(samples)
        code = self.encode(row, items, lengths)
        divergence = code.new_zeros(())
        if self._variational:
            mean, log_variance = code.chunk(2, dim=1)
            divergence = beta * normal_divergence(mean, log_variance)
            code = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        hidden = self.decode(code)
        if sampled:
            drawn = self._items.draw(samples[:1], sampled, moment.generator)[0]
            loss = loss_over_some(hidden, *self.output, row, items, drawn) + divergence
        else:
            loss = history_loss(linear(hidden, *self.output), row, items, kind) + divergence
        if reg:
            loss = loss + reg * (self.items.square().sum() + sum(layer.weight.square().sum() for layer in self._layers))
        return loss

    @property
    def _layers(self) -> list[nn.Linear]:
        return [layer for layer in (*self.encoder, *self.decoder) if isinstance(layer, nn.Linear)]


def unit_sums(vectors: Tensor, row: Tensor, items: Tensor, lengths: Tensor, dropout: float) -> Tensor:
    """Sum ``vectors [n_items, d]`` over histories as ``Histories.of`` gives them, each brought to length 1: ``[n, d]``.

    Items are left out with the probability ``dropout``, and the others scaled up.
    """
    scale = lengths.clamp(min=1).to(vectors.dtype).rsqrt()
    if dropout:
        row, items, lengths = thinned(row, items, lengths, dropout)
        scale = scale / (1 - dropout)
    return weighted_sums(vectors, items, lengths, scale[row])


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
