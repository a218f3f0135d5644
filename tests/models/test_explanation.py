import numpy as np
import pytest

from tests.models.logs import log, random_log
from vitrina.data.queries import Queries
from vitrina.models import explanation
from vitrina.models.explanation import REST, Explanation, leave_one_out
from vitrina.models.registry import make

LISTS = [[4, 2, 4, 7], [], [1], [2, 4]]


@pytest.fixture
def queries():
    return Queries.from_lists(LISTS, random_log(3, 9, 10).items.keys)


class Squared:
    """A scorer that is no sum: (number of distinct items + order of the last one) squared, times the item asked about."""

    def score(self, queries, items=None):
        assert queries.users is None
        rows = [(len(set(row)) + (row[-1] if len(row) else 0)) ** 2 for row in map(queries.histories.row, range(len(queries)))]
        return (np.array(rows)[:, None] * items).astype(np.float32)


def test_parts_stand_where_an_item_stands_first(queries):
    found = Explanation.of_sets(
        queries, np.float32([20, 40, 70, 10, 21, 41]), others={"bias": np.float32([1, 2, 3, 4])}, exact=True
    )
    assert found.contributions.tolist() == [40, 20, 0, 70, 10, 21, 41]
    assert found.rows.tolist() == [0, 0, 0, 0, 2, 3, 3]
    assert found.totals.tolist() == [131, 2, 13, 66]


def test_leaving_out_by_hand(queries):
    found = leave_one_out(Squared(), queries, np.array([3, 3, 2, 1], np.int32))
    whole = [3 * 10**2, 0, 2 * 2**2, 6**2]
    left = [3 * (2 + 7) ** 2, 3 * (2 + 7) ** 2, 3 * (2 + 4) ** 2, 0, (1 + 4) ** 2, (1 + 2) ** 2]  # 2, 4, 7; 1; 2, 4
    lost = np.array([300 - left[0], 300 - left[1], 300 - left[2], 8 - left[3], 36 - left[4], 36 - left[5]])
    assert found.contributions.tolist() == [lost[1], lost[0], 0, lost[2], lost[3], lost[4], lost[5]]
    assert found.others[REST].tolist() == [300 - lost[:3].sum(), 0, 8 - lost[3], 36 - lost[4:].sum()]
    assert found.totals.tolist() == whole
    assert not found.exact


def test_leaving_out_in_pieces_changes_nothing(queries, monkeypatch):
    items = np.array([3, 3, 2, 1], np.int32)
    whole = leave_one_out(Squared(), queries, items)
    monkeypatch.setattr(explanation, "_EVENTS", 3)
    pieces = leave_one_out(Squared(), queries, items)
    np.testing.assert_array_equal(pieces.contributions, whole.contributions)


def test_leaving_out_what_a_sum_is_made_of_is_the_sum():
    """For a linear model both explanations are the same, and nothing is left."""
    data = random_log(30, 20, 300)
    model, known = make("ease", l2=3.0).fit(data), data.histories()
    items = np.arange(len(known), dtype=np.int32) % 20
    estimate, exact = leave_one_out(model, known, items), model.explain(known, items)
    np.testing.assert_allclose(estimate.contributions, exact.contributions, atol=1e-5)
    np.testing.assert_allclose(estimate.others[REST], 0, atol=1e-5)


def test_scores_that_are_missing():
    """A pair without a score has no parts; an item without which there would be no score counts with all of it."""

    class Picky:
        def score(self, queries, items=None):
            lengths = queries.histories.lengths[:, None]
            return np.where((lengths > 0) & (items > 0), 5.0 * lengths, np.nan).astype(np.float32)

    queries = Queries.from_lists([[1], [1, 2], [1]], random_log(3, 9, 10).items.keys)
    found = leave_one_out(Picky(), queries, np.array([1, 1, 0], np.int32))
    np.testing.assert_array_equal(found.contributions, [5, 5, 5, np.nan])
    np.testing.assert_array_equal(found.others[REST], [0, 0, np.nan])


def test_blocks_cover_everything_once(monkeypatch):
    monkeypatch.setattr(explanation, "_EVENTS", 10)
    for sizes in ([], [0, 0], [3, 9, 1, 25, 0, 2, 2], [100], [1] * 35):
        cut = list(explanation.blocks(np.array(sizes, np.int64)))
        assert [n for block in cut for n in range(block.start, block.stop)] == list(range(len(sizes)))
        assert all(block.stop - block.start == 1 or sum(sizes[block]) < 2 * 10 + max(sizes) for block in cut)


def test_the_default_asks_as_a_stranger_only_where_models_fold_in():
    """A model that knows its people by name is not explained by their histories, and says so: all of it is the rest."""
    data = log([("u", "a"), ("u", "b"), ("v", "a"), ("v", "c")])
    known, items = data.histories(), np.array([2, 1], np.int32)
    for name, by_history in (("itemknn", True), ("bpr-mf", False)):
        model = make(name, **({"epochs": 2} if name == "bpr-mf" else {"shrink": 0})).fit(data)
        found = super(type(model), model).explain(known, items)
        assert found.contributions.any() == by_history
        np.testing.assert_allclose(found.totals, model.score(known, items[:, None])[:, 0], rtol=1e-5)
