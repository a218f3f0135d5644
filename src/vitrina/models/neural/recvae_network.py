"""RecVAE as it is trained; ``recvae`` says what it computes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy

import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vitrina.models.neural.autoencoder_network import unit_sums
from vitrina.models.neural.likelihoods import history_loss
from vitrina.models.neural.some_items import loss_over_some
from vitrina.training.functions import LayerNorm, swish
from vitrina.training.histories import Histories
from vitrina.training.linear import Linear, linear
from vitrina.training.negatives import uniform
from vitrina.training.plan import Moment

WIDE = 10.0  #: The log variance of the prior's third part.


class Encoder(nn.Module):
    """From histories to mean and log variance of their codes, by densely connected layers."""

    def __init__(self, n_items: int, *, width: int, depth: int, code: int, eps: float) -> None:
        super().__init__()
        self.items, self.bias = (nn.Parameter(_start(n_items, *shape)) for shape in ((n_items, width), (width,)))
        self.layers = nn.ModuleList(Linear(width, width) for _ in range(depth - 1))
        self.norms = nn.ModuleList(LayerNorm(width, eps=eps) for _ in range(depth))
        self.code = Linear(width, 2 * code)

    def forward(self, row: Tensor, items: Tensor, lengths: Tensor, dropout: float) -> tuple[Tensor, Tensor]:
        """Return mean and log variance ``[n, code]`` of histories as ``Histories.of`` gives them."""
        first, *others = self.norms
        x = first(swish(unit_sums(self.items, row, items, lengths, dropout) + self.bias))
        summed = x
        for layer, norm in zip(self.layers, others, strict=True):
            x = norm(swish(layer(x) + summed))
            summed = summed + x
        mean, log_variance = self.code(x).chunk(2, dim=1)
        return mean, log_variance


class RecVAENetwork(nn.Module):
    """Parameters, data and loss; a sample is a row of ``log`` CSR ``[n, n_items]``.

    Trained in rounds of ``turns`` epochs for the encoder, then one for the decoder: what is not trained gets no gradient, and
    Adam leaves it, and what it remembers of it, as it is. ``prior`` are the weights of the three parts of the prior.
    """

    def __init__(
        self,
        log: csr_matrix,
        *,
        width: int,
        depth: int,
        code: int,
        eps: float,
        turns: int,
        dropout: float,
        gamma: float,
        beta: float,
        prior: Sequence[float],
        sampled: int,
        seed: int,
    ) -> None:
        super().__init__()
        self._log, self._turns, self._dropout, self._gamma, self._beta = Histories(log), turns, dropout, gamma, beta
        self._prior, self._sampled = tuple(prior), sampled
        n_items = log.shape[1]
        self._items = uniform(n_items)
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.encoder = Encoder(n_items, width=width, depth=depth, code=code, eps=eps)
            self.decoder = Linear(code, n_items)
        self.old = deepcopy(self.encoder).requires_grad_(False)  # kept with the weights, so that training can go on

    def loss(self, samples: Tensor, moment: Moment) -> Tensor:
        """Return the mean loss of histories, as far as it depends on whose turn it is."""
        if moment.step % ((self._turns + 1) * moment.steps_per_epoch) == 0:
            self.old.load_state_dict(self.encoder.state_dict())
        row, items, lengths = self._log.of(samples)
        if (moment.epoch - 1) % (self._turns + 1) == self._turns:
            with torch.no_grad():
                z = _drawn(*self.encoder(row, items, lengths, 0.0))
            return self._fit(z, self.decoder.weight, self.decoder.bias, row, items, moment)
        mean, log_variance = self.encoder(row, items, lengths, self._dropout)
        z = _drawn(mean, log_variance)
        fit = self._fit(z, self.decoder.weight.detach(), self.decoder.bias.detach(), row, items, moment)
        divergence = self.divergence(z, mean, log_variance, self.old(row, items, lengths, 0.0))
        weighted: Tensor = (self._beta or self._gamma * lengths) * divergence
        return fit + weighted.mean()

    def _fit(self, z: Tensor, vectors: Tensor, bias: Tensor, row: Tensor, items: Tensor, moment: Moment) -> Tensor:
        """Return the mean of -ln p(x | z), with ``sampled`` items only that of ``loss_over_some``."""
        if not self._sampled:
            return history_loss(linear(z, vectors, bias), row, items, "multinomial")
        drawn = self._items.draw(row[:1], self._sampled, moment.generator)[0]
        return loss_over_some(z, vectors, bias, row, items, drawn)

    def divergence(self, z: Tensor, mean: Tensor, log_variance: Tensor, old: tuple[Tensor, Tensor]) -> Tensor:
        """Estimate the divergence ``[n]`` of codes from the prior by the codes ``z [n, code]`` drawn, one each."""
        return (log_normal(z, mean, log_variance) - log_prior(z, *old, self._prior)).sum(dim=1)


def log_normal(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the log density of normal distributions, number by number."""
    return -0.5 * (math.log(2 * math.pi) + log_variance + (z - mean).square() * torch.exp(-log_variance))


def log_prior(z: Tensor, mean: Tensor, log_variance: Tensor, weights: Sequence[float]) -> Tensor:
    """Return the log density of the mixture of N(0, 1), the old posterior N(``mean``, ...) and N(0, exp(WIDE)), number by number.

    All ``[n, code]``; ``weights`` are those of the three parts.
    """
    zero = torch.zeros((), dtype=z.dtype, device=z.device)
    parts = torch.stack([log_normal(z, zero, zero), log_normal(z, mean, log_variance), log_normal(z, zero, zero + WIDE)])
    shares = torch.tensor(weights, dtype=z.dtype, device=z.device).log().view(3, 1, 1)
    return torch.logsumexp(parts + shares, dim=0)


def _drawn(mean: Tensor, log_variance: Tensor) -> Tensor:
    return mean + torch.exp(log_variance / 2) * torch.randn_like(mean)


def _start(n_in: int, *shape: int) -> Tensor:
    """Draw weights as torch starts a layer of ``n_in`` inputs."""
    return (2 * torch.rand(shape) - 1) / math.sqrt(max(1, n_in))
