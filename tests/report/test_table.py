from __future__ import annotations

from typing import Any

import pytest

from tests.report.cases import many_results, unfinished_results
from vitrina.report.contract import parse_results
from vitrina.report.table import ALL_COSTS, Table, all_metrics, group_legend, leading_names, main_metrics, results_table


def _table(data: dict[str, Any]) -> Table:
    return results_table(parse_results(data))


def test_rows_are_sorted_by_the_deciding_metric_not_by_the_file(full: dict[str, Any]) -> None:
    full["methods"].reverse()
    assert [r.name for r in _table(full).rows] == ["ease", "itemknn", "ials", "popular-recent", "popular", "random"]


def test_the_deciding_metric_is_the_first_column_and_the_best_is_bold(full: dict[str, Any]) -> None:
    table = _table(full)
    assert table.columns[0].key == "ndcg@10"
    assert [row.cells[0].best for row in table.rows] == [True, False, False, False, False, False]
    coverage = [c.key for c in table.columns].index("coverage@10")
    assert [row.name for row in table.rows if row.cells[coverage].best] == ["random"]


def test_a_metric_that_judges_nothing_has_no_best_and_no_arrow(full: dict[str, Any]) -> None:
    table = _table(full)
    novelty = [c.key for c in table.columns].index("novelty@10")
    assert (table.columns[novelty].arrow, table.columns[novelty].unit) == ("", "bits")
    assert not any(row.cells[novelty].best for row in table.rows)


def test_lower_is_better_bolds_the_smallest(full: dict[str, Any]) -> None:
    full["higher_is_better"]["gini@10"] = False
    table = _table(full)
    gini = [c.key for c in table.columns].index("gini@10")
    assert table.columns[gini].arrow == "↓"
    assert [row.name for row in table.rows if row.cells[gini].best] == ["random"]


def test_values_that_read_the_same_are_both_bold(full: dict[str, Any]) -> None:
    full["methods"][2]["metrics"]["ndcg@10"] = full["methods"][0]["metrics"]["ndcg@10"] - 1e-6
    bold = {row.name: row.cells[0].text for row in _table(full).rows if row.cells[0].best}
    assert set(bold) == {"ease", "itemknn"}
    assert len(set(bold.values())) == 1


def test_decimals_are_those_of_the_widest_interval(full: dict[str, Any]) -> None:
    full["methods"][0]["intervals"]["ndcg@10"] = [0.2, 0.42]
    rows = _table(full).rows
    assert {len(row.cells[0].text) for row in rows} == {len("0.31")}
    assert rows[0].cells[0].interval == "0.20 to 0.42"


def test_an_interval_too_small_for_the_column_says_so(full: dict[str, Any]) -> None:
    full["methods"][5]["intervals"]["ndcg@10"] = [0.00571, 0.00589]
    assert _table(full).rows[-1].cells[0].interval == "± < 0.001"


def test_groups_and_leading_methods(full: dict[str, Any]) -> None:
    results = parse_results(full)
    assert leading_names(results) == ["ease", "itemknn", "ials"]
    assert [(r.group, r.leading) for r in results_table(results).rows][:4] == [
        ("a", True),
        ("a", True),
        ("a", True),
        ("b", False),
    ]
    legend = group_legend(results)
    assert "a: EASE, ItemKNN, iALS." in legend
    assert "b:" not in legend


def test_groups_of_a_run_that_only_has_letters(full: dict[str, Any]) -> None:
    full["verdict"]["equal_to_best"] = []
    assert leading_names(parse_results(full)) == ["ease", "itemknn", "ials"]


def test_no_groups_no_legend() -> None:
    results = parse_results(unfinished_results())
    assert group_legend(results) == ""
    assert leading_names(results) == []
    assert not any(row.leading or row.group for row in results_table(results).rows)


def test_many_metrics_are_cut_to_those_that_tell_most_and_none_is_lost() -> None:
    results = parse_results(many_results())
    assert main_metrics(results) == ["ndcg@10", "recall@10", "coverage@10", "novelty@10", "gini@10"]
    everything = results_table(results, all_metrics(results), costs=ALL_COSTS)
    assert sum(c.is_metric for c in everything.columns) == 5 + 18


def test_more_metrics_at_the_same_cut_off(full: dict[str, Any]) -> None:
    for method in full["methods"]:
        method["metrics"] |= {"precision@10": 0.1, "hr@10": 0.2, "mil@10": 0.3}
    assert main_metrics(parse_results(full)) == ["ndcg@10", "recall@10", "coverage@10", "novelty@10", "gini@10"]


def test_costs_notes_and_missing_values(full: dict[str, Any]) -> None:
    full["methods"][2] |= {"missing_scores": 1203, "memory_mb": None}
    full["methods"][2]["metrics"].pop("recall@10")
    table = _table(full)
    row = next(r for r in table.rows if r.name == "itemknn")
    cells = dict(zip([c.key for c in table.columns], row.cells, strict=True))
    assert (cells["memory"].text, cells["recall@10"].text) == ("–", "–")
    assert dict(zip([c.key for c in table.columns], table.rows[2].cells, strict=True))["trials"].text == "20†‡"
    assert table.notes == [
        "† Stopped by the time limit before all its trials: iALS.",
        "‡ Some trials failed: iALS (1).",
        "Pairs that a method could not score, ranked last: ItemKNN (1,203).",
    ]


@pytest.mark.parametrize(
    ("fits", "shown"),
    [((0.018, 0.0001), ["0.02", "< 0.01"]), ((81.2, 0.004), ["81.2", "< 0.1"]), ((1200.0, 3.2), ["1,200", "3"])],
)
def test_costs_are_written_as_finely_as_the_largest(full: dict[str, Any], fits: tuple[float, float], shown: list[str]) -> None:
    full["methods"] = full["methods"][:2]
    for method, fit in zip(full["methods"], fits, strict=True):
        method["seconds"] = {"fit": fit + (0.1 if fit == 0.018 else 0)}
    table = _table(full)
    column = [c.key for c in table.columns].index("fit")
    expected = ["0.12", "< 0.01"] if fits[0] == 0.018 else shown
    assert [row.cells[column].text for row in table.rows] == expected


def test_an_empty_run_has_an_empty_table() -> None:
    table = _table({})
    assert (table.columns, table.rows) == ([], [])
