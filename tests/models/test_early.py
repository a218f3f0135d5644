import math

import pytest

from vitrina.models.early import BestEpoch
from vitrina.training.session import Session


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


def test_tells_the_session_of_every_epoch():
    standings = []
    with Session(report=standings.append) as session:
        Counts().train([1, 5, 4, 4, 4, 4, 9], 7)
    (outcome,) = session.outcomes
    assert (outcome.epochs, outcome.value) == (2, 5)
    assert outcome.curve.metric == [1, 5, 4, 4, 4, 4]
    assert outcome.curve.loss == [None] * 6
    assert len(outcome.curve.seconds) == 6
    assert [(s.epoch, s.epochs, s.metric) for s in standings] == [(n, 7, v) for n, v in enumerate([1, 5, 4, 4, 4, 4], 1)]


def test_epochs_that_a_model_passes_over_are_counted_all_the_same():
    model = Counts()
    with Session() as session:
        best = BestEpoch(lambda _: 0.5, 4, every=2)
        for epoch in best:
            model.state_ = epoch
            if epoch % 2 == 0:
                best.after(epoch, model, {"state_": epoch}, loss=1 / epoch)
        best.restore(model)
    assert session.curve is not None
    assert session.curve.metric == [None, 0.5, None, 0.5]
    assert session.curve.loss == [None, 0.5, None, 0.25]
    assert session.curve.seconds[0] == session.curve.seconds[1]
