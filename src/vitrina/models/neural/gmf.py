"""GMF: generalised matrix factorisation, the product of both vectors weighed by what is learned.

He, Liao, Zhang, Nie, Hu and Chua, "Neural Collaborative Filtering", WWW 2017 (section 3.2). With p_u and q_i the vectors of a
person and an item, and * the product by element::

    y_ui = sigma(h . (p_u * q_i) + b)
    minimise  mean over events and drawn items of  -y ln y_ui - (1 - y) ln(1 - y_ui)

by Adam; for each event ``negatives`` items are drawn anew in every epoch, uniformly from those the person did not consume.
Vectors start from N(0, .01^2), h as Keras' LeCun uniform. People without training events get no score. Time
O(events negatives factors) per epoch and O((people + items) factors) per step, memory (people + items) factors.
"""

from __future__ import annotations

from typing import ClassVar

from vitrina.models.neural.ncf_model import NCFModel
from vitrina.models.space import hyperparameters


@hyperparameters
class GMF(NCFModel):
    """Generalised matrix factorisation."""

    name: ClassVar[str] = "gmf"
    title: ClassVar[str] = "GMF"

    @property
    def product(self) -> int:
        """See ``NCFModel``."""
        return self.factors

    @property
    def tower(self) -> tuple[int, ...]:
        """See ``NCFModel``."""
        return ()
