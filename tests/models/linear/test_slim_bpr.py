import numpy as np
import pytest

from tests.models.logs import checkerboard, random_log
from vitrina.errors import VitrinaError
from vitrina.models.linear.slim_bpr import SLIMBPR


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize(("optimiser", "lr"), [("sgd", 0.05), ("adagrad", 0.03), ("adam", 0.01)])
def test_learns_a_checkerboard(symmetric, optimiser, lr):
    board = checkerboard()
    model = SLIMBPR(symmetric=symmetric, optimiser=optimiser, lr=lr, epochs=60).fit(board.train)
    assert board.share_in_order(model.score(board.train.histories())) == 1


def test_rows_are_sources_and_columns_targets():
    """A person who consumed only item 0 raises no other item, but lowers all that it does not have as targets of 0."""
    board = random_log(1, 5, 1)
    item = int(board.item_codes[0])
    weights = SLIMBPR(symmetric=False, neighbours=5, epochs=200).fit(board).weights_.toarray()
    others = np.delete(np.arange(5), item)
    assert (weights[item, others] < 0).all()
    weights[item, others] = 0
    assert (weights == 0).all()


def test_as_published_is_transposed():
    toy = random_log(40, 12, 200)
    right = SLIMBPR(symmetric=False, neighbours=12, epochs=20).fit(toy).weights_.toarray()
    turned = SLIMBPR(symmetric=False, neighbours=12, epochs=20, as_published=True).fit(toy).weights_.toarray()
    np.testing.assert_array_equal(turned, right.T)
    assert (turned != right).any()
    symmetric = [SLIMBPR(neighbours=12, epochs=20, as_published=p).fit(toy).weights_ for p in (False, True)]
    assert (symmetric[0] != symmetric[1]).nnz == 0


def test_keeps_the_largest_and_zeros_stand_before_negative_weights():
    toy = random_log(40, 12, 200)
    whole = SLIMBPR(symmetric=False, neighbours=12, epochs=20).fit(toy).weights_.toarray()
    few = SLIMBPR(symmetric=False, neighbours=3, epochs=20).fit(toy).weights_.toarray()
    for target in range(12):
        best = np.sort(whole[:, target])[::-1][:3]
        np.testing.assert_array_equal(np.sort(few[:, target][few[:, target] != 0]), np.sort(best[best != 0]))


def test_refuses_what_cannot_fit(monkeypatch):
    monkeypatch.setattr("vitrina.models.base.total_memory", lambda: 1000)
    with pytest.raises(VitrinaError, match=r"slim-bpr: 12 items and .* need about .* GB of memory; this machine has .* --plan"):
        SLIMBPR().fit(random_log(40, 12, 200))


def test_explosion_is_an_error():
    with pytest.raises(VitrinaError, match=r"exploded; use a smaller lr than 1e\+30"):
        SLIMBPR(optimiser="sgd", lr=1e30, epochs=50).fit(random_log(40, 12, 200))
