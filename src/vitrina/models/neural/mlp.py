"""MLP: a tower of layers over the vectors of a person and an item side by side.

He, Liao, Zhang, Nie, Hu and Chua, "Neural Collaborative Filtering", WWW 2017 (section 3.3). With p_u and q_i the vectors of a
person and an item::

    z_1 = relu(W_1 [p_u; q_i] + b_1)      z_l = relu(W_l z_l-1 + b_l)      y_ui = sigma(h . z_L + b)
    minimise  mean over events and drawn items of  -y ln y_ui - (1 - y) ln(1 - y_ui)

by Adam; for each event ``negatives`` items are drawn anew in every epoch, uniformly from those the person did not consume.
Vectors start from N(0, .01^2), layers as Keras' Glorot uniform, h as its LeCun uniform. People without training events get no
score. Time O(events negatives weights of the tower) per epoch and O((people + items) width) per step, memory (people + items)
width. All items are scored in blocks, and the half of the first layer that is a person's, or an item's, only once for each.

The first of ``layers`` is the width of both vectors side by side, as in the authors' repository, where 8 predictive factors are
``[64, 32, 16, 8]``: two vectors of 32, then layers of 32, 16 and 8. The text of the paper says otherwise, a tower of 32, 16 and
8 over two vectors of 16, which is ``[32, 32, 16, 8]``. By default the repository's is built for any number of factors.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from vitrina.models.neural.ncf_model import Layers, NCFModel, refuse_no_tower, tower_of
from vitrina.models.space import Ints, Only, hyperparameters, refuse_idle


@hyperparameters
class MLP(NCFModel):
    """A multi-layer perceptron on pairs."""

    factors: Annotated[
        int, Ints(8, 64, log=True), Field(ge=1), Only("layers", ((),)), "predictive factors: width of the last layer"
    ] = 64
    layers: Layers = ()

    name: ClassVar[str] = "mlp"
    title: ClassVar[str] = "MLP on pairs"

    def __post_init__(self) -> None:
        refuse_idle(self)
        refuse_no_tower(self.layers)

    @property
    def product(self) -> int:
        """See ``NCFModel``."""
        return 0

    @property
    def tower(self) -> tuple[int, ...]:
        """See ``NCFModel``."""
        return tower_of(self.layers, self.factors)
