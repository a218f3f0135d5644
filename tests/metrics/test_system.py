import numpy as np
import pytest
from hypothesis import given, settings

from vitrina.metrics import Context, RankedLists, parse

from . import reference
from .cases import Case, cases, spelled


def plain_context(n_items: int) -> Context:
    return Context(n_items, np.zeros(n_items, dtype=np.int64), 1)


def value(name: str, rows: list[list[int]], n_items: int) -> float:
    items = np.array(rows, dtype=np.int32)
    lists = RankedLists(items, np.zeros(items.shape, dtype=bool), np.ones(len(items), dtype=np.int32))
    result = parse(name).compute(lists, plain_context(n_items))
    assert isinstance(result, float)
    return result


@given(case=cases())
@settings(max_examples=200, deadline=None)
def test_every_variant_equals_the_slow_reference(case: Case):
    lists, context = case.lists(), plain_context(case.n_items)
    for name, formula in reference.SYSTEM.items():
        for k in range(1, case.depth + 1):
            got = parse(spelled(name, k)).compute(lists, context)
            want = formula(case.listed, k, case.n_items)
            assert got == pytest.approx(want, abs=1e-9, nan_ok=True), f"{name} at {k}"


def test_hand_computed_values():
    rows = [[0, 1], [0, 2]]  # counts 2, 1, 1, 0
    assert value("coverage@2", rows, 4) == 0.75
    assert value("gini@2", rows, 4) == pytest.approx((-3 * 0 - 1 * 1 + 1 * 1 + 3 * 2) / (4 * 4))
    assert value("gini@2:diversity", rows, 4) == pytest.approx(1 - 6 / 16)
    assert value("entropy@2", rows, 4) == pytest.approx(1.5 * np.log(2))
    assert value("entropy@2:bits", rows, 4) == pytest.approx(1.5)
    assert value("herfindahl@2", rows, 4) == pytest.approx(1 - (0.25 + 0.0625 + 0.0625))
    assert value("mil@2", rows, 4) == pytest.approx(0.5)
    assert value("user_coverage@2", [[0, 1], [-1, -1]], 4) == 0.5


def test_extremes():
    same, all_different = [[0, 1]] * 3, [[0, 1], [2, 3], [4, 5]]
    assert value("mil@2", same, 6) == 0
    assert value("mil@2", all_different, 6) == 1
    assert value("gini@2", all_different, 6) == pytest.approx(0, abs=1e-12)
    assert value("gini@1", [[0]] * 9, 1000) == pytest.approx(1 - 1 / 1000)
    assert value("entropy@2", all_different, 6) == pytest.approx(np.log(6))
    assert str(value("entropy@1", [[0]], 3)) == "0.0"


def test_nothing_recommended():
    rows = [[-1], [-1]]
    for name in ("gini@1", "gini@1:diversity", "entropy@1", "herfindahl@1"):
        assert np.isnan(value(name, rows, 3))
    assert value("coverage@1", rows, 3) == 0
    assert value("user_coverage@1", rows, 3) == 0
    assert np.isnan(value("mil@1", [[0]], 3))


def test_an_item_outside_the_catalogue_is_refused():
    with pytest.raises(ValueError, match="item 7 is listed, but the catalogue has items 0 to 3"):
        value("coverage@1", [[7]], 4)
    with pytest.raises(ValueError, match="at least 3 items"):
        value("mil@3", [[0, 1]], 4)
