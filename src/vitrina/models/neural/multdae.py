"""Mult-DAE: a denoising autoencoder of histories under a multinomial likelihood.

Liang, Krishnan, Hoffman and Jebara, "Variational Autoencoders for Collaborative Filtering", WWW 2018 (section 2.2). With x the
history of a person, 1 where an item was consumed::

    z = tanh(W drop(x / |x|) + b)          f = W' z + b'
    minimise  mean over people of  - sum_i x_i ln softmax(f)_i   +   reg |weights that are no biases|^2

where drop sets each item to zero with the probability ``dropout`` and scales up the others. ``layers`` are the widths of the
encoder; with several the decoder has them mirrored, with tanh between. Anybody with a history is scored, without dropout. Time
O(people items width) per epoch, memory items width + batch items. For a large catalogue a step may score only the items of its
people and ``sampled`` others.

The paper's weight decay of 0.01 is divided by the batch size in its code, which gives the default here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from vitrina.models.neural.mult_model import LAYERS, MultModel, Width
from vitrina.models.space import Choice, Floats, hyperparameters

if TYPE_CHECKING:
    from vitrina.models.neural.autoencoder_network import HistoryAutoencoder
    from vitrina.models.neural.history_model import Step


@hyperparameters
class MultDAE(MultModel):
    """Denoising autoencoder with a multinomial likelihood."""

    layers: Annotated[tuple[Width, ...], Choice(((100,), (200,), (400,), (600, 200))), Field(min_length=1), LAYERS] = (200,)
    reg: Annotated[float, Floats(1e-6, 1e-3, log=True), Field(ge=0), "regularisation of the weights that are no biases"] = 2e-5

    name: ClassVar[str] = "mult-dae"
    title: ClassVar[str] = "Mult-DAE"
    paper: ClassVar[str] = "Liang et al. 2018"

    def step(self, network: HistoryAutoencoder) -> Step:
        """Return the loss with weight decay."""
        return partial(network.loss, kind=self.likelihood, sampled=self.sampled, reg=self.reg)
