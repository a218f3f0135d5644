import math

import pytest

from vitrina.models.early import BestEpoch


class Counts:
    """A model whose state is the number of the epoch."""

    def train(self, values: list[float] | None, epochs: int) -> int:
        """Return the state that stands in the end."""
        best = BestEpoch(None if values is None else lambda model: values[model.state_ - 1], epochs)
        for epoch in best:
            self.state_ = epoch
            best.after(epoch, self, {"state_": epoch})
        best.restore(self)
        return self.state_


@pytest.mark.parametrize(
    ("values", "epochs", "best"),
    [
        (None, 7, 7),  # nothing to choose by
        ([1, 2, 3], 3, 3),
        ([1, 5, 4, 4, 4, 4, 9], 7, 2),  # stops before it would get better again
        ([1, 5, 4, 4, 4, 6, 5, 5, 5, 5, 9], 11, 6),
        ([5, 5, 5], 3, 1),  # equally good: the shorter training
        ([math.nan, 2, math.nan], 3, 2),
        ([math.nan] * 9, 9, 4),  # no number at all: what was learned until patience ended
    ],
)
def test_keeps_the_best(values, epochs, best):
    model = Counts()
    assert model.train(values, epochs) == best
    assert model.epochs_ == best
